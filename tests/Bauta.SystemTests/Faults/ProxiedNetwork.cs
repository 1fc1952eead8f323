using System.Text.Json.Nodes;
using Bauta.SystemTests.Banks;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// A real network in which every party calls every other one through a proxy. The parties are told so by nothing but
/// the addresses in their party files; keys, names and policies stay.
/// </summary>
internal sealed class ProxiedNetwork : IDisposable
{
    /// <summary>Comes on the customer's behalf: the wallet, or the second mask.</summary>
    public const string Customer = "customer";

    /// <summary>How long a purchase is open.</summary>
    public const int LifetimeSeconds = 8;

    /// <summary>How long after that the shop keeps what nobody paid for, and everything must be over.</summary>
    public const int GraceSeconds = 5;

    private static readonly Link[] links =
    [
        new(Customer, "bank"), new(Customer, "archive"), new(Customer, "merchant"), new(Customer, "acquirer"),
        new(Customer, "mask-1"), new("mask-1", "mask-2"), new("merchant", "bank"), new("merchant", "archive"),
        new("bank", "archive"), new("bank", "acquirer"), new("archive", "witness-1"), new("archive", "witness-2"),
        new("witness-1", "archive"), new("witness-2", "archive"),
    ];

    private readonly Dictionary<Link, LinkProxy> proxies = [];

    private ProxiedNetwork(RealNetwork network, Meddler meddler) => (Parties, Meddler) = (network, meddler);

    public RealNetwork Parties { get; }

    public Meddler Meddler { get; }

    /// <summary>All that a network with short purchases needs; every role runs.</summary>
    public static async Task<ProxiedNetwork> StartAsync(int seed)
    {
        var network = await RealNetwork.MakeAsync();
        network.Set("merchant", "lifetimeSeconds", $"{LifetimeSeconds}");
        network.Set("merchant", "graceSeconds", $"{GraceSeconds}");
        network.Set("merchant", "payMarginSeconds", "1");
        network.Set("bank", "minExpirySeconds", "1");
        network.Set("bank", "disputeWindowSeconds", "1");
        var proxied = new ProxiedNetwork(network, new Meddler(seed));
        try
        {
            foreach (var link in links)
                proxied.proxies[link] = new LinkProxy(link, proxied.PortOf(link.To), proxied.Meddler);
            foreach (var link in links.Where(link => link.From != Customer))
                proxied.Rewire(link);
            await network.StartMissingAsync();
            return proxied;
        }
        catch
        {
            proxied.Dispose();
            throw;
        }
    }

    /// <summary>What a wallet is told that knows only the proxies.</summary>
    public string NetworkFile => Path.Combine(Parties.Folder, "network-proxied.json");

    /// <summary>Where a link begins.</summary>
    public Uri OriginOf(Link link) => new(proxies[link].Origin + "/");

    /// <summary>A wallet that knows only the proxies; the verbs work on it from here on.</summary>
    public async Task MakeWalletAsync(string folder)
    {
        var path = NetworkFile;
        var text = await File.ReadAllTextAsync(Path.Combine(Parties.Folder, "network.json"));
        foreach (var (link, proxy) in proxies.Where(pair => pair.Key.From == Customer))
            text = text.Replace(UrlOf(link.To) + "#", proxy.Origin + "#", StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, text);
        Parties.Wallet = folder;
        var made = await Parties.WalletAsync("init", "--network", path, "--password-rounds", "1");
        if (made.ExitCode != 0)
            throw new InvalidOperationException(made.Errors);
    }

    /// <summary>Two banks more run from here on, between which the customer alone carries messages, through proxies.
    /// </summary>
    public async Task StartBanksAsync()
    {
        var links = new[] { BankPair.Issuer, BankPair.Locker }.Select(role => new Link(Customer, role)).ToArray();
        if (!proxies.ContainsKey(links[0]))
        {
            await BankPair.AddAsync(Parties);
            foreach (var link in links)
                proxies[link] = new LinkProxy(link, PortOf(link.To), Meddler);
            Parties.Kill("archive");
            Parties.Kill("acquirer");
            await Parties.StartMissingAsync();
        }

        var missing = links.Select(link => link.To).Where(role => !Parties.IsRunning(role)).ToArray();
        if (missing.Length > 0)
            await Parties.StartAsync(missing);
    }

    /// <summary>Most tests leave them out.</summary>
    public void StopBanks()
    {
        Parties.Kill(BankPair.Issuer);
        Parties.Kill(BankPair.Locker);
    }

    /// <summary>A wallet that knows only the proxies, with tokens of the one bank that are locked at the other.
    /// </summary>
    public Task MakeBanksWalletAsync(string folder)
    {
        return BankPair.MakeWalletAsync(
            Parties, NetworkFile, folder, Proxied(BankPair.Issuer), Proxied(BankPair.Locker));

        string Proxied(string role) => Parties.AddressOf(role).Replace(
            UrlOf(role), proxies[new Link(Customer, role)].Origin, StringComparison.Ordinal);
    }

    /// <summary>No more faults, and what was held back arrives.</summary>
    public async Task CalmAsync()
    {
        Meddler.Calm();
        foreach (var proxy in proxies.Values)
            await proxy.ReleaseAsync();
    }

    public void Dispose()
    {
        foreach (var proxy in proxies.Values)
            proxy.Dispose();
        Parties.Dispose();
    }

    private void Rewire(Link link)
    {
        var kind = RealNetwork.KindOf(link.To);
        var name = $"{link.To}-proxied.party.json";
        var folder = Path.Combine(Parties.Folder, link.From);
        var file = JsonNode.Parse(File.ReadAllText(PartyFileOf(link.To)))!;
        file["url"] = proxies[link].Origin;
        File.WriteAllText(Path.Combine(folder, name), file.ToJsonString());
        Replace(link.From, $"../{link.To}/{kind}.party.json", name);
        // The second mask forwards for the customer, to the proxies and to nowhere else.
        foreach (var (target, proxy) in proxies.Where(pair => pair.Key.From == Customer))
            if (link.To == "mask-2")
                Replace("mask-2", $"\"{UrlOf(target.To)}\"", $"\"{proxy.Origin}\"");
    }

    private void Replace(string role, string old, string text)
    {
        var path = Parties.ConfigOf(role);
        File.WriteAllText(path, File.ReadAllText(path).Replace(old, text, StringComparison.Ordinal));
    }

    private int PortOf(string role) => new Uri(UrlOf(role)).Port;

    private string UrlOf(string role) => (string)JsonNode.Parse(File.ReadAllText(PartyFileOf(role)))!["url"]!;

    private string PartyFileOf(string role) =>
        Path.Combine(Parties.Folder, role, $"{RealNetwork.KindOf(role)}.party.json");
}
