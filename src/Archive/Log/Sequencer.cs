using System.Threading.Channels;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>A batch that is durable.</summary>
internal sealed record CommittedBatch(LogHead Head, IReadOnlyList<NewEntry> Entries);

/// <summary>
/// Puts verified leaves in order: one batch at a time gets its time, its indexes and its place in the tree, and is made
/// durable in one transaction; what comes in meanwhile is the next batch.
/// </summary>
/// <remarks>
/// What decides is the clock at the moment of ordering, read once a batch: a leaf that arrived before an expiry but is
/// ordered after it comes too late. The both-never rule is held here: what is decided among the newest is known, and
/// the transaction looks up the rest. A batch that runs into it is looked up and ordered again, which only races cause,
/// since callers look before they ask.
/// </remarks>
internal sealed class Sequencer
{
    private readonly IDatabase database;
    private readonly DecisionIndex decisions;
    private readonly ArchiveOptions options;
    private readonly TimeProvider time;
    private readonly Action<CommittedBatch> committed;
    private readonly Action advanced;
    private readonly Channel<Pending> queue;
    private readonly ClockWatch watch;
    private TileBuilder tree;
    private volatile LogHead head;

    public Sequencer(
        IDatabase database, DecisionIndex decisions, ArchiveOptions options, TimeProvider time, LogHead head,
        TileBuilder tree, Action<CommittedBatch> committed, Action advanced)
    {
        (this.database, this.decisions, this.options, this.time) = (database, decisions, options, time);
        (this.committed, this.advanced) = (committed, advanced);
        (this.head, this.tree) = (head, tree);
        watch = new ClockWatch(time, options.ClockToleranceSeconds, options.ClockHold);
        queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.QueueLimit) { SingleReader = true });
    }

    /// <summary>What is durable.</summary>
    public LogHead Head => head;

    /// <summary>The time that decides now: the clock, but never before the last leaf.</summary>
    public UnixTime Now => Later(head.LastAt, UnixTime.Now(time));

    /// <summary>Completes when the leaf, or the one that was there before it, is durable.</summary>
    public Task<Result<Appended, ArchiveError>> AppendAsync(VerifiedLeaf leaf)
    {
        // The caller writes and hashes the leaf as of now; only when the second has changed by the time it is ordered
        // this is done again, on the one thread that all wait for.
        var pending = new Pending(leaf, DatedLeaf.Of(leaf, Now));
        return queue.Writer.TryWrite(pending)
            ? pending.Task
            : Task.FromResult(Result<Appended, ArchiveError>.Refuse(ArchiveError.Unavailable, "Too many wait."));
    }

    /// <summary>Runs until cancelled, or until the database fails for good.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var batch = new List<Pending>(options.BatchLimit);
        try
        {
            while (await queue.Reader.WaitToReadAsync(cancellation))
            {
                while (batch.Count < options.BatchLimit && queue.Reader.TryRead(out var pending))
                    batch.Add(pending);
                await CommitAsync(batch);
                batch.Clear();
            }
        }
        finally
        {
            queue.Writer.TryComplete();
            while (queue.Reader.TryRead(out var pending))
                batch.Add(pending);
            foreach (var pending in batch)
                pending.Refuse(ArchiveError.Unavailable);
        }
    }

    private async Task CommitAsync(List<Pending> batch)
    {
        if (!watch.IsTrusted())
        {
            RefuseAll(batch, "The clock was set ahead.");
            return;
        }

        var clock = UnixTime.Now(time);
        if (head.LastAt.Seconds - clock.Seconds > options.ClockToleranceSeconds)
        {
            RefuseAll(batch, "The clock stands behind the log.");
            return;
        }

        try
        {
            if (!await TryCommitAsync(batch, []))
            {
                await RestoreAsync();
                if (!await TryCommitAsync(batch, await LookUpAsync(batch)))
                    throw new StorageException(
                        StorageFailure.InvariantViolation, "The log's head is not where this process left it.");
            }
        }
        catch (StorageException full) when (full.Failure == StorageFailure.Retryable)
        {
            await RestoreAsync();
            RefuseAll(batch, "The log could not be written.");
        }
    }

    /// <returns>False when something stands in the log that the batch did not know of.</returns>
    private async Task<bool> TryCommitAsync(List<Pending> batch, Dictionary<Subject, long> known)
    {
        var before = head;
        var at = Now;
        var entries = new List<NewEntry>(batch.Count);
        foreach (var pending in batch)
            pending.Outcome = Place(pending, at, known, entries);

        if (entries.Count > 0)
        {
            var after = new LogHead(tree.Size, tree.Root, at);
            var tiles = tree.TakeTiles();
            var merge = decisions.NextMerge(entries.Count);
            try
            {
                if (!await database.WriteAsync(tx => LogStore.Append(tx, before, after, entries, tiles, merge)))
                    return false;
            }
            catch (StorageException conflict) when (conflict.Failure == StorageFailure.Conflict)
            {
                return false;
            }

            // Whoever sees the new head finds that what it needs of the batch is there.
            decisions.Committed(entries, merge, after.Size);
            committed(new CommittedBatch(after, entries));
            head = after;
            advanced();
        }

        foreach (var pending in batch)
            pending.Complete();
        return true;
    }

    private Result<Appended, ArchiveError> Place(
        Pending pending, UnixTime at, Dictionary<Subject, long> known, List<NewEntry> entries)
    {
        var leaf = pending.Leaf;
        var subject = leaf.Key;
        if (known.TryGetValue(subject, out var existing))
            return new Appended(existing, null);
        if (leaf.IsDecision && decisions.FindRecent(leaf.Subject) is { } recent)
            return new Appended(recent, null);
        if (leaf.Untimely(at) is { } refusal)
            return refusal;
        if (tree.Size >= options.MaxEntries)
            return Result<Appended, ArchiveError>.Refuse(ArchiveError.Unavailable, "The log is full.");
        var dated = pending.Dated.At == at ? pending.Dated : DatedLeaf.Of(leaf, at);
        if (dated.Bytes.Length > LogEntry.MaxLength)
            return ArchiveError.Malformed;
        var index = tree.Append(dated.Hash);
        entries.Add(new NewEntry(index, dated.Bytes, dated.Hash, leaf));
        known.Add(subject, index);
        return new Appended(index, dated.Bytes);
    }

    private Task<Dictionary<Subject, long>> LookUpAsync(List<Pending> batch) => database.ReadAsync(tx =>
    {
        var known = new Dictionary<Subject, long>();
        foreach (var leaf in batch.Select(pending => pending.Leaf))
        {
            if (LogStore.Find(tx, leaf) is { } index)
                known[leaf.Key] = index;
        }

        return known;
    });

    private async Task RestoreAsync()
    {
        var size = head.Size;
        tree = await database.ReadAsync(tx => TileBuilder.Restore(size, new LogStore.TileSource(tx)));
    }

    private static void RefuseAll(List<Pending> batch, string detail)
    {
        foreach (var pending in batch)
            pending.Refuse(ArchiveError.Unavailable, detail);
    }

    private static UnixTime Later(UnixTime left, UnixTime right) => left > right ? left : right;

    /// <summary>A leaf as it stands in the log at one second.</summary>
    private sealed record DatedLeaf(UnixTime At, byte[] Bytes, MerkleHash Hash)
    {
        public static DatedLeaf Of(VerifiedLeaf leaf, UnixTime at)
        {
            var bytes = leaf.ToLeaf(at);
            return new DatedLeaf(at, bytes, MerkleHash.Leaf(bytes));
        }
    }

    private sealed class Pending(VerifiedLeaf leaf, DatedLeaf dated)
    {
        // Senders go on elsewhere, so that none of their code runs between two batches.
        private readonly TaskCompletionSource<Result<Appended, ArchiveError>> done =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public VerifiedLeaf Leaf => leaf;

        public DatedLeaf Dated => dated;

        public Result<Appended, ArchiveError> Outcome { get; set; }

        public Task<Result<Appended, ArchiveError>> Task => done.Task;

        public void Complete() => done.TrySetResult(Outcome);

        public void Refuse(ArchiveError error, string detail = "") =>
            done.TrySetResult(Result<Appended, ArchiveError>.Refuse(error, detail));
    }
}
