using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Bauta.Storage.Sqlite;

internal class SqliteSession : WriteSession
{
    // SQLITE_DBSTATUS_CACHE_WRITE: pages this connection has written, in WAL mode to the log.
    private const int PagesWritten = 9;
    private const int NoCheckpointOnClose = 1006;

    // 16 MiB of log between checkpoints: large enough that pages written often are copied back once.
    private const int CheckpointPages = 4096;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatements _statements;
    private long _pagesInLog;
    private bool _disposed;

    public SqliteSession(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        _connection.Open();
        _statements = new SqliteStatements(_connection);
        Configure();
    }

    public void Script(string sql) => _statements.Script(sql);

    protected override void Begin() => _statements.Execute("BEGIN IMMEDIATE");

    public override void Commit() => _statements.Execute("COMMIT");

    public override void Rollback()
    {
        // The library rolls back by itself on some failures of the disk.
        if (_statements.InTransaction)
            _statements.Execute("ROLLBACK");
    }

    /// <summary>Copies the log back into the database when it has grown.</summary>
    /// <remarks>Done here and not by the library's automatism, which ignores a disk that fails meanwhile. It runs on
    /// the writer, so that nothing is appended meanwhile and the log can start over.</remarks>
    public override void Maintain()
    {
        var status = raw.sqlite3_db_status(_connection.Handle, PagesWritten, out var pages, out _, 1);
        if (status != raw.SQLITE_OK)
            throw new SqliteException("The count of pages written is not known.", status);
        _pagesInLog += pages;
        if (_pagesInLog < CheckpointPages)
            return;
        _pagesInLog = 0;
        Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
    }

    public override StorageException? Translate(Exception exception) => Errors.Translate(exception);

    /// <summary>Leaves the log as it is when the database is closed, for the next opening to look at.</summary>
    public void KeepLog() => raw.sqlite3_db_config(_connection.Handle, NoCheckpointOnClose, 1, out _);

    public override void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _statements.Dispose();
    }

    protected override List<T> QueryRows<T>(string sql, Func<IRow, T> map, object?[] values) =>
        _statements.Query(sql, map, values);

    protected override void ExecuteLater(int? expectedRows, string sql, object?[] values)
    {
        Statements.CheckStatement(sql, values);
        var rows = _statements.Execute(sql, values);
        if (expectedRows is { } expected && rows != expected)
            throw UnexpectedRows(expected, rows);
    }

    protected override int ExecuteNow(string sql, object?[] values)
    {
        Statements.CheckStatement(sql, values);
        return _statements.Execute(sql, values);
    }

    private void Configure()
    {
        var mode = _statements.Pragma("PRAGMA journal_mode = WAL");
        if (mode != "wal")
            throw new StorageException(StorageFailure.Refused, $"SQLite keeps journal mode {mode} instead of wal.");
        _statements.Script("""
            PRAGMA synchronous = FULL;
            PRAGMA busy_timeout = 5000;
            PRAGMA foreign_keys = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -32768;
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA journal_size_limit = 67108864;
            """);
        if (_statements.Pragma("PRAGMA synchronous") != "2")
            throw new StorageException(StorageFailure.Refused, "SQLite does not flush its log at each commit.");
        // After a failed flush the kernel may show log pages that never reached the disk. Commits appended behind them
        // would be lost with them, so all that is in the log is written anew and flushed before the first write.
        Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
    }

    private void Checkpoint(int mode)
    {
        var result = raw.sqlite3_wal_checkpoint_v2(_connection.Handle, "main", mode, out _, out _);
        if (result is not (raw.SQLITE_OK or raw.SQLITE_BUSY) ||
            (result == raw.SQLITE_BUSY && mode != raw.SQLITE_CHECKPOINT_PASSIVE))
            throw new SqliteException(
                $"A checkpoint failed: {raw.sqlite3_errmsg(_connection.Handle).utf8_to_string()}",
                result & 0xff,
                result);
    }

    internal static class Errors
    {
        public static StorageException? Translate(Exception exception) => exception switch
        {
            StorageException storage => storage,
            SqliteException sqlite => FromCode(sqlite),
            _ => null,
        };

        private static StorageException? FromCode(SqliteException e) => e.SqliteErrorCode switch
        {
            raw.SQLITE_CONSTRAINT => new(StorageFailure.Conflict, "A constraint was broken.", e),
            raw.SQLITE_FULL => new(StorageFailure.Retryable, "The disk is full.", e),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new(StorageFailure.Retryable, "The database is locked.", e),
            raw.SQLITE_NOMEM => new(StorageFailure.Retryable, "SQLite ran out of memory.", e),
            raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_READONLY or
                raw.SQLITE_CANTOPEN or raw.SQLITE_PERM =>
                new(StorageFailure.Fatal, $"The database file failed (SQLite {e.SqliteExtendedErrorCode}).", e),
            _ => null,
        };
    }
}
