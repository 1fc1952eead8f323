using System.Threading.Channels;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>A batch that is durable.</summary>
internal sealed record CommittedBatch(LogHead Head, IReadOnlyList<NewEntry> Entries);

/// <summary>
/// Puts verified leaves in order: each gets its time, its index and its place in the tree when it comes. What came
/// while one batch was written is the next one, made durable in one transaction.
/// </summary>
/// <remarks>
/// What decides is the clock at the moment of ordering: a leaf that arrived before an expiry but is ordered after it
/// comes too late. The both-never rule is held here: what is decided among the newest is known, and the transaction
/// looks up the rest. A batch that runs into it, which only races cause since callers look before they ask, is looked
/// up and ordered again, and so is the one that was ordered on top of it. Safe for concurrent use.
/// </remarks>
internal sealed class Sequencer
{
    private const int MaxReads = 50;
    private static readonly Dictionary<Subject, long> none = [];
    private static readonly TimeSpan readAgain = TimeSpan.FromMilliseconds(100);

    private readonly IDatabase database;
    private readonly DecisionIndex decisions;
    private readonly ArchiveOptions options;
    private readonly TimeProvider time;
    private readonly Action<CommittedBatch> committed;
    private readonly Action advanced;
    private readonly Channel<Batch> started =
        Channel.CreateUnbounded<Batch>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<Batch> ending = [];
    private readonly Lock gate = new();
    private volatile LogHead head;

    // Under the gate: what is ordered, the batch that takes more, and the one that the writer took from there.
    private readonly ClockWatch watch;
    private TileBuilder tree;
    private UnixTime lastAt;
    private Batch open = new();
    private Batch? taken;

    // Under the gate too: what waits while nothing is ordered; null otherwise.
    private List<Pending>? held = [];
    private bool isStopped;

    public Sequencer(
        IDatabase database, DecisionIndex decisions, ArchiveOptions options, TimeProvider time, LogHead head,
        TileBuilder tree, Action<CommittedBatch> committed, Action advanced)
    {
        (this.database, this.decisions, this.options, this.time) = (database, decisions, options, time);
        (this.committed, this.advanced) = (committed, advanced);
        (this.head, this.tree, lastAt) = (head, tree, head.LastAt);
        watch = new ClockWatch(time, options.ClockToleranceSeconds, options.ClockHold);
    }

    /// <summary>What is durable.</summary>
    public LogHead Head => head;

    /// <summary>The time that decides now: the clock, but never before the last leaf.</summary>
    public UnixTime Now => Later(head.LastAt, UnixTime.Now(time));

    /// <summary>Completes when the leaf, or the one that was there before it, is durable.</summary>
    public Task<Result<Appended, ArchiveError>> AppendAsync(VerifiedLeaf leaf)
    {
        // Written and hashed before the gate, as of now; only when the second has changed meanwhile this is done again.
        var pending = new Pending(leaf, DatedLeaf.Of(leaf, Now));
        lock (gate)
        {
            if (isStopped)
                pending.Refuse(ArchiveError.Unavailable);
            else if ((held ?? open.Pendings).Count >= options.QueueLimit)
                pending.Refuse(ArchiveError.Unavailable, "Too many wait.");
            else if (held is not null)
                held.Add(pending);
            else
                Order(pending, none);
        }

        return pending.Task;
    }

