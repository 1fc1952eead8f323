using System.Text.Json.Nodes;
using Xunit;
using static Bauta.SystemTests.Banks.BankPair;

namespace Bauta.SystemTests.Banks;

/// <summary>One operator issues the tokens under keys that rotate, another one locks them; each is a process of its
/// own.</summary>
public sealed class TwoBankTests
{
    private const int Refused = 14;
    private const int Distrusted = 15;

    [Fact]
    public async Task Tokens_of_one_bank_pay_at_another_across_a_rotation_and_the_judge_sees_both()
    {
        using var network = await RealNetwork.PrepareAsync();
        var (issuer, locker) = await AddBanksAsync(network);
        // A key signs for 26 seconds, the next one is made 9 seconds before, and tokens are spent for six minutes. An
        // abort must find them worth something: they are refreshed for longer than the shop's purchases last.
        foreach (var (period, days) in new[]
        {
            ("withdrawDays", "0.0003"), ("overlapDays", "0.0001"), ("spendDays", "0.004"), ("refreshDays", "0.02"),
        })
            network.Set(Issuer, period, days);
        await network.StartAsync(
            "witness-1", "witness-2", "archive", "acquirer", Issuer, Locker, "merchant-two");
        await MakeWalletAsync(network, "wallet-two", issuer, locker);
        await FundAsync(network, "10.00");
        var old = (await KeysAsync(network, Issuer)).Single(key => (long)key["value"]! == 256 && Signs(key));
        await UntilAsync("the locking bank has the key", async () =>
            (await KeysAsync(network, Locker)).Any(key => (string)key["key"]! == (string)old["key"]!));
        var goods = Path.Combine(network.Folder, "letter.txt");
        await File.WriteAllTextAsync(goods, "a letter that two banks never see");
        Done(await network.ShopAsync("add", goods, "--price", "2.50", "--title", "A letter"));
        var bought = Path.Combine(network.Folder, "bought.txt");

        // Tokens of a key that signs no more are spent like any other.
        await UntilAsync("the issuer's keys rotate", async () => !Signs(old)
            && (await KeysAsync(network, Issuer)).Any(key => (long)key["value"]! == 256 && Signs(key)));

        Done(await network.WalletAsync("buy", "two.demo", "A letter", "--out", bought));

        Assert.Equal(await File.ReadAllTextAsync(goods), await File.ReadAllTextAsync(bought));
        await PayOutAsync(network, 250);
        await JudgeAsync(network);
        // Every token that is left, through notices of the locking bank to the issuer.
        await UntilAsync("the bank has keys for what is refreshed", async () =>
            (await network.WalletAsync("refresh", "--days", "400", "--pause", "0")).ExitCode == 0);
        await UntilAsync("every token is fresh", async () =>
        {
            // A key may stop between the plan and the withdrawal: what is left waits in a reserve.
            await network.WalletAsync("resume");
            var balance = (await network.WalletAsync("balance")).Json;
            Assert.Equal(750, (long)balance["spendable"]! + (long)balance["inReserves"]!);
            if ((long)balance["inReserves"]! > 0)
                await network.WalletAsync("withdraw", $"{(long)balance["inReserves"]! / 100m:F2}");
            return (long)balance["inReserves"]! == 0;
        });
        var again = Path.Combine(network.Folder, "again.txt");
        Done(await network.WalletAsync("buy", "two.demo", "A letter", "--out", again));
        await RefuseOtherPairsAsync(network, issuer);
    }

    [Fact]
    public async Task Tokens_of_a_key_that_the_issuer_revokes_are_exchanged_through_both_banks()
    {
        using var network = await RealNetwork.PrepareAsync();
        var (issuer, locker) = await AddBanksAsync(network);
        await network.StartAsync(
            "witness-1", "witness-2", "archive", "acquirer", Issuer, Locker, "merchant-two");
        await MakeWalletAsync(network, "wallet-two", issuer, locker);
        await FundAsync(network, "10.00");
        var goods = Path.Combine(network.Folder, "letter.txt");
        await File.WriteAllTextAsync(goods, "a letter that two banks never see");
        Done(await network.ShopAsync("add", goods, "--price", "0.03", "--title", "A note"));
        Done(await network.ShopAsync("add", goods, "--price", "9.97", "--title", "A letter"));
        Done(await network.WalletAsync(
            "buy", "two.demo", "A note", "--out", Path.Combine(network.Folder, "note.txt")));
        await RevokeAsync(network, 256);

        // Without the bank that locks nothing is exchanged, and nothing is lost.
        network.Kill(Locker);
        var waiting = await network.WalletAsync("resume");
        Assert.True(waiting.ExitCode != 0, $"{waiting}");
        Assert.Equal(997, await HeldAsync(network));
        await network.StartAsync(Locker);
        var resumed = await network.WalletAsync("resume");

        Done(resumed);
        Assert.Equal(997, await HeldAsync(network));
        var refreshed = await network.WalletAsync("refresh", "--days", "0", "--pause", "0");
        Done(refreshed);
        Assert.Equal(0, (long)refreshed.Json["recouped"]!);
        // Every cent is spent once more.
        var bought = Path.Combine(network.Folder, "bought.txt");
        Done(await network.WalletAsync("buy", "two.demo", "A letter", "--out", bought));
        Assert.Equal(await File.ReadAllTextAsync(goods), await File.ReadAllTextAsync(bought));
        Assert.Equal(0, await HeldAsync(network));
        await PayOutAsync(network, 1000);
    }

