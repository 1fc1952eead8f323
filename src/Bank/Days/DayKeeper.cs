using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Days;

/// <summary>
/// Accounts for each denomination key at the end of each day (UTC), in the archive's log: how much was issued and
/// spent, and a root over the requests that were signed.
/// </summary>
/// <remarks>
/// The order: the first write after midnight closes the day before it does anything else, in its own transaction, so
/// that the sums are those of one moment and a withdrawal is on one side of it. Then each statement is signed and
/// written down, once; then the archive has it. Killed anywhere, the next run goes on from there. Days that a bank
/// slept through are closed one after the other with the sums that they ended with. While the clock was just set no day
/// is closed: what is done then belongs to the open one.
/// </remarks>
internal sealed class DayKeeper : IDisposable
{
    // A bank that was away longer closes the rest with its next writes.
    private const int MaxDaysAtOnce = 8;
    private const int AtOnce = 16;

    private readonly BankOptions options;
    private readonly BankDatabase database;
    private readonly ISigner statementKey;
    private readonly DenominationShelf shelf;
    private readonly BankArchive archive;
    private readonly TimeProvider clock;
    private readonly BankLog log;
    private readonly ClockGuard guard;
    private readonly IssueTrees trees;

    // On the writer only. May stand behind the database's, and is then read again.
    private long closed = -1;

    public DayKeeper(
        BankOptions options, BankDatabase database, ISigner statementKey, DenominationShelf shelf, BankArchive archive,
        TimeProvider clock, BankLog log)
    {
        (this.options, this.database, this.statementKey, this.shelf) = (options, database, statementKey, shelf);
        (this.archive, this.clock, this.log) = (archive, clock, log);
        guard = new ClockGuard(clock, options.ClockHoldSeconds);
        trees = new IssueTrees(database);
    }

    /// <summary>From here on every write first closes the days that are over.</summary>
    public Task StartAsync()
    {
        database.Before = Close;
        return database.WriteAsync((_, _) => { }, CancellationToken.None);
    }

    /// <summary>States what is closed and brings it into the log.</summary>
    /// <returns>Whether nothing waits.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        if (Totals.DayOf(UnixTime.Now(clock)) > Volatile.Read(ref closed) + 1)
            await database.WriteAsync((_, _) => { }, cancellation);
        // Nobody could tell what is stated of a key that is not announced yet.
        var open = (await database.ReadAsync(DayRows.Open, cancellation))
            .Where(row => shelf.Current[row.Key].IsOffered).ToArray();
        var entered = 0;
        foreach (var chunk in open.Chunk(AtOnce))
            entered += (await Task.WhenAll(chunk.Select(row => TryEnterAsync(row, cancellation)))).Count(done => done);
        return entered == open.Length;
    }

    /// <summary>That a request is counted in the statement of its day.</summary>
    public async Task<Result<IssueProof, BankError>> ProveAsync(byte[] requestHash, CancellationToken cancellation)
    {
        if (await database.ReadAsync(transaction => DayRows.Find(transaction, requestHash), cancellation)
            is not var (day, key))
            return BankError.UnknownRequest;
        if (await database.ReadAsync(transaction => DayRows.Entry(transaction, day, key), cancellation)
            is not { } entry)
            return BankError.NotStated;
        var tree = await trees.OfAsync(day, key, cancellation);
        var (index, path) = tree.Prove(requestHash)
            ?? throw new InvalidDataException("A request is not among those of its day.");
        return new IssueProof(entry, index, path);
    }

    public void Dispose() => trees.Dispose();

    /// <summary>Runs on the writer, before each work.</summary>
    private void Close(IWriteTransaction transaction, Books books)
    {
        _ = guard.HasJumped();
        var today = Totals.DayOf(UnixTime.Now(clock));
        if (today <= closed + 1 || !guard.IsCredible)
            return;
        if (DayRows.Closed(transaction) is not { } last)
            DayRows.Begin(transaction, (last = today - 1) + 1);
        for (var days = 0; last + 1 < today && days < MaxDaysAtOnce; days++)
        {
            last++;
            foreach (var key in shelf.Current.Keys.Where(key => IsStatedOn(key, last)))
                DayRows.Insert(transaction, Row(books, key, last));
            DayRows.Close(transaction, last);
        }

        transaction.OnCommit(() => Volatile.Write(ref closed, last));
    }

    private static bool IsStatedOn(DenominationKey key, long day) =>
        Totals.DaysOf(key.Statement.Content) is var (first, last) && first <= day && day <= last;

    private static DayRow Row(Books books, DenominationKey key, long day)
    {
        var totals = books.Totals(key.Number);
        return new DayRow(
            day, key.Number, totals.Issued / key.Value.MinorUnits, Amount.FromMinorUnits(totals.Settled),
            Amount.FromMinorUnits(totals.Refreshed + totals.Refunded), null);
    }

    private async Task<bool> TryEnterAsync(DayRow row, CancellationToken cancellation)
    {
        var statement = row.Statement ?? await StateAsync(row, shelf.Current[row.Key], cancellation);
        var answer = await archive.Client.EnterAsync(new EntryRequest(LogEntry.Totals, statement), cancellation);
        if (!answer.IsOk)
        {
            log.TotalsRefused(answer.Error.Value);
            return false;
        }

        if (answer.Value.Decision is not { } entry)
            return false;
        if (!archive.Policy.TryVerify(entry, out var verified) || verified.Entry.Kind != LogEntry.Totals
            || verified.Entry.Statement != statement)
            throw new ProtocolViolationException("The archive's entry does not prove the day's totals.");
        await database.WriteAsync((transaction, _) => DayRows.SetEntry(transaction, row, entry), cancellation);
        return true;
    }

    private async Task<string> StateAsync(DayRow row, DenominationKey key, CancellationToken cancellation)
    {
        var tree = key.IsOwn ? await trees.OfAsync(row.Day, row.Key, cancellation) : null;
        var statement = Signed<Totals>.Sign(statementKey, new Totals(
            options.Name, key.KeyId, row.Day, row.Issued, row.Spent, row.Refreshed, tree?.Count,
            tree?.Root.ToArray())).Text;
        await database.WriteAsync(
            (transaction, _) => DayRows.SetStatement(transaction, row, statement), cancellation);
        return statement;
    }
}