    /// <summary>Runs until cancelled, or until the database fails for good.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            Release();
            while (await started.Reader.WaitToReadAsync(cancellation))
            {
                while (started.Reader.TryRead(out var batch))
                {
                    await EndAsync(batch);
                    cancellation.ThrowIfCancellationRequested();
                }
            }
        }
        finally
        {
            await StopAsync();
        }
    }

    // Holds the gate.
    private void Order(Pending pending, Dictionary<Subject, long> known)
    {
        var leaf = pending.Leaf;
        if (!watch.IsTrusted())
        {
            pending.Refuse(ArchiveError.Unavailable, "The clock was set ahead.");
            return;
        }

        var clock = UnixTime.Now(time);
        if (lastAt.Seconds - clock.Seconds > options.ClockToleranceSeconds)
        {
            pending.Refuse(ArchiveError.Unavailable, "The clock stands behind the log.");
            return;
        }

        var subject = leaf.Key;
        var durable = known.TryGetValue(subject, out var index) ? index
            : leaf.IsDecision ? decisions.FindRecent(leaf.Subject) : null;
        if (durable is not null)
        {
            pending.Complete(new Appended(durable.Value, null));
            return;
        }

        var isOrdered = open.Known.TryGetValue(subject, out index)
            || taken?.Known.TryGetValue(subject, out index) is true;
        var outcome = isOrdered
            ? new Appended(index, null)
            : Place(pending, subject, Later(lastAt, clock));
        if (!outcome.IsOk)
        {
            pending.Complete(outcome);
            return;
        }

        pending.Outcome = outcome;
        open.Pendings.Add(pending);
        if (open.Pendings.Count == 1)
            Start(open);
    }

    private Result<Appended, ArchiveError> Place(Pending pending, Subject subject, UnixTime at)
    {
        var leaf = pending.Leaf;
        if (leaf.Untimely(at) is { } refusal)
            return refusal;
        if (tree.Size >= options.MaxEntries)
            return Result<Appended, ArchiveError>.Refuse(ArchiveError.Unavailable, "The log is full.");
        var dated = pending.Dated.At == at ? pending.Dated : DatedLeaf.Of(leaf, at);
        if (dated.Bytes.Length > LogEntry.MaxLength)
            return ArchiveError.Malformed;
        var index = tree.Append(dated.Hash);
        lastAt = at;
        open.Entries.Add(new NewEntry(index, dated.Bytes, dated.Hash, leaf));
        open.Known.Add(subject, index);
        return new Appended(index, dated.Bytes);
    }

    private void Start(Batch batch)
    {
        batch.Written = database.WriteAsync(tx => Write(tx, batch));
        started.Writer.TryWrite(batch);
    }

    // From here to Committed: on the database's writer.
    private bool Write(IWriteTransaction tx, Batch batch)
    {
        lock (gate)
        {
            // It may run more than once.
            if (batch == open)
            {
                batch.Head = new LogHead(tree.Size, tree.Root, lastAt);
                batch.Tiles = tree.TakeTiles();
                (taken, open) = (batch, new Batch());
            }
        }

        if (batch.Entries.Count == 0)
            return true;
        if (decisions.AnyInTable(tx, batch.Entries))
            return false;
        var merge = decisions.NextMerge(batch.Entries.Count);
        LogStore.Append(tx, batch.Head!, batch.Entries, batch.Tiles, merge);
        tx.OnCommit(() => Committed(batch, merge));
        return true;
    }

    private void Committed(Batch batch, DecisionMerge? merge)
    {
        // Whoever sees the new head finds that what it needs of the batch is there.
        decisions.Committed(batch.Entries, merge, batch.Head!.Size);
        committed(new CommittedBatch(batch.Head, batch.Entries));
        head = batch.Head;
        advanced();
    }

    private async Task EndAsync(Batch batch)
    {
        ending.Add(batch);
        var failure = await FailureAsync(batch);
        if (failure is null)
            batch.Complete();
        else
            await StartOverAsync(failure.Value);
        ending.Clear();
    }

    private async Task StartOverAsync(StorageFailure failure)
    {
        // What was ordered on top of a batch that failed has failed with it.
        lock (gate)
            held = [];
        while (started.Reader.TryRead(out var next))
        {
            ending.Add(next);
            await FailureAsync(next);
        }

        await RestoreAsync();
        var pendings = ending.SelectMany(batch => batch.Pendings).ToList();
        if (failure == StorageFailure.Conflict && !await TryAgainAsync(pendings))
            await RestoreAsync();
        foreach (var pending in pendings)
            pending.Refuse(ArchiveError.Unavailable, "The log could not be written.");
        Release();
    }

    /// <returns>False when the disk has no room.</returns>
    private async Task<bool> TryAgainAsync(List<Pending> pendings)
    {
        var known = await LookUpAsync(pendings);
        lock (gate)
        {
            foreach (var pending in pendings)
                Order(pending, known);
        }

        if (!started.Reader.TryRead(out var batch))
            return true;
        var failure = await FailureAsync(batch);
        if (failure == StorageFailure.Conflict)
            throw new StorageException(
                StorageFailure.InvariantViolation, "The log's head is not where this process left it.");
        if (failure is null)
            batch.Complete();
        return failure is null;
    }

    /// <returns>Null when the batch is durable; Conflict when something stands in the log that it did not know
    /// of.</returns>
    private static async Task<StorageFailure?> FailureAsync(Batch batch)
    {
        try
        {
            return await batch.Written ? null : StorageFailure.Conflict;
        }
        catch (StorageException failed) when (failed.Failure is StorageFailure.Conflict or StorageFailure.Retryable)
        {
            return failed.Failure;
        }
    }

    private Task<Dictionary<Subject, long>> LookUpAsync(List<Pending> pendings) => ReadAsync(tx =>
    {
        var known = new Dictionary<Subject, long>();
        foreach (var leaf in pendings.Select(pending => pending.Leaf))
        {
            if (LogStore.Find(tx, leaf) is { } index)
                known[leaf.Key] = index;
        }

        return known;
    });

    private async Task RestoreAsync()
    {
        var durable = await ReadAsync(tx => TileBuilder.Restore(head.Size, new LogStore.TileSource(tx)));
        lock (gate)
        {
            (tree, lastAt) = (durable, head.LastAt);
            (open, taken) = (new Batch(), null);
        }
    }

    // Nothing can go on without it, and a lost connection comes back.
    private async Task<T> ReadAsync<T>(Func<IReadTransaction, T> work)
    {
        for (var reads = 1; ; reads++)
        {
            try
            {
                return await database.ReadAsync(work);
            }
            catch (StorageException lost) when (lost.Failure == StorageFailure.Retryable && reads < MaxReads)
            {
                await Task.Delay(readAgain, time);
            }
        }
    }

    private void Release()
    {
        lock (gate)
        {
            var waiting = held ?? [];
            held = null;
            foreach (var pending in waiting)
                Order(pending, none);
        }
    }

    private async Task StopAsync()
    {
        lock (gate)
        {
            isStopped = true;
            foreach (var pending in held ?? [])
                pending.Refuse(ArchiveError.Unavailable);
        }

        // One that repeats what another has may end well although that one failed: after a failure nothing counts.
        var isWell = ending.Count == 0;
        while (started.Reader.TryRead(out var batch))
        {
            ending.Add(batch);
            await ((Task)batch.Written).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            isWell &= batch.Written is { IsCompletedSuccessfully: true, Result: true };
            if (isWell)
                batch.Complete();
        }

        // What is answered stays so.
        foreach (var pending in ending.SelectMany(batch => batch.Pendings))
            pending.Refuse(ArchiveError.Unavailable);
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

    /// <summary>What is ordered together. Head and tiles are set when the writer takes it.</summary>
    private sealed class Batch
    {
        public List<Pending> Pendings { get; } = [];

        public List<NewEntry> Entries { get; } = [];

        public Dictionary<Subject, long> Known { get; } = [];

        public Task<bool> Written { get; set; } = Task.FromResult(false);

        public LogHead? Head { get; set; }

        public IReadOnlyList<TileData> Tiles { get; set; } = [];

        public void Complete()
        {
            foreach (var pending in Pendings)
                pending.Complete(pending.Outcome);
        }
    }

    private sealed class Pending(VerifiedLeaf leaf, DatedLeaf dated)
    {
        // Senders go on elsewhere, so that none of their code runs between two batches.
        private readonly TaskCompletionSource<Result<Appended, ArchiveError>> done =
            new(SideBySide.Elsewhere);

        public VerifiedLeaf Leaf => leaf;

        public DatedLeaf Dated => dated;

        public Result<Appended, ArchiveError> Outcome { get; set; }

        public Task<Result<Appended, ArchiveError>> Task => done.Task;

        public void Complete(Result<Appended, ArchiveError> outcome) => done.TrySetResult(outcome);

        public void Refuse(ArchiveError error, string detail = "") =>
            Complete(Result<Appended, ArchiveError>.Refuse(error, detail));
    }
}
