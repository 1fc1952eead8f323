using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Bank.Settle;

/// <summary>
/// Asks the archive about locks past their expiry that nobody brought a decision for: it answers with the commit, or
/// aborts on this demand. So no lock stays open because a merchant or a customer went away.
/// </summary>
internal sealed class DecisionPoll(
    BankDatabase database, Settlement settlement, IReadOnlyDictionary<PolicyId, BankArchive> archives,
    TimeProvider clock, BankLog log)
{
    private const int BatchSize = 256;
    private const int AtOnce = 8;
    private const long MinBackoffSeconds = 2;
    private const long MaxBackoffSeconds = 300;

    /// <summary>Asks about what is due.</summary>
    /// <returns>Whether there may be more to ask about now.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(reader => LockRows.Due(reader, now, BatchSize), cancellation);
        var undecidable = due.Count(held => !archives.ContainsKey(held.Policy));
        if (undecidable > 0)
            log.ExpiredWithoutArchive(undecidable);
        await SideBySide.ForEachAsync(
            due,
            AtOnce,
            async (held, stop) =>
            {
                if (!await TryDecideAsync(held, stop))
                    await WaitAsync(held, now, stop);
            },
            cancellation);
        return due.Count == BatchSize;
    }

    /// <summary>At the start: says how many open locks no archive of the configuration can decide.</summary>
    public async Task WarnAsync()
    {
        var open = await database.ReadAsync(LockRows.OpenByPolicy, CancellationToken.None);
        var undecidable = open.Where(one => !archives.ContainsKey(one.Policy)).Sum(one => one.Count);
        if (undecidable > 0)
            log.LocksWithoutArchive(undecidable);
    }

    private async Task<bool> TryDecideAsync(StoredLock held, CancellationToken cancellation)
    {
        if (!archives.TryGetValue(held.Policy, out var archive))
            return false;
        try
        {
            var answer = await archive.Client.DecideAsync(new DecisionRequest(held.Note), cancellation);
            if (!answer.IsOk)
            {
                if (answer.Error is not (ArchiveError.NotExpired or ArchiveError.Unavailable))
                    log.DecisionRefused(answer.Error.Value);
                return false;
            }

            if (answer.Value.Decision is not { } decision)
                return false;
            if ((await settlement.DecideAsync(held.Transaction, decision, cancellation)).IsOk)
                return true;
            log.DecisionBad();
            return false;
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            log.Failed("Asking the archive", failure);
            return false;
        }
    }

    private Task WaitAsync(StoredLock held, UnixTime now, CancellationToken cancellation)
    {
        var waited = now.Seconds - held.Note.Content.ExpiresAt.Seconds;
        var next = now.AddSeconds(Math.Clamp(waited / 2, MinBackoffSeconds, MaxBackoffSeconds));
        return database.WriteAsync(
            (transaction, _) =>
            {
                LockRows.PollLater(transaction, held.Transaction, next);
            },
            cancellation);
    }
}
