namespace Bauta.Storage;

/// <summary>Runs works together in one transaction, on the thread of whoever calls it.</summary>
/// <remarks>
/// <para>Order of one batch: run each work, run the party's check, commit durably, run what the works asked for after
/// the commit, complete their tasks. Nothing is acknowledged before the commit has returned.</para>
/// <para>When a work throws, the transaction is rolled back, the others are run again without it, and it is run again
/// alone, since what it tripped over may have been the effect of another one. When nobody can be named (the party's
/// check threw), or too many have thrown, each is run alone.</para>
/// </remarks>
internal sealed class Committer(WriteSession session, DatabaseOptions options)
{
    private const int RerunLimit = 16;

    private readonly TaskCompletionSource<StorageException> _failure =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StorageException? _failed;
    private bool _refuses;
    private long _commits;
    private long _writes;
    private long _reruns;

    /// <summary>Why it takes no more; null while it does.</summary>
    public StorageException? Failed => Volatile.Read(ref _failed);

    public Task<StorageException> Failure => _failure.Task;

    public DatabaseCounters Counters => new(
        Interlocked.Read(ref _commits), Interlocked.Read(ref _writes), Interlocked.Read(ref _reruns));

    /// <summary>Takes the works to their ends; one caller at a time.</summary>
    public void Run(List<WorkItem> batch)
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
        options.OnBegin?.Invoke();
        try
        {
            session.Start();
            foreach (var item in items)
            {
                running = item;
                session.Run(item, item.Run);
            }
            running = null;
            if (options.BeforeCommit is { } check)
            {
                checking = true;
                session.Run(null, check);
                checking = false;
            }
            session.Commit();
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
        var cause = session.Spoiled ?? (running is null && !checking ? error : null);
        var storage = cause is null ? null : session.Translate(cause);
        var culprit = session.Culprit ?? running;
        try
        {
            session.Rollback();
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
            options.OnRefused?.Invoke(refusal);
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
            session.Maintain();
        }
        catch (Exception e)
        {
            var storage = session.Translate(e);
            if (storage is not { Failure: StorageFailure.Retryable })
                Fail(storage ?? new StorageException(StorageFailure.Fatal, "Maintenance failed.", e));
        }
    }

    /// <summary>Takes no more from here on.</summary>
    /// <returns>The reason that stands, which may be an earlier one.</returns>
    public StorageException Fail(StorageException reason)
    {
        if (Interlocked.CompareExchange(ref _failed, reason, null) is { } earlier)
            return earlier;
        _failure.TrySetResult(reason);
        return reason;
    }

    public static StorageException Refusal(StorageException reason) => new(
        StorageFailure.Fatal, "The database has failed and takes no writes until it is opened anew.", reason);
}
