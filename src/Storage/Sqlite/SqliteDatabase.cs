using System.Collections.Concurrent;

namespace Bauta.Storage.Sqlite;

internal sealed class SqliteDatabase : IDatabase
{
    private static readonly Dialect Dialect = new(
        Blob: "BLOB", Bigint: "INTEGER", Text: "TEXT", Bool: "INTEGER", Strict: "STRICT",
        Clustered: "STRICT, WITHOUT ROWID");

    private readonly string _path;
    private readonly OpenLock _openLock;
    private readonly SqliteSession _session;
    private readonly GroupCommit _writer;
    private readonly SemaphoreSlim _readerPermits;
    private readonly int _readerLimit;
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private int _disposed;

    private SqliteDatabase(string path, OpenLock openLock, SqliteSession session, DatabaseOptions options)
    {
        _path = path;
        _openLock = openLock;
        _session = session;
        _readerLimit = options.ReaderLimit;
        _readerPermits = new SemaphoreSlim(options.ReaderLimit);
        _writer = new GroupCommit(session, options);
    }

    public DatabaseHealth Health => _writer.Health;

    public Task<StorageException> Failure => _writer.Failure;

    public DatabaseCounters Counters => _writer.Counters;

    public static SqliteDatabase Open(string path, IReadOnlyList<Migration> migrations, DatabaseOptions options)
    {
        SqliteLibrary.EnsureLoaded();
        path = Path.GetFullPath(path);
        var openLock = OpenLock.Acquire(path + ".lock", options.LockTimeout);
        SqliteSession? session = null;
        try
        {
            // SQLite gives its log and index the mode of the database; only the owner may read any of them.
            if (!File.Exists(path))
                DurableFile.CreateSecret(path, []);
            session = new SqliteSession(path);
            Migrations.Apply(session, Dialect, session.Script, migrations, options.TimeProvider);
            return new SqliteDatabase(path, openLock, session, options);
        }
        catch (Exception e)
        {
            session?.Dispose();
            openLock.Dispose();
            if (SqliteSession.Errors.Translate(e) is { } storage && !ReferenceEquals(storage, e))
                throw storage;
            throw;
        }
    }

    public Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct = default) =>
        _writer.WriteAsync(work, ct);

    /// <summary>Reads on the caller's thread: a read from SQLite mostly costs less than a change of thread.</summary>
    public async Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        await _readerPermits.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            if (!_readers.TryTake(out var reader))
                reader = new SqliteReader(_path);
            try
            {
                return reader.Run(work);
            }
            finally
            {
                _readers.Add(reader);
            }
        }
        finally
        {
            _readerPermits.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _writer.StopAsync().ConfigureAwait(false);
        for (var i = 0; i < _readerLimit; i++)
            await _readerPermits.WaitAsync().ConfigureAwait(false);
        while (_readers.TryTake(out var reader))
            reader.Dispose();
        // The writer closes last, since only it may copy the log back and remove it.
        if (_writer.Failure.IsCompleted)
            _session.KeepLog();
        _session.Dispose();
        _openLock.Dispose();
        _readerPermits.Release(_readerLimit);
    }
}
