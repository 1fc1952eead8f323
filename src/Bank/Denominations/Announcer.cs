using Bauta.Bank.Ledger;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Brings the bank's statements into the log: registration, denominations, revocations. The statement is durable
/// before it is sent, and sent as often as it takes; the archive enters it once.
/// </summary>
internal sealed class Announcer(
    string bankName, BankDatabase database, BankArchive archive, DenominationShelf shelf, BankLog log)
{
    private const int AtOnce = 16;

    // Entered under an earlier policy of the archive; null until looked for.
    private HashSet<string>? outdated;

    /// <summary>Sends what waits.</summary>
    /// <returns>How many statements still wait.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        outdated ??= await OutdatedAsync(cancellation);
        var waiting = await database.ReadAsync(DenominationRows.Waiting, cancellation);
        if (outdated.Count > 0)
            waiting = [.. waiting, .. (await database.ReadAsync(DenominationRows.Entered, cancellation))
                .Where(one => outdated.Contains(one.Statement))];
        var entered = 0;
        // An archive may admit a bank's keys only once it knows the bank.
        foreach (var chunk in waiting.OrderBy(one => one.Kind != LogEntry.Bank).Chunk(AtOnce))
            entered += (await Task.WhenAll(chunk.Select(one => TryEnterAsync(one, cancellation)))).Count(done => done);
        return waiting.Count - entered;
    }

    /// <summary>What nobody could verify who knows the present witnesses only: it is proven anew.</summary>
    private async Task<HashSet<string>> OutdatedAsync(CancellationToken cancellation) =>
        [.. (await database.ReadAsync(DenominationRows.Entered, cancellation))
            .Where(one => IsOwn(one) && !archive.Policy.TryVerify(one.Entry!, out _))
            .Select(one => one.Statement)];

    private bool IsOwn(Announcement one) => one.Kind switch
    {
        LogEntry.Denomination => Signed<Denomination>.TryParse(one.Statement, out var key)
            && key.Content.Issuer == bankName,
        LogEntry.Revocation => Signed<Revocation>.TryParse(one.Statement, out var revocation)
            && revocation.Content.Issuer == bankName,
        _ => true,
    };

    private async Task<bool> TryEnterAsync(Announcement one, CancellationToken cancellation)
    {
        var answer = await archive.Client.EnterAsync(new EntryRequest(one.Kind, one.Statement), cancellation);
        if (!answer.IsOk)
        {
            log.AnnouncementRefused(one.Kind, answer.Error.Value);
            return false;
        }

        if (answer.Value.Decision is not { } entry)
            return false;
        if (!archive.Policy.TryVerify(entry, out var verified) || verified.Entry.Kind != one.Kind
            || verified.Entry.Statement != one.Statement)
            throw new ProtocolViolationException("The archive's entry does not prove the bank's statement.");
        await database.WriteAsync(
            (transaction, _) =>
            {
                DenominationRows.SetEntry(transaction, one.Id, entry);
                transaction.OnCommit(() => shelf.Replace(WithEntry(shelf.Current, one, entry)));
            },
            cancellation);
        lock (outdated!)
            outdated.Remove(one.Statement);
        return true;
    }

    private static DenominationSet WithEntry(DenominationSet set, Announcement one, LoggedEntry entry)
    {
        if (one.Kind == LogEntry.Denomination
            && set.Keys.FirstOrDefault(key => key.Statement.Text == one.Statement) is { } announced)
            return set.With(announced with { Proof = entry });
        if (one.Kind == LogEntry.Revocation && Signed<Revocation>.TryParse(one.Statement, out var revocation)
            && set.TryFind(revocation.Content.TokenKeyId, out var revoked))
            return set.With(revoked with { RevocationProof = entry });
        return set;
    }
}
