using Npgsql;

namespace Bauta.Storage.Postgres;

/// <summary>The writer's session. It holds the advisory lock that makes it the only writer, and writes through nothing
/// else, so a session that lost the lock has lost its connection too.</summary>
/// <remarks>Round trips: BEGIN and waiting statements travel with the next query, the rest with COMMIT. In one
/// pipeline PostgreSQL skips all that follows a failed statement, COMMIT too.</remarks>
internal sealed class PostgresSession : WriteSession
{
    // "baut"; the second key is the schema, so that two parties may share one database.
    private const int LockClass = 0x62617574;

    private readonly NpgsqlConnection _connection;
    private readonly List<Waiting> _waiting = [];
    private bool _begun;

    private readonly record struct Waiting(NpgsqlBatchCommand Command, int? ExpectedRows, WorkItem? Owner);

    public PostgresSession(string connectionString, TimeSpan lockTimeout)
    {
        _connection = new NpgsqlConnection(
            PostgresStatements.ConnectionString(connectionString).ConnectionString);
        try
        {
            _connection.Open();
            TakeLock(lockTimeout);
            // An acknowledged commit is on disk, whatever the server's default.
            Run("SELECT set_config('synchronous_commit', 'on', false) " +
                "WHERE current_setting('synchronous_commit') IN ('off', 'local')");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>Statements without parameters, in the transaction.</summary>
    public void Script(string sql)
    {
        Send(null);
        Run(sql);
    }

    protected override void Begin()
    {
        _waiting.Clear();
        _begun = false;
    }

    public override void Commit()
    {
        if (!_begun && _waiting.Count == 0)
            return;
        Send(new NpgsqlBatchCommand("COMMIT"));
        _begun = false;
    }

    public override void Rollback()
    {
        _waiting.Clear();
        if (!_begun || _connection.FullState != System.Data.ConnectionState.Open)
            return;
        Run("ROLLBACK");
        _begun = false;
    }

    public override void Maintain()
    {
        // The server checkpoints and vacuums by itself.
    }

    public override StorageException? Translate(Exception exception) =>
        PostgresStatements.Translate(exception, _connection);

    public override void Dispose() => _connection.Dispose();

    protected override List<T> QueryRows<T>(string sql, Func<IRow, T> map, object?[] values)
    {
        Statements.CheckQuery(sql, values);
        var query = PostgresStatements.Command(sql, values);
        using var batch = Batch(out var sent);
        batch.BatchCommands.Add(query);
        try
        {
            var rows = PostgresStatements.Rows(batch, map);
            CheckRows(sent);
            return rows;
        }
        catch (PostgresException e)
        {
            Blame(e, sent);
            throw;
        }
    }

    protected override void ExecuteLater(int? expectedRows, string sql, object?[] values)
    {
        Statements.CheckStatement(sql, values);
        _waiting.Add(new Waiting(PostgresStatements.Command(sql, values), expectedRows, Owner));
    }

    protected override int ExecuteNow(string sql, object?[] values)
    {
        Statements.CheckStatement(sql, values);
        var command = PostgresStatements.Command(sql, values);
        Send(command);
        return checked((int)command.RecordsAffected);
    }

    private void Run(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private void Send(NpgsqlBatchCommand? last)
    {
        using var batch = Batch(out var sent);
        if (last is not null)
            batch.BatchCommands.Add(last);
        if (batch.BatchCommands.Count == 0)
            return;
        // With a COMMIT in the same pipeline the expectation would be checked too late.
        if (last?.CommandText == "COMMIT" && sent.Any(static one => one.ExpectedRows is not null))
        {
            batch.BatchCommands.RemoveAt(batch.BatchCommands.Count - 1);
            Send(batch, sent);
            using var commit = new NpgsqlBatch(_connection);
            commit.BatchCommands.Add(last);
            Send(commit, []);
            return;
        }
        Send(batch, sent);
    }

    private void Send(NpgsqlBatch batch, Waiting[] sent)
    {
        try
        {
            batch.ExecuteNonQuery();
        }
        catch (PostgresException e)
        {
            Blame(e, sent);
            throw;
        }
        CheckRows(sent);
    }

    private NpgsqlBatch Batch(out Waiting[] sent)
    {
        var batch = new NpgsqlBatch(_connection);
        if (!_begun)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
            _begun = true;
        }
        sent = [.. _waiting];
        _waiting.Clear();
        foreach (var one in sent)
            batch.BatchCommands.Add(one.Command);
        return batch;
    }

    private void CheckRows(Waiting[] sent)
    {
        foreach (var one in sent)
        {
            var rows = checked((long)one.Command.RecordsAffected);
            if (one.ExpectedRows is not { } expected || rows == expected)
                continue;
            Culprit ??= one.Owner;
            var error = UnexpectedRows(expected, rows);
            Spoiled ??= error;
            throw error;
        }
    }

    private void Blame(PostgresException e, Waiting[] sent)
    {
        Spoiled ??= e;
        foreach (var one in sent)
            if (ReferenceEquals(one.Command, e.BatchCommand))
                Culprit ??= one.Owner;
    }

    private void TakeLock(TimeSpan timeout)
    {
        using var command = new NpgsqlCommand(
            "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))", _connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = LockClass });
        for (var waited = TimeSpan.Zero; ; waited += OpenLock.Step)
        {
            if (command.ExecuteScalar() is true)
                return;
            if (waited >= timeout)
                throw new StorageException(
                    StorageFailure.Held, "Another process writes this PostgreSQL database.");
            Thread.Sleep(OpenLock.Step);
        }
    }
}
