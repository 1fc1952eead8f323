using Bauta.Archive;
using Bauta.Archive.Log;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>Leaves are ordered while others are written: what fails takes with it only what stands on top of it, and
/// that is ordered again.</summary>
public sealed class SequencerTests : IAsyncLifetime
{
    private ArchiveNetwork network = null!;

    public async ValueTask InitializeAsync() => network = await ArchiveNetwork.StartAsync();

    public ValueTask DisposeAsync() => network.DisposeAsync();

    [Fact]
    public async Task A_batch_that_runs_into_a_decision_is_ordered_again_and_so_is_what_stands_on_it()
    {
        var sales = Enumerable.Range(0, 200).Select(_ => network.NewSale()).ToArray();
        // Every tenth was decided long ago, which the memory does not know.
        await network.StopAsync();
        await using (var database = await network.OpenAsync("archive", ArchiveSchema.Migrations))
            await database.WriteAsync(tx =>
            {
                foreach (var (i, sale) in sales.Index().Where(one => one.Index % 10 == 0))
                    tx.Execute(
                        "INSERT INTO decisions (subject, idx) VALUES ($1, $2)",
                        LeafRules.SubjectOf(sale.Note), -1L - i);
            });
        await network.StartAsync();

        var answers = await Task.WhenAll(sales.Chunk(5).Select(async some =>
        {
            await Task.Yield();
            return await Task.WhenAll(Verified(some).Select(leaf => network.Archive.AppendAsync(leaf)));
        }));

        var indexes = answers.SelectMany(some => some).Select(answer => answer.Value.Index).ToArray();
        for (var i = 0; i < indexes.Length; i += 10)
            Assert.Equal(-1L - i, indexes[i]);
        Assert.Equal(Enumerable.Range(1, 180).Select(i => (long)i), indexes.Where(index => index >= 0).Order());
        Assert.Equal(181, network.Archive.Size);
        // The log is in order for those who sign it.
        Assert.Equal(181, network.Verify(await network.DecideAsync(network.NewSale().Commit)).Index);
    }

    [Fact]
    public async Task What_a_full_disk_refuses_can_be_sent_again()
    {
        await network.Database.WriteAsync(tx => SetMaxPages(tx, 1));
        var leaves = Verified([.. Enumerable.Range(0, 100).Select(_ => network.NewSale())]);
        var refused = await Task.WhenAll(leaves.Select(async leaf =>
        {
            await Task.Yield();
            return await network.Archive.AppendAsync(leaf);
        }));
        Assert.Contains(refused, answer => answer.Error == ArchiveError.Unavailable);

        await network.Database.WriteAsync(tx => SetMaxPages(tx, 1_000_000));
        var appended = await Task.WhenAll(leaves.Select(leaf => network.Archive.AppendAsync(leaf)));
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), appended.Select(one => one.Value.Index).Order());
        Assert.Equal(101, network.Verify(await network.DecideAsync(network.NewSale().Commit)).Index);
    }

    [Fact]
    public async Task Leaves_that_share_a_row_are_read_one_by_one()
    {
        var leaves = Verified([.. Enumerable.Range(0, 70).Select(_ => network.NewSale())]);
        var appended = (await Task.WhenAll(leaves.Select(leaf => network.Archive.AppendAsync(leaf))))
            .Select(answer => answer.Value).OrderBy(one => one.Index).ToArray();
        var (rows, size) = await network.Database.ReadAsync(tx =>
            (tx.Query("SELECT COUNT(*) FROM entries", row => row.GetInt64(0))[0], LogStore.Head(tx)!.Size));
        Assert.Equal(71, size);
        Assert.InRange(rows, 2, 69);

        await network.Database.ReadAsync(tx =>
        {
            foreach (var one in appended)
                Assert.Equal(one.Leaf, LogStore.Leaf(tx, one.Index));
            Assert.Null(LogStore.Leaf(tx, size));
            foreach (var (from, to) in ((int, int)[])[(1, 71), (5, 6), (16, 33), (30, 71), (70, 71), (3, 3)])
                Assert.Equal(
                    appended[(from - 1)..(to - 1)].Select(one => one.Leaf!),
                    LogStore.Leaves(tx, from, to).Select(leaf => leaf.ToArray()));
            Assert.Throws<StorageException>(() => LogStore.Leaves(tx, 60, size + 1));
            return true;
        });
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        var bundle = await network.Log.ReadAsync(TileAddress.OfEntry(40, 71).Path, default);
        Assert.True(EntryBundle.TryDecode(bundle, 71, out var entries));
        Assert.Equal(appended.Select(one => one.Leaf!), entries.Skip(1).Select(entry => entry.ToArray()));
    }

    [Fact]
    public async Task Rows_of_one_leaf_each_are_read_as_well()
    {
        // As a log was stored before leaves shared rows.
        var leaves = Verified([.. Enumerable.Range(0, 40).Select(_ => network.NewSale())]);
        await Task.WhenAll(leaves.Select(leaf => network.Archive.AppendAsync(leaf)));
        await network.Database.WriteAsync(tx =>
        {
            var all = LogStore.Leaves(tx, 0, 41);
            tx.Execute("DELETE FROM entries");
            foreach (var (i, leaf) in all.Index())
                tx.Execute("INSERT INTO entries (first_idx, leaves) VALUES ($1, $2)", i, leaf.ToArray());
        });
        await network.StopAsync();
        await network.StartAsync();
        await Task.WhenAll(Verified([.. Enumerable.Range(0, 40).Select(_ => network.NewSale())])
            .Select(leaf => network.Archive.AppendAsync(leaf)));
        Assert.Equal(81, network.Verify(await network.DecideAsync(network.NewSale().Commit)).Index);
        await network.Database.ReadAsync(tx =>
        {
            var all = LogStore.Leaves(tx, 0, 82);
            for (var i = 0; i < all.Count; i++)
                Assert.Equal(all[i].ToArray(), LogStore.Leaf(tx, i));
            return true;
        });
    }

    [Fact]
    public async Task Stops_although_more_comes_all_the_time()
    {
        var leaves = new VerifiedLeaf[3000];
        Parallel.For(0, leaves.Length, i => leaves[i] = Verified([network.NewSale()])[0]);
        // One after the other without a pause, so that there is always a next batch.
        var stop = Task.CompletedTask;
        var sent = new List<Task<Result<Appended, ArchiveError>>>();
        await Task.Run(() =>
        {
            foreach (var leaf in leaves)
            {
                sent.Add(network.Archive.AppendAsync(leaf));
                if (sent.Count == 300)
                    stop = Task.Run(network.StopAsync);
                Thread.SpinWait(2000);
            }
        });
        await stop;
        var appended = (await Task.WhenAll(sent)).Count(answer => answer.IsOk);
        Assert.InRange(appended, 1, leaves.Length - 1);

        // What was answered is there, and nothing else.
        await network.StartAsync();
        Assert.Equal(1 + appended, network.Archive.Size);
    }

    private VerifiedLeaf[] Verified(Sale[] sales) =>
        [.. sales.Select(sale => network.Archive.Verify(sale.Commit).Value)];

    // SQLite does not go below the pages that there are.
    private static long SetMaxPages(IWriteTransaction tx, long pages) =>
        tx.Query($"PRAGMA max_page_count = {pages}", row => row.GetInt64(0))[0];
}
