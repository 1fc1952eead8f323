using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Verbs;

/// <summary>A demo network that stays up for the transcripts of one class.</summary>
public sealed class DemoFixture : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private Process? demo;

    public string NetworkFile => folder.Path("network", "network.json");

    public string ShopConfig => folder.Path("network", "merchant", "merchant.json");

    internal TemporaryFolder Files => folder;

    public async ValueTask InitializeAsync()
    {
        demo = RealNetwork.Launch(
            "demo", "--json", "--data", folder.Path("network"), "--port-base", $"{RealNetwork.FreePortBase()}");
        _ = demo.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Limits.Demo);
        var line = await demo.StandardOutput.ReadLineAsync(timeout.Token);
        Assert.True((bool)JsonNode.Parse(line!)!["matches"]!);
    }

    public ValueTask DisposeAsync()
    {
        demo?.Kill();
        demo?.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A `bauta wallet` verb on a wallet of its own, through the masks.</summary>
    internal Task<Said> WalletAsync(string wallet, params string[] arguments) => RealNetwork.BautaAsync(
        Limits.Verb,
        [
            "wallet", .. arguments, "--wallet", folder.Path(wallet), "--password-file", PasswordFile(), "--json",
        ]);

    internal Task<Said> ShopAsync(params string[] arguments) => RealNetwork.BautaAsync(
        Limits.Verb, ["shop", .. arguments, "--config", ShopConfig, "--json"]);

    internal string PasswordFile() => folder.Write("password", "correct horse battery staple\n");
}
