using System.Diagnostics;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// A customer who never comes back. The others end what he began by themselves: the bank asks the archive, also over a
/// link that fails once in each way that there is (in the gate one of them; all with BAUTA_FAULTS=all).
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class GraceTests(SharedNetwork shared)
{
    private const long Price = 4096;

    [Fact]
    public async Task What_a_dead_wallet_leaves_behind_is_over_past_expiry_plus_the_grace()
    {
        var network = await shared.UseAsync("grace");
        var parties = network.Parties;
        var shop = await Shop.OpenAsync(network, Price);
        var faults = MutationTests.IsFull ? Enum.GetValues<Fault>() : [Fault.DropAnswer];
        await Books.FundAsync(parties, Price * (faults.Length + 1));
        var before = await Books.ValueAsync(parties);
        foreach (var fault in faults)
        {
            // One dies before it hears what the shop holds ready, one with its tokens locked, before the shop knows.
            await BuyAndDieAsync(network, shop, "POST /purchases", Fault.DropAnswer, Moment.Answered);
            Assert.Equal(0, LiveRows.Number(parties, "bank", "SELECT locked FROM bank_totals"));
            await BuyAndDieAsync(network, shop, "POST /payments", Fault.DropRequest, Moment.Sent);
            var watch = Stopwatch.StartNew();
            Assert.Equal(Price, LiveRows.Number(parties, "bank", "SELECT locked FROM bank_totals"));
            Assert.InRange(LiveRows.Number(parties, "merchant", "SELECT COUNT(*) FROM open_purchases"), 2, 100);
            network.Meddler.First("POST /decisions", fault);

            await Books.NothingIsPendingAsync(parties);
            // The shop looks once a second.
            var left = TimeSpan.FromSeconds(ProxiedNetwork.LifetimeSeconds + ProxiedNetwork.GraceSeconds + 2)
                - watch.Elapsed;
            for (var until = watch.Elapsed + left;
                LiveRows.Number(parties, "merchant", "SELECT COUNT(*) FROM open_purchases") > 0;
                await Task.Delay(250))
                Assert.True(watch.Elapsed < until, "The shop keeps what nobody paid for longer than its grace.");
            Assert.True(network.Meddler.Hits > 0, $"{fault}: nobody asked the archive.");

            // He comes back after all.
            await network.CalmAsync();
            await Books.ResumeUntilNothingIsOpenAsync(parties);
            Assert.Equal(before, await Books.ValueAsync(parties));
        }

        await shop.EveryPurchaseEndedAsync();
        await Books.EveryTokenIsGoodAsync(parties);
    }

    /// <summary>SIGKILL for the wallet at a moment of a request, which goes no further.</summary>
    private static async Task BuyAndDieAsync(
        ProxiedNetwork network, Shop shop, string request, Fault fault, Moment moment)
    {
        await network.CalmAsync();
        using var buying = network.Parties.StartWallet(shop.NextPurchase());
        network.Meddler.First(request, fault);
        network.Meddler.Act(request, moment, () =>
        {
            buying.Kill();
            return Task.CompletedTask;
        });
        await buying.WaitForExitAsync();
        Assert.Equal(2, network.Meddler.Hits);
        await network.CalmAsync();
    }
}
