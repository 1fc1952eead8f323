using Bauta.Acquirer;
using Bauta.Archive;
using Bauta.Archive.Cosign;
using Bauta.Archive.Follow;
using Bauta.Bank;
using Bauta.Bank.Ledger;
using Bauta.Merchant;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Simulation.Disk;
using Bauta.Simulation.Network;
using Bauta.Storage;

namespace Bauta.Simulation.World;

/// <summary>How each party is put together at its node, as its role is in the executable.</summary>
internal sealed partial class SimulatedWorld
{
    public const int LifetimeSeconds = 60;
    public const int GraceSeconds = 60;

    private static readonly TimeSpan fast = TimeSpan.FromMilliseconds(200);

    private readonly PartyAddress shopAddress;
    private SimulatedDatabase bankDisk = null!;
    private SimulatedDatabase archiveDisk = null!;
    private SimulatedDatabase shopDisk = null!;
    private Bank.Bank bank = null!;
    private BankDatabase bankBooks = null!;
    private Archive.Archive archive = null!;
    private Merchant.Merchant shop = null!;
    private Acquirer.Acquirer acquirer = null!;
    private Signed<PartyCard>? bankCard;
    private Signed<PartyCard>? shopCard;

    /// <summary>How long one denomination key lasts is far beyond any world.</summary>
    public static BankOptions BankOptions { get; } = new()
    {
        Name = Kit.Bank,
        Currency = Currency.Create("EUR", 2),
        Exponents = [0, 2],
        MinExpirySeconds = 5,
        MaxExpirySeconds = 600,
        DisputeWindowSeconds = 30,
    };

    /// <summary>What goes out of the bank, as a customer or a shop reaches it; a byzantine world puts another one
    /// here.</summary>
    public Func<IBank, IBank> BankMask { get; set; } = bank => bank;

    public Func<IArchive, IArchive> ArchiveMask { get; set; } = archive => archive;

    public Func<IMerchant, IMerchant> ShopMask { get; set; } = shop => shop;

    public Func<int, IWitness, IWitness> WitnessMask { get; set; } = (_, witness) => witness;

    public Kit Kit => kit;

    public Signed<PartyCard> BankCard => bankCard ??= Signed<PartyCard>.Sign(kit.BankKey, new PartyCard(
        Roles.Bank, Kit.Bank, kit.BankKey.PublicKey.Spki, [], UnixTime.FromSeconds(1),
        Bank: BankOptions.Terms([kit.Policy])));

    public Signed<PartyCard> ShopCard => shopCard ??= Signed<PartyCard>.Sign(kit.ShopKey, new PartyCard(
        Roles.Merchant, Kit.Shop, kit.ShopKey.PublicKey.Spki, [], UnixTime.FromSeconds(1), Merchant: shop.Terms));

    public PartyAddress ShopAddress => shopAddress;

    public IShopDesk Desk => shop.Desk;

    public IBank BankFor(Node from) => new BankWire(Net, from, bankNode, () => BankMask(bank));

    public IArchive ArchiveFor(Node from) => new ArchiveWire(Net, from, archiveNode, () => ArchiveMask(archive));

    public IMerchant ShopFor(Node from) => new MerchantWire(Net, from, shopNode, () => ShopMask(shop));

    public Protocol.Acquirer.IAcquirer AcquirerFor(Node from) =>
        new AcquirerWire(Net, from, acquirerNode, () => acquirer);

    public SimulatedDatabase Open(
        string name, IReadOnlyList<Migration> migrations, Life life, DatabaseOptions? options = null)
    {
        var path = PathOf(name + ".db");
        if (!File.Exists(path))
            Database.Open(path, migrations, new DatabaseOptions { TimeProvider = Loop.Clock }).DisposeAsync()
                .AsTask().GetAwaiter().GetResult();
        return new SimulatedDatabase(
            path, options ?? new DatabaseOptions(), life, Fate, () => Tally.Add(nameof(Fault.DiskFull)));
    }

    private void AddStarts()
    {
        for (var i = 0; i < witnessNodes.Length; i++)
        {
            var index = i;
            witnesses.Add(null!);
            starts.Add(witnessNodes[i], life => StartWitnessAsync(index, life));
        }

        starts.Add(archiveNode, StartArchiveAsync);
        starts.Add(acquirerNode, StartAcquirerAsync);
        starts.Add(bankNode, StartBankAsync);
        starts.Add(shopNode, StartShopAsync);
        foreach (var customer in Customers)
            starts.Add(customer.Node, customer.StartAsync);
    }

    private readonly List<Witness> witnesses = [];

    private async Task StartWitnessAsync(int index, Life life)
    {
        var node = witnessNodes[index];
        witnesses[index] = await Witness.OpenAsync(
            Open($"witness{index}", FollowSchema.Migrations, life),
            ForwardOnly.Open(PathOf($"witness{index}.mark")), kit.LogSigner.Verifier, new LogWire(this, node),
            kit.Cosigner(index, Loop.Clock), new WitnessOptions(), Loop.Clock);
    }

