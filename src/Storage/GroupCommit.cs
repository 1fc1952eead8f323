using System.Threading.Channels;

namespace Bauta.Storage;

/// <summary>The writer: takes what is queued, runs it in one transaction, commits once, then answers all.</summary>
/// <remarks>
/// <para>Order of one batch: run each work, run the party's check, commit durably, run what the works asked for after
/// the commit, complete their tasks. Nothing is acknowledged before the commit has returned.</para>
/// <para>When a work throws, the transaction is rolled back, the others are run again without it, and it is run again
/// alone, since what it tripped over may have been the effect of another one. When nobody can be named (the party's
/// check threw), or too many have thrown, each is run alone.</para>
/// </remarks>
internal sealed class GroupCommit
{
    private const int RerunLimit = 16;

    private readonly WriteSession _session;
    private readonly Action? _onBegin;
    private readonly Action<IWriteTransaction>? _beforeCommit;
    private readonly Action<StorageException>? _onRefused;
    private readonly int _batchLimit;
    private readonly Channel<WorkItem> _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<StorageException> _failure =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StorageException? _failed;
    private bool _closed;
    private bool _refuses;
    private long _commits;
    private long _writes;
    private long _reruns;

    public GroupCommit(WriteSession session, DatabaseOptions options)
    {
        _session = session;
        _onBegin = options.OnBegin;
        _beforeCommit = options.BeforeCommit;
        _onRefused = options.OnRefused;
        _batchLimit = options.BatchLimit;
        _queue = Channel.CreateBounded<WorkItem>(new BoundedChannelOptions(options.QueueLimit)
        {
            SingleReader = true,
            // The writer blocks on the queue, so waking it inline saves a hop; a sender that waited for room has
            // nothing to run inline but the wait for its own task.
            AllowSynchronousContinuations = true,
        });
        _thread = new Thread(Loop) { IsBackground = true, Name = "storage writer" };
        _thread.Start();
    }

    public DatabaseHealth Health =>
        Volatile.Read(ref _closed) ? DatabaseHealth.Closed :
        Volatile.Read(ref _failed) is not null ? DatabaseHealth.Failed : DatabaseHealth.Healthy;

    public Task<StorageException> Failure => _failure.Task;

    public DatabaseCounters Counters => new(
        Interlocked.Read(ref _commits), Interlocked.Read(ref _writes), Interlocked.Read(ref _reruns));

