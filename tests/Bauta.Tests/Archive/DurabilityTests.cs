using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Archive;

/// <summary>What an archive does with a database or a second place that is not as it left it.</summary>
public sealed class DurabilityTests : IAsyncLifetime
{
    private ArchiveNetwork network = null!;

    public async ValueTask InitializeAsync() => network = await ArchiveNetwork.StartAsync();

    public ValueTask DisposeAsync() => network.DisposeAsync();

    [Fact]
    public async Task Refuses_to_start_on_a_database_that_was_put_back()
    {
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        await network.StopAsync();
        var path = network.PathOf("archive");
        File.Copy(path, path + ".old");
        await network.StartAsync();
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        await network.StopAsync();

        Restore(path);
        var refused = await Assert.ThrowsAsync<StorageException>(network.StartAsync);
        Assert.Equal(StorageFailure.Refused, refused.Failure);
        Assert.Contains("put back", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_to_start_without_its_second_place()
    {
        await network.StopAsync();
        File.Delete(network.SecondPlacePath);
        Assert.Equal(
            StorageFailure.Refused, (await Assert.ThrowsAsync<StorageException>(network.StartAsync)).Failure);
    }

    [Fact]
    public async Task Refuses_to_start_when_the_second_place_was_put_back()
    {
        await network.StopAsync();
        var old = await File.ReadAllBytesAsync(network.SecondPlacePath);
        await network.StartAsync();
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        await network.StopAsync();
        await File.WriteAllBytesAsync(network.SecondPlacePath, old);
        Assert.Equal(
            StorageFailure.Refused, (await Assert.ThrowsAsync<StorageException>(network.StartAsync)).Failure);
    }

    [Theory]
    [InlineData("UPDATE tiles SET hashes = $1 WHERE level = 0 AND idx = 0")]
    [InlineData("UPDATE head SET root = $1")]
    public async Task Refuses_to_start_on_tiles_that_are_not_under_its_root(string sql)
    {
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        await network.StopAsync();
        var length = sql.Contains("tiles", StringComparison.Ordinal) ? 2 * MerkleHash.Size : MerkleHash.Size;
        await TamperAsync(tx => tx.Execute(sql, new byte[length]));
        var refused = await Assert.ThrowsAsync<StorageException>(network.StartAsync);
        Assert.Equal(StorageFailure.Refused, refused.Failure);
    }

    [Fact]
    public async Task Refuses_another_history_of_the_same_length()
    {
        network.Verify(await network.DecideAsync(network.NewSale().Commit));
        await network.StopAsync();
        await TamperAsync(tx =>
        {
            var (first, other) = (LogStore.Leaf(tx, 0)!, network.NewSale().Commit);
            var forged = VerifiedLeaf.Decision(other).ToLeaf(UnixTime.Now(network.Clock));
            var tree = new TileBuilder();
            tree.Append(MerkleHash.Leaf(first));
            tree.Append(MerkleHash.Leaf(forged));
            tx.Execute("UPDATE entries SET leaves = $1 WHERE first_idx = 1", forged);
            tx.Execute("UPDATE tiles SET hashes = $1 WHERE level = 0 AND idx = 0", tree.TakeTiles()[0].Bytes);
            tx.Execute("UPDATE head SET root = $1", tree.Root.ToArray());
        });
        var refused = await Assert.ThrowsAsync<StorageException>(network.StartAsync);
        Assert.Contains("not the log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signs_no_leaf_that_changed_after_it_was_ordered()
    {
        // Durable but not yet signed: the process is stopped between the two.
        await AppendUnsignedAsync(network.NewSale());
        await TamperAsync(tx =>
        {
            var leaf = LogStore.Leaf(tx, 1)!;
            leaf[^10] ^= 1;
            tx.Execute("UPDATE entries SET leaves = $1 WHERE first_idx = 1", leaf);
        });
        await RefusesToSignAsync();
    }

    [Fact]
    public async Task Signs_no_leaf_that_nobody_signed_even_if_the_tree_is_right()
    {
        using var stranger = P256PrivateKey.Generate();
        var leaf = VerifiedLeaf.Decision(network.NewSale(bank: stranger).Commit);
        await ForgeAsync((leaf, leaf.ToLeaf(UnixTime.Now(network.Clock))));
    }

    [Fact]
    public async Task Signs_no_leaf_that_is_older_than_the_one_before()
    {
        var leaf = VerifiedLeaf.Decision(network.NewSale().Commit);
        await ForgeAsync((leaf, leaf.ToLeaf(UnixTime.Now(network.Clock).AddSeconds(-1))));
    }

    [Fact]
    public async Task Signs_no_second_decision_that_the_index_does_not_know()
    {
        var (decided, other) = (network.NewSale(), network.NewSale());
        var leaf = VerifiedLeaf.Decision(decided.Commit);
        var bytes = leaf.ToLeaf(UnixTime.Now(network.Clock));
        await ForgeAsync((leaf, bytes), (VerifiedLeaf.Decision(other.Commit), bytes));
    }

    /// <summary>Leaves behind the signed ones, each with what it is indexed as; the tree over them is right.</summary>
    private async Task ForgeAsync(params (VerifiedLeaf IndexedAs, byte[] Bytes)[] forged)
    {
        await network.StopAsync();
        await TamperAsync(tx =>
        {
            var tree = TileBuilder.Restore(1, new LogStore.TileSource(tx));
            var entries = new List<NewEntry>();
            foreach (var (indexedAs, bytes) in forged)
            {
                var hash = MerkleHash.Leaf(bytes);
                entries.Add(new NewEntry(tree.Append(hash), bytes, hash, indexedAs));
            }

            var before = LogStore.Head(tx)!;
            LogStore.Append(
                tx, new LogHead(1 + forged.Length, tree.Root, before.LastAt), entries, tree.TakeTiles());
        });
        await network.StartAsync();
        await RefusesToSignRunningAsync();
    }

    [Fact]
    public async Task Signs_no_leaf_that_reads_back_otherwise_than_it_was_ordered()
    {
        await network.StopAsync();
        var database = await network.OpenAsync("archive", ArchiveSchema.Migrations);
        var leaf = (await database.ReadAsync(tx => LogStore.Leaf(tx, 0)))!;
        var ordered = new NewEntry(
            0, [.. leaf, 1], MerkleHash.Leaf(leaf), VerifiedLeaf.Decision(network.NewSale().Abort));
        var decisions = await database.ReadAsync(tx => DecisionIndex.Load(tx, mergeAt: 3));
        var auditor = new Auditor(database, decisions, new BankList(), new MerkleTree(), default);
        auditor.Expect([ordered]);
        var head = (await database.ReadAsync(LogStore.Head))!;
        var failed = await Assert.ThrowsAsync<StorageException>(() => auditor.VerifyAsync(head, default));
        Assert.Contains("ordered", failed.Message, StringComparison.Ordinal);
        // Read in full, without anything to compare with, it is in order.
        await auditor.VerifyAsync(head, default);
        await network.CloseAsync();
    }

    [Fact]
    public async Task Signs_after_a_restart_what_was_durable_before()
    {
        var sale = network.NewSale();
        await AppendUnsignedAsync(sale);
        await network.StartAsync();
        var verified = network.Verify(
            await network.Archive.DecideAsync(sale.Commit, CancellationToken.None));
        Assert.Equal(1, verified.Index);
    }

    [Fact]
    public async Task Fails_and_answers_unavailable_when_the_log_must_not_be_signed()
    {
        await AppendUnsignedAsync(network.NewSale());
        await TamperAsync(tx => tx.Execute("UPDATE entries SET leaves = $1 WHERE first_idx = 1", new byte[3]));
        await RefusesToSignAsync();
        Assert.Equal(ArchiveError.Unavailable, (await network.DecideAsync(network.NewSale().Commit)).Error);
    }

    private async Task AppendUnsignedAsync(Sale sale)
    {
        await network.StopAsync();
        // Ordered by the rules of the log, in a process that never comes to signing.
        await TamperAsync(tx =>
        {
            var leaf = VerifiedLeaf.Decision(sale.Commit);
            var bytes = leaf.ToLeaf(UnixTime.Now(network.Clock));
            var tree = TileBuilder.Restore(1, new LogStore.TileSource(tx));
            tree.Append(MerkleHash.Leaf(bytes));
            LogStore.Append(
                tx, new LogHead(2, tree.Root, UnixTime.Now(network.Clock)),
                [new NewEntry(1, bytes, MerkleHash.Leaf(bytes), leaf)], tree.TakeTiles());
        });
    }

    private async Task RefusesToSignAsync()
    {
        await network.StartAsync();
        await RefusesToSignRunningAsync();
    }

    private async Task RefusesToSignRunningAsync()
    {
        var failed = await Assert.ThrowsAsync<StorageException>(
            () => network.Running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(StorageFailure.InvariantViolation, failed.Failure);
        Assert.Equal(1, network.Archive.PublishedSize);
        Assert.Equal(1, ForwardOnly.Open(network.SecondPlacePath).Latest!.Number);
    }

    private async Task TamperAsync(Action<IWriteTransaction> change)
    {
        var database = await network.OpenAsync("archive", ArchiveSchema.Migrations);
        await database.WriteAsync(change);
        await network.CloseAsync();
    }

    private static void Restore(string path)
    {
        foreach (var side in (string[])["-wal", "-shm"])
            File.Delete(path + side);
        File.Move(path + ".old", path, overwrite: true);
    }
}
