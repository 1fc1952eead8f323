using Bauta.Bank.Inspect;
using System.Globalization;
using System.Net.NetworkInformation;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Host.Config;
using Bauta.Host.Demo;
using Bauta.Host.Roles;
using Bauta.Host.ShopVerbs;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Network;

namespace Bauta.Host.Bench;

/// <summary>
/// The demo's network with each role in a process of its own, all on the servers' core, on one of the two databases.
/// The load generator holds the operators' keys, so that it can fund reserves and make lock notes by itself.
/// </summary>
internal sealed class BenchNetwork : IDisposable
{
    private const int PortsOfOne = 20;
    private const int FirstPort = 17_400;
    private const int LastPort = 30_000;
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(2);

    private readonly DemoPlaces places;
    private readonly BenchPostgres? postgres;
    private readonly List<ServerProcess> servers = [];
    private readonly List<IDisposable> owned = [];
    private readonly NetworkFile file;
    private readonly TrafficMeter meter = new();
    private readonly TrafficMeter maskedMeter = new();

    private BenchNetwork(DemoPlaces places, BenchPostgres? postgres)
    {
        (this.places, this.postgres) = (places, postgres);
        file = NetworkFile.TryParse(File.ReadAllBytes(places.NetworkPath), out var read)
            ? read
            : throw new InvalidDataException("The network file of the bench cannot be read.");
        Direct = new HttpNetwork(file, MaskRoute.Direct, TimeProvider.System, meter);
        Masked = new HttpNetwork(file, file.RouteAt(0), TimeProvider.System, maskedMeter);
        Shop = PartyAddress.Parse(file.Shops.Values.Single());
        BankKey = KeyOf(PartyRoles.Bank, RoleKeys.Identity);
        AcquirerKey = KeyOf(PartyRoles.Acquirer, RoleKeys.Identity);
        using var account = RoleKeys.OpenSigner(ConfigOf(PartyRoles.Merchant).KeyPath(RoleKeys.Account));
        Account = AccountId.Of(account.PublicKey);
        owned.AddRange([Direct, Masked]);
    }

    public HttpNetwork Direct { get; }

    public HttpNetwork Masked { get; }

    public PartyAddress Shop { get; }

    public AccountId Account { get; }

    public ISigner BankKey { get; }

    public ISigner AcquirerKey { get; }

    public string BankName => ConfigOf(PartyRoles.Bank).Name;

    public string NetworkPath => places.NetworkPath;

    public string ShopConfigPath => places.ShopConfigPath;

    public PolicyId Archive => Direct.Policy.Id;

    public IReadOnlyList<ServerProcess> Servers => servers;

    /// <summary>The names of the databases that a network on PostgreSQL needs.</summary>
    public static IEnumerable<string> Places =>
        ["witness-1", "witness-2", "archive", "acquirer", "bank", "merchant"];

