using System.Text;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Storage;

/// <summary>Processes killed and disks that fail, for real.</summary>
public sealed class FaultTests(PostgresServer server) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Path => _directory.File("party.db");

    public void Dispose() => _directory.Dispose();

    private static async Task<IReadOnlyList<long>> StoredAsync(string connection)
    {
        await using var database = Database.Open(connection, StorageChild.Schema);
        return await database.ReadAsync(transaction =>
            transaction.Query("SELECT id FROM items ORDER BY id", row => row.GetInt64(0)));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Nothing_acknowledged_is_lost_when_the_process_is_killed(string engine)
    {
        var connection = engine == "sqlite" ? Path : await server.CreateDatabaseAsync("killed");
        for (var round = 0; round < 2; round++)
        {
            using var child = await StorageChild.StartAsync(connection);
            var said = new StringBuilder();
            if (round == 0)
            {
                await child.SendAsync("flood");
                for (var line = 0; line < 300; line++)
                    said.AppendLine(await child.ReadAsync());
            }
            else
            {
                said.AppendLine(await child.AskAsync("insert 1000000 10"));
            }
            said.Append(await child.KillAsync());
            // The last line may be cut short by the kill.
            var acknowledged = said.ToString().Split('\n')[..^1]
                .Select(line => long.Parse(line.AsSpan("stored ".Length)))
                .ToArray();
            Assert.NotEmpty(acknowledged);
            var stored = (await StoredAsync(connection)).ToHashSet();
            Assert.All(acknowledged, id => Assert.Contains(id, stored));
        }
    }

    [Fact]
    public async Task A_failed_flush_fails_the_commit_and_stops_the_database()
    {
        using (var child = await StorageChild.StartAsync(Path))
        {
            Assert.Equal("stored 1", await child.AskAsync("insert 1 10"));
            using (await child.FailAsync("fsync,fdatasync", "EIO"))
                Assert.Equal("failed Fatal", await child.AskAsync("insert 2 10"));
            // The disk says it is well again, but what it did with the pages of before is unknown.
            Assert.Equal("failed Fatal", await child.AskAsync("insert 3 10"));
            await child.KillAsync();
        }
        var stored = await StoredAsync(Path);
        Assert.Contains(1, stored);
        Assert.DoesNotContain(3, stored);
    }

    [Fact]
    public async Task A_failed_write_fails_the_commit_and_stops_the_database()
    {
        using (var child = await StorageChild.StartAsync(Path))
        {
            Assert.Equal("stored 1", await child.AskAsync("insert 1 10"));
            using (await child.FailAsync("pwrite64", "EIO"))
                Assert.Equal("failed Fatal", await child.AskAsync("insert 2 10"));
            Assert.Equal("failed Fatal", await child.AskAsync("insert 3 10"));
            await child.KillAsync();
        }
        Assert.Equal([1], await StoredAsync(Path));
    }

    [Fact]
    public async Task A_full_disk_fails_the_commit_and_the_same_work_may_be_sent_again()
    {
        using (var child = await StorageChild.StartAsync(Path))
        {
            Assert.Equal("stored 1", await child.AskAsync("insert 1 10"));
            using (await child.FailAsync("pwrite64", "ENOSPC"))
            {
                Assert.Equal("failed Retryable", await child.AskAsync("insert 2 10"));
                Assert.Equal("failed Retryable", await child.AskAsync("insert 3 10"));
            }
            Assert.Equal("stored 3", await child.AskAsync("insert 3 10"));
            await child.KillAsync();
        }
        Assert.Equal([1, 3], await StoredAsync(Path));
    }

    [Fact]
    public async Task A_flush_that_fails_while_the_log_is_copied_back_stops_the_database_and_loses_nothing()
    {
        var acknowledged = new List<long>();
        using (var child = await StorageChild.StartAsync(Path))
        {
            using (await child.FailAsync("fsync,fdatasync", "EIO", Path))
            {
                string said;
                for (var id = 0L; (said = await child.AskAsync($"insert {id} 1000000")) == $"stored {id}"; id++)
                {
                    acknowledged.Add(id);
                    Assert.InRange(id, 0, 1000);
                }
                Assert.Equal("failed Fatal", said);
            }
            await child.KillAsync();
        }
        Assert.NotEmpty(acknowledged);
        Assert.Equal(acknowledged, await StoredAsync(Path));
    }

    [Theory]
    [InlineData("fsync", "EIO", "Fatal")]
    [InlineData("fsync", "ENOSPC", "Retryable")]
    [InlineData("rename", "EIO", "Fatal")]
    public async Task A_durable_file_keeps_its_content_when_the_disk_fails(string call, string error, string failure)
    {
        var path = _directory.File("mark");
        using var child = await StorageChild.StartAsync("file:" + path);
        Assert.Equal("stored 1", await child.AskAsync("file 1"));
        using (await child.FailAsync(call, error))
            Assert.Equal("failed " + failure, await child.AskAsync("file 2"));
        Assert.Equal("1", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_directory.Root));
        Assert.Equal("stored 3", await child.AskAsync("file 3"));
        Assert.Equal("3", File.ReadAllText(path));
    }

    [Fact]
    public async Task A_durable_file_is_not_acknowledged_before_its_directory_is_flushed()
    {
        using var child = await StorageChild.StartAsync("file:" + _directory.File("mark"));
        using (await child.FailAsync("fsync", "EIO", _directory.Root))
            Assert.Equal("failed Fatal", await child.AskAsync("file 1"));
        Assert.Equal("stored 2", await child.AskAsync("file 2"));
    }
}
