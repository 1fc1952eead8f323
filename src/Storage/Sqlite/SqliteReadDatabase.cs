using Microsoft.Data.Sqlite;

namespace Bauta.Storage.Sqlite;

/// <summary>A SQLite database that this process only reads. One read at a time.</summary>
internal sealed class SqliteReadDatabase : IReadDatabase
{
    private readonly SqliteReader _reader;
    private readonly SemaphoreSlim _turn = new(1);

    public SqliteReadDatabase(string path)
    {
        SqliteLibrary.EnsureLoaded();
        try
        {
            _reader = new SqliteReader(Path.GetFullPath(path));
        }
        catch (SqliteException failure)
        {
            throw new StorageException(
                StorageFailure.Refused, $"{path} cannot be opened to read it: {failure.Message}", failure);
        }
    }

    public async Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        await _turn.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return _reader.Run(work);
        }
        finally
        {
            _turn.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }
}
