using System.Data.Common;
using Bauta.Storage.Postgres;
using Bauta.Storage.Sqlite;

namespace Bauta.Storage;

public sealed record DatabaseOptions
{
    /// <summary>Writes that may wait; one more waits for room before it is queued.</summary>
    public int QueueLimit { get; init; } = 4096;

    /// <summary>Writes that may share one transaction.</summary>
    public int BatchLimit { get; init; } = 512;

    /// <summary>Reads that may run at the same time.</summary>
    public int ReaderLimit { get; init; } = 8;

    /// <summary>Run on the writer before each transaction, also before one that is run again: what a party gathers in
    /// memory for <see cref="BeforeCommit"/> starts empty here. It must not throw.</summary>
    public Action? OnBegin { get; init; }

    /// <summary>Run once before each commit, over all it holds; throws when what the party conserves is not conserved.
    /// The works are then run one by one, and the one that breaks it fails with
    /// <see cref="StorageFailure.InvariantViolation"/>.</summary>
    public Action<IWriteTransaction>? BeforeCommit { get; init; }

    /// <summary>Run on the writer when a transaction fails for now, as on a full disk, and not again until one has
    /// succeeded: it is the operator who can make room. It must not throw.</summary>
    public Action<StorageException>? OnRefused { get; init; }

    /// <summary>How long to wait for another process to let go of the database before opening is refused.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

public static class Database
{
    /// <summary>Opens a database for the one process that may write it, and brings its schema up to date.</summary>
    /// <param name="connection">A path for SQLite (created with mode 0600), or <c>Host=...</c> for
    /// PostgreSQL.</param>
    /// <exception cref="StorageException">Refused: another process writes it, or it is newer than
    /// <paramref name="migrations"/>.</exception>
    public static IDatabase Open(
        string connection, IReadOnlyList<Migration> migrations, DatabaseOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connection);
        ArgumentNullException.ThrowIfNull(migrations);
        options ??= new DatabaseOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueueLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReaderLimit, 1);
        return IsPostgres(connection)
            ? PostgresDatabase.Open(connection, migrations, options)
            : SqliteDatabase.Open(connection, migrations, options);
    }

    /// <summary>Opens a database to read it beside the process that writes it, or alone. Nothing is changed, nor is the
    /// schema brought up to date.</summary>
    /// <exception cref="StorageException">Refused: there is none, or its schema is not exactly that of
    /// <paramref name="migrations"/>.</exception>
    public static async Task<IReadDatabase> OpenToReadAsync(
        string connection, IReadOnlyList<Migration> migrations, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connection);
        ArgumentNullException.ThrowIfNull(migrations);
        IReadDatabase database = IsPostgres(connection)
            ? new PostgresReadDatabase(connection)
            : new SqliteReadDatabase(connection);
        try
        {
            await database.ReadAsync(
                transaction =>
                {
                    Migrations.CheckWhole(transaction, migrations);
                    return true;
                },
                ct).ConfigureAwait(false);
            return database;
        }
        catch (Exception failure)
        {
            await database.DisposeAsync().ConfigureAwait(false);
            if (failure is DbException)
                throw new StorageException(
                    StorageFailure.Refused, $"This is no database of this program: {failure.Message}", failure);
            throw;
        }
    }

    public static bool IsPostgres(string connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.StartsWith("Host=", StringComparison.OrdinalIgnoreCase);
    }
}
