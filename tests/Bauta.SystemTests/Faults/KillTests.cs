using System.Security.Cryptography;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// SIGKILL at a random moment of a purchase, of the wallet or of a role; restart; resume. In the gate a sample, in full
/// with BAUTA_KILLS=1000.
/// </summary>
public sealed class KillTests
{
    private const int SampleKills = 8;

    private static readonly string[] victims = ["wallet", "bank", "archive", "merchant", "witness-1", "witness-2"];

    [Fact]
    public async Task Whoever_is_killed_at_any_moment_a_purchase_ends_once_and_value_is_conserved()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("BAUTA_KILLS"), out var asked)
            ? asked
            : SampleKills;
        using var network = await RealNetwork.PrepareAsync(
            ("merchant", "lifetimeSeconds", "8"), ("merchant", "payMarginSeconds", "1"),
            ("bank", "minExpirySeconds", "1"));
        await network.StartAsync();
        var offer = (await network.ShopAsync("list")).Json["offers"]![0]!;
        var price = (long)offer["price"]!;
        await FundAsync(network, price * (kills + 2));
        var before = await ValueAsync(network);

        for (var round = 0; round < kills; round++)
        {
            var victim = victims[round % victims.Length];
            var output = Path.Combine(network.Folder, $"bought-{round}");
            using (var buying = network.StartWallet(
                "buy", "shop.demo", (string)offer["offer"]!, "--out", output))
            {
                await Task.Delay(RandomNumberGenerator.GetInt32(200, 2500));
                if (victim == "wallet")
                {
                    buying.Kill();
                }
                else
                {
                    network.Kill(victim);
                    await network.StartAsync(victim);
                }

                await buying.WaitForExitAsync();
            }

            await ResumeUntilNothingIsOpenAsync(network);
            await EveryPurchaseEndedAsync(network, (string)offer["sha256"]!);
        }

        // The demo made one; a loop in which nothing was ever begun would prove nothing.
        var begun = (await network.WalletAsync("history")).Json["purchases"]!.AsArray().Count - 1;
        Assert.True(begun >= kills / 2, $"Only {begun} purchases were begun in {kills} rounds.");
        Assert.Equal(before, await ValueAsync(network));
    }

    private static async Task FundAsync(RealNetwork network, long minorUnits)
    {
        var sum = $"{(minorUnits + 99) / 100}.00";
        Assert.Equal(0, (await network.WalletAsync("fund", sum, "--card", "4242424242424242")).ExitCode);
        Assert.Equal(0, (await network.WalletAsync("withdraw", sum)).ExitCode);
    }

    /// <summary>What the customer holds and what the shop was paid.</summary>
    private static async Task<long> ValueAsync(RealNetwork network)
    {
        // The bank settles by push or by its own poll; a moment may pass.
        for (var tries = 0; ; tries++)
        {
            var wallet = await network.WalletAsync("balance");
            var shop = await network.ShopAsync("sales");
            Assert.Equal(0, wallet.ExitCode);
            Assert.Equal(0, shop.ExitCode);
            if ((long)shop.Json["total"]! == (long?)shop.Json["balance"] || tries == 40)
            {
                Assert.Equal((long)shop.Json["total"]!, (long?)shop.Json["balance"]);
                return (long)wallet.Json["spendable"]! + (long)wallet.Json["setAside"]!
                    + (long)wallet.Json["toRefresh"]! + (long)wallet.Json["inReserves"]! + (long)shop.Json["total"]!;
            }

            await Task.Delay(500);
        }
    }

    private static async Task ResumeUntilNothingIsOpenAsync(RealNetwork network)
    {
        // Eight seconds to expiry, and as long again for the abort to be cosigned and carried to the bank.
        for (var tries = 0; tries < 40; tries++)
        {
            if ((await network.WalletAsync("resume")).ExitCode == 0)
                return;
            await Task.Delay(500);
        }

        Assert.Fail("A purchase is still open long after its expiry.");
    }

    private static async Task EveryPurchaseEndedAsync(RealNetwork network, string sha256)
    {
        foreach (var purchase in (await network.WalletAsync("history")).Json["purchases"]!.AsArray())
        {
            var state = (string)purchase!["state"]!;
            Assert.Contains(state, new[] { "opened", "returned", "abandoned" });
            if (state == "opened")
                Assert.Equal(sha256, Convert.ToHexStringLower(
                    SHA256.HashData(await File.ReadAllBytesAsync((string)purchase["file"]!))));
        }
    }
}
