using System.Security.Cryptography;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// SIGKILL at a random moment of a purchase, of the wallet or of a role; restart; resume. In the gate a sample, in full
/// with BAUTA_KILLS=1000.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class KillTests(SharedNetwork shared)
{
    private const long Price = 4096;
    private const int SampleKills = 8;

    // 128 and SIGKILL, as the runtime states it of a process that it waited for.
    private const int Killed = 137;

    private static readonly string[] victims = ["wallet", "bank", "archive", "merchant", "witness-1", "witness-2"];

    [Fact]
    public async Task Whoever_is_killed_at_any_moment_a_purchase_ends_once_and_value_is_conserved()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("BAUTA_KILLS"), out var asked)
            ? asked
            : SampleKills;
        var network = await shared.UseAsync("kills");
        var parties = network.Parties;
        var shop = await Shop.OpenAsync(network, Price);
        await Books.FundAsync(parties, Price * Math.Min(kills + 2, 52));
        var before = await Books.ValueAsync(parties);
        for (var round = 0; round < kills; round++)
        {
            if (round % 50 == 49)
            {
                await Books.FundAsync(parties, Price * 50);
                before += Price * 50;
            }

            var victim = victims[round % victims.Length];
            using (var buying = parties.StartWallet(shop.NextPurchase()))
            {
                await Task.Delay(RandomNumberGenerator.GetInt32(200, 2500));
                if (victim == "wallet")
                {
                    buying.Kill();
                }
                else
                {
                    parties.Kill(victim);
                    await parties.StartAsync(victim);
                }

                var said = await RealNetwork.EndAsync(buying, TimeSpan.FromMinutes(2), "buy");
                if (victim != "wallet" || said.ExitCode != Killed)
                    Books.ExitsAsDocumented(said, $"buy while {victim} was killed");
            }

            await Books.ResumeUntilNothingIsOpenAsync(parties);
            await Books.NothingIsPendingAsync(parties);
            await shop.EveryPurchaseEndedAsync();
        }

        // A loop in which nothing was ever begun would prove nothing.
        var begun = await shop.EveryPurchaseEndedAsync();
        Assert.True(begun >= kills / 2, $"Only {begun} purchases were begun in {kills} rounds.");
        Assert.Equal(before, await Books.ValueAsync(parties));
        await Books.EveryTokenIsGoodAsync(parties);
    }
}
