using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public abstract partial class DatabaseTests
{
    [Fact]
    public async Task Migrations_run_once_and_in_order()
    {
        Migration[] one = [new(1, "first", "CREATE TABLE t (a {bigint} NOT NULL) {strict}; INSERT INTO t VALUES (1);")];
        Migration[] two =
        [
            .. one,
            new(2, "second", "ALTER TABLE t ADD COLUMN b {text}; INSERT INTO t VALUES (2, 'x');"),
        ];
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
        var broken = new Migration(
            3, "broken", "CREATE TABLE late (a {bigint}) {strict}; INSERT INTO absent VALUES (1);");
        Assert.ThrowsAny<Exception>(() => Open(migrations: [.. Schema, broken]));
        var mended = broken with { Sql = "CREATE TABLE late (a {bigint}) {strict};" };
        await Insert(Open(migrations: [.. Schema, mended]), 1);
    }

    [Fact]
    public async Task A_reader_beside_the_writer_sees_what_is_committed_in_one_snapshot_and_writes_nothing()
    {
        var writer = Open();
        await Insert(writer, 1);
        await using var reader = await Database.OpenToReadAsync(Connection, Schema);
        await Insert(writer, 2);
        var seen = await reader.ReadAsync(transaction =>
        {
            var before = Count(transaction);
            Insert(writer, 3).GetAwaiter().GetResult();
            return (before, Count(transaction));
        });
        Assert.Equal((2, 2), seen);
        Assert.Equal(3, await reader.ReadAsync(Count));
        await Assert.ThrowsAnyAsync<Exception>(() => reader.ReadAsync(transaction => transaction.Query(
            "WITH one AS (SELECT 4) INSERT INTO items (id) SELECT * FROM one RETURNING id", row => row.GetInt64(0))));
        await writer.DisposeAsync();
        Assert.Equal(3, await reader.ReadAsync(Count));

        static long Count(IReadTransaction transaction) =>
            transaction.QuerySingleOrDefault("SELECT COUNT(*) FROM items", row => row.GetInt64(0));
    }

    [Fact]
    public async Task A_reader_refuses_a_schema_that_is_not_whole_and_makes_none()
    {
        await RefusedAsync(Schema);
        await Open(migrations: [Schema[0]]).DisposeAsync();
        await RefusedAsync(Schema);
        await Open().DisposeAsync();
        await RefusedAsync([Schema[0]]);
        await (await Database.OpenToReadAsync(Connection, Schema)).DisposeAsync();

        async Task RefusedAsync(IReadOnlyList<Migration> schema) => Assert.Equal(
            StorageFailure.Refused,
            (await Assert.ThrowsAsync<StorageException>(() => Database.OpenToReadAsync(Connection, schema))).Failure);
    }
}
