
namespace Bauta.Storage;

/// <summary>The writer's connection. Used by one thread; tells an engine's failures apart.</summary>
internal abstract class WriteSession : IWriteTransaction, IDisposable
{
    private bool _open;
    private int _thread;

    /// <summary>Whose statements are being taken; null while the party's check runs.</summary>
    protected WorkItem? Owner { get; private set; }

    /// <summary>Whose statement failed; null when it was nobody's, or the commit itself.</summary>
    public WorkItem? Culprit { get; protected set; }

    /// <summary>The first failed statement of this transaction. It cannot be committed after that.</summary>
    public Exception? Spoiled { get; protected set; }

    public void Start()
    {
        Culprit = null;
        Spoiled = null;
        Begin();
    }

    /// <summary>Lets <paramref name="owner"/>'s work use this session until it returns.</summary>
    public void Run(WorkItem? owner, Action<IWriteTransaction> work)
    {
        Owner = owner;
        _thread = Environment.CurrentManagedThreadId;
        _open = true;
        try
        {
            work(this);
        }
        finally
        {
            _open = false;
            Owner = null;
        }
        if (Spoiled is not null)
            throw new StorageException(
                StorageFailure.Conflict, "The work went on after one of its statements had failed.", Spoiled);
    }

    protected abstract void Begin();

    /// <summary>Sends what still waits and makes the transaction durable.</summary>
    public abstract void Commit();

    /// <summary>Takes the transaction back; does nothing when the engine already did.</summary>
    public abstract void Rollback();

    /// <summary>What the engine has to do between two transactions.</summary>
    public abstract void Maintain();

    /// <summary>The engine's exception as a <see cref="StorageException"/>; null when it is none of the
    /// engine's.</summary>
    public abstract StorageException? Translate(Exception exception);

    public abstract void Dispose();

    public IReadOnlyList<T> Query<T>(string sql, Func<IRow, T> map, params object?[] values)
    {
        Enter();
        try
        {
            return QueryRows(sql, map, values);
        }
        catch (Exception e) when (Spoil(e))
        {
            throw;
        }
    }

    public T? QuerySingleOrDefault<T>(string sql, Func<IRow, T> map, params object?[] values) =>
        Statements.OnlyRow(Query(sql, map, values));

    public void Execute(string sql, params object?[] values)
    {
        Enter();
        Take(null, sql, values);
    }

    public void ExecuteExpecting(int rows, string sql, params object?[] values)
    {
        Enter();
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        Take(rows, sql, values);
    }

    public int ExecuteCounted(string sql, params object?[] values)
    {
        Enter();
        try
        {
            return ExecuteNow(sql, values);
        }
        catch (Exception e) when (Spoil(e))
        {
            throw;
        }
    }

    public void OnCommit(Action after)
    {
        Enter();
        if (Owner is null)
            throw new InvalidOperationException("The check before the commit has nothing to run after it.");
        Owner.OnCommit(after);
    }

    protected abstract List<T> QueryRows<T>(string sql, Func<IRow, T> map, object?[] values);

    protected abstract void ExecuteLater(int? expectedRows, string sql, object?[] values);

    protected abstract int ExecuteNow(string sql, object?[] values);

    protected static StorageException UnexpectedRows(int expected, long actual) => new(
        StorageFailure.Conflict, $"A statement was to change {expected} rows and would have changed {actual}.");

    private void Take(int? expectedRows, string sql, object?[] values)
    {
        try
        {
            ExecuteLater(expectedRows, sql, values);
        }
        catch (Exception e) when (Spoil(e))
        {
            throw;
        }
    }

    // A filter that never catches: it only notes that the transaction cannot be committed any more.
    private bool Spoil(Exception e)
    {
        Spoiled ??= e;
        return false;
    }

    private void Enter()
    {
        if (!_open)
            throw new InvalidOperationException("A transaction is used after its work has returned.");
        if (_thread != Environment.CurrentManagedThreadId)
            throw new InvalidOperationException("A transaction is used from another thread than its work's.");
        if (Spoiled is not null)
            throw new InvalidOperationException("A statement of this work has already failed.", Spoiled);
    }
}
