using System.Collections.Concurrent;
using Bauta.Archive.Log;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Follow;

/// <summary>A leaf that breaks a rule.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Fault">What is wrong.</param>
/// <param name="Other">With a second one on the same subject, where the first stands.</param>
public sealed record BadLeaf(long Index, LeafFault Fault, long? Other = null);

/// <summary>How following went.</summary>
internal enum FollowOutcome
{
    /// <summary>All leaves up to the checkpoint were read, and they are the checkpoint's.</summary>
    Accepted,

    /// <summary>A leaf breaks the rules, and the reader stops at such.</summary>
    BadLeaf,

    /// <summary>The leaves do not give the checkpoint's root: another log, or a forked one.</summary>
    OtherRoot,

    /// <summary>The leaves could not be read.</summary>
    Unavailable,
}

/// <summary>How a reader judges.</summary>
/// <param name="StopAtFault">A witness stops at the first bad leaf; a monitor reports and reads on.</param>
/// <param name="FutureToleranceSeconds">How far a leaf's time may be ahead of the reader's clock.</param>
internal sealed record FollowRules(bool StopAtFault, long FutureToleranceSeconds);

/// <summary>
/// Reads a log leaf by leaf and remembers what each was about. The leaves are checked in chunks, each durable before
/// the next, and count only once they give the root of the checkpoint that led to them. One caller at a time.
/// </summary>
internal sealed class LogFollower
{
    /// <summary>Leaves in one chunk: 16 bundles, at most 32 MiB.</summary>
    public const int ChunkLength = 16 * TileAddress.FullWidth;

    private const int ParallelFrom = 16;

    private readonly IDatabase database;
    private readonly FollowRules rules;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, KnownBank> banks = new(StringComparer.Ordinal);
    private KeyWindows keys = new();

    private LogFollower(IDatabase database, FollowRules rules, TimeProvider time, LogMemory.State state)
    {
        (this.database, this.rules, this.time) = (database, rules, time);
        (Accepted, Read) = (state.Accepted, state.Read);
    }

    /// <summary>Up to here the log was accepted.</summary>
    public LogPoint Accepted { get; private set; }

    /// <summary>Up to here it was read; what lies beyond the accepted part is provisional.</summary>
    public LogPoint Read { get; private set; }

    public static async Task<LogFollower> OpenAsync(
        IDatabase database, string origin, FollowRules rules, TimeProvider time, CancellationToken cancellation)
    {
        var state = await database.WriteAsync(tx =>
        {
            if (LogMemory.Load(tx) is { } known)
                return known;
            LogMemory.Create(tx, origin);
            return LogMemory.Load(tx)!;
        }, cancellation);
        if (state.Origin != origin)
            throw new StorageException(StorageFailure.Refused, $"This database follows the log {state.Origin}.");
        var follower = new LogFollower(database, rules, time, state);
        await follower.LoadAsync(cancellation);
        return follower;
    }

    /// <summary>Reads on up to a checkpoint whose signature was verified, and accepts it when its leaves are in order.
    /// </summary>
    /// <param name="target">The checkpoint; not smaller than what is accepted.</param>
    /// <param name="log">Where the leaves are.</param>
    /// <param name="found">Told of each bad leaf.</param>
    /// <param name="progress">Told how much of the log is read.</param>
    /// <param name="cancellation">Gives up; what was read so far is kept.</param>
    public async Task<FollowOutcome> FollowAsync(
        Checkpoint target, ILog log, Action<BadLeaf> found, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        if (Read.Size > target.Size)
            await ForgetAsync(cancellation);
        do
        {
            var to = Math.Min(target.Size, Read.Size + ChunkLength);
            if (await EntryBundles.ReadAsync(log, Read.Size, to, target.Size, cancellation) is not { } leaves)
                return FollowOutcome.Unavailable;
            var (next, facts, bad) = Check(leaves);
            // Rules are only broken by the log if these are the log's leaves; a checkpoint that ends here tells.
            if (to == target.Size && next.Tree().Root != target.Root)
            {
                await ForgetAsync(cancellation);
                return FollowOutcome.OtherRoot;
            }

            bad.ForEach(found);
            if (bad.Count > 0 && rules.StopAtFault)
                return await StopAsync(cancellation);
            if (await RememberAsync(next, facts, to == target.Size, cancellation) is { } second)
            {
                second.ForEach(found);
                if (rules.StopAtFault)
                    return await StopAsync(cancellation);
                // The first of each subject is remembered, the later ones were reported.
                var doubles = second.Select(leaf => leaf.Index).ToHashSet();
                await RememberAsync(
                    next, [.. facts.Where(fact => !doubles.Contains(fact.Index))], to == target.Size, cancellation);
            }

            progress?.Report((double)Read.Size / target.Size);
        }
        while (Read.Size < target.Size);

        return FollowOutcome.Accepted;
    }

