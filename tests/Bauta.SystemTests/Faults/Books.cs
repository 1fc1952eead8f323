using System.Diagnostics;
using System.Security.Cryptography;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>What must hold after any fault, read through the verbs that users have.</summary>
internal static class Books
{
    /// <summary>No verb may end in what only a bug explains.</summary>
    public static void ExitsAsDocumented(Said said, string what) => Assert.True(
        said.ExitCode is 0 or 12 or 13 or 14 or 15 or 17 or 40, $"{what}: exit code {said.ExitCode}. {said.Errors}");

    public static async Task FundAsync(RealNetwork network, long minorUnits)
    {
        var sum = $"{minorUnits / 100}.{minorUnits % 100:00}";
        await OkAsync(network, "fund", sum, "--card", "4242424242424242");
        // A bank that has just begun announces its keys one after the other; until then it cannot make up the sum.
        for (var tries = 0; tries < 60; tries++)
        {
            if ((await network.WalletAsync("withdraw", sum)).ExitCode == 0)
                return;
            await Task.Delay(500);
        }

        await OkAsync(network, "withdraw", sum);
    }

    /// <summary>What the customer holds and the shop was paid: one never grows without the other shrinking.</summary>
    public static async Task<long> ValueAsync(RealNetwork network)
    {
        // The bank settles by push or by its own poll; a moment may pass.
        for (var tries = 0; ; tries++)
        {
            var shop = await network.ShopAsync("sales");
            Assert.True(shop.ExitCode == 0, shop.Errors);
            if ((long)shop.Json["total"]! == (long?)shop.Json["balance"] + network.PaidOut || tries == 150)
            {
                Assert.Equal((long)shop.Json["total"]!, (long?)shop.Json["balance"] + network.PaidOut);
                return await HeldAsync(network) + (long)shop.Json["total"]!;
            }

            await Task.Delay(200);
        }
    }

    /// <summary>The shop has the bank pay out what is past the dispute window.</summary>
    public static async Task PayOutAsync(RealNetwork network)
    {
        // The test's network has a window of one second.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        var said = await network.ShopAsync("payout");
        Assert.True(said.ExitCode == 0, said.Errors);
        network.PaidOut += (long)said.Json["amount"]!;
    }

    /// <summary>Has the bank take every token back for a fresh one: it does so only for what is in its books.</summary>
    public static async Task EveryTokenIsGoodAsync(RealNetwork network)
    {
        var before = await HeldAsync(network);
        await OkAsync(network, "refresh", "--days", "10000", "--pause", "0");
        var after = (await network.WalletAsync("balance")).Json;
        Assert.Equal(before, (long)after["spendable"]! + (long)after["inReserves"]!);
    }

    public static async Task ResumeUntilNothingIsOpenAsync(RealNetwork network)
    {
        // Eight seconds to expiry, and as long again for the abort to be cosigned and carried to the bank.
        var said = await network.WalletAsync("resume", "--pause", "0");
        for (var tries = 0; said.ExitCode != 0; tries++)
        {
            ExitsAsDocumented(said, "resume");
            Assert.True(tries < 80, $"A purchase is still open long after its expiry: {said.Output}");
            await Task.Delay(200);
            said = await network.WalletAsync("resume", "--pause", "0");
        }
    }

    /// <summary>
    /// Nothing is pending past the expiry of the last purchase plus the shop's grace, whoever is still there to ask.
    /// </summary>
    public static async Task NothingIsPendingAsync(RealNetwork network)
    {
        var limit = TimeSpan.FromSeconds(ProxiedNetwork.LifetimeSeconds + ProxiedNetwork.GraceSeconds);
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(250))
        {
            var locked = LiveRows.Number(network, "bank", "SELECT locked FROM bank_totals");
            var locks = LiveRows.Number(network, "bank", "SELECT COUNT(*) FROM locks WHERE state = 0");
            var payments = LiveRows.Number(network, "merchant", "SELECT COUNT(*) FROM payments WHERE state < 3");
            if (locked == 0 && locks == 0 && payments == 0)
                return;
            Assert.True(watch.Elapsed < limit,
                $"Past expiry and grace: {locked} locked in {locks} locks, {payments} payments are not settled.");
        }
    }

    /// <returns>How many purchases were opened, and how many there are.</returns>
    public static async Task<(int Opened, int All)> EveryPurchaseEndedAsync(RealNetwork network, string sha256)
    {
        var (opened, all) = (0, 0);
        foreach (var purchase in (await network.WalletAsync("history")).Json["purchases"]!.AsArray())
        {
            var state = (string)purchase!["state"]!;
            Assert.Contains(state, new[] { "opened", "returned", "abandoned" });
            all++;
            if (state != "opened")
                continue;
            opened++;
            Assert.Equal(sha256, Convert.ToHexStringLower(
                SHA256.HashData(await File.ReadAllBytesAsync((string)purchase["file"]!))));
        }

        return (opened, all);
    }

    private static async Task<long> HeldAsync(RealNetwork network)
    {
        var wallet = await network.WalletAsync("balance");
        Assert.True(wallet.ExitCode == 0, wallet.Errors);
        return (long)wallet.Json["spendable"]! + (long)wallet.Json["setAside"]!
            + (long)wallet.Json["toRefresh"]! + (long)wallet.Json["inReserves"]!;
    }

    private static async Task OkAsync(RealNetwork network, params string[] verb)
    {
        var said = await network.WalletAsync(verb);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', verb)}: {said.Errors}");
    }
}
