namespace Bauta.Storage;

/// <summary>One queued write: its work, and the task its sender waits on.</summary>
internal abstract class WorkItem(CancellationToken ct)
{
    private List<Action>? _onCommit;

    public bool Cancelled => ct.IsCancellationRequested;

    public void OnCommit(Action after) => (_onCommit ??= []).Add(after);

    public void Run(IWriteTransaction transaction)
    {
        // A second run must not inherit what the first one asked for.
        _onCommit = null;
        RunWork(transaction);
    }

    public void RunAfterCommit()
    {
        if (_onCommit is null)
            return;
        foreach (var after in _onCommit)
            after();
    }

    public abstract void Complete();

    public abstract void Fail(Exception exception);

    public abstract void Cancel();

    protected CancellationToken Token => ct;

    protected abstract void RunWork(IWriteTransaction transaction);
}

internal sealed class WorkItem<T>(Func<IWriteTransaction, T> work, CancellationToken ct) : WorkItem(ct)
{
    // Continuations run elsewhere, so that no sender's code ever runs on the writer.
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _done.Task;

    public override void Complete() => _done.TrySetResult(_result!);

    public override void Fail(Exception exception) => _done.TrySetException(exception);

    public override void Cancel() => _done.TrySetCanceled(Token);

    protected override void RunWork(IWriteTransaction transaction) => _result = work(transaction);
}
