using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Archive;
using Xunit;

namespace Bauta.Tests.LockFirst;

/// <summary>What an archive keeps of goods that nobody acknowledged, for whom, and how long.</summary>
public sealed class KeepingTests
{
    [Fact]
    public async Task A_commit_is_forced_only_with_all_chunks_kept_and_they_outlive_a_restart()
    {
        await using var network = await ArchiveNetwork.StartAsync();
        using var order = new Order(network, (1 << 20) + 5);
        Assert.Equal(ArchiveError.NotKept, (await network.DecideAsync(order.Commit)).Error);
        Assert.True((await network.Archive.KeepAsync(order.Chunk(0), default)).IsOk);
        Assert.Equal(ArchiveError.NotKept, (await network.DecideAsync(order.Commit)).Error);
        for (var i = 0; i < 2; i++)
            Assert.True((await network.Archive.KeepAsync(order.Chunk(1), default)).IsOk);
        var verified = network.Verify(await network.DecideAsync(order.Commit));
        Assert.Equal(order.Made.Text, verified.Entry.Release!.Content.Made!.Text);

        await network.StopAsync();
        await network.StartAsync();
        for (var index = 0; index < 2; index++)
            Assert.Equal(order.Chunk(index).Chunk, (await KeptAsync(network, order, index)).Value.Encode());
        Assert.Equal(ArchiveError.NotKept, (await KeptAsync(network, order, 2)).Error);
    }

    [Fact]
    public async Task Nothing_is_kept_that_no_lock_stands_for()
    {
        await using var network = await ArchiveNetwork.StartAsync();
        network.Options = network.Options with { MaxKeptBytes = 1 << 20, MaxKeptBytesInAll = 3000 };
        await network.StopAsync();
        await network.StartAsync();
        using var order = new Order(network, 2000);
        using var other = new Order(network, 2000);
        using var large = new Order(network, 1 << 20);
        using var stranger = P256PrivateKey.Generate();
        var chunk = order.Chunk(0);
        await RefusedAsync(ArchiveError.TooLarge, large.Chunk(0));
        await RefusedAsync(ArchiveError.Malformed, chunk with { Chunk = [] });
        await RefusedAsync(ArchiveError.BadGoods, chunk with { Chunk = other.Chunk(0).Chunk });
        await RefusedAsync(ArchiveError.BadGoods, chunk with { Index = 1 });
        await RefusedAsync(ArchiveError.BadGoods, chunk with { Made = other.Made });
        await RefusedAsync(ArchiveError.BadGoods,
            chunk with { Made = Signed<MadeGoods>.Sign(stranger, order.Made.Content) });
        // A session's lock cannot be forced, nor a usual one.
        await RefusedAsync(ArchiveError.BadGoods, chunk with { LockNote = order.NoteOf(KeyCommitment.To) });
        await RefusedAsync(ArchiveError.BadGoods,
            chunk with { LockNote = order.NoteOf((n, _) => KeyCommitment.To(n, order.Masked)) });
        await RefusedAsync(ArchiveError.UnknownBank,
            chunk with { LockNote = Signed<LockNote>.Sign(stranger, order.Note.Content) });
        await RefusedAsync(ArchiveError.WrongArchive, chunk with
        {
            LockNote = Signed<LockNote>.Sign(network.Bank, order.Note.Content with { Archive = PolicyId.Generate() }),
        });
        Assert.True((await network.Archive.KeepAsync(chunk, default)).IsOk);
        await RefusedAsync(ArchiveError.NoRoom, other.Chunk(0));
        // One lock has one goods.
        var again = order.MakeAnew();
        await RefusedAsync(ArchiveError.BadGoods, again);
        network.Clock.Seconds += 60;
        await RefusedAsync(ArchiveError.Expired, chunk);

        async Task RefusedAsync(ArchiveError error, KeepRequest request) =>
            Assert.Equal(error, (await network.Archive.KeepAsync(request, default)).Error);
    }

