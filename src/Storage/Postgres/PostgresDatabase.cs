using Npgsql;

namespace Bauta.Storage.Postgres;

internal sealed class PostgresDatabase : IDatabase
{
    private static readonly Dialect Dialect = new(
        Blob: "bytea", Bigint: "bigint", Text: "text COLLATE \"C\"", Bool: "boolean", Strict: "", Clustered: "");

    private readonly PostgresSession _session;
    private readonly GroupCommit _writer;
    private readonly PostgresReaders _readers;
    private int _disposed;

    private PostgresDatabase(PostgresSession session, PostgresReaders readers, DatabaseOptions options)
    {
        _session = session;
        _readers = readers;
        _writer = new GroupCommit(session, options);
    }

    public DatabaseHealth Health => _writer.Health;

    public Task<StorageException> Failure => _writer.Failure;

    public DatabaseCounters Counters => _writer.Counters;

    public static PostgresDatabase Open(
        string connection, IReadOnlyList<Migration> migrations, DatabaseOptions options)
    {
        PostgresSession? session = null;
        try
        {
            session = new PostgresSession(connection, options.LockTimeout);
            Migrations.Apply(session, Dialect, session.Script, migrations, options.TimeProvider);
            return new PostgresDatabase(session, new PostgresReaders(connection, options.ReaderLimit), options);
        }
        catch (NpgsqlException e)
        {
            session?.Dispose();
            throw new StorageException(StorageFailure.Refused, "PostgreSQL did not open: " + e.Message, e);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    public Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct = default) =>
        _writer.WriteAsync(work, ct);

    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _readers.ReadAsync(work, ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _writer.StopAsync().ConfigureAwait(false);
        _readers.Dispose();
        _session.Dispose();
    }
}
