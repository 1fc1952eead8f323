using System.Security.Cryptography;
using System.Text;
using Bauta.Protocol;
using Bauta.Protocol.Relay;
using Bauta.Simulation.Disk;
using Bauta.Simulation.Lies;
using Bauta.Simulation.Network;
using Bauta.Simulation.Time;

namespace Bauta.Simulation.World;

/// <summary>What a world is made of.</summary>
/// <param name="Kit">The keys.</param>
/// <param name="Folder">Its disks.</param>
/// <param name="Customers">How many there are.</param>
internal sealed record WorldPlan(Kit Kit, string Folder, int Customers);

/// <summary>
/// All parties' real rules in one process, on one thread, under one clock. Each party runs at a node; what it sends
/// passes the <see cref="Net"/>, what it keeps lies on a simulated disk, and it may die at any commit.
/// </summary>
internal sealed partial class SimulatedWorld : IDisposable
{
    private readonly Kit kit;
    private readonly string folder;
    private readonly Chance chance;
    private readonly Chance diskChance;
    private readonly Chance keys;
    private readonly Chance? keysBefore;
    private readonly IncrementalHash trace = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Node bankNode = new("bank");
    private readonly Node archiveNode = new("archive");
    private readonly Node shopNode = new("shop");
    private readonly Node acquirerNode = new("acquirer");
    private readonly Node[] witnessNodes;
    private readonly Dictionary<Node, Func<Life, Task>> starts = [];
    private readonly KitKeys denominationKeys;
    private FaultRates rates = FaultRates.None;
    private bool isEnding;

    public SimulatedWorld(WorldPlan plan, ulong seed, long startMs = 0)
    {
        (kit, folder) = (plan.Kit, plan.Folder);
        (chance, diskChance, keys) = (new Chance(seed, 1), new Chance(seed, 2), new Chance(seed, 3));
        keysBefore = SeededKeys.Use(keys);
        Loop = new EventLoop();
        Loop.StartAt(startMs);
        Loop.AfterStep = AfterStep;
        Net = new Net(Loop, new Chance(seed, 4), Tally)
        {
            OnArrival = Arrived,
            OnBreach = Breach,
            OnBug = bug => Bug ??= bug,
        };
        denominationKeys = new KitKeys(kit);
        witnessNodes = [.. Enumerable.Range(0, kit.Witnesses).Select(i => new Node($"witness {i}"))];
        Customers = [.. Enumerable.Range(0, plan.Customers).Select(i => new Customer(this, i))];
        shopAddress = PartyAddress.Create(new Uri("http://shop.example"), kit.ShopKey.PublicKey.Thumbprint);
        AddStarts();
    }

    public EventLoop Loop { get; }

    public Net Net { get; }

    public Tally Tally { get; } = new();

    public IReadOnlyList<Customer> Customers { get; }

    /// <summary>What must not have been, in the order in which it was seen.</summary>
    public List<string> Breaches { get; } = [];

    /// <summary>An exception that no party answers with.</summary>
    public Exception? Bug { get; private set; }

    /// <summary>What happened, in one hash: equal when all messages were, in their order and time.</summary>
    public string Trace => Convert.ToHexStringLower(trace.GetCurrentHash().AsSpan(0, 8));

    public UnixTime Now => UnixTime.Now(Loop.Clock);

    /// <summary>Whether every party runs.</summary>
    public bool IsAllUp => Nodes.All(node => node.IsUp);

    public bool IsAnyLockOpen => openLocks.Count > 0;

    private IEnumerable<Node> Nodes => starts.Keys;

    /// <summary>Starts every party.</summary>
    public async Task StartAllAsync()
    {
        foreach (var node in Nodes)
            await StartAsync(node);
    }

    /// <summary>Whether things go wrong, and liars lie.</summary>
    public bool IsStormy { get; private set; }

    /// <summary>Who lies here, and how.</summary>
    public Lie Liar { get; set; }

    /// <summary>Customers of whom nothing is expected, since they cheat.</summary>
    public HashSet<int> Cheats { get; } = [];

    /// <summary>A broken rule for tests: what the bank's disk acknowledged last is lost when the bank dies.</summary>
    public bool IsBankDiskLying { get; set; }

    /// <summary>From here on things go wrong.</summary>
    public void Unleash(FaultRates with)
    {
        IsStormy = true;
        Net.Rates = rates = with;
    }

    /// <summary>From here on nothing goes wrong any more; who is down comes back.</summary>
    public void Calm()
    {
        IsStormy = false;
        Net.Rates = rates = FaultRates.None;
    }

    /// <summary>Every process stops where it stands.</summary>
    public void StopAll()
    {
        isEnding = true;
        foreach (var node in Nodes)
            node.Life.End();
    }

    public void Breach(string what)
    {
        if (Breaches.Count < 20)
            Breaches.Add($"at {Loop.Ms} ms: {what}");
    }

    /// <summary>Whether the shop has nothing left to do for what it was paid for.</summary>
    public async Task<bool> IsShopDoneAsync() => (await shopDisk.ReadAsync(transaction => transaction.Query(
        "SELECT n FROM payments WHERE state < 3", row => row.GetBytes(0)))).Count == 0;

    public void Report(Exception bug) => Bug ??= bug;

    public string PathOf(string name) => Path.Combine(folder, name);

    public void Dispose()
    {
        StopAll();
        trace.Dispose();
        SeededKeys.Use(keysBefore);
    }

    private async Task StartAsync(Node node)
    {
        var life = new Life();
        node.Life = life;
        life.OnEnd(() => Died(node));
        try
        {
            await starts[node](life);
            node.IsUp = !life.IsOver;
        }
        catch (Exception failed) when (failed is IOException)
        {
            // A process that cannot start ends, and its supervisor tries again.
            Tally.Add("start failed");
            life.End();
        }
        catch (Exception bug)
        {
            Bug ??= bug;
            life.End();
        }
    }

    private void Died(Node node)
    {
        node.IsUp = false;
        if (isEnding)
            return;
        Note($"{Loop.Ms} {node.Name} died");
        Loop.After(chance.Between(50, 4_000), () => _ = StartAsync(node));
    }

    private void Arrived(string what)
    {
        Note(what);
        if (!chance.Happens(rates.Killed))
            return;
        var victim = Nodes.ElementAt(chance.Below(starts.Count));
        if (!victim.IsUp)
            return;
        Tally.Add(nameof(Fault.Killed));
        victim.Life.End();
    }

    private void Note(string what) => trace.AppendData(Encoding.UTF8.GetBytes(what + "\n"));

    private CommitFate Fate()
    {
        var draw = diskChance.Below(1_000_000);
        if (Is(rates.CrashBefore, nameof(Fault.CrashBeforeCommit)))
            return CommitFate.CrashBefore;
        if (Is(rates.CrashAfter, nameof(Fault.CrashAfterCommit)))
            return CommitFate.CrashAfter;
        if (Is(rates.Torn, nameof(Fault.TornCommit)))
            return CommitFate.Torn;
        return Is(rates.Full, null) ? CommitFate.Full : CommitFate.Done;

        bool Is(int rate, string? name)
        {
            var isIt = draw >= 0 && draw < rate;
            draw -= rate;
            if (isIt && name is not null)
                Tally.Add(name);
            return isIt;
        }
    }
}
