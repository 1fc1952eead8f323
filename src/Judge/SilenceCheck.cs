using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;

namespace Bauta.Judge;

/// <summary>
/// What notaries saw of an archive (sections 3 and 4). It has no excuse for not committing on a release that it was
/// given in time, nor for not aborting on demand. Whoever reads the verdict must know the notary.
/// </summary>
internal static class SilenceCheck
{
    // What an archive may answer to a demand that is in order.
    private static readonly string[] excuses =
    [
        Refusals<ArchiveError>.Code(ArchiveError.UnknownBank),
        Refusals<ArchiveError>.Code(ArchiveError.OtherLockNote),
    ];

    /// <summary>An abort, although the archive had the release in time: it refused, or let the key out.</summary>
    public static void HearAborted(PurchaseEvidence evidence, ArchivePolicy policy, Hearing hearing)
    {
        var note = evidence.LockNote!;
        if (evidence.Release is not { } release)
            return;
        if (!Release.Matches(release, note.Content))
        {
            hearing.Note(true, "P4: the release in evidence does not match the lock note, so the archive was right");
            return;
        }

        var before = note.Content.ExpiresAt.AddSeconds(-Observation.MarginSeconds);
        foreach (var seen in Seen(evidence, policy, Observation.Of(new DecisionRequest(note, release)), hearing))
            if (seen.Until < before)
                throw hearing.End(Outcome.ArchiveAtFault,
                    $"A notary gave the archive the release at {seen.From}, before expiry at "
                    + $"{note.Content.ExpiresAt}, and {What(seen)}; then the archive aborted.");
        hearing.Note(true, "P4: nobody saw the archive get the release in time. Who made it, and whoever else had it, "
            + "may have kept it back or let it out");
    }

    /// <summary>No decision after expiry, on whoever's demand.</summary>
    public static void HearUndecided(PurchaseEvidence evidence, ArchivePolicy policy, Hearing hearing)
    {
        var note = evidence.LockNote!;
        var after = note.Content.ExpiresAt.AddSeconds(Observation.MarginSeconds);
        List<DecisionRequest> demands = [new(note)];
        if (evidence.Release is { } release)
            demands.Add(new DecisionRequest(note, release));
        foreach (var demand in demands)
            foreach (var seen in Seen(evidence, policy, Observation.Of(demand), hearing))
                if (seen.From >= after)
                    throw hearing.End(Outcome.ArchiveAtFault,
                        $"A notary demanded a decision from {seen.From} on, after expiry at "
                        + $"{note.Content.ExpiresAt}, and {What(seen)}. The archive must decide then.");
    }

    private static IEnumerable<Observation> Seen(
        PurchaseEvidence evidence, ArchivePolicy policy, byte[] request, Hearing hearing)
    {
        foreach (var signed in evidence.Observations ?? [])
        {
            var seen = signed.Content;
            if (seen.Asked != policy.Id.ToString() || !seen.RequestHash.AsSpan().SequenceEqual(request)
                || (seen.Refusal is { } code && excuses.Contains(code)) || !Observation.Holds(signed))
                continue;
            hearing.Trust($"notary {seen.Notary}", signed.KeyId);
            yield return seen;
        }
    }

    private static string What(Observation seen) => seen.Refusal is { } code
        ? $"was refused ({code}) although the demand was in order"
        : $"had no answer until {seen.Until}";
}
