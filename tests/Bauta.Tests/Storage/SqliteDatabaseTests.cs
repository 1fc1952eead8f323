using Bauta.Storage;
using Bauta.Storage.Sqlite;
using Xunit;

namespace Bauta.Tests.Storage;

public sealed class SqliteDatabaseTests : DatabaseTests
{
    private readonly TemporaryDirectory _directory = new();

    protected override Task<string> NewDatabaseAsync() => Task.FromResult(_directory.File("party.db"));

    protected override void Cleanup() => _directory.Dispose();

    [Fact]
    public async Task Only_the_owner_may_read_its_files()
    {
        await Insert(Open(), 1);
        var files = Directory.GetFiles(_directory.Root);
        Assert.Contains(_directory.File("party.db-wal"), files);
        Assert.All(files, file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Refuses_a_column_that_is_not_there_and_a_query_inside_the_same_query()
    {
        const string All = "SELECT id, name FROM items";
        var database = Open();
        await Insert(database, 1);
        await Insert(database, 2);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => database.ReadAsync(transaction =>
            transaction.Query(All, row => row.GetStringOrNull(2))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.ReadAsync(transaction =>
            transaction.Query(All, row => transaction.Query(All, inner => inner.GetInt64(0)).Count)));
        Assert.Equal(2, (await database.ReadAsync(transaction =>
            transaction.Query(All, row => row.GetInt64(0)))).Count);
    }

    [Fact]
    public async Task The_log_does_not_grow_without_end()
    {
        var database = Open();
        for (var round = 0; round < 60; round++)
            await Task.WhenAll(Enumerable.Range(0, 50).Select(i => database.WriteAsync(transaction =>
                transaction.Execute(
                    "INSERT INTO items (id, body) VALUES ($1, $2)", (round * 50) + i, new byte[20_000]))));
        Assert.InRange(new FileInfo(_directory.File("party.db-wal")).Length, 1, 40_000_000);
        Assert.InRange(new FileInfo(_directory.File("party.db")).Length, 40_000_000, 80_000_000);
    }

    [Fact]
    public async Task A_copy_holds_what_was_committed_and_never_replaces_a_file()
    {
        var database = Open();
        await Insert(database, 1);
        var copy = _directory.File("copy.db");
        SqliteCopy.Write(Connection, copy);
        await Insert(database, 2);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(copy));
        Assert.Throws<StorageException>(() => SqliteCopy.Write(Connection, copy));
        await using var opened = Database.Open(copy, Schema);
        Assert.Equal([1], await Ids(opened));
    }

    [Fact]
    public void Refuses_a_file_that_is_no_database()
    {
        File.WriteAllBytes(Connection, new byte[8192].Select(static _ => (byte)'x').ToArray());
        Assert.Throws<StorageException>(() => Open());
        Assert.Throws<StorageException>(() => Open());
    }
}
