using Bauta.Acquirer;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Simulation.World;

/// <summary>
/// A world on its first morning: the bank's keys stand in the log, the shop has goods, each customer has tokens for all
/// that it will buy. Every seed begins with a copy of its disks.
/// </summary>
internal sealed class Template : IDisposable
{
    private const ulong Seed = 1;

    private static readonly long[] prices = [1, 4, 5, 3];

    private readonly string root;

    private Template(string root, int customers, int purchases) =>
        (this.root, Plan, Purchases, Kit) =
        (root, null!, purchases, Kit.Make(SimulatedWorld.BankOptions.Exponents.Count));

    public Kit Kit { get; }

    /// <summary>The world that the disks were taken from.</summary>
    public WorldPlan Plan { get; private set; }

    /// <summary>How many purchases one world is good for.</summary>
    public int Purchases { get; }

    public IReadOnlyList<OfferTerms> Offers { get; private set; } = [];

    /// <summary>When it was taken, by the world's clock.</summary>
    public long Ms { get; private set; }

    /// <summary>Where disks are fast: in memory, where the machine has such a place.</summary>
    public static string Place { get; } = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    public static Template Make(int customers, int purchases)
    {
        var root = Directory.CreateDirectory(
            Path.Combine(Place, $"bauta-simulation-{Environment.ProcessId}-{Path.GetRandomFileName()}"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var template = new Template(root, customers, purchases);
        template.Plan = new WorldPlan(template.Kit, Path.Combine(root, "template"), customers);
        Directory.CreateDirectory(template.Plan.Folder);
        using var world = new SimulatedWorld(template.Plan, Seed);
        template.Stock(world);
        world.Loop.Run(() => template.PrepareAsync(world));
        if (world.Bug is { } bug)
            throw new InvalidOperationException("The template of all worlds could not be made.", bug);
        world.StopAll();
        template.Ms = world.Loop.Ms;
        return template;
    }

    /// <summary>A world of this seed, not started yet.</summary>
    public SimulatedWorld Open(ulong seed)
    {
        var folder = Path.Combine(root, $"seed-{seed}-{Path.GetRandomFileName()}");
        Copy(Plan.Folder, folder);
        return new SimulatedWorld(Plan with { Folder = folder }, seed, Ms);
    }

    /// <summary>The disks of a world that is over are deleted.</summary>
    public static void Close(SimulatedWorld world)
    {
        world.Dispose();
        Directory.Delete(world.PathOf(""), recursive: true);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    // Files are copied in on other threads, so this happens before the world begins.
    private void Stock(SimulatedWorld world)
    {
        var goods = new Bauta.Merchant.Offers.GoodsStore(world.PathOf("goods"), world.Loop.Clock);
        foreach (var customer in world.Customers)
            customer.CreateWallet();
        for (var i = 0; i < prices.Length; i++)
            stock.Add(goods.AddAsync(new MemoryStream(ContentOf(i)), 1 << 20, CancellationToken.None)
                .GetAwaiter().GetResult()!.ContentHash);
    }

    private readonly List<byte[]> stock = [];

    private static byte[] ContentOf(int offer) => [.. Enumerable.Range(0, 600).Select(i => (byte)((i + offer) & 0xff))];

    private async Task PrepareAsync(SimulatedWorld world)
    {
        await world.StartAllAsync();
        // Its keys are made, and stand in the log.
        while ((await world.BankFor(world.Customers[0].Node).DenominationsAsync(CancellationToken.None))
            .Denominations.Count < SimulatedWorld.BankOptions.Exponents.Count)
            await world.Loop.DelayAsync(200);
        var offers = new List<OfferTerms>();
        for (var i = 0; i < prices.Length; i++)
            offers.Add((await world.Desk.AddOfferAsync(
                new NewOffer(
                    OfferId.Generate(), "Goods", "What is sold.", Amount.FromMinorUnits(prices[i]), $"goods{i}.bin",
                    stock[i]),
                CancellationToken.None)).Value);
        Offers = offers;
        var each = (Purchases + world.Customers.Count - 1) / world.Customers.Count;
        foreach (var customer in world.Customers)
        {
            var sum = Amount.FromMinorUnits((each * 7 / 2) + 20);
            await customer.Wallet.FundAsync(sum, TestCards.Approved, CancellationToken.None);
            await customer.Wallet.WithdrawAsync(sum, CancellationToken.None);
        }
    }

    internal static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.EnumerateDirectories(from))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
