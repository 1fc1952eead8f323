using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Disks that are full and disks whose flush fails, under each role that has one and under the wallet, from one moment
/// of a purchase on, or of a payment into a wallet: the failure is reported, and with a good disk nothing is lost.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class DiskTests(SharedNetwork shared)
{
    private const long Price = 4096;

    private static readonly string[] all = ["bank", "archive", "merchant", "wallet", "witness-1", "acquirer"];

    // In the gate half of them meet each kind of bad disk.
    private static string[] Victims(params string[] sample) => KillPointTests.IsFull ? all : sample;

    [Fact]
    public Task A_flush_that_fails_is_reported_stops_the_role_and_loses_nothing() => RunAsync(
        "broken-disk", Victims("bank", "wallet", "acquirer"), "fsync,fdatasync", Injection.BrokenDisk, mayEnd: true,
        (victim, said) =>
        {
            // What was written is in doubt, so the process ends rather than go on; the next one reads what is there.
            Assert.True(said.ExitCode == 1, $"{victim}: exit code {said.ExitCode}. {said.Errors}");
            Assert.Contains(victim == "wallet" ? "disk" : "cannot go on safely", said.Errors, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_full_disk_is_reported_and_loses_nothing() => RunAsync(
        "full-disk", Victims("archive", "merchant", "wallet", "witness-1"), "pwrite64", Injection.FullDisk,
        mayEnd: false,
        (victim, said) =>
        {
            // A full disk takes nothing back that was written: the role stays, refuses, and says why.
            var code = victim == "wallet" ? 1 : -1;
            Assert.True(said.ExitCode == code, $"{victim}: exit code {said.ExitCode}. {said.Errors}");
            Assert.Contains("full", said.Errors, StringComparison.OrdinalIgnoreCase);
        });

    private async Task RunAsync(
        string wallet, string[] victims, string calls, Func<string, int, Injection> inject, bool mayEnd,
        Action<string, Said> isReported)
    {
        var network = await shared.UseAsync(wallet);
        var shop = await Shop.OpenAsync(network, Price);
        // By then the purchase is past its expiry, and only the disk stands in the way of its end.
        shop.PatienceSeconds = ProxiedNetwork.LifetimeSeconds + 2;
        await Books.FundAsync(network.Parties, Price * victims.Length * KillPointTests.MostPurchases);
        var before = await WithoutWhatCameInAsync(network);
        foreach (var victim in victims)
        {
            var earlier = await BeforePurchaseAsync(network, victim, calls);
            var said = await KillPointTests.BuyUnderAsync(
                network, shop, victim, inject(KillPointTests.LogOf(network, victim), earlier + 1), mayEnd,
                victim == "acquirer" ? () => PayInAsync(network) : null);
            isReported(victim, said);
            await KillPointTests.EndsWellAsync(network, shop, null);
            Assert.Equal(before, await WithoutWhatCameInAsync(network));
        }

        await Books.EveryTokenIsGoodAsync(network.Parties);
    }

    private static Task<Said> PayInAsync(ProxiedNetwork network) =>
        network.Parties.WalletAsync("fund", "1.00", "--card", "4242424242424242");

    /// <summary>What wallet and shop hold, without what the acquirer says it took in.</summary>
    private static async Task<long> WithoutWhatCameInAsync(ProxiedNetwork network) =>
        await Books.ValueAsync(network.Parties) - LiveRows.Number(
            network.Parties, "acquirer",
            "SELECT COALESCE(SUM(amount), 0) FROM takings WHERE state = 'approved'");

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
