using Bauta.Bank.Ledger;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Brings the bank's statements into the log: registration, denominations, revocations. The statement is durable
/// before it is sent, and sent as often as it takes; the archive enters it once.
/// </summary>
internal sealed class Announcer(BankDatabase database, BankArchive archive, DenominationShelf shelf, BankLog log)
{
    private const int AtOnce = 16;

    /// <summary>Sends what waits.</summary>
    /// <returns>How many statements still wait.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var waiting = await database.ReadAsync(DenominationRows.Waiting, cancellation);
        var entered = 0;
        // An archive may admit a bank's keys only once it knows the bank.
        foreach (var chunk in waiting.OrderBy(one => one.Kind != LogEntry.Bank).Chunk(AtOnce))
            entered += (await Task.WhenAll(chunk.Select(one => TryEnterAsync(one, cancellation)))).Count(done => done);
        return waiting.Count - entered;
    }

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