    private async Task<FollowOutcome> StopAsync(CancellationToken cancellation)
    {
        await ForgetAsync(cancellation);
        return FollowOutcome.BadLeaf;
    }

    private (LogPoint Next, List<LeafFact> Facts, List<BadLeaf> Bad) Check(List<ReadOnlyMemory<byte>> leaves)
    {
        var tree = Read.Tree();
        var lastAt = Read.LastAt;
        var latest = UnixTime.Now(time).AddSeconds(rules.FutureToleranceSeconds);
        var facts = new List<LeafFact>(leaves.Count);
        var signers = new List<KnownBank>(leaves.Count);
        var bad = new ConcurrentBag<BadLeaf>();
        foreach (var leaf in leaves)
        {
            var hash = MerkleHash.Leaf(leaf.Span);
            var index = tree.Append(hash);
            // What a monitor has reported is remembered all the same, so that a second decision is seen beside it.
            if (!LogEntry.TryParseAtAnyTime(leaf.Span, out var entry))
            {
                bad.Add(new BadLeaf(index, LeafFault.Unreadable));
                continue;
            }

            if (!entry.IsInTime)
                bad.Add(new BadLeaf(index, LeafFault.WrongSide));

            if (Timing(entry, lastAt, latest) is { } untimely)
                bad.Add(new BadLeaf(index, untimely));
            lastAt = entry.At > lastAt ? entry.At : lastAt;
            if (!LeafRules.TryFindSigner(entry, keyId => banks.GetValueOrDefault(keyId), out var signer))
            {
                bad.Add(new BadLeaf(index, LeafFault.UnknownBank));
                continue;
            }

            var newBank = entry.Kind == LogEntry.Bank && entry.IsSignedBy(signer!.Key) ? signer : null;
            if (newBank is not null)
                banks[newBank.Key.Thumbprint] = newBank;
            facts.Add(new LeafFact(index, entry, LeafRules.SubjectOf(entry), hash, newBank));
            signers.Add(signer!);
        }

        VerifySignatures(facts, signers, bad);
        return (LogPoint.Of(tree, lastAt), facts, [.. bad.OrderBy(leaf => leaf.Index)]);
    }

    private static void VerifySignatures(List<LeafFact> facts, List<KnownBank> signers, ConcurrentBag<BadLeaf> bad)
    {
        void Verify(int i)
        {
            if (!facts[i].Entry.IsSignedBy(signers[i].Key))
                bad.Add(new BadLeaf(facts[i].Index, LeafFault.BadSignature));
        }

        if (facts.Count >= ParallelFrom)
            Parallel.For(0, facts.Count, Verify);
        else
            for (var i = 0; i < facts.Count; i++)
                Verify(i);
        // What was not signed by whom it names states nothing.
        var unsigned = bad.Where(leaf => leaf.Fault == LeafFault.BadSignature).Select(leaf => leaf.Index).ToHashSet();
        facts.RemoveAll(fact => unsigned.Contains(fact.Index));
    }

