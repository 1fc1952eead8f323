using System.Security.Cryptography;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

/// <summary>What every engine must do alike. The derived classes only say where a new database is.</summary>
public abstract class DatabaseTests : IAsyncLifetime
{
    private const string Items = """
        CREATE TABLE items (id {bigint} PRIMARY KEY, body {blob}, name {text}, flag {bool}) {strict};
        CREATE TABLE parts (item {bigint} NOT NULL REFERENCES items (id)) {strict};
        CREATE TABLE balances (account {text} PRIMARY KEY, amount {bigint} NOT NULL) {clustered};
        """;

    protected static readonly IReadOnlyList<Migration> Schema =
        [new(1, "items", Items), new(2, "answers", AnswerStore.Schema)];

    private readonly List<IDatabase> _opened = [];

    protected string Connection { get; private set; } = "";

    protected abstract Task<string> NewDatabaseAsync();

    public async ValueTask InitializeAsync() => Connection = await NewDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _opened)
            await database.DisposeAsync();
        Cleanup();
        GC.SuppressFinalize(this);
    }

    protected virtual void Cleanup()
    {
    }

    protected IDatabase Open(DatabaseOptions? options = null, IReadOnlyList<Migration>? migrations = null)
    {
        var database = Database.Open(
            Connection,
            migrations ?? Schema,
            (options ?? new DatabaseOptions()) with { LockTimeout = TimeSpan.FromMilliseconds(100) });
        _opened.Add(database);
        return database;
    }

    protected static Task Insert(IDatabase database, long id) => database.WriteAsync(
        transaction => transaction.Execute("INSERT INTO items (id) VALUES ($1)", id));

    protected static Task<IReadOnlyList<long>> Ids(IDatabase database) => database.ReadAsync(
        transaction => transaction.Query("SELECT id FROM items ORDER BY id", row => row.GetInt64(0)));

    protected static byte[] Bytes32() => RandomNumberGenerator.GetBytes(32);

    /// <summary>Holds the writer until disposed, so that what is written meanwhile waits together.</summary>
    protected static async Task<Hold> HoldWriter(IDatabase database)
    {
        var hold = new Hold();
        hold.Done = database.WriteAsync(_ =>
        {
            hold.Started.SetResult();
            hold.Release.Wait();
        });
        await hold.Started.Task;
        return hold;
    }

    protected sealed class Hold : IAsyncDisposable
    {
        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ManualResetEventSlim Release { get; } = new();
        public Task Done { get; set; } = Task.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            Release.Set();
            await Done;
        }
    }

    protected static async Task<StorageException> FailsAsync(StorageFailure failure, Task task)
    {
        var exception = await Assert.ThrowsAsync<StorageException>(() => task);
        Assert.Equal(failure, exception.Failure);
        return exception;
    }

    [Fact]
    public async Task Writes_that_wait_together_share_one_commit()
    {
        var database = Open();
        var before = database.Counters.Commits;
        Task[] writes;
        await using (await HoldWriter(database))
            writes = [.. Enumerable.Range(1, 200).Select(id => Insert(database, id))];
        await Task.WhenAll(writes);
        Assert.Equal(before + 2, database.Counters.Commits);
        Assert.Equal(200, (await Ids(database)).Count);
    }

    [Fact]
    public async Task A_batch_is_never_larger_than_its_limit()
    {
        var database = Open(new DatabaseOptions { BatchLimit = 10 });
        Task[] writes;
        await using (await HoldWriter(database))
            writes = [.. Enumerable.Range(1, 95).Select(id => Insert(database, id))];
        await Task.WhenAll(writes);
        Assert.Equal(1 + 10, database.Counters.Commits);
    }

    [Fact]
    public async Task A_full_queue_makes_the_sender_wait_and_loses_nothing()
    {
        var database = Open(new DatabaseOptions { QueueLimit = 4 });
        Task[] writes;
        await using (await HoldWriter(database))
            writes = [.. Enumerable.Range(1, 50).Select(id => Insert(database, id))];
        await Task.WhenAll(writes);
        Assert.Equal(50, (await Ids(database)).Count);
    }

    [Fact]
    public async Task A_work_that_throws_fails_alone()
    {
        var database = Open();
        var writes = new List<Task>();
        await using (await HoldWriter(database))
            for (var id = 1; id <= 60; id++)
                writes.Add(id % 20 == 7
                    ? database.WriteAsync(transaction =>
                    {
                        transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1000);
                        throw new FormatException("culprit");
                    })
                    : Insert(database, id));
        foreach (var (index, write) in writes.Index())
            if ((index + 1) % 20 == 7)
                Assert.Equal("culprit", (await Assert.ThrowsAsync<FormatException>(() => write)).Message);
            else
                await write;
        var ids = await Ids(database);
        Assert.Equal(57, ids.Count);
        Assert.DoesNotContain(1000, ids);
        Assert.Equal(DatabaseHealth.Healthy, database.Health);
    }

    [Fact]
    public async Task More_culprits_than_reruns_still_fail_alone()
    {
        var database = Open();
        var writes = new List<Task>();
        await using (await HoldWriter(database))
            for (var id = 1; id <= 60; id++)
                writes.Add(id % 2 == 0
                    ? database.WriteAsync(_ => throw new FormatException("culprit"))
                    : Insert(database, id));
        foreach (var (index, write) in writes.Index())
            if ((index + 1) % 2 == 0)
                await Assert.ThrowsAsync<FormatException>(() => write);
            else
                await write;
        Assert.Equal(30, (await Ids(database)).Count);
    }

    [Fact]
    public async Task Of_two_works_with_one_key_in_one_batch_exactly_one_is_stored()
    {
        var database = Open();
        var writes = new List<Task>();
        await using (await HoldWriter(database))
            for (var i = 0; i < 20; i++)
                writes.Add(Insert(database, i / 2));
        var failed = 0;
        foreach (var write in writes)
        {
            try
            {
                await write;
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Conflict)
            {
                failed++;
            }
        }
        Assert.Equal(10, failed);
        Assert.Equal(10, (await Ids(database)).Count);
    }

    [Fact]
    public async Task A_deferred_statement_that_fails_is_blamed_on_its_own_work()
    {
        var database = Open();
        await Insert(database, 5);
        Task culprit, next;
        await using (await HoldWriter(database))
        {
            culprit = Insert(database, 5);
            // On PostgreSQL the statement of the work before is sent, and fails, with this query.
            next = database.WriteAsync(transaction =>
            {
                transaction.Query("SELECT id FROM items", row => row.GetInt64(0));
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", 6);
            });
        }
        await FailsAsync(StorageFailure.Conflict, culprit);
        await next;
        Assert.Equal([5, 6], await Ids(database));
    }

    [Fact]
    public async Task A_work_that_swallows_a_failed_statement_fails_all_the_same()
    {
        var database = Open();
        await Insert(database, 5);
        var write = database.WriteAsync(transaction =>
        {
            transaction.Execute("INSERT INTO items (id) VALUES ($1)", 6);
            try
            {
                transaction.ExecuteCounted("INSERT INTO items (id) VALUES ($1)", 5);
            }
            catch (Exception)
            {
                // What a careless party might do.
            }
        });
        await FailsAsync(StorageFailure.Conflict, write);
        Assert.Equal([5], await Ids(database));
    }

    [Fact]
    public async Task An_expected_row_count_that_is_missed_fails_the_work_alone()
    {
        var database = Open();
        await Insert(database, 1);
        const string Update = "UPDATE items SET name = $2 WHERE id = $1 AND name IS NULL";
        Task first, second, other;
        await using (await HoldWriter(database))
        {
            first = database.WriteAsync(transaction => transaction.ExecuteExpecting(1, Update, 1, "a"));
            second = database.WriteAsync(transaction =>
            {
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", 2);
                transaction.ExecuteExpecting(1, Update, 1, "b");
            });
            other = Insert(database, 3);
        }
        await first;
        await FailsAsync(StorageFailure.Conflict, second);
        await other;
        Assert.Equal([1, 3], await Ids(database));
    }

    [Fact]
    public async Task A_foreign_key_is_enforced()
    {
        var database = Open();
        await FailsAsync(
            StorageFailure.Conflict,
            database.WriteAsync(transaction => transaction.Execute("INSERT INTO parts (item) VALUES ($1)", 9)));
    }

    [Fact]
    public async Task A_counted_statement_says_how_many_rows_it_changed()
    {
        var database = Open();
        var count = await database.WriteAsync(transaction =>
        {
            for (var id = 1; id <= 5; id++)
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", id);
            return transaction.ExecuteCounted("DELETE FROM items WHERE id > $1", 2);
        });
        Assert.Equal(3, count);
        Assert.Equal([1, 2], await Ids(database));
    }

    [Fact]
    public async Task The_check_before_the_commit_fails_only_the_work_that_breaks_it()
    {
        var database = Open(new DatabaseOptions
        {
            BeforeCommit = transaction =>
            {
                var sum = transaction.QuerySingleOrDefault(
                    "SELECT CAST(COALESCE(SUM(amount), 0) AS bigint) FROM balances", row => row.GetInt64(0));
                if (sum != 0)
                    throw new InvalidOperationException($"{sum} out of nothing");
            },
        });
        static Task Move(IDatabase database, string from, string to, long taken, long given) =>
            database.WriteAsync(transaction =>
            {
                transaction.Execute("INSERT INTO balances (account, amount) VALUES ($1, $2)", from, -taken);
                transaction.Execute("INSERT INTO balances (account, amount) VALUES ($1, $2)", to, given);
            });
        Task good, bad, alsoGood;
        await using (await HoldWriter(database))
        {
            good = Move(database, "a", "b", 10, 10);
            bad = Move(database, "c", "d", 10, 11);
            alsoGood = Move(database, "e", "f", 10, 10);
        }
        await good;
        await FailsAsync(StorageFailure.InvariantViolation, bad);
        await alsoGood;
        var accounts = await database.ReadAsync(transaction =>
            transaction.Query("SELECT account FROM balances ORDER BY account", row => row.GetString(0)));
        Assert.Equal(["a", "b", "e", "f"], accounts);
        Assert.Equal(DatabaseHealth.Healthy, database.Health);
    }

    [Fact]
    public async Task What_follows_the_commit_runs_once_and_only_for_works_that_were_stored()
    {
        var database = Open();
        var ran = new List<int>();
        Task stored, failed, after;
        await using (await HoldWriter(database))
        {
            stored = database.WriteAsync(transaction => transaction.OnCommit(() => ran.Add(1)));
            failed = database.WriteAsync(transaction =>
            {
                transaction.OnCommit(() => ran.Add(2));
                throw new FormatException();
            });
            after = database.WriteAsync(transaction => transaction.OnCommit(() => ran.Add(3)));
        }
        await Task.WhenAll(stored, after);
        await Assert.ThrowsAsync<FormatException>(() => failed);
        Assert.Equal([1, 3], ran);
    }

    [Fact]
    public async Task A_failure_after_the_commit_stops_the_database_but_the_write_is_stored()
    {
        var database = Open();
        await database.WriteAsync(transaction =>
        {
            transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1);
            transaction.OnCommit(() => throw new FormatException());
        });
        Assert.Equal(DatabaseHealth.Failed, database.Health);
        Assert.Equal(StorageFailure.Fatal, (await database.Failure).Failure);
        await FailsAsync(StorageFailure.Fatal, Insert(database, 2));
        await database.DisposeAsync();
        Assert.Equal([1], await Ids(Open()));
    }

    [Fact]
    public async Task Values_come_back_as_they_were_stored()
    {
        var database = Open();
        (long Id, byte[]? Body, string? Name, bool? Flag)[] rows =
        [
            (long.MinValue, [], "", false),
            (-1, [0], "ünïcödé 🎭 'quoted' $1", true),
            (0, null, null, null),
            (long.MaxValue, RandomNumberGenerator.GetBytes(100_000), new string('x', 100_000), true),
        ];
        for (var round = 0; round < 3; round++)
        {
            await database.WriteAsync(transaction =>
            {
                transaction.Execute("DELETE FROM items");
                foreach (var row in rows)
                    transaction.Execute(
                        "INSERT INTO items (flag, name, id, body) VALUES ($4, $3, $1, $2)",
                        row.Id, row.Body, row.Name, row.Flag);
            });
            foreach (var row in rows)
            {
                var found = await database.ReadAsync(transaction => transaction.QuerySingleOrDefault(
                    "SELECT id, body, name, flag FROM items WHERE id = $1 AND ($2 = 'x' OR id = $1)",
                    found => (found.GetInt64(0), found.GetBytesOrNull(1), found.GetStringOrNull(2),
                        found.IsDBNull(3) ? (bool?)null : found.GetBoolean(3)),
                    row.Id, "x"));
                Assert.Equal(row.Id, found.Item1);
                Assert.Equal(row.Body, found.Item2);
                Assert.Equal(row.Name, found.Item3);
                Assert.Equal(row.Flag, found.Item4);
            }
        }
    }

    [Fact]
    public async Task A_blob_is_found_by_its_value_also_when_it_is_empty()
    {
        var database = Open();
        await database.WriteAsync(transaction =>
        {
            transaction.Execute("INSERT INTO items (id, body) VALUES ($1, $2)", 1, Array.Empty<byte>());
            transaction.Execute("INSERT INTO items (id, body) VALUES ($1, $2)", 2, new byte[] { 1 });
        });
        var found = await database.ReadAsync(transaction => transaction.Query(
            "SELECT id FROM items WHERE body = $1", row => row.GetInt64(0), Array.Empty<byte>()));
        Assert.Equal([1], found);
    }

    [Fact]
    public async Task Text_is_ordered_by_its_bytes()
    {
        var database = Open();
        string[] names = ["a", "B", "ä", "Z", "b", "_"];
        await database.WriteAsync(transaction =>
        {
            foreach (var (index, name) in names.Index())
                transaction.Execute("INSERT INTO items (id, name) VALUES ($1, $2)", index, name);
        });
        var found = await database.ReadAsync(transaction =>
            transaction.Query("SELECT name FROM items ORDER BY name", row => row.GetString(0)));
        Assert.Equal(names.Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public async Task Refuses_values_that_do_not_fit_the_statement()
    {
        var database = Open();
        foreach (var values in (object?[][])[[1], [1, 2, 3], [1.5, 2], [1, "nul\0"]])
            await Assert.ThrowsAnyAsync<Exception>(() => database.WriteAsync(transaction =>
                transaction.Execute("INSERT INTO items (id, name) VALUES ($1, $2)", values)));
        await Assert.ThrowsAsync<ArgumentException>(() => database.WriteAsync(transaction =>
            transaction.Execute("INSERT INTO items (id) VALUES ($1) RETURNING id", 1)));
        await Assert.ThrowsAnyAsync<Exception>(() => database.WriteAsync(transaction =>
            transaction.Execute("INSERT INTO absent (id) VALUES ($1)", 1)));
        await Assert.ThrowsAnyAsync<Exception>(() => database.ReadAsync(transaction =>
            transaction.Query("SELEC 1", row => row.GetInt64(0))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.ReadAsync(transaction =>
            transaction.QuerySingleOrDefault("SELECT 1 UNION ALL SELECT 2", row => row.GetInt64(0))));
        Assert.Empty(await Ids(database));
        Assert.Equal(DatabaseHealth.Healthy, database.Health);
        await Insert(database, 1);
    }

    [Fact]
    public async Task A_query_may_change_rows_and_return_them()
    {
        var database = Open();
        var ids = await database.WriteAsync(transaction =>
        {
            transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1);
            return transaction.Query(
                "UPDATE items SET id = id + $1 RETURNING id", row => row.GetInt64(0), 10);
        });
        Assert.Equal([11], ids);
        Assert.Equal([11], await Ids(database));
    }

    [Fact]
    public async Task A_read_does_not_wait_for_the_writer_and_sees_what_was_committed()
    {
        var database = Open();
        await Insert(database, 1);
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        var write = database.WriteAsync(transaction =>
        {
            transaction.ExecuteCounted("INSERT INTO items (id) VALUES ($1)", 2);
            inside.SetResult();
            release.Wait();
        });
        await inside.Task;
        Assert.Equal([1], await Ids(database));
        release.Set();
        await write;
        Assert.Equal([1, 2], await Ids(database));
    }

    [Fact]
    public async Task Two_queries_of_one_read_see_one_snapshot()
    {
        var database = Open();
        await Insert(database, 1);
        var (first, second) = await Task.Run(() => database.ReadAsync(transaction =>
        {
            var before = transaction.Query("SELECT id FROM items", row => row.GetInt64(0)).Count;
            Insert(database, 2).GetAwaiter().GetResult();
            return (before, transaction.Query("SELECT id FROM items", row => row.GetInt64(0)).Count);
        }));
        Assert.Equal((1, 1), (first, second));
        Assert.Equal(2, (await Ids(database)).Count);
    }

    [Fact]
    public async Task A_read_cannot_write()
    {
        var database = Open();
        await Assert.ThrowsAnyAsync<Exception>(() => database.ReadAsync(transaction =>
            transaction.Query("INSERT INTO items (id) VALUES (1) RETURNING id", row => row.GetInt64(0))));
        Assert.Empty(await Ids(database));
    }

    [Fact]
    public async Task Many_reads_and_writes_run_side_by_side()
    {
        var database = Open();
        var writes = Enumerable.Range(1, 300).Select(id => Insert(database, id));
        var reads = Enumerable.Range(1, 300).Select(_ => Task.Run(() => Ids(database)));
        await Task.WhenAll([.. writes, .. reads]);
        Assert.Equal(300, (await Ids(database)).Count);
    }

    [Fact]
    public async Task A_write_cancelled_while_it_waits_is_not_run()
    {
        var database = Open();
        using var cancel = new CancellationTokenSource();
        Task cancelled;
        await using (await HoldWriter(database))
        {
            cancelled = database.WriteAsync(
                transaction => transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1), cancel.Token);
            await cancel.CancelAsync();
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Empty(await Ids(database));
    }

    [Fact]
    public async Task Closing_stores_what_was_queued_and_takes_no_more()
    {
        var database = Open();
        Task[] writes;
        Task closing;
        await using (await HoldWriter(database))
        {
            writes = [.. Enumerable.Range(1, 20).Select(id => Insert(database, id))];
            closing = database.DisposeAsync().AsTask();
        }
        await closing;
        await Task.WhenAll(writes);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Insert(database, 21));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ids(database));
        Assert.Equal(DatabaseHealth.Closed, database.Health);
        Assert.Equal(20, (await Ids(Open())).Count);
    }

    [Fact]
    public async Task Misuse_of_a_transaction_is_refused()
    {
        var database = Open();
        IWriteTransaction? leaked = null;
        await database.WriteAsync(transaction => leaked = transaction);
        Assert.Throws<InvalidOperationException>(() => leaked!.Execute("DELETE FROM items"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync(_ =>
            Insert(database, 1).GetAwaiter().GetResult()));
        await Assert.ThrowsAsync<ArgumentException>(() => database.WriteAsync(_ => Task.CompletedTask));
        await Insert(database, 2);
        Assert.Equal([2], await Ids(database));
    }

    [Fact]
    public async Task Only_one_may_have_it_open_for_writing()
    {
        var database = Open();
        var refused = Assert.Throws<StorageException>(() => Open());
        Assert.Equal(StorageFailure.Refused, refused.Failure);
        await Insert(database, 1);
        await database.DisposeAsync();
        Assert.Equal([1], await Ids(Open()));
    }

    [Fact]
    public async Task Migrations_run_once_and_in_order()
    {
        Migration[] one = [new(1, "first", "CREATE TABLE t (a {bigint} NOT NULL) {strict}; INSERT INTO t VALUES (1);")];
        Migration[] two = [.. one, new(2, "second", "ALTER TABLE t ADD COLUMN b {text}; INSERT INTO t VALUES (2, 'x');")];
        foreach (var migrations in (Migration[][])[one, one, two, two])
            await Open(migrations: migrations).DisposeAsync();
        var rows = await Open(migrations: two).ReadAsync(transaction =>
            transaction.Query("SELECT a FROM t ORDER BY a", row => row.GetInt64(0)));
        Assert.Equal([1, 2], rows);
    }

    [Fact]
    public async Task Refuses_a_database_that_is_newer_or_was_made_by_other_migrations()
    {
        await Open().DisposeAsync();
        var newer = Assert.Throws<StorageException>(() => Open(migrations: [.. Schema.Take(1)]));
        Assert.Equal(StorageFailure.Refused, newer.Failure);
        var other = Assert.Throws<StorageException>(() =>
            Open(migrations: [Schema[0], Schema[1] with { Sql = Schema[1].Sql + " " }]));
        Assert.Equal(StorageFailure.Refused, other.Failure);
        Assert.Throws<ArgumentException>(() => Open(migrations: [Schema[1]]));
        await Insert(Open(), 1);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_behind()
    {
        var broken = new Migration(3, "broken", "CREATE TABLE late (a {bigint}) {strict}; INSERT INTO absent VALUES (1);");
        Assert.ThrowsAny<Exception>(() => Open(migrations: [.. Schema, broken]));
        var mended = broken with { Sql = "CREATE TABLE late (a {bigint}) {strict};" };
        await Insert(Open(migrations: [.. Schema, mended]), 1);
    }

    [Fact]
    public async Task The_same_request_gets_the_same_answer_and_another_body_a_conflict()
    {
        var database = Open();
        var (id, body, answer) = (Bytes32(), Bytes32(), RandomNumberGenerator.GetBytes(300));
        Assert.IsType<StoredAnswer.None>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
        await database.WriteAsync(transaction => AnswerStore.Record(transaction, id, body, answer, 1000));
        await database.DisposeAsync();
        database = Open();
        var same = Assert.IsType<StoredAnswer.Same>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
        Assert.Equal(answer, same.Answer);
        Assert.IsType<StoredAnswer.Conflict>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, Bytes32())));
        await FailsAsync(
            StorageFailure.Conflict,
            database.WriteAsync(transaction => AnswerStore.Record(transaction, id, body, answer, 1000)));
    }

    [Fact]
    public async Task Many_copies_of_one_request_act_once()
    {
        var database = Open();
        var (id, body) = (Bytes32(), Bytes32());
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(copy => database.WriteAsync(transaction =>
            AnswerStore.Once(transaction, id, body, 1000, () =>
            {
                transaction.Execute("INSERT INTO items (id) VALUES ($1)", copy);
                return [(byte)copy];
            }))));
        Assert.Single(answers.Select(answer => answer![0]).Distinct());
        Assert.Single(await Ids(database));
        Assert.Null(await database.WriteAsync(transaction =>
            AnswerStore.Once(transaction, id, Bytes32(), 1000, () => [1])));
    }

    [Fact]
    public async Task An_answer_is_stored_only_with_its_effect()
    {
        var database = Open();
        await Insert(database, 1);
        var (id, body) = (Bytes32(), Bytes32());
        await FailsAsync(StorageFailure.Conflict, database.WriteAsync(transaction =>
        {
            AnswerStore.Record(transaction, id, body, [1], 1000);
            transaction.Execute("INSERT INTO items (id) VALUES ($1)", 1);
        }));
        Assert.IsType<StoredAnswer.None>(await database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, id, body)));
    }

    [Fact]
    public async Task Pruning_forgets_the_oldest_answers_and_never_more_than_asked()
    {
        var database = Open();
        var ids = Enumerable.Range(0, 10).Select(_ => Bytes32()).ToArray();
        var body = Bytes32();
        await database.WriteAsync(transaction =>
        {
            foreach (var (time, id) in ids.Index())
                AnswerStore.Record(transaction, id, body, [1], time);
        });
        Assert.Equal(3, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 3)));
        Assert.Equal(5, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 100)));
        Assert.Equal(0, await database.WriteAsync(transaction => AnswerStore.Prune(transaction, 8, 100)));
        foreach (var (time, id) in ids.Index())
        {
            var found = await database.ReadAsync(transaction => AnswerStore.Find(transaction, id, body));
            Assert.Equal(time >= 8, found is StoredAnswer.Same);
        }
        await Assert.ThrowsAsync<ArgumentException>(() => database.ReadAsync(transaction =>
            AnswerStore.Find(transaction, new byte[31], body)));
    }
}
