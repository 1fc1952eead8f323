using Xunit;

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
        network.StopBanks();
        network.Parties.IsMasked = false;
        await network.Parties.StartMissingAsync();
        await network.MakeWalletAsync(wallet);
        return network;
    }

    /// <summary>Shuffled by the seed, every group once before any of them twice: so a sample is spread out.</summary>
    internal static T[] Spread<T, TGroup>(IEnumerable<T> all, Func<T, TGroup> groupOf)
    {
        var random = new Random(Seed);
        return [.. all.OrderBy(_ => random.Next()).GroupBy(groupOf)
            .SelectMany(group => group.Select((one, turn) => (turn, one))).OrderBy(pair => pair.turn)
            .Select(pair => pair.one)];
    }

    public void Dispose() => network?.Dispose();
}

/// <summary>The tests that share it, one after the other.</summary>
[CollectionDefinition(nameof(SharedNetwork))]
public sealed class SharedNetworkTests : ICollectionFixture<SharedNetwork>;
