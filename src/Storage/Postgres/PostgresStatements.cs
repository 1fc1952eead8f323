using Npgsql;
using NpgsqlTypes;

namespace Bauta.Storage.Postgres;

/// <summary>How statements are sent, and what PostgreSQL's failures mean.</summary>
internal static class PostgresStatements
{
    /// <summary>Statements are prepared by the connection itself, by their text, from their second use on.</summary>
    public static NpgsqlConnectionStringBuilder ConnectionString(string connection) => new(connection)
    {
        MaxAutoPrepare = 256,
        AutoPrepareMinUsages = 2,
        Pooling = false,
        Enlist = false,
        ApplicationName = "bauta",
        IncludeErrorDetail = false,
    };

    public static NpgsqlBatchCommand Command(string sql, object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    /// <summary>The rows of the only statement in <paramref name="batch"/> that returns rows.</summary>
    public static List<T> Rows<T>(NpgsqlBatch batch, Func<IRow, T> map)
    {
        var rows = new List<T>();
        using var reader = batch.ExecuteReader();
        var row = new PostgresRow(reader);
        while (reader.Read())
            rows.Add(map(row));
        return rows;
    }

    public static StorageException? Translate(Exception exception, NpgsqlConnection connection) => exception switch
    {
        StorageException storage => storage,
        _ when connection.FullState != System.Data.ConnectionState.Open =>
            new(StorageFailure.Fatal, "The connection to PostgreSQL was lost.", exception),
        PostgresException postgres => FromState(postgres),
        NpgsqlException => new(StorageFailure.Fatal, "The connection to PostgreSQL failed.", exception),
        _ => null,
    };

    private static StorageException? FromState(PostgresException e)
    {
        if (e.SqlState.StartsWith("23", StringComparison.Ordinal))
            return new(StorageFailure.Conflict, "A constraint was broken.", e);
        return e.SqlState switch
        {
            PostgresErrorCodes.DiskFull => new(StorageFailure.Retryable, "PostgreSQL's disk is full.", e),
            PostgresErrorCodes.OutOfMemory or PostgresErrorCodes.SerializationFailure or
                PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable or
                PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.TooManyConnections =>
                new(StorageFailure.Retryable, "PostgreSQL could not run the transaction now.", e),
            _ when e.Severity is "FATAL" or "PANIC" =>
                new(StorageFailure.Fatal, $"PostgreSQL ended the session ({e.SqlState}).", e),
            _ when e.SqlState.StartsWith("58", StringComparison.Ordinal) ||
                e.SqlState.StartsWith("XX", StringComparison.Ordinal) =>
                new(StorageFailure.Fatal, $"PostgreSQL failed ({e.SqlState}).", e),
            _ => null,
        };
    }

    private static NpgsqlParameter Parameter(object? value) => value switch
    {
        null => new NpgsqlParameter { Value = DBNull.Value },
        byte[] bytes => new NpgsqlParameter<byte[]> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea },
        string text => new NpgsqlParameter<string>
        {
            TypedValue = Statements.Text(text),
            NpgsqlDbType = NpgsqlDbType.Text,
        },
        long number => new NpgsqlParameter<long> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Bigint },
        int number => new NpgsqlParameter<long> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Bigint },
        bool flag => new NpgsqlParameter<bool> { TypedValue = flag, NpgsqlDbType = NpgsqlDbType.Boolean },
        _ => throw Statements.WrongType(value),
    };
}
