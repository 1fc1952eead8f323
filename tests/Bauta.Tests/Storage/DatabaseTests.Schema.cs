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
}
