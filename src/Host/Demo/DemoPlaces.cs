using Bauta.Host.Config;
using Bauta.Host.Init;
using Bauta.Storage;
using Bauta.Wallet.Network;

namespace Bauta.Host.Demo;

/// <summary>
/// The folder of a demo network: for each role a folder with its own keys, configuration and database, then the network
/// file and the wallet. Made on the first run, used again by every later one.
/// </summary>
internal sealed class DemoPlaces
{
    public const int DefaultPortBase = 7300;

    private const long DisputeWindowSeconds = 10;

    // There is one customer, so that holding what he sends would hide him among nobody and only take time.
    private const int BatchMilliseconds = 0;

    private const string Loopback = "127.0.0.1";

    /// <summary>The name of the mask that customers call.</summary>
    public const string FirstMask = "mask-1.demo";

    private readonly int portBase;
    private readonly NetworkShape shape;

    private DemoPlaces(string folder, int portBase, NetworkShape shape) =>
        (Folder, this.portBase, this.shape) = (folder, portBase, shape);

    public string Folder { get; }

    public string NetworkPath => Path.Combine(Folder, "network.json");

    public string WalletFolder => Path.Combine(Folder, "wallet");

    public string PasswordPath => Path.Combine(Folder, "wallet.password");

    public string PhrasePath => Path.Combine(Folder, "wallet.phrase");

    public string ShopConfigPath => ConfigPath("merchant", PartyRoles.Merchant);

    /// <summary>How many denominations the bank will list.</summary>
    public static int DenominationCount => new NetworkShape().MaxExponent + 1;

    /// <summary>All roles in an order in which each finds what it needs.</summary>
    public IReadOnlyList<RoleConfig> Configs =>
    [
        Config("witness-1", PartyRoles.Witness),
        Config("witness-2", PartyRoles.Witness),
        Config("archive", PartyRoles.Archive),
        Config("acquirer", PartyRoles.Acquirer),
        Config("bank", PartyRoles.Bank),
        Config("merchant", PartyRoles.Merchant),
        Config("mask-2", PartyRoles.Mask),
        Config("mask-1", PartyRoles.Mask),
    ];

    /// <summary>Makes what is missing.</summary>
    /// <exception cref="HostException">The folder holds a network on other ports.</exception>
    public static DemoPlaces Prepare(string folder, int? portBase, TimeProvider time, NetworkShape? shape = null)
    {
        var full = Path.GetFullPath(folder);
        var kept = KeptPortBase(full);
        if (kept is not null && portBase is not null && kept != portBase)
            throw new HostException(ExitCode.Exists,
                $"The network in {full} has the ports from {kept} on. Leave --port-base out, or use another --data.");
        var places = new DemoPlaces(full, kept ?? portBase ?? DefaultPortBase, shape ?? new NetworkShape());
        DurableFile.CreateDirectory(full);
        places.MakeRoles(time);
        DurableFile.Write(places.NetworkPath, places.Network().ToBytes());
        return places;
    }

    private void MakeRoles(TimeProvider time)
    {
        const string archive = "../archive/archive.party.json";
        const string bank = "../bank/bank.party.json";
        Make("witness-1", PartyRoles.Witness, 5, time, role => role with { Archive = archive });
        Make("witness-2", PartyRoles.Witness, 6, time, role => role with { Archive = archive });
        Make("archive", PartyRoles.Archive, 4, time, role => role with
        {
            Witnesses = ["../witness-1/witness.party.json", "../witness-2/witness.party.json"],
            Quorum = 2,
            Bank = bank,
        });
        Make("acquirer", PartyRoles.Acquirer, 7, time, role => role with { Bank = bank });
        Make("bank", PartyRoles.Bank, 3, time, role => role with
        {
            Archive = archive,
            Acquirer = "../acquirer/acquirer.party.json",
            MaxExponent = shape.MaxExponent,
            DisputeWindowSeconds = DisputeWindowSeconds,
        });
        Make("merchant", PartyRoles.Merchant, 8, time, role => role with
        {
            Name = "shop.demo",
            Bank = bank,
            Archive = archive,
            Payee = "sandbox:shop.demo",
            Desk = $"http://{Loopback}:{portBase + 9}",
        });
        Make("mask-2", PartyRoles.Mask, 2, time, role => role with
        {
            Targets = [Origin(3), Origin(4), Origin(7), Origin(8)],
            BatchMilliseconds = BatchMilliseconds,
        });
        Make("mask-1", PartyRoles.Mask, 1, time, role => role with
        {
            Next = "../mask-2/mask.party.json",
            BatchMilliseconds = BatchMilliseconds,
        });
    }

    private void Make(string place, string role, int port, TimeProvider time, Func<NewRole, NewRole> more)
    {
        if (!File.Exists(ConfigPath(place, role)))
            RoleInit.Create(
                more(new NewRole
                {
                    Role = role,
                    ConfigPath = ConfigPath(place, role),
                    Name = $"{place}.demo",
                    Url = new Uri(Origin(port)),
                    Database = shape.Database(place),
                    UnlimitedSources = [Loopback],
                }),
                time);
    }

    private NetworkFile Network()
    {
        var shop = Party("merchant", PartyRoles.Merchant);
        return new NewNetwork(
            Party("bank", PartyRoles.Bank), Party("acquirer", PartyRoles.Acquirer),
            Party("archive", PartyRoles.Archive))
        {
            Routes = [[Party("mask-1", PartyRoles.Mask), Party("mask-2", PartyRoles.Mask)]],
            Shops = new Dictionary<string, PartyFile> { [shop.Name] = shop },
        }.ToFile();
    }

    private string Origin(int port) => $"http://{Loopback}:{portBase + port}";

    private string ConfigPath(string place, string role) => Path.Combine(Folder, place, $"{role}.json");

    private RoleConfig Config(string place, string role) => ConfigFile.Read(role, ConfigPath(place, role));

    private PartyFile Party(string place, string role) => PartyFile.Read(
        Path.Combine(Folder, place, NewRole.PartyFileOf(role)), role);

    private static int? KeptPortBase(string folder)
    {
        var bank = Path.Combine(folder, "bank", NewRole.PartyFileOf(PartyRoles.Bank));
        return File.Exists(bank) ? new Uri(PartyFile.Read(bank, PartyRoles.Bank).Url).Port - 3 : null;
    }
}

/// <summary>How a network differs from the demo's.</summary>
internal sealed record NetworkShape
{
    /// <summary>One denomination of 2^e for each e up to here. Keys take time to make, so a demo has few: together
    /// 81.91 EUR in one token of each kind.</summary>
    public int MaxExponent { get; init; } = 12;

    /// <summary>The connection of a place; null for a file of its own.</summary>
    public Func<string, string?> Database { get; init; } = _ => null;
}
