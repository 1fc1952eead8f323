namespace Bauta.Storage.Postgres;

/// <summary>A PostgreSQL database that this process only reads.</summary>
internal sealed class PostgresReadDatabase(string connection) : IReadDatabase
{
    private readonly PostgresReaders _readers = new(connection, 1);

    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _readers.ReadAsync(work, ct);
    }

    public ValueTask DisposeAsync()
    {
        _readers.Dispose();
        return ValueTask.CompletedTask;
    }
}