    private async Task StartArchiveAsync(Life life)
    {
        archiveDisk = Open("archive", ArchiveSchema.Migrations, life);
        archive = await Archive.Archive.OpenAsync(
            archiveDisk, ForwardOnly.Open(PathOf("archive.mark")), kit.LogSigner, kit.Policy,
            [.. witnessNodes.Select((node, i) => new WitnessPeer(
                kit.Cosigner(i, Loop.Clock).Verifier,
                new WitnessWire(Net, archiveNode, node, () => WitnessMask(i, witnesses[i]))))],
            new ArchiveOptions
            {
                Banks = [new AdmittedBank(Kit.Bank, kit.BankKey.PublicKey.Thumbprint)],
                CosignRetry = fast,
                QuorumWait = TimeSpan.FromSeconds(1),
                WitnessTimeout = TimeSpan.FromSeconds(3),
            },
            Loop.Clock);
        Keep(archive.RunAsync(CancellationToken.None), life, archiveNode);
    }

    private Task StartAcquirerAsync(Life life)
    {
        acquirer = new Acquirer.Acquirer(
            new AcquirerOptions
            {
                Name = Kit.Acquirer,
                Banks = [new ServedBank(Kit.Bank, "EUR", kit.BankKey.PublicKey)],
            },
            Open("acquirer", AcquirerSchema.Migrations, life), kit.AcquirerKey, Sealing(), Loop.Clock);
        return Task.CompletedTask;
    }

    private async Task StartBankAsync(Life life)
    {
        bankBooks = await BankDatabase.OpenAsync(
            options =>
            {
                bankDisk = Open("bank", BankSchema.Migrations, life, options);
                bankDisk.IsLying = IsBankDiskLying;
                return bankDisk;
            },
            new DatabaseOptions(),
            ForwardOnly.Open(PathOf("bank.mark")));
        bank = await Bank.Bank.OpenAsync(
            BankOptions, bankBooks, kit.BankKey, denominationKeys,
            new BankParties(
                [new BankArchive(kit.Policy, ArchiveFor(bankNode))],
                new BankAcquirer(kit.AcquirerKey.PublicKey, AcquirerFor(bankNode)), []),
            Loop.Clock);
        Keep(bank.RunAsync(CancellationToken.None), life, bankNode);
    }

    private async Task StartShopAsync(Life life)
    {
        shop = await Merchant.Merchant.OpenAsync(
            new MerchantOptions
            {
                Name = Kit.Shop,
                Bank = Kit.Bank,
                Currency = BankOptions.Currency,
                Payee = "sandbox:shop",
                GoodsDirectory = PathOf("goods"),
                LifetimeSeconds = LifetimeSeconds,
                MaxLifetimeSeconds = LifetimeSeconds,
                PayMarginSeconds = 5,
                GraceSeconds = GraceSeconds,
                SlowestBytesPerSecond = 1L << 40,
                SessionSeconds = LifetimeSeconds,
                SessionMarginSeconds = 15,
                MaxRetrySeconds = 20,
            },
            shopDisk = Open("shop", MerchantSchema.Migrations, life),
            new MerchantKeys(kit.ShopKey, kit.AccountKey, Sealing(), kit.BankKey.PublicKey), BankFor(shopNode),
            [new MerchantArchive(kit.Policy, ArchiveFor(shopNode))], Loop.Clock);
        Keep(shop.RunAsync(CancellationToken.None), life, shopNode);
    }

    private SealingKey Sealing() => SealingKey.OpenOrCreate(PathOf("sealing.key"));

    // A loop that ends takes its process with it, as the executable does.
    private void Keep(Task running, Life life, Node node)
    {
        _ = WatchAsync();

        async Task WatchAsync()
        {
            try
            {
                await running;
            }
            catch (Exception failed)
            {
                if (life.IsOver)
                    return;
                if (failed is StorageException { Failure: StorageFailure.Retryable })
                    Tally.Add("ended itself");
                else
                    Bug ??= failed;
            }

            life.End();
        }
    }

    // Reading the log is not worth a fault of its own: a witness that cannot read cosigns nothing.
    private sealed class LogWire(SimulatedWorld world, Node reader) : ILog
    {
        public Task<string> CheckpointAsync(CancellationToken cancellation) => world.archiveNode.IsUp
            ? world.archive.CheckpointAsync(cancellation)
            : throw new PartyUnreachableException($"{reader.Name} cannot read the log.");

        public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation) => world.archiveNode.IsUp
            ? world.archive.ReadAsync(path, cancellation)
            : throw new PartyUnreachableException($"{reader.Name} cannot read the log.");
    }
}
