using System.Security.Cryptography;
using Bauta.Archive;
using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>A decision is found, and made once, wherever it stands: in memory, half merged or in the table.</summary>
public sealed class DecisionIndexTests : IAsyncLifetime
{
    private const int MergeAt = 200;

    private ArchiveNetwork network = null!;

    public async ValueTask InitializeAsync()
    {
        network = await ArchiveNetwork.StartAsync();
        await network.StopAsync();
        network.Options = network.Options with { MergeAt = MergeAt };
        await network.StartAsync();
    }

    public ValueTask DisposeAsync() => network.DisposeAsync();

    // Below the limit all are recent; just above it some are merged and some are not; at 300 all of the first 200 are.
    [Theory]
    [InlineData(MergeAt - 1, 0)]
    [InlineData(MergeAt + 20, 64)]
    [InlineData(MergeAt + 100, MergeAt)]
    public async Task Decides_once_before_during_and_after_a_merge(int count, int atLeastInTable)
    {
        var sales = Enumerable.Range(0, count).Select(_ => network.NewSale()).ToArray();
        var indexes = await AppendAsync(sales, isNew: true);

        Assert.Equal(indexes, await AppendAsync(sales, isNew: false));
        foreach (var connection in new[] { true, false })
        {
            foreach (var sale in sales)
                Assert.Equal(
                    sale.Commit.LockNote.Text,
                    network.Verify(await network.DecideAsync(sale.Commit)).Entry.LockNote!.Text);
            Assert.Equal(indexes, await AppendAsync(sales, isNew: false));
            // The same again by what another process finds.
            if (connection)
            {
                await network.StopAsync();
                await network.StartAsync();
            }
        }

        var inTable = await InTableAsync();
        Assert.InRange(inTable, atLeastInTable, count);
        Assert.Equal(atLeastInTable == 0, inTable == 0);
    }

    [Fact]
    public async Task What_is_merged_is_kept_in_memory_no_more()
    {
        await AppendAsync([.. Enumerable.Range(0, 3 * MergeAt).Select(_ => network.NewSale())], isNew: true);
        await network.StopAsync();

        await using var database = await network.OpenAsync("archive", ArchiveSchema.Migrations);
        var recent = await database.ReadAsync(LogStore.RecentDecisions);
        Assert.InRange(recent.Sum(row => row.Length / 24), 1, 2 * MergeAt);
    }

    [Fact]
    public async Task A_log_that_decided_something_twice_stops()
    {
        var sales = Enumerable.Range(0, MergeAt - 1).Select(_ => network.NewSale()).ToArray();
        await AppendAsync(sales, isNew: true);
        await network.StopAsync();
        await using (var database = await network.OpenAsync("archive", ArchiveSchema.Migrations))
            await database.WriteAsync(tx => tx.Execute(
                "INSERT INTO decisions (subject, idx) VALUES ($1, $2)", LeafRules.SubjectOf(sales[0].Note), 9999L));
        await network.StartAsync();

        // A merge comes upon that subject; what waits then is refused, and the process is to stop.
        for (var i = 0; i < 10; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ =>
                network.Archive.AppendAsync(network.Archive.Verify(network.NewSale().Commit).Value)));
        }

        await Assert.ThrowsAsync<StorageException>(() => network.Running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    // A page is 4,096.
    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(9000)]
    public async Task Finds_whatever_the_table_held_at_the_start(int count)
    {
        await network.StopAsync();
        await using var database = await network.OpenAsync("archive", ArchiveSchema.Migrations);
        await database.WriteAsync(tx =>
        {
            for (var i = 0; i < count; i++)
                tx.Execute("INSERT INTO decisions (subject, idx) VALUES ($1, $2)", Subject(i), (long)i);
        });
        var index = await database.ReadAsync(tx => DecisionIndex.Load(tx, MergeAt));
        await index.ReadTableAsync(database, TestContext.Current.CancellationToken);

        for (var i = 0; i < count; i++)
            Assert.Equal(i, await index.FindAsync(database, Subject(i), TestContext.Current.CancellationToken));
        // What it does not hold is not even looked for, or seldom: one that was put there since is not found.
        await database.WriteAsync(tx =>
        {
            for (var i = count; i < count + 100; i++)
                tx.Execute("INSERT INTO decisions (subject, idx) VALUES ($1, $2)", Subject(i), (long)i);
        });
        var found = 0;
        for (var i = count; i < count + 100; i++)
            found += await index.FindAsync(database, Subject(i), TestContext.Current.CancellationToken) is null ? 0 : 1;
        Assert.InRange(found, 0, 10);
    }

    private static byte[] Subject(int number) => SHA256.HashData(BitConverter.GetBytes(number))[..16];

    private async Task<long[]> AppendAsync(Sale[] sales, bool isNew)
    {
        // A few at a time: with each transaction a part is merged.
        var appended = new List<Result<Appended, ArchiveError>>();
        foreach (var some in sales.Chunk(16))
        {
            var verified = some.Select(sale => network.Archive.Verify(sale.Commit).Value).ToArray();
            appended.AddRange(await Task.WhenAll(verified.Select(leaf => network.Archive.AppendAsync(leaf))));
        }

        Assert.All(appended, one => Assert.Equal(isNew, one.Value.Leaf is not null));
        return [.. appended.Select(one => one.Value.Index)];
    }

    private async Task<long> InTableAsync()
    {
        await network.StopAsync();
        await using var database = await network.OpenAsync("archive", ArchiveSchema.Migrations);
        var count = await database.ReadAsync(tx => tx.QuerySingleOrDefault(
            "SELECT COUNT(*) FROM decisions", row => (long?)row.GetInt64(0)));
        return count!.Value;
    }
}
