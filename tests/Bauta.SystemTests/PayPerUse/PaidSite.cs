using System.Text.Json.Nodes;
using Bauta.SystemTests.Faults;
using Xunit;

namespace Bauta.SystemTests.PayPerUse;

/// <summary>A site, `bauta pay-proxy` in front of it as the network's shop, both masks, and a wallet with
/// money.</summary>
public sealed class PaidSite : IAsyncLifetime
{
    public const long Price = 3;

    private RealNetwork? network;
    private int fetched;
    private long held = 1000;

    internal Upstream Site { get; } = new();

    internal RealNetwork Network => network ?? throw new InvalidOperationException("The network does not run.");

    /// <summary>Where the site is sold.</summary>
    internal string Origin => (string)Network.PartyFile("merchant")["url"]!;

    public async ValueTask InitializeAsync()
    {
        network = await RealNetwork.PrepareAsync(isMasked: true);
        await network.StartAsync([.. RealNetwork.Roles.Where(role => role != "merchant"), .. RealNetwork.Masks]);
        await StartProxyAsync();
        network.Wallet = "reader";
        await OkAsync("init", "--network", Path.Combine(network.Folder, "network.json"), "--password-rounds", "1");
        await Books.FundAsync(network, held);
    }

    public ValueTask DisposeAsync()
    {
        network?.Dispose();
        Site.Dispose();
        return ValueTask.CompletedTask;
    }

    internal Task StartProxyAsync() =>
        Network.StartPayProxyAsync("--upstream", Site.Origin, "--price", $"0.{Price:00}");

    /// <summary>Since this was last asked, the wallet spent exactly so much, and nothing of it is set aside.</summary>
    internal async Task SpentAsync(long spent)
    {
        var balance = await OkAsync("balance");
        var before = held;
        held = (long)balance["spendable"]! + (long)balance["toRefresh"]! + (long)balance["inReserves"]!;
        Assert.Equal((before - spent, 0), (held, (long)balance["setAside"]!));
    }

    internal long Locks() => LiveRows.Number(Network, "bank", "SELECT COUNT(*) FROM locks");

    /// <summary>Fetches one page with success.</summary>
    internal async Task<(string Text, JsonNode Said)> FetchAsync(string path, params string[] more)
    {
        var file = Path.Combine(Network.Folder, $"page-{fetched++}");
        var said = await Network.FetchAsync([Origin + path, "--out", file, .. more]);
        Assert.True(said.ExitCode == 0, $"{path}: {said.ExitCode} {said.Errors}");
        return (await File.ReadAllTextAsync(file), said.Json);
    }

    private async Task<JsonNode> OkAsync(params string[] verb)
    {
        var said = await Network.WalletAsync(verb);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', verb)}: {said.Errors}");
        return said.Json;
    }
}