    /// <summary>Makes the roles' folders and starts them.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="cores">Which cores the servers have.</param>
    /// <param name="postgres">The database server, if there is one.</param>
    /// <param name="maxExponent">The largest denomination, and the most that a session costs, is two to this.</param>
    /// <param name="site">What the shop sells by the request for a cent, if it does.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<BenchNetwork> StartAsync(
        string folder, Cores cores, BenchPostgres? postgres, int maxExponent, BenchSite? site,
        CancellationToken cancellation)
    {
        var shape = new NetworkShape
        {
            MaxExponent = maxExponent,
            Database = place => postgres?.ConnectionOf(place),
        };
        var network = new BenchNetwork(
            DemoPlaces.Prepare(folder, FreePorts(), TimeProvider.System, shape), postgres);
        try
        {
            await network.StartAsync(cores, site is null ? null :
                ["--upstream", site.Address.ToString(), "--price", "0.01", "--limit", Cents(1L << maxExponent)],
                cancellation);
            await network.WaitForDenominationsAsync(maxExponent + 1, cancellation);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>A port that nobody listens on, with nineteen more above it.</summary>
    public static int FreePorts()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners()
            .Select(listener => listener.Port).ToHashSet();
        for (var port = FirstPort; port < LastPort; port += PortsOfOne)
            if (!Enumerable.Range(port, PortsOfOne).Any(taken.Contains))
                return port;
        throw new HostException(ExitCode.Unexpected, "No twenty free ports in a row were found.");
    }

    public HttpNetwork Way(bool isMasked) => isMasked ? Masked : Direct;

    /// <summary>What all customers sent and got so far.</summary>
    public Traffic Traffic()
    {
        var (direct, masked) = (meter.SoFar, maskedMeter.SoFar);
        return new Traffic(direct.Messages + masked.Messages, direct.Bytes + masked.Bytes);
    }

    /// <summary>What the shop sells by the item.</summary>
    public async Task<OfferTerms> SessionOfferAsync(CancellationToken cancellation)
    {
        OfferTerms? offer;
        OfferId? after = null;
        do
        {
            var page = await Direct.Merchant(Shop).OffersAsync(after, cancellation);
            (offer, after) = (page.Offers.FirstOrDefault(one => one.Tariff is not null), page.Next);
        }
        while (offer is null && after is not null);
        return offer ?? throw new HostException(ExitCode.NotFound, "The bench's shop sells nothing by the item.");
    }

    /// <summary>Processor time of all roles and of the database server.</summary>
    public TimeSpan Cpu() => servers.Aggregate(postgres?.Cpu ?? TimeSpan.Zero, (sum, server) => sum + server.Cpu);

    /// <summary>Processor time of one role, and of the whole database server.</summary>
    public TimeSpan CpuOf(string role) => Server(role).Cpu + (postgres?.Cpu ?? TimeSpan.Zero);

    public ServerProcess Server(string role) => servers.Single(server => server.Name == role);

    public ShopDeskClient Desk() => MerchantRole.ConnectDesk((MerchantConfig)ConfigOf(PartyRoles.Merchant));

    public Task<OfferTerms> OfferAsync(FileInfo goods, long price, CancellationToken cancellation) =>
        Selling.OfferAsync(Desk(), goods, Amount.FromMinorUnits(price), null, "Sold by the bench.", null, cancellation);

    /// <summary>The denomination of so many cents; everything but a session is paid with single ones.</summary>
    public async Task<Denomination> DenominationAsync(long cents, CancellationToken cancellation) =>
        (await Direct.Bank.DenominationsAsync(cancellation)).Denominations.Select(one => one.Key.Content)
            .First(one => one.Value == Amount.FromMinorUnits(cents));

    /// <summary>What the bank holds for the merchant.</summary>
    public async Task<long> BalanceAsync(CancellationToken cancellation) =>
        OpenShop.ValueOf(await Desk().AccountAsync(cancellation)).Balance.MinorUnits;

    /// <summary>Stops the bank and counts every row of its database against its totals.</summary>
    public async Task<BankTotals> AuditAsync(CancellationToken cancellation)
    {
        Server(PartyRoles.Bank).Dispose();
        await using var database = await BankDatabase.OpenAsync(((BankConfig)ConfigOf(PartyRoles.Bank)).Connection);
        return await BankAudit.TotalsAsync(database, cancellation);
    }

    public void Dispose()
    {
        foreach (var server in servers)
            server.Dispose();
        foreach (var item in owned)
            item.Dispose();
    }

    private static string Cents(long cents) =>
        string.Create(CultureInfo.InvariantCulture, $"{cents / 100}.{cents % 100:00}");

    private async Task StartAsync(Cores cores, string[]? sold, CancellationToken cancellation)
    {
        using var sockets = PartyTransport.NewSockets();
        using var http = new HttpClient(sockets, disposeHandler: false);
        foreach (var config in places.Configs)
        {
            var path = Path.Combine(config.Folder, $"{config.Role}.json");
            string[] verb = sold is not null && config.Role == PartyRoles.Merchant
                ? ["pay-proxy", "--config", path, .. sold]
                : ["serve", config.Role, "--config", path];
            var server = ServerProcess.Start(Path.GetFileName(config.Folder), cores.Servers, verb);
            servers.Add(server);
            await server.WaitUntilHealthyAsync(http, new Uri($"http://{config.Listen}"), cancellation);
        }
    }

    private async Task WaitForDenominationsAsync(int count, CancellationToken cancellation)
    {
        for (var start = TimeProvider.System.GetTimestamp(); ; await Task.Delay(100, cancellation))
        {
            var list = await Direct.Bank.DenominationsAsync(cancellation);
            if (list.Denominations.Count >= count && (await Desk().AccountAsync(cancellation)).IsOk)
                return;
            if (TimeProvider.System.GetElapsedTime(start) > patience)
                throw new HostException(ExitCode.StillOpen, "The bench's network was not ready in time.");
        }
    }

    private P256PrivateKey KeyOf(string role, string name)
    {
        var key = RoleKeys.OpenSigner(ConfigOf(role).KeyPath(name));
        owned.Add(key);
        return key;
    }

    private RoleConfig ConfigOf(string role) => places.Configs.First(config => config.Role == role);
}