    [Fact]
    public async Task What_was_not_committed_goes_after_its_expiry_and_what_was_after_thirty_days()
    {
        await using var network = await ArchiveNetwork.StartAsync();
        network.Options = network.Options with { MaxKeptBytesInAll = 8000 };
        await network.StopAsync();
        await network.StartAsync();
        using var forced = new Order(network, 3000);
        using var idle = new Order(network, 3000);
        foreach (var order in new[] { forced, idle })
            Assert.True((await network.Archive.KeepAsync(order.Chunk(0), default)).IsOk);
        network.Verify(await network.DecideAsync(forced.Commit));
        await AfterAsync(60 + 3600, true, true);
        await AfterAsync(1, true, false);
        // Its room is free again.
        using var next = new Order(network, 3000);
        Assert.True((await network.Archive.KeepAsync(next.Chunk(0), default)).IsOk);
        await AfterAsync(29 * 86_400, true, false);
        await AfterAsync(86_400, false, false);

        async Task AfterAsync(long seconds, bool isForcedThere, bool isIdleThere)
        {
            network.Clock.Seconds += seconds;
            await network.Archive.DropKeptAsync(default);
            await network.Archive.DropKeptAsync(default);
            Assert.Equal(isForcedThere, (await KeptAsync(network, forced, 0)).IsOk);
            Assert.Equal(isIdleThere, (await KeptAsync(network, idle, 0)).IsOk);
        }
    }

    private static Task<Result<GoodsChunk, ArchiveError>> KeptAsync(ArchiveNetwork network, Order order, long index) =>
        network.Archive.KeptAsync(BankKeyId.Of(order.Note), order.Note.Content.Transaction, index, default);

    /// <summary>One order as the archive sees it.</summary>
    private sealed class Order : IDisposable
    {
        private readonly ArchiveNetwork network;
        private readonly P256PrivateKey release = P256PrivateKey.Generate();
        private readonly P256PrivateKey customer = P256PrivateKey.Generate();
        private readonly GoodsKey key = GoodsKey.Generate();
        private GoodsTree tree = null!;
        private byte[] content = [];

        public Order(ArchiveNetwork network, int size)
        {
            this.network = network;
            Note = NoteOf(KeyCommitment.ToOrder);
            Made = Make(size);
        }

        public Signed<LockNote> Note { get; }

        public Signed<MadeGoods> Made { get; }

        public byte[] Masked { get; } = RandomNumberGenerator.GetBytes(32);

        public DecisionRequest Commit => new(Note, Signed<Release>.Sign(
            release, new Release(release.PublicKey.Spki, Masked, Made: Made)));

        public Signed<LockNote> NoteOf(Func<TransactionId, P256PublicKey, KeyCommitment> commitment)
        {
            var n = TransactionId.Of(release.PublicKey);
            return Signed<LockNote>.Sign(network.Bank, new LockNote(
                n, UnixTime.FromSeconds(network.Clock.Seconds + 60), network.Policy.Id,
                commitment(n, customer.PublicKey)));
        }

        public KeepRequest Chunk(long index) => Chunk(Made, index);

        public KeepRequest MakeAnew() => Chunk(Make(1500), 0);

        public void Dispose()
        {
            release.Dispose();
            customer.Dispose();
            key.Dispose();
        }

        private KeepRequest Chunk(Signed<MadeGoods> made, long index)
        {
            using var encryptor = new GoodsEncryptor(key);
            var cipher = new byte[tree.Layout.CiphertextLength(index)];
            var offset = (int)tree.Layout.PlaintextOffset(index);
            Assert.True(encryptor.TryEncryptChunk(
                tree, index, content.AsSpan(offset, tree.Layout.PlaintextLength(index)), cipher));
            return new KeepRequest(Note, made, index, new GoodsChunk(
                [.. tree.Prove(index).Select(hash => hash.ToArray())], cipher).Encode());
        }

        private Signed<MadeGoods> Make(int size)
        {
            content = [.. RandomNumberGenerator.GetBytes(size), .. MadeGoods.Padding(size)];
            using var encryptor = new GoodsEncryptor(key);
            tree = encryptor.ComputeTreeAsync(new MemoryStream(content)).GetAwaiter().GetResult();
            return Signed<MadeGoods>.Sign(release, new MadeGoods(
                release.PublicKey.Spki, customer.PublicKey.Spki,
                KeyCommitment.To(Note.Content.Transaction, Masked), tree.Root.ToArray(), content.Length));
        }
    }
}
