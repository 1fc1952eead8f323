using Bauta.Bank.Decide;
using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Bank.Settle;

/// <summary>
/// Asks the archive about locks past their expiry that nobody brought a decision for: it answers with the commit, or
/// aborts on this demand. So no lock stays open because a merchant or a customer went away. Where the archive is the
/// bank's own, a release that waits for the lock goes with the question (FIG. 7).
/// </summary>
internal sealed class DecisionPoll(
    BankDatabase database, Settlement settlement, IReadOnlyDictionary<PolicyId, BankArchive> archives,
    JointArchive? joint, TimeProvider clock, BankLog log)
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
                if (await TryDecideAsync(held, stop) is { } next)
                    await WaitAsync(held, next);
            },
            cancellation);
        return due.Count == BatchSize;
    }

    /// <summary>Asks about one lock now, whether it is due or not. Goes on when whoever caused it is gone.</summary>
    public async Task DecideAsync(TransactionId n)
    {
        if (await database.ReadAsync(reader => LockRows.Find(reader, n), CancellationToken.None)
            is { State: LockState.Open } held && await TryDecideAsync(held, CancellationToken.None) is { } next)
            await WaitAsync(held, next);
    }

    /// <summary>At the start: says how many open locks no archive of the configuration can decide.</summary>
    public async Task WarnAsync()
    {
        var open = await database.ReadAsync(LockRows.OpenByPolicy, CancellationToken.None);
        var undecidable = open.Where(one => !archives.ContainsKey(one.Policy)).Sum(one => one.Count);
        if (undecidable > 0)
            log.LocksWithoutArchive(undecidable);
    }

    /// <summary>When to ask again; null when the lock has ended.</summary>
    private async Task<UnixTime?> TryDecideAsync(StoredLock held, CancellationToken cancellation)
    {
        var (now, expiresAt) = (UnixTime.Now(clock), held.Note.Content.ExpiresAt);
        var later = now.AddSeconds(Math.Clamp(
            (now.Seconds - expiresAt.Seconds) / 2, MinBackoffSeconds, MaxBackoffSeconds));
        if (!archives.TryGetValue(held.Policy, out var archive))
            return later;
        try
        {
            var answer = await archive.Client.DecideAsync(
                new DecisionRequest(held.Note, now < expiresAt ? await ReleaseForAsync(held, cancellation) : null),
                cancellation);
            if (!answer.IsOk)
            {
                if (answer.Error is not (ArchiveError.NotExpired or ArchiveError.Unavailable or ArchiveError.Expired))
                    log.DecisionRefused(answer.Error.Value);
                return answer.Error == ArchiveError.NotExpired && now < expiresAt ? expiresAt : later;
            }

            if (answer.Value.Decision is not { } decision)
                return later;
            if ((await settlement.DecideAsync(held.Transaction, decision, cancellation)).IsOk)
                return null;
            log.DecisionBad();
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            log.Failed("Asking the archive", failure);
        }

        return later;
    }

    private async Task<Signed<Release>?> ReleaseForAsync(StoredLock held, CancellationToken cancellation) =>
        joint is not null && held.Policy.Equals(joint.Policy)
        && await database.ReadAsync(
            reader => EarlyReleaseRows.Find(reader, joint.Sealing, held.Transaction), cancellation) is { } waiting
        && held.IsFor(waiting.Content)
            ? waiting.Content.Release
            : null;

    private Task WaitAsync(StoredLock held, UnixTime next) => database.WriteAsync(
        (transaction, _) => LockRows.PollLater(transaction, held.Transaction, next), CancellationToken.None);
}
