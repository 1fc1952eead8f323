using System.Text;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Follow;

/// <summary>What a monitor finds: the closed list of alarms.</summary>
public enum FindingKind
{
    /// <summary>The checkpoint does not read, or a signature on it is wrong.</summary>
    BadCheckpoint,

    /// <summary>The checkpoint carries too few cosignatures.</summary>
    NoQuorum,

    /// <summary>The log shows fewer leaves than it did.</summary>
    Shrunk,

    /// <summary>The log shows another history than it did: a split view.</summary>
    Forked,

    /// <summary>A leaf breaks the rules.</summary>
    BadLeaf,

    /// <summary>The log does not answer, or lacks leaves under its own checkpoint.</summary>
    Unreadable,
}

/// <summary>One alarm.</summary>
/// <param name="Kind">What was found.</param>
/// <param name="Size">The size of the checkpoint that led to it; 0 when there was none to read.</param>
/// <param name="Leaf">The leaf, with <see cref="FindingKind.BadLeaf"/>.</param>
/// <param name="Detail">A sentence for a person.</param>
public sealed record Finding(FindingKind Kind, long Size, BadLeaf? Leaf, string Detail);

/// <summary>One look at the log.</summary>
/// <param name="Size">How many leaves were checked by now.</param>
/// <param name="Checked">How many of them now.</param>
/// <param name="Findings">The alarms, none when all is well.</param>
public sealed record MonitorReport(long Size, long Checked, IReadOnlyList<Finding> Findings);

/// <summary>
/// Follows a log as any stranger can: every checkpoint by its policy, every append by its leaves, every transaction
/// decided once. Remembers what it saw, so that a history rewritten between two looks is found. One caller at a time.
/// </summary>
public sealed class LogMonitor
{
    private readonly ILog log;
    private readonly ArchivePolicy policy;
    private readonly TimeProvider time;
    private readonly LogFollower follower;

    private LogMonitor(ILog log, ArchivePolicy policy, TimeProvider time, LogFollower follower) =>
        (this.log, this.policy, this.time, this.follower) = (log, policy, time, follower);

    /// <summary>Opens a monitor.</summary>
    /// <param name="database">With <see cref="FollowSchema.Migrations"/>.</param>
    /// <param name="log">The log.</param>
    /// <param name="policy">What its checkpoints must satisfy.</param>
    /// <param name="time">The monitor's clock.</param>
    /// <param name="futureToleranceSeconds">How far a leaf's time may be ahead of it.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<LogMonitor> OpenAsync(
        IDatabase database, ILog log, ArchivePolicy policy, TimeProvider time, long futureToleranceSeconds = 10,
        CancellationToken cancellation = default)
    {
        var rules = new FollowRules(false, futureToleranceSeconds);
        var follower = await LogFollower.OpenAsync(database, policy.Origin, rules, time, cancellation);
        return new LogMonitor(log, policy, time, follower);
    }

    /// <summary>Looks at the log once, up to its latest checkpoint.</summary>
    public Task<MonitorReport> CheckAsync(CancellationToken cancellation) => CheckAsync(null, cancellation);

    /// <summary>Looks at the log once, up to its latest checkpoint.</summary>
    /// <param name="progress">Told how much of the log is checked, 0 to 1.</param>
    /// <param name="cancellation">Gives up; what was checked so far is kept.</param>
    public async Task<MonitorReport> CheckAsync(IProgress<double>? progress, CancellationToken cancellation)
    {
        var before = follower.Accepted.Size;
        var findings = new List<Finding>();
        try
        {
            var text = await log.CheckpointAsync(cancellation);
            if (ReadCheckpoint(text, findings) is { } checkpoint)
                await FollowAsync(checkpoint, findings, progress, cancellation);
        }
        catch (Exception failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            findings.Add(new Finding(FindingKind.Unreadable, 0, null, failure.Message));
        }

        return new MonitorReport(follower.Accepted.Size, follower.Accepted.Size - before, findings);
    }

    /// <summary>Looks again and again until cancelled.</summary>
    /// <param name="interval">Time between two looks.</param>
    /// <param name="report">Told after each look.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(TimeSpan interval, Action<MonitorReport> report, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            report(await CheckAsync(cancellation));
            await Task.Delay(interval, time, cancellation);
        }
    }

    private Checkpoint? ReadCheckpoint(string text, List<Finding> findings)
    {
        if (!SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var note))
        {
            findings.Add(new Finding(FindingKind.BadCheckpoint, 0, null, "The checkpoint does not read."));
            return null;
        }

        var checkpoint = Checkpoint.TryParse(note.TextBytes, out var parsed) ? parsed : null;
        var verdict = policy.Policy.Evaluate(note, out _);
        switch (verdict)
        {
            case TlogVerdict.Satisfied:
                return checkpoint;
            case TlogVerdict.QuorumNotMet:
                // The log stands by it, so its leaves are checked all the same.
                findings.Add(new Finding(
                    FindingKind.NoQuorum, checkpoint!.Size, null, "Too few witnesses cosigned the checkpoint."));
                return checkpoint;
            default:
                findings.Add(new Finding(
                    FindingKind.BadCheckpoint, checkpoint?.Size ?? 0, null, $"The checkpoint is refused: {verdict}."));
                return null;
        }
    }

    private async Task FollowAsync(
        Checkpoint checkpoint, List<Finding> findings, IProgress<double>? progress, CancellationToken cancellation)
    {
        var accepted = follower.Accepted;
        if (checkpoint.Size < accepted.Size)
        {
            findings.Add(new Finding(FindingKind.Shrunk, checkpoint.Size, null,
                $"The log showed {accepted.Size} leaves before and shows {checkpoint.Size} now."));
            return;
        }

        if (checkpoint.Size == accepted.Size)
        {
            if (checkpoint.Root != accepted.Tree().Root)
                findings.Add(Forked(checkpoint));
            return;
        }

        var outcome = await follower.FollowAsync(
            checkpoint, log, leaf => findings.Add(new Finding(
                FindingKind.BadLeaf, checkpoint.Size, leaf, $"Leaf {leaf.Index}: {leaf.Fault}.")), progress,
            cancellation);
        if (outcome == FollowOutcome.OtherRoot)
            findings.Add(Forked(checkpoint));
        else if (outcome == FollowOutcome.Unavailable)
            findings.Add(new Finding(
                FindingKind.Unreadable, checkpoint.Size, null, "The log lacks leaves under its own checkpoint."));
    }

    private static Finding Forked(Checkpoint checkpoint) => new(FindingKind.Forked, checkpoint.Size, null,
        "The log's leaves, with those seen before, do not give the root of its checkpoint.");
}
