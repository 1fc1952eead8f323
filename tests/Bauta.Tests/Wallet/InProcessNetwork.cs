using System.Security.Cryptography;
using System.Text;
using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Follow;
using Bauta.Bank.Inspect;
using Bauta.Bank;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Merchant;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Bauta.Tests.Bank;
using Bauta.Tests.Storage;
using Bauta.Wallet.Network;
using Xunit;
using PartyAcquirer = Bauta.Acquirer.Acquirer;
using PartyArchive = Bauta.Archive.Archive;
using PartyBank = Bauta.Bank.Bank;
using PartyMerchant = Bauta.Merchant.Merchant;

namespace Bauta.Tests.Wallet;

/// <summary>
/// The whole network in one process and without HTTP: the real parties, each on its own database, under one clock that
/// stands until it is moved. The wallet reaches them over a wire that can lose calls.
/// </summary>
public sealed class InProcessNetwork : INetwork, IAsyncDisposable
{
    public const string BankName = "bank.example";
    public const string ShopName = "shop.example";

    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource stop = new();
    private readonly List<IAsyncDisposable> databases = [];
    private readonly List<PartyMerchant> otherShops = [];
    private readonly List<P256PrivateKey> otherKeys = [];
    private readonly NoteSigner logSigner = NoteSigner.Generate("archive.example/log");
    private readonly Cosigner[] cosigners;
    private readonly P256PrivateKey shopKey = P256PrivateKey.Generate();
    private readonly P256PrivateKey accountKey = P256PrivateKey.Generate();
    private readonly P256PrivateKey acquirerKey = P256PrivateKey.Generate();
    private readonly P256PrivateKey? lockerKey;
    private readonly bool isJoint;
    private readonly IReadOnlyList<string> releases;
    private readonly FixtureKeys keys = new(FixtureKeys.Twelve);
    private BankDatabase bankDatabase = null!;
    private SealingKey sealing = null!;
    private Task running = Task.CompletedTask;
    private Signed<PartyCard> bankCard = null!;
    private Signed<PartyCard> shopCard = null!;

    private InProcessNetwork(BankOptions options, bool hasLocker, bool isJoint, IReadOnlyList<string> releases)
    {
        (Options, this.isJoint, this.releases) = (options, isJoint, releases);
        lockerKey = hasLocker ? P256PrivateKey.Generate() : null;
        cosigners = [Cosigner.Generate("w1.example", Clock), Cosigner.Generate("w2.example", Clock)];
        Policy = ArchivePolicy.Create(logSigner.Verifier, [.. cosigners.Select(one => one.Verifier)], 2);
        Shop = PartyAddress.Create(new Uri("http://shop.example"), shopKey.PublicKey.Thumbprint);
    }

    public HandClock Clock { get; } = new();

    /// <summary>A policy of the same log with only one of its witnesses.</summary>
    public ArchivePolicy OtherPolicy() => ArchivePolicy.Create(logSigner.Verifier, [cosigners[0].Verifier], 1);

    /// <summary>Proves any leaf as the archive and its witnesses could if they agreed to lie.</summary>
    public LoggedEntry Forge(LogEntry entry)
    {
        var leaf = entry.ToLeaf();
        var tree = new MerkleTree();
        tree.Append(MerkleHash.Leaf(leaf));
        var note = SignedNote.Sign(
            new Checkpoint(logSigner.Verifier.Name, 1, tree.Root).ToBytes(), [logSigner, .. cosigners]);
        return new LoggedEntry(leaf, Encoding.UTF8.GetString(new TlogProof(0, [], note).ToBytes()));
    }

    public Wire Wire { get; } = new();

    /// <summary>What lies between the shop and the two that it calls.</summary>
    public Wire ShopWire { get; } = new();

    /// <summary>The archive as others meet it: the bank's own, where the two are one.</summary>
    public IArchive ShownArchive => TheBank.Archive ?? TheArchive;

    /// <summary>What the wallet's network file says; the archive keeps the one that it began with.</summary>
    public ArchivePolicy Policy { get; set; }

    public PartyAddress Shop { get; }

    public P256PrivateKey BankKey { get; } = P256PrivateKey.Generate();

    public P256PrivateKey ShopKey => shopKey;

    /// <summary>Witnesses that do not answer: two are needed, so one is enough to take the quorum away.</summary>
    public bool IsWitnessDown { get; set; }

    /// <summary>The parties themselves, without the wire.</summary>
    public PartyBank TheBank { get; private set; } = null!;

    /// <summary>The bank that locks what the bank issues, where that is another one.</summary>
    public SecondBank? TheLocker { get; private set; }

    public PartyArchive TheArchive { get; private set; } = null!;

    public PartyMerchant TheMerchant { get; private set; } = null!;

    public PartyAcquirer TheAcquirer { get; private set; } = null!;

