using System.Security.Cryptography;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

public abstract partial class DatabaseTests
{
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
    public async Task A_column_that_is_null_or_too_large_is_refused()
    {
        var database = Open();
        await database.WriteAsync(transaction => transaction.Execute(
            "INSERT INTO items (id, name) VALUES ($1, $2)", (long)int.MaxValue + 1, null));
        foreach (var read in (Func<IRow, object>[])
            [row => row.GetBytes(1), row => row.GetString(1), row => row.GetInt64(1), row => row.GetBoolean(1)])
            await RefusesAsync<InvalidCastException>(read);
        await RefusesAsync<OverflowException>(row => row.GetInt32(0));

        async Task RefusesAsync<TFailure>(Func<IRow, object> read)
        {
            var failure = await Assert.ThrowsAnyAsync<Exception>(() => database.ReadAsync(transaction =>
                transaction.Query("SELECT id, name FROM items", read)));
            Assert.True(failure is TFailure || failure.InnerException is TFailure, failure.ToString());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(101)]
    public async Task Many_rows_are_written_as_one_by_one(int count)
    {
        var database = Open();
        var list = new RowList(
            "INSERT INTO items (id, name)", 2, "ON CONFLICT (id) DO UPDATE SET name = excluded.name");
        var rows = Enumerable.Range(0, count).ToArray();
        foreach (var round in (string[])["first", "second"])
            await database.WriteAsync(transaction => list.Write(transaction, rows, row => [row, $"{round} {row}"]));
        var found = await database.ReadAsync(transaction =>
            transaction.Query("SELECT id, name FROM items ORDER BY id", row => (row.GetInt32(0), row.GetString(1))));
        Assert.Equal(rows.Select(row => (row, $"second {row}")), found);
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
}
