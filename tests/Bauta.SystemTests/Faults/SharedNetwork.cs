using Bauta.SystemTests.Faults;

[assembly: Xunit.AssemblyFixture(typeof(SharedNetwork))]

namespace Bauta.SystemTests.Faults;

/// <summary>
/// One proxied network for all tests that break something, since it takes longer to make than most of them take. Each
/// test has a wallet of its own, and finds every role running and every link calm.
/// </summary>
public sealed class SharedNetwork : IDisposable
{
    private ProxiedNetwork? network;

    /// <summary>Chooses what a sample is made of; told in every failure.</summary>
    internal static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("BAUTA_SEED"), out var asked) ? asked : 20_260;

    internal async Task<ProxiedNetwork> UseAsync(string wallet)
    {
        network ??= await ProxiedNetwork.StartAsync(Seed);
        await network.CalmAsync();
        network.Parties.IsMasked = false;
        await network.Parties.StartMissingAsync();
        await network.MakeWalletAsync(wallet);
        return network;
    }

    public void Dispose() => network?.Dispose();
}
