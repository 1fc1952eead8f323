using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Simulation.Disk;
using Bauta.Simulation.Network;
using Bauta.Storage;
using Bauta.Wallet;
using Bauta.Wallet.Network;
using Bauta.Wallet.Recovery;
using CustomerWallet = Bauta.Wallet.Wallet;

namespace Bauta.Simulation.World;

/// <summary>A customer with a real wallet, who starts it again whenever it dies and goes on buying.</summary>
internal sealed class Customer : INetwork
{
    private const string Password = "password";

    private readonly SimulatedWorld world;
    private readonly string folder;

    public Customer(SimulatedWorld world, int number)
    {
        (this.world, Number) = (world, number);
        Node = new Node($"customer {number}");
        folder = world.PathOf($"customer{number}");
        Bank = world.BankFor(Node);
        Archive = world.ArchiveFor(Node);
        Shop = world.ShopFor(Node);
        Acquirer = world.AcquirerFor(Node);
    }

    public int Number { get; }

    public Node Node { get; }

    public CustomerWallet Wallet { get; private set; } = null!;

    public IBank Bank { get; }

    public IArchive Archive { get; }

    public IMerchant Shop { get; }

    public IAcquirer Acquirer { get; }

    public ArchivePolicy Policy => world.Kit.Policy;

    /// <summary>What it does while its wallet runs; begins anew with each start.</summary>
    public Func<Customer, Task>? Habit { get; set; }

    /// <summary>How many purchases were begun.</summary>
    public int Begun { get; set; }

    public Task<Signed<PartyCard>> BankCardAsync(CancellationToken cancellation) => Task.FromResult(world.BankCard);

    public Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation) =>
        Task.FromResult(world.ShopCard);

    public IMerchant Merchant(PartyAddress shop) => Shop;

    public string FileFor(int purchase) => Path.Combine(folder, "out", $"{purchase}.bin");

    /// <summary>Begins with a copy of another one's wallet.</summary>
    public void Clone(Customer other)
    {
        Directory.Delete(folder, recursive: true);
        Template.Copy(other.folder, folder);
    }

    /// <summary>Makes the wallet's file. The product's own storage does that, with a thread of its own.</summary>
    public void CreateWallet() => WalletStore.CreateAsync(
        folder, Password, RecoveryPhrase.Generate(), world.Loop.Clock, rounds: 1).GetAwaiter().GetResult()
        .DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async Task StartAsync(Life life)
    {
        var database = world.Open(Path.Combine($"customer{Number}", "wallet"), WalletSchema.Migrations, life);
        Wallet = new CustomerWallet(await WalletStore.OpenAsync(database, folder, Password), this, world.Loop.Clock)
        {
            MaxPause = TimeSpan.Zero,
        };
        if (Habit is not null)
            world.Loop.After(1, () => _ = LiveAsync(life));
    }

    /// <summary>Takes part in what the wallet calls failures: another party, or a rule, refused.</summary>
    /// <returns>Whether it did not fail.</returns>
    public static async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (Exception failed) when (failed is PartyUnreachableException or WalletException
            or ProtocolViolationException or StorageException { Failure: StorageFailure.Retryable })
        {
            return false;
        }
    }

    /// <summary>Goes on with what was cut off.</summary>
    /// <returns>Whether nothing is open any more.</returns>
    public async Task<bool> ResumeAsync()
    {
        IReadOnlyList<string> open = [];
        return await TryAsync(async () => open = await Wallet.ResumeAsync(null, CancellationToken.None))
            && open.Count == 0
            && (await Wallet.Store.PurchasesAsync(onlyOpen: true, CancellationToken.None)).Count == 0;
    }

    private async Task LiveAsync(Life life)
    {
        try
        {
            if (!life.IsOver)
                await Habit!(this);
        }
        catch (Exception bug) when (!life.IsOver)
        {
            world.Report(bug);
        }
    }
}
