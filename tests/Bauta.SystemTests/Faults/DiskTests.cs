using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Disks that are full and disks whose flush fails, under each role and under the wallet, from one moment of a purchase
/// on: the failure is reported, and with a good disk again nothing is lost.
/// </summary>
public sealed class DiskTests(SharedNetwork shared)
{
    private const long Price = 4096;

    private static readonly string[] all = ["bank", "archive", "merchant", "wallet"];

    // In the gate half of them meet each kind of bad disk.
    private static string[] Victims(params string[] sample) => KillPointTests.IsFull ? all : sample;

    [Fact]
    public Task A_flush_that_fails_is_reported_stops_the_role_and_loses_nothing() =>
        UnderEachAsync("broken-disk", Victims("bank", "wallet"), async (network, shop, victim) =>
        {
            var earlier = await BeforePurchaseAsync(network, victim, "fsync,fdatasync");
            var said = await KillPointTests.BuyUnderAsync(
                network, shop, victim, Injection.BrokenDisk(KillPointTests.LogOf(network, victim), earlier + 1));
            // What was written is in doubt, so the process ends rather than go on; the next one reads what is there.
            Assert.True(said.ExitCode == 1, $"{victim}: exit code {said.ExitCode}. {said.Errors}");
            Assert.Contains(victim == "wallet" ? "disk" : "cannot go on safely", said.Errors, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_full_disk_is_reported_and_loses_nothing() =>
        UnderEachAsync("full-disk", Victims("archive", "merchant", "wallet"), async (network, shop, victim) =>
        {
            var earlier = await BeforePurchaseAsync(network, victim, "pwrite64");
            var said = await KillPointTests.BuyUnderAsync(
                network, shop, victim, Injection.FullDisk(KillPointTests.LogOf(network, victim), earlier + 1));
            if (victim == "wallet")
            {
                Assert.True(said.ExitCode == 1, $"exit code {said.ExitCode}. {said.Errors}");
                Assert.Contains("full", said.Errors, StringComparison.Ordinal);
            }
            else
            {
                // A full disk takes nothing back that was written: the role stays, refuses, and says why.
                Assert.True(said.ExitCode == -1, $"{victim}: exit code {said.ExitCode}. {said.Errors}");
                Assert.Contains("full", said.Errors, StringComparison.OrdinalIgnoreCase);
            }
        });

    private async Task UnderEachAsync(
        string wallet, string[] victims, Func<ProxiedNetwork, Shop, string, Task> buyAsync)
    {
        var network = await shared.UseAsync(wallet);
        var shop = await Shop.OpenAsync(network, Price);
        await Books.FundAsync(network.Parties, Price * victims.Length * KillPointTests.MostPurchases);
        var before = await Books.ValueAsync(network.Parties);
        foreach (var victim in victims)
        {
            await buyAsync(network, shop, victim);
            await KillPointTests.EndsWellAsync(network, shop, before);
        }

        await Books.EveryTokenIsGoodAsync(network.Parties);
    }

    /// <summary>How many of these calls the writer makes before a purchase begins.</summary>
    private static async Task<int> BeforePurchaseAsync(ProxiedNetwork network, string victim, string calls)
    {
        // The wallet writes the purchase down first; what fails is what comes after that.
        if (victim == "wallet")
            return 1;
        var parties = network.Parties;
        var counting = Injection.Count(
            Path.Combine(parties.Folder, $"calls-{victim}-{calls}"), calls, KillPointTests.LogOf(network, victim));
        parties.Kill(victim);
        await parties.StartTracedAsync(victim, counting.Arguments);
        parties.Stop(victim);
        return counting.Counted().Values.DefaultIfEmpty(0).Max();
    }
}
