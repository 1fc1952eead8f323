using System.Collections.Concurrent;
using Npgsql;

namespace Bauta.Storage.Postgres;

/// <summary>Threads that read, each with a connection of its own, so that waiting for the server never holds a thread
/// that serves requests.</summary>
internal sealed class PostgresReaders : IDisposable
{
    private const int QueueLimit = 4096;

    private readonly string _connectionString;
    private readonly BlockingCollection<Action<Reader>> _queue = new(QueueLimit);
    private readonly List<Thread> _threads = [];

    public PostgresReaders(string connectionString, int count)
    {
        _connectionString = PostgresStatements.ConnectionString(connectionString).ConnectionString;
        for (var i = 0; i < count; i++)
        {
            var thread = new Thread(Loop) { IsBackground = true, Name = "storage reader" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Read(Reader reader)
        {
            if (ct.IsCancellationRequested)
            {
                done.TrySetCanceled(ct);
                return;
            }
            try
            {
                done.TrySetResult(reader.Run(work));
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        }
        try
        {
            if (!_queue.TryAdd(Read))
                return Task.FromException<T>(
                    new StorageException(StorageFailure.Retryable, "Too many reads are waiting."));
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(IDatabase));
        }
        return done.Task;
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
            thread.Join();
        _queue.Dispose();
    }

    private void Loop()
    {
        using var reader = new Reader(_connectionString);
        foreach (var read in _queue.GetConsumingEnumerable())
        {
            read(reader);
            // The sender has its answer by now; it need not wait for the end of the snapshot.
            reader.EndSnapshot();
        }
    }

    private sealed class Reader(string connectionString) : IReadTransaction, IDisposable
    {
        private NpgsqlConnection? _connection;
        private bool _begun;
        private bool _open;

        public T Run<T>(Func<IReadTransaction, T> work)
        {
            _open = true;
            try
            {
                return work(this);
            }
            catch (Exception e) when (Lost(e) is { } storage)
            {
                throw storage;
            }
            finally
            {
                _open = false;
            }
        }

        public IReadOnlyList<T> Query<T>(string sql, Func<IRow, T> map, params object?[] values)
        {
            if (!_open)
                throw new InvalidOperationException("A transaction is used after its work has returned.");
            Statements.CheckQuery(sql, values);
            using var batch = new NpgsqlBatch(Connection());
            if (!_begun)
            {
                _begun = true;
                batch.BatchCommands.Add(
                    new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
            }
            batch.BatchCommands.Add(PostgresStatements.Command(sql, values));
            return PostgresStatements.Rows(batch, map);
        }

        public T? QuerySingleOrDefault<T>(string sql, Func<IRow, T> map, params object?[] values) =>
            Statements.OnlyRow(Query(sql, map, values));

        public void EndSnapshot()
        {
            if (!_begun)
                return;
            _begun = false;
            try
            {
                using var command = new NpgsqlCommand("ROLLBACK", _connection);
                command.ExecuteNonQuery();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
            {
                // The next read connects anew.
                _connection?.Dispose();
                _connection = null;
            }
        }

        public void Dispose() => _connection?.Dispose();

        private NpgsqlConnection Connection()
        {
            if (_connection is { FullState: System.Data.ConnectionState.Open } ready)
                return ready;
            _connection?.Dispose();
            _begun = false;
            _connection = new NpgsqlConnection(connectionString);
            _connection.Open();
            return _connection;
        }

        // A read that lost its connection stored nothing, so it may simply be sent again.
        private StorageException? Lost(Exception e)
        {
            if (e is StorageException || _connection is null)
                return null;
            var storage = PostgresStatements.Translate(e, _connection);
            return storage is { Failure: StorageFailure.Fatal }
                ? new StorageException(StorageFailure.Retryable, storage.Message, e)
                : storage;
        }
    }
}