    private static LeafFault? Timing(LogEntry entry, UnixTime lastAt, UnixTime latest)
    {
        if (entry.At < lastAt)
            return LeafFault.TimeBackwards;
        return entry.At > latest ? LeafFault.FutureTime : null;
    }

    /// <returns>Null when stored, else those that what stands before them forbids; nothing is stored then.</returns>
    private async Task<List<BadLeaf>?> RememberAsync(
        LogPoint next, List<LeafFact> facts, bool accept, CancellationToken cancellation)
    {
        var (refused, withThese) = await JudgeTogetherAsync(facts, cancellation);
        if (refused.Count > 0)
            return refused;
        var from = Read;
        await database.WriteAsync(tx =>
        {
            foreach (var fact in facts)
                LogMemory.Remember(tx, fact);
            LogMemory.MoveRead(tx, from, next);
            if (accept)
                LogMemory.Accept(tx, next);
            return true;
        }, cancellation);
        (Read, keys) = (next, withThese);
        if (accept)
            Accepted = next;
        return null;
    }

    /// <summary>The rules that need what stands before a leaf.</summary>
    private async Task<(List<BadLeaf> Refused, KeyWindows Keys)> JudgeTogetherAsync(
        List<LeafFact> facts, CancellationToken cancellation)
    {
        var doubles = new List<BadLeaf>();
        var after = facts.Exists(fact => fact.Entry.Statement is not null) ? keys.Copy() : keys;
        var seen = new Dictionary<Subject, LeafFact>();
        await database.ReadAsync(tx =>
        {
            var decided = SubjectQuery.Decided.Find(
                tx, [.. facts.Where(fact => fact.Entry.IsDecision).Select(fact => fact.Subject)]);
            foreach (var fact in facts)
            {
                long? first = seen.TryGetValue(fact.Key, out var earlier) ? earlier.Index
                    : fact.Entry.IsDecision ? decided.TryGetValue(fact.Key, out var index) ? index : null
                    : LogMemory.FindStatement(tx, fact.Entry.Kind, fact.Subject)?.Index;
                if (first is not null)
                    doubles.Add(new BadLeaf(fact.Index, fact.Double, first));
                else if (!IsAnnounced(tx, fact, seen))
                    doubles.Add(new BadLeaf(fact.Index, LeafFault.NotAnnounced));
                else if (fact.Entry.Kind == LogEntry.Denomination && !after.HasRoomFor(fact.Entry, fact.Entry.At))
                    doubles.Add(new BadLeaf(fact.Index, LeafFault.TooManyKeys));
                else
                {
                    seen.Add(fact.Key, fact);
                    after.Add(fact.Entry, fact.Subject);
                }
            }

            return true;
        }, cancellation);
        return (doubles, after);
    }

    private static bool IsAnnounced(IReadTransaction tx, LeafFact fact, Dictionary<Subject, LeafFact> seen)
    {
        if (fact.Entry.Kind != LogEntry.Revocation)
            return true;
        var issuer = seen.TryGetValue(Subject.OfStatement(LogEntry.Denomination, fact.Subject), out var announced)
            ? LeafRules.IssuerOf(announced.Entry)
            : LogMemory.FindStatement(tx, LogEntry.Denomination, fact.Subject)?.Name;
        return issuer == LeafRules.IssuerOf(fact.Entry);
    }

    private async Task ForgetAsync(CancellationToken cancellation)
    {
        var accepted = Accepted;
        if (Read.Size > accepted.Size)
        {
            await database.WriteAsync(tx =>
            {
                LogMemory.Forget(tx, accepted);
                return true;
            }, cancellation);
        }

        Read = accepted;
        await LoadAsync(cancellation);
    }

    private async Task LoadAsync(CancellationToken cancellation)
    {
        banks.Clear();
        foreach (var bank in await database.ReadAsync(LogMemory.Banks, cancellation))
            banks[bank.Key.Thumbprint] = bank;
        var lastAt = Read.LastAt;
        keys = await database.ReadAsync(tx => LogMemory.Keys(tx, lastAt), cancellation);
    }
}