    /// <summary>What the shop sells by the item.</summary>
    public EchoItems Items { get; } = new();

    /// <summary>What the shop makes to order.</summary>
    public CountedMaker Maker { get; } = new();

    public WiredBank BankWire { get; private set; } = null!;

    public WiredArchive ArchiveWire { get; private set; } = null!;

    public WiredMerchant MerchantWire { get; private set; } = null!;

    IBank INetwork.Bank => BankWire;

    IBank INetwork.LockingBank => TheLocker?.Wired ?? BankWire;

    long INetwork.MinWithdrawSeconds => Options.WithdrawSeconds;

    IArchive INetwork.Archive => ArchiveWire;

    IAcquirer INetwork.Acquirer => new WiredAcquirer(Wire, TheAcquirer);

    /// <summary>What is put in place of the card that the wallet is shown.</summary>
    public Signed<PartyCard>? OtherShopCard { get; set; }

    public static BankOptions BankOptions { get; } = BankWorld.DefaultOptions with
    {
        Name = BankName,
        Exponents = [0, 1, 2, 3, 4, 5],
        WithdrawSeconds = 10_000,
        SpendSeconds = 5_000,
        RefreshSeconds = 40_000,
        MaxExpirySeconds = 500,
    };

    public BankOptions Options { get; }

    /// <summary>What each party but the bank keeps, by its name.</summary>
    public Dictionary<string, IDatabase> Databases { get; } = [];

    /// <summary>What the bank keeps.</summary>
    public BankDatabase BankBooks => bankDatabase;

    /// <summary>Starts the parties.</summary>
    /// <param name="options">The bank's.</param>
    /// <param name="hasLocker">Whether another bank locks what the bank issues.</param>
    /// <param name="isJoint">Whether the bank is its own archive.</param>
    /// <param name="releases">The ways to release a key that the shop takes.</param>
    public static async Task<InProcessNetwork> StartAsync(
        BankOptions? options = null, bool hasLocker = false, bool isJoint = false, params string[] releases)
    {
        var network = new InProcessNetwork(options ?? BankOptions, hasLocker, isJoint, releases);
        await network.OpenAsync();
        return network;
    }

    public Task<Signed<PartyCard>> BankCardAsync(CancellationToken cancellation) =>
        Wire.SendAsync(typeof(PartyCard), () => Task.FromResult(bankCard));

    public Task<Signed<PartyCard>> LockingBankCardAsync(CancellationToken cancellation) =>
        Wire.SendAsync(typeof(PartyCard), () => Task.FromResult(TheLocker?.Card ?? bankCard));