    public Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (typeof(Task).IsAssignableFrom(typeof(T)))
            throw new ArgumentException("The work of a transaction returns its result, not a task.", nameof(work));
        if (Environment.CurrentManagedThreadId == _thread.ManagedThreadId)
            throw new InvalidOperationException("A write inside a write would wait for itself.");
        if (Volatile.Read(ref _failed) is { } reason)
            return Task.FromException<T>(Refusal(reason));
        var item = new WorkItem<T>(work, ct);
        return _queue.Writer.TryWrite(item) ? item.Task : EnqueueAsync(item, ct);
    }

    /// <summary>Takes no more, commits what is queued and ends the writer.</summary>
    public Task StopAsync()
    {
        Volatile.Write(ref _closed, true);
        _queue.Writer.TryComplete();
        return _stopped.Task;
    }

    private async Task<T> EnqueueAsync<T>(WorkItem<T> item, CancellationToken ct)
    {
        try
        {
            await _queue.Writer.WriteAsync(item, ct).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(IDatabase));
        }
        return await item.Task.ConfigureAwait(false);
    }

    private void Loop()
    {
        var batch = new List<WorkItem>(_batchLimit);
        try
        {
            while (Wait())
            {
                while (batch.Count < _batchLimit && _queue.Reader.TryRead(out var item))
                    Take(item, batch);
                if (batch.Count > 0)
                    RunBatch(batch);
                batch.Clear();
            }
        }
        catch (Exception e)
        {
            // A bug here must not leave senders waiting for ever.
            Fail(new StorageException(StorageFailure.Fatal, "The writer stopped by a bug.", e));
            foreach (var item in batch)
                item.Fail(Refusal(_failed!));
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var item))
                item.Fail(Refusal(_failed!));
        }
        _stopped.SetResult();
    }

    private bool Wait()
    {
        var wait = _queue.Reader.WaitToReadAsync();
        return wait.IsCompletedSuccessfully ? wait.Result : wait.AsTask().GetAwaiter().GetResult();
    }

    private void Take(WorkItem item, List<WorkItem> batch)
    {
        if (_failed is { } reason)
            item.Fail(Refusal(reason));
        else if (item.Cancelled)
            item.Cancel();
        else
            batch.Add(item);
    }

    private void RunBatch(List<WorkItem> batch)
    {
        var together = batch.ToList();
        var alone = new List<WorkItem>();
        for (var run = 0; together.Count > 1; run++)
        {
            var outcome = TryCommit(together);
            if (outcome.Committed || outcome.Storage is not null)
            {
                Answer(together, outcome);
                together.Clear();
                break;
            }
            Interlocked.Increment(ref _reruns);
            if (outcome.Culprit is null || run == RerunLimit)
                break;
            together.Remove(outcome.Culprit);
            alone.Add(outcome.Culprit);
        }
        alone.InsertRange(0, together);
        foreach (var item in alone)
        {
            WorkItem[] one = [item];
            if (_failed is { } reason)
                item.Fail(Refusal(reason));
            else
                Answer(one, TryCommit(one));
        }
        if (_failed is null)
            Maintain();
    }

    /// <param name="Error">Null when committed.</param>
    /// <param name="Storage">The failure of disk or connection, which is nobody's fault.</param>
    private readonly record struct Outcome(Exception? Error, WorkItem? Culprit, StorageException? Storage)
    {
        public bool Committed => Error is null;
    }

    private Outcome TryCommit(IReadOnlyList<WorkItem> items)
    {
        WorkItem? running = null;
        var checking = false;
        _onBegin?.Invoke();
        try
        {
            _session.Start();
            foreach (var item in items)
            {
                running = item;
                _session.Run(item, item.Run);
            }
            running = null;
            if (_beforeCommit is { } check)
            {
                checking = true;
                _session.Run(null, check);
                checking = false;
            }
            _session.Commit();
            return default;
        }
        catch (Exception e)
        {
            return RolledBack(e, running, checking);
        }
    }

    private Outcome RolledBack(Exception error, WorkItem? running, bool checking)
    {
        // Only what a statement or the commit itself threw speaks of the disk; a work may throw whatever it likes.
        var cause = _session.Spoiled ?? (running is null && !checking ? error : null);
        var storage = cause is null ? null : _session.Translate(cause);
        var culprit = _session.Culprit ?? running;
        try
        {
            _session.Rollback();
        }
        catch (Exception e)
        {
            storage = new StorageException(
                StorageFailure.Fatal, "A transaction could not be rolled back.", new AggregateException(error, e));
        }
        if (storage is { Failure: StorageFailure.Fatal or StorageFailure.Retryable })
            return new Outcome(storage, null, storage);
        if (checking && storage is null)
            return new Outcome(
                new StorageException(
                    StorageFailure.InvariantViolation, "The check before the commit refused the work.", error),
                null,
                null);
        return new Outcome(storage ?? error, culprit, null);
    }

    private void Answer(IReadOnlyList<WorkItem> items, Outcome outcome)
    {
        if (outcome.Storage is { Failure: StorageFailure.Fatal } fatal)
            Fail(fatal);
        else if (outcome.Storage is { } refusal && !_refuses)
            _onRefused?.Invoke(refusal);
        _refuses = outcome.Storage is not null;
        if (outcome.Error is { } error)
        {
            foreach (var item in items)
                item.Fail(error);
            return;
        }
        Interlocked.Increment(ref _commits);
        Interlocked.Add(ref _writes, items.Count);
        try
        {
            foreach (var item in items)
                item.RunAfterCommit();
        }
        catch (Exception e)
        {
            // The disk is right and the memory of the party is not: only a restart makes them agree.
            Fail(new StorageException(StorageFailure.Fatal, "What was to follow a commit failed.", e));
        }
        foreach (var item in items)
            item.Complete();
    }

    private void Maintain()
    {
        try
        {
            _session.Maintain();
        }
        catch (Exception e)
        {
            var storage = _session.Translate(e);
            if (storage is not { Failure: StorageFailure.Retryable })
                Fail(storage ?? new StorageException(StorageFailure.Fatal, "Maintenance failed.", e));
        }
    }

    private void Fail(StorageException reason)
    {
        if (Interlocked.CompareExchange(ref _failed, reason, null) is null)
            _failure.TrySetResult(reason);
    }

    private static StorageException Refusal(StorageException reason) => new(
        StorageFailure.Fatal, "The database has failed and takes no writes until it is opened anew.", reason);
}
