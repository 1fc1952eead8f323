using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

/// <summary>What every engine must do alike. The derived classes only say where a new database is.</summary>
public abstract partial class DatabaseTests : IAsyncLifetime
{
    private const string Items = """
        CREATE TABLE items (id {bigint} PRIMARY KEY, body {blob}, name {text}, flag {bool}) {strict};
        CREATE TABLE parts (item {bigint} NOT NULL REFERENCES items (id)) {strict};
        CREATE TABLE balances (account {text} PRIMARY KEY, amount {bigint} NOT NULL) {clustered};
        """;

    protected static readonly IReadOnlyList<Migration> Schema =
        [new(1, "items", Items), new(2, "notes", "CREATE TABLE notes (id {bigint} PRIMARY KEY) {strict};")];

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
    public async Task What_is_gathered_for_the_check_starts_empty_in_every_transaction()
    {
        var gathered = new List<long>();
        var checkedSums = new List<long>();
        var database = Open(new DatabaseOptions
        {
            OnBegin = gathered.Clear,
            BeforeCommit = _ => checkedSums.Add(gathered.Sum()),
        });
        Task Gather(long value, bool swallows = false) => database.WriteAsync(transaction =>
        {
            gathered.Add(value);
            if (!swallows)
                return;
            try
            {
                transaction.Query("SELECT absent FROM items", row => row.GetInt64(0));
            }
            catch (Exception)
            {
                // The work goes on, and is rolled back with all others.
            }
        });
        Task first, second, third;
        await using (await HoldWriter(database))
        {
            first = Gather(1);
            second = Gather(10, swallows: true);
            third = Gather(100);
        }
        await first;
        await FailsAsync(StorageFailure.Conflict, second);
        await third;
        Assert.Equal([0, 101], checkedSums);
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
}