    public Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation) =>
        Wire.SendAsync(typeof(PartyCard), () => Task.FromResult(OtherShopCard ?? shopCard));

    public IMerchant Merchant(PartyAddress shop) => shop == Shop
        ? MerchantWire
        : throw new PartyUnreachableException("There is no such shop.");

    /// <summary>Puts a file on sale.</summary>
    public async Task<OfferTerms> OfferAsync(
        byte[] content, long price, string name = "goods.bin", bool isReceipt = false)
    {
        var stored = await TheMerchant.Desk.StoreFileAsync(new MemoryStream(content), default);
        var offer = await TheMerchant.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "Goods", "What is sold.", Amount.FromMinorUnits(price), name,
                stored.Value.ContentHash, Receipt: isReceipt ? true : null), default);
        return offer.Value;
    }

    /// <summary>Puts on sale what is sold by the item.</summary>
    public async Task<OfferTerms> OfferItemsAsync(long price, long limit, string per = Tariff.Item) =>
        (await TheMerchant.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "Items", "One after another.", Amount.FromMinorUnits(limit), "items",
                SHA256.HashData([]), new Tariff(Amount.FromMinorUnits(price), per)), default)).Value;

    /// <summary>Puts on sale what is made to order.</summary>
    public async Task<OfferTerms> OfferToMakeAsync(long price) =>
        (await TheMerchant.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "Portrait", "Painted when it is paid.", Amount.FromMinorUnits(price),
                "portrait.bin", SHA256.HashData([]), Order: OfferTerms.LockFirst), default)).Value;

    /// <summary>The shop's process is gone and another one begins on its database.</summary>
    public async Task RestartShopAsync()
    {
        await TheMerchant.DisposeAsync();
        TheMerchant = await OpenMerchantAsync(ShopName, shopKey, accountKey, ShownArchive);
        MerchantWire.Merchant = TheMerchant;
    }

    /// <summary>The bank's process is gone and another one begins on its database; the wallet and the shop call that
    /// one.</summary>
    public async Task RestartBankAsync()
    {
        TheBank.Dispose();
        databases.Remove(bankDatabase);
        await bankDatabase.DisposeAsync();
        await OpenBankAsync();
        BankWire = new WiredBank(Wire, TheBank);
        ArchiveWire = new WiredArchive(Wire, ShownArchive);
        await RestartShopAsync();
    }

    /// <summary>Opens one more shop, at the same bank and archive.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="archive">The archive as this shop reaches it.</param>
    public async Task<(PartyMerchant Shop, PartyAddress Address, Signed<PartyCard> Card)> OpenShopAsync(
        string name, IArchive archive)
    {
        var (identity, account) = (P256PrivateKey.Generate(), P256PrivateKey.Generate());
        otherKeys.AddRange([identity, account]);
        var shop = await OpenMerchantAsync(name, identity, account, archive);
        otherShops.Add(shop);
        return (shop, PartyAddress.Create(new Uri($"http://{name}"), identity.PublicKey.Thumbprint),
            Card(name, identity, shop));
    }

    /// <summary>The bank's totals, checked against every row.</summary>
    public Task<BankTotals> AuditAsync() => BankAudit.TotalsAsync(bankDatabase);

    public async Task<long> SalesAsync() =>
        (await TheMerchant.Desk.SalesAsync(null, default)).Value.CommittedTotal.MinorUnits;

    /// <summary>One round of what the parties do by themselves.</summary>
    /// <param name="withLocker">Whether the bank that locks takes part.</param>
    public async Task BackgroundAsync(bool withLocker = true)
    {
        await TheMerchant.CloseSessionsAsync(default);
        await TheMerchant.MakeOrdersAsync(default);
        await TheMerchant.ForceOrdersAsync(default);
        await TheMerchant.ResumeAsync(default);
        await TheBank.SettleDueAsync(default);
        await MaintainBankAsync();
        if (TheLocker is not null && withLocker)
        {
            await TheLocker.Bank.SettleDueAsync(default);
            await TheLocker.Bank.MaintainAsync(default);
        }
    }

    public string File(string name) => directory.File(name);

    public async ValueTask DisposeAsync()
    {
        // Whatever a test did, the bank neither made nor lost value.
        await AuditAsync();
        await TheMerchant.DisposeAsync();
        foreach (var shop in otherShops)
            await shop.DisposeAsync();
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }

        TheBank.Dispose();
        if (TheLocker is not null)
            await TheLocker.DisposeAsync();
        lockerKey?.Dispose();
        foreach (var database in databases)
            await database.DisposeAsync();
        stop.Dispose();
        logSigner.Dispose();
        sealing.Dispose();
        foreach (var key in otherKeys.Concat([BankKey, shopKey, accountKey, acquirerKey]))
            key.Dispose();
        foreach (var cosigner in cosigners)
            cosigner.Dispose();
        directory.Dispose();
    }

    private async Task OpenAsync()
    {
        await OpenArchiveAsync();
        sealing = SealingKey.OpenOrCreate(File("sealing.key"));
        TheAcquirer = new PartyAcquirer(
            new Bauta.Acquirer.AcquirerOptions
            {
                Name = "acquirer.example",
                Banks = [new Bauta.Acquirer.ServedBank(BankName, "EUR", BankKey.PublicKey)],
            },
            Open("acquirer", Bauta.Acquirer.AcquirerSchema.Migrations), acquirerKey, sealing, Clock);
        await OpenBankAsync();
        Assert.Equal(
            Options.Exponents.Count, (await TheBank.DenominationsAsync(default)).Denominations.Count);
        var archive = new BankArchive(Policy, TheArchive);
        var acquirer = new BankAcquirer(acquirerKey.PublicKey, TheAcquirer);
        if (lockerKey is not null)
        {
            TheLocker = await SecondBank.OpenAsync(
                File("locker.db"), lockerKey, new BankIssuer(BankKey.PublicKey, TheBank), archive, acquirer, Wire,
                Clock, Options.Arbiter);
            await TheLocker.Bank.MaintainAsync(default);
        }

        TheMerchant = await OpenMerchantAsync(ShopName, shopKey, accountKey, ShownArchive);
        BankWire = new WiredBank(Wire, TheBank);
        ArchiveWire = new WiredArchive(Wire, ShownArchive);
        MerchantWire = new WiredMerchant(Wire, TheMerchant);
        bankCard = Signed<PartyCard>.Sign(BankKey, new PartyCard(
            Roles.Bank, BankName, BankKey.PublicKey.Spki, [], Clock.Now, Bank: Options.Terms(
                [Policy],
                spentAt: lockerKey is null ? null : new BankPeer(SecondBank.Name, lockerKey.PublicKey.Thumbprint),
                joint: isJoint ? Policy.Id : null)));
        shopCard = Card(ShopName, shopKey, TheMerchant);
    }

    private async Task OpenBankAsync()
    {
        bankDatabase = await BankDatabase.OpenAsync(File("bank.db"));
        databases.Add(bankDatabase);
        TheBank = await PartyBank.OpenAsync(
            Options with { SpentAt = lockerKey is null ? null : SecondBank.Name }, bankDatabase, BankKey, keys,
            new BankParties(
                [new BankArchive(Policy, TheArchive)], new BankAcquirer(acquirerKey.PublicKey, TheAcquirer),
                lockerKey is null ? [] : [lockerKey.PublicKey], SpentAt: lockerKey?.PublicKey,
                Joint: isJoint ? new JointArchive(Policy.Id, sealing) : null),
            Clock);
        await MaintainBankAsync();
    }

    private Signed<PartyCard> Card(string name, P256PrivateKey identity, PartyMerchant shop) =>
        Signed<PartyCard>.Sign(identity, new PartyCard(
            Roles.Merchant, name, identity.PublicKey.Spki, [], Clock.Now, Merchant: shop.Terms));

    private async Task<PartyMerchant> OpenMerchantAsync(
        string name, P256PrivateKey identity, P256PrivateKey account, IArchive archive)
    {
        var shop = await PartyMerchant.OpenAsync(
            new MerchantOptions
            {
                Name = name,
                Bank = TheLocker is null ? BankName : SecondBank.Name,
                Currency = Options.Currency,
                Payee = name == ShopName ? "sandbox:shop" : $"sandbox:{name}",
                GoodsDirectory = File(name == ShopName ? "goods" : $"goods-{name}"),
                LifetimeSeconds = 300,
                MaxLifetimeSeconds = 400,
                SlowestBytesPerSecond = 1L << 40,
                SessionSeconds = 400,
                SessionMarginSeconds = 30,
                OrderSeconds = 400,
                OrderWaitSeconds = 100,
                OrderMarginSeconds = 30,
                Releases = releases,
            },
            Databases.GetValueOrDefault(name == ShopName ? "merchant" : name)
                ?? Open(name == ShopName ? "merchant" : name, MerchantSchema.Migrations),
            new MerchantKeys(identity, account, sealing, (lockerKey ?? BankKey).PublicKey),
            new WiredBank(ShopWire, TheLocker?.Bank ?? TheBank),
            [new MerchantArchive(Policy, new WiredArchive(ShopWire, archive))], Clock, items: Items, maker: Maker);
        Assert.True(await shop.OpenAccountAsync(default));
        return shop;
    }

    private async Task MaintainBankAsync()
    {
        // It says that it wants to come again soon while a statement waits for the archive.
        for (var rounds = 0; rounds < 10; rounds++)
        {
            if (await TheBank.MaintainAsync(default) > TimeSpan.FromSeconds(1))
                return;
        }
    }

    private async Task OpenArchiveAsync()
    {
        var log = new LateLog(this);
        var peers = new List<WitnessPeer>();
        for (var i = 0; i < cosigners.Length; i++)
        {
            var witness = await Witness.OpenAsync(
                Open($"witness{i}", FollowSchema.Migrations), null, logSigner.Verifier, log, cosigners[i],
                new WitnessOptions(), Clock);
            peers.Add(new WitnessPeer(cosigners[i].Verifier, new CutWitness(this, witness, i)));
        }

        TheArchive = await PartyArchive.OpenAsync(
            Open("archive", ArchiveSchema.Migrations), ForwardOnly.Open(File("second-place")), logSigner, Policy, peers,
            new ArchiveOptions
            {
                Banks =
                [
                    new AdmittedBank(BankName, BankKey.PublicKey.Thumbprint),
                    .. lockerKey is null
                        ? Array.Empty<AdmittedBank>()
                        : [new AdmittedBank(SecondBank.Name, lockerKey.PublicKey.Thumbprint)],
                ],
                CosignRetry = TimeSpan.FromMilliseconds(20),
                QuorumWait = TimeSpan.FromMilliseconds(500),
            },
            Clock);
        running = TheArchive.RunAsync(stop.Token);
    }

    private IDatabase Open(string name, IReadOnlyList<Migration> migrations)
    {
        var database = Database.Open(File(name + ".db"), migrations);
        databases.Add(database);
        Databases.Add(name, database);
        return database;
    }

    private sealed class LateLog(InProcessNetwork network) : ILog
    {
        public Task<string> CheckpointAsync(CancellationToken cancellation) =>
            network.TheArchive.CheckpointAsync(cancellation);

        public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation) =>
            network.TheArchive.ReadAsync(path, cancellation);
    }

    private sealed class CutWitness(InProcessNetwork network, IWitness witness, int number) : IWitness
    {
        public Task<Result<string, WitnessError>> AddCheckpointAsync(
            string request, CancellationToken cancellation) =>
            network.IsWitnessDown && number == 0
                ? throw new PartyUnreachableException("The witness is down.")
                : witness.AddCheckpointAsync(request, cancellation);
    }
}
