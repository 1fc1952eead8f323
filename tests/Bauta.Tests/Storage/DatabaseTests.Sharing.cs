using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public abstract partial class DatabaseTests
{
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
        Assert.Equal(StorageFailure.Held, refused.Failure);
        await Insert(database, 1);
        await database.DisposeAsync();
        Assert.Equal([1], await Ids(Open()));
    }
}