    /// <summary>The pair, and a shop at the bank that locks.</summary>
    private static async Task<(string Issuer, string Locker)> AddBanksAsync(RealNetwork network)
    {
        var addresses = await BankPair.AddAsync(network);
        await network.AddAsync("merchant-two", network.SparePort(2), "--bank", "../bank-locker/bank.party.json",
            "--desk", $"http://127.0.0.1:{network.SparePort(3)}");
        network.Shop = "merchant-two";
        return addresses;
    }

    private static Task MakeWalletAsync(RealNetwork network, string wallet, string bank, string? spentAt) =>
        BankPair.MakeWalletAsync(
            network, Path.Combine(network.Folder, "network.json"), wallet, bank, spentAt,
            ("two.demo", network.AddressOf("merchant-two")));

    private static bool Signs(JsonNode key)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return (long)key["withdrawFrom"]! <= now && now < (long)key["withdrawUntil"]!;
    }

    private static async Task PayOutAsync(RealNetwork network, long sum)
    {
        await UntilAsync("the locking bank settles", async () =>
            (long?)(await network.ShopAsync("sales")).Json["available"] == sum);
        var payout = await network.ShopAsync("payout");
        Done(payout);
        Assert.Equal(sum, (long)payout.Json["amount"]!);
    }

    private static async Task JudgeAsync(RealNetwork network)
    {
        var purchase = (await network.WalletAsync("history")).Json["purchases"]![0]!;
        var path = Path.Combine(network.Folder, "evidence.json");
        Done(await network.WalletAsync("evidence", (string)purchase["purchase"]!, "--out", path));
        var verdict = await RealNetwork.BautaAsync(TimeSpan.FromMinutes(1), "judge", path, "--json");
        Assert.Equal("complete", (string)verdict.Json["outcome"]!);
        var parties = verdict.Json["keys"]!.AsArray().Select(key => (string)key!["party"]!).ToArray();
        Assert.Contains("bank bank-issuer.demo", parties);
        Assert.Contains("bank bank-locker.demo", parties);
        // Without the issuer's card nothing shows whose tokens they were; another bank's does not help.
        var evidence = JsonNode.Parse(await File.ReadAllTextAsync(path))!.AsObject();
        var locker = (string)evidence["bankCard"]!;
        foreach (var card in (string?[])[null, locker])
        {
            evidence.Remove("issuerCard");
            if (card is not null)
                evidence["issuerCard"] = card;
            await File.WriteAllTextAsync(path, evidence.ToJsonString());
            verdict = await RealNetwork.BautaAsync(TimeSpan.FromMinutes(1), "judge", path, "--json");
            Assert.Equal("not-proven", (string)verdict.Json["outcome"]!);
        }
    }

    /// <summary>A wallet that was told one bank of the two, or a wrong pair, sends no token anywhere.</summary>
    private static async Task RefuseOtherPairsAsync(RealNetwork network, string issuer)
    {
        await network.StartAsync("bank");
        foreach (var (wallet, spentAt, code) in new[]
        {
            ("wallet-half", null, Refused), ("wallet-wrong", (string?)network.AddressOf("bank"), Distrusted),
        })
        {
            await MakeWalletAsync(network, wallet, issuer, spentAt);
            await FundAsync(network, "3.00");
            var said = await network.WalletAsync(
                "buy", "two.demo", "A letter", "--out", Path.Combine(network.Folder, wallet + ".txt"));
            Assert.True(said.ExitCode == code, $"{said}");
            Assert.Empty((await network.WalletAsync("history")).Json["purchases"]!.AsArray());
        }
    }
}
