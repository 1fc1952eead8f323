
namespace Bauta.Storage;

/// <summary>One party's database: one writer, many readers, durable before it answers.</summary>
/// <remarks>
/// <para>Concurrency: work given to <see cref="WriteAsync{T}"/> runs serially on one writer, so it needs no locks of
/// its own against other writes. Reads see the last committed state and never wait for the writer. No order is promised
/// between writes that were queued at the same time.</para>
/// <para>Durability: a write's task completes only after the transaction holding it has reached the disk. Writes that
/// wait together share one transaction and so one disk flush.</para>
/// <para>Retry: work may be run more than once before it is committed (its first run may share a transaction with work
/// that fails), so it must have no effect outside the transaction; <see cref="IWriteTransaction.OnCommit"/> is for
/// those. When a write fails with <see cref="StorageFailure.Retryable"/> it may be sent again; after
/// <see cref="StorageFailure.Fatal"/> only once the database was opened anew, and its outcome must then be looked
/// up.</para>
/// </remarks>
public interface IDatabase : IReadDatabase
{
    /// <summary>Runs <paramref name="work"/> on the writer and completes when its effects are durable.</summary>
    /// <remarks>An exception thrown by the work takes back that work alone and reaches the caller as it is. The token
    /// is honoured while the work waits in the queue, not after it began.</remarks>
    Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct = default);

    /// <summary>Whether writes are taken.</summary>
    DatabaseHealth Health { get; }

    /// <summary>Completes with the reason once <see cref="Health"/> becomes <see cref="DatabaseHealth.Failed"/>. The
    /// host stops the process then, and its supervisor starts it anew.</summary>
    Task<StorageException> Failure { get; }

    /// <summary>What the writer has done since the database was opened.</summary>
    DatabaseCounters Counters { get; }
}

/// <summary>A database that is read, whoever writes it.</summary>
public interface IReadDatabase : IAsyncDisposable
{
    /// <summary>Runs <paramref name="work"/> on one committed snapshot.</summary>
    Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default);
}

/// <summary>What a read may do. Only valid while the work runs.</summary>
/// <remarks>Positional parameters <c>$1, $2, ...</c>; values are <c>byte[]</c>, <c>string</c>, <c>long</c>, <c>int</c>,
/// <c>bool</c> or null. Each value must be named in the text. Statements are prepared once per text, so texts are
/// constants.</remarks>
public interface IReadTransaction
{
    IReadOnlyList<T> Query<T>(string sql, Func<IRow, T> map, params object?[] values);

    /// <summary>The only row, or default when there is none; more than one row is a bug and throws.</summary>
    T? QuerySingleOrDefault<T>(string sql, Func<IRow, T> map, params object?[] values);
}

/// <summary>A row of a query, only valid while it is read: columns count from 0. Null throws.</summary>
public interface IRow
{
    bool IsDBNull(int column);

    long GetInt64(int column);

    /// <exception cref="OverflowException">It is too large.</exception>
    int GetInt32(int column);

    bool GetBoolean(int column);

    string GetString(int column);

    byte[] GetBytes(int column);
}

/// <summary>What a write may do. Only valid while the work runs, on the thread that runs it.</summary>
/// <remarks>A statement that fails spoils the work: it fails even if it swallows the exception. On PostgreSQL
/// <see cref="Execute"/> and <see cref="ExecuteExpecting"/> are sent together with the next query or the commit, so
/// a statement's failure may come to light only then; it still reaches the caller of this work and no other. For the
/// same reason an array given as a value must not be changed until the work's task has completed.</remarks>
public interface IWriteTransaction : IReadTransaction
{
    void Execute(string sql, params object?[] values);

    /// <summary>Fails the work with <see cref="StorageFailure.Conflict"/> unless exactly <paramref name="rows"/> rows
    /// were changed. Costs no round trip, unlike <see cref="ExecuteCounted"/>.</summary>
    void ExecuteExpecting(int rows, string sql, params object?[] values);

    /// <summary>The number of rows changed.</summary>
    int ExecuteCounted(string sql, params object?[] values);

    /// <summary>Runs <paramref name="after"/> on the writer once the work is durable, before its task completes and
    /// before the next work runs. For state held in memory; it must be quick and must not throw.</summary>
    void OnCommit(Action after);
}

public enum DatabaseHealth
{
    Healthy,

    /// <summary>The disk or the connection failed; what it did with the last batch is unknown. Refuses
    /// writes.</summary>
    Failed,
    Closed,
}

/// <param name="Commits">Durable transactions.</param>
/// <param name="Writes">Pieces of work committed.</param>
/// <param name="Reruns">Transactions rolled back and run again without their culprit.</param>
public sealed record DatabaseCounters(long Commits, long Writes, long Reruns);

public static class DatabaseWrites
{
    /// <summary>Work without a result.</summary>
    public static Task WriteAsync(
        this IDatabase database, Action<IWriteTransaction> work, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.WriteAsync(
            transaction =>
            {
                work(transaction);
                return true;
            },
            ct);
    }

    /// <summary>A blob column, or null.</summary>
    public static byte[]? GetBytesOrNull(this IRow row, int column)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.IsDBNull(column) ? null : row.GetBytes(column);
    }

    /// <summary>A text column, or null.</summary>
    public static string? GetStringOrNull(this IRow row, int column)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.IsDBNull(column) ? null : row.GetString(column);
    }
}
