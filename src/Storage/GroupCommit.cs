using System.Threading.Channels;

namespace Bauta.Storage;

/// <summary>The writer: takes what is queued, runs it in one transaction, commits once, then answers all.</summary>
internal sealed class GroupCommit
{
    private readonly Committer _committer;
    private readonly int _batchLimit;
    private readonly Channel<WorkItem> _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _closed;

    public GroupCommit(WriteSession session, DatabaseOptions options)
    {
        _committer = new Committer(session, options);
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
        _committer.Failed is not null ? DatabaseHealth.Failed : DatabaseHealth.Healthy;

    public Task<StorageException> Failure => _committer.Failure;

    public DatabaseCounters Counters => _committer.Counters;

    public Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (typeof(Task).IsAssignableFrom(typeof(T)))
            throw new ArgumentException("The work of a transaction returns its result, not a task.", nameof(work));
        if (Environment.CurrentManagedThreadId == _thread.ManagedThreadId)
            throw new InvalidOperationException("A write inside a write would wait for itself.");
        if (_committer.Failed is { } reason)
            return Task.FromException<T>(Committer.Refusal(reason));
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
                    _committer.Run(batch);
                batch.Clear();
            }
        }
        catch (Exception e)
        {
            // A bug here must not leave senders waiting for ever.
            var stopped = _committer.Fail(
                new StorageException(StorageFailure.Fatal, "The writer stopped by a bug.", e));
            foreach (var item in batch)
                item.Fail(Committer.Refusal(stopped));
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var item))
                item.Fail(Committer.Refusal(stopped));
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
        if (_committer.Failed is { } reason)
            item.Fail(Committer.Refusal(reason));
        else if (item.Cancelled)
            item.Cancel();
        else
            batch.Add(item);
    }
}
