using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.LockFirst;

/// <summary>A shop that forces a commit with something else than goods, and one that forces what must not be
/// forced.</summary>
public sealed class ForcedByALiarTests
{
    private const long Price = 5;

    [Theory]
    [InlineData(false, true, Outcome.Complete)]
    [InlineData(true, true, Outcome.MerchantAtFault)]
    [InlineData(false, false, Outcome.MerchantAtFault)]
    public async Task A_commit_that_is_forced_with_garbage_proves_the_shop_at_fault(
        bool isOtherKey, bool isPadded, Outcome outcome)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var liar = new Liar();
        network.MerchantWire.ChangePromise = promise => liar.Promise(promise.Content, network.ShopKey, isOrder: true);
        network.MerchantWire.ChangePayment = _ => throw new PartyUnreachableException("The shop is silent.");
        Assert.IsType<Locked>(await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait"));
        var locked = Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        var chunk = liar.Make(isPadded);
        // A release is of the key that E4 commits to, so a liar commits to the wrong one.
        var (made, release) = liar.Release(
            locked.Merchandise.Content.LockFirst!.Key, isOtherKey ? RandomNumberGenerator.GetBytes(32) : null);
        var archive = network.TheArchive;
        Assert.Equal(ArchiveError.NotKept,
            (await archive.DecideAsync(new DecisionRequest(locked.Lock.LockNote, release), default)).Error);
        Assert.True((await archive.KeepAsync(
            new KeepRequest(locked.Lock.LockNote, made, 0, chunk.Encode()), default)).IsOk);
        Assert.True((await archive.DecideAsync(new DecisionRequest(locked.Lock.LockNote, release), default)).IsOk);

        Assert.Empty(await customer.ResumeAsync());
        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.Equal(outcome == Outcome.Complete, opened.AsPromised);
        // No shop tells the bank: it asks the archive itself.
        network.Clock.Advance(600);
        await network.BackgroundAsync();
        Assert.Equal(Price, (await network.AuditAsync()).Merchants);
        var evidence = await customer.Wallet.EvidenceAsync(opened.Order.Id, default);
        Assert.Equal(outcome, PurchaseJudge.Judge(evidence, new MemoryStream(chunk.Ciphertext)).Outcome);
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(evidence, new MemoryStream([.. chunk.Ciphertext.Reverse()]))
            .Outcome);
        // The ciphertext that proves it stays with the wallet.
        Assert.Equal(!opened.AsPromised, File.Exists(Path.Combine(
            customer.Wallet.Store.Folder, "goods", opened.Order.Id.ToString())));
    }

    [Fact]
    public async Task A_shop_that_forces_a_usual_purchase_is_paid_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var liar = new Liar();
        using var own = P256PrivateKey.Generate();
        network.MerchantWire.ChangePromise = promise => liar.Promise(
            promise.Content, network.ShopKey, isOrder: false, own.PublicKey);
        network.MerchantWire.ChangeChunk = (_, _) => liar.Goods;
        network.MerchantWire.ChangePayment = _ => throw new PartyUnreachableException("The shop is silent.");
        var offer = await network.OfferAsync(liar.File, Price);
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "file"));
        var locked = Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        var chunk = liar.Make(isPadded: true);
        var (made, release) = liar.Release(own.PublicKey.Spki);
        Assert.True((await network.TheArchive.KeepAsync(
            new KeepRequest(locked.Lock.LockNote, made, 0, chunk.Encode()), default)).IsOk);
        Assert.True((await network.TheArchive.DecideAsync(
            new DecisionRequest(locked.Lock.LockNote, release), default)).IsOk);

        await customer.ResumeAsync();
        network.Clock.Advance(600);
        await network.BackgroundAsync();
        var ended = Assert.IsType<Abandoned>(await customer.LastPurchaseAsync());
        Assert.Equal((0, 0), (await network.AuditAsync()) is var sums ? (sums.Merchants, sums.Locked) : (-1, -1));
        Assert.Equal(Outcome.MerchantAtFault,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(ended.Order.Id, default)).Outcome);
        await customer.ResumeAsync();
        Assert.Equal(31, (await customer.AgreesWithBankAsync()) is var balance
            ? (balance.Spendable + balance.ToRefresh + balance.InReserves).MinorUnits : 0);
    }

    /// <summary>Holds the secrets of one purchase in place of the shop.</summary>
    private sealed class Liar : IDisposable
    {
        private readonly P256PrivateKey release = P256PrivateKey.Generate();
        private readonly GoodsKey key = GoodsKey.Generate();
        private readonly GoodsMask mask = GoodsMask.Generate();
        private GoodsTree? tree;

        public byte[] File { get; } = RandomNumberGenerator.GetBytes(1500);

        /// <summary>The file as a usual purchase delivers it.</summary>
        public GoodsChunk Goods => Encrypt(File);

        private TransactionId Transaction => TransactionId.Of(release.PublicKey);

        public Signed<Merchandise> Promise(
            Merchandise shops, P256PrivateKey shop, bool isOrder, P256PublicKey? own = null)
        {
            if (!isOrder)
                Encrypt(File);
            return Signed<Merchandise>.Sign(shop, shops with
            {
                ReleaseKey = release.PublicKey.Spki,
                Mask = mask.Export(),
                Commitment = isOrder
                    ? shops.Terms!.CommitmentIn(Transaction)!
                    : KeyCommitment.ToOrder(Transaction, own!),
                GoodsRoot = isOrder ? shops.GoodsRoot : tree!.Root.ToArray(),
            });
        }

        public GoodsChunk Make(bool isPadded)
        {
            var padding = MadeGoods.Padding(File.Length);
            if (!isPadded)
                padding.AsSpan().Fill(0xFF);
            return Encrypt([.. File, .. padding]);
        }

        public (Signed<MadeGoods> Made, Signed<Release> Release) Release(byte[] customer, byte[]? masked = null)
        {
            masked ??= key.Mask(mask).Span.ToArray();
            var made = Signed<MadeGoods>.Sign(release, new MadeGoods(
                release.PublicKey.Spki, customer, KeyCommitment.To(Transaction, masked), tree!.Root.ToArray(),
                tree.Layout.PlaintextSize));
            return (made, Signed<Release>.Sign(
                release, new Release(release.PublicKey.Spki, masked, Made: made)));
        }

        public void Dispose()
        {
            release.Dispose();
            key.Dispose();
            mask.Dispose();
        }

        private GoodsChunk Encrypt(byte[] content)
        {
            using var encryptor = new GoodsEncryptor(key);
            tree = encryptor.ComputeTree(content);
            var cipher = new byte[tree.Layout.CiphertextLength(0)];
            Assert.True(encryptor.TryEncryptChunk(tree, 0, content, cipher));
            return new GoodsChunk([], cipher);
        }
    }
}
