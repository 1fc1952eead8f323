using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Banks;

/// <summary>Two banks more in a network: one issues tokens, the other one locks them.</summary>
internal static class BankPair
{
    public const string Issuer = "bank-issuer";
    public const string Locker = "bank-locker";

    private const int Values = 9;

    private const string OwnBanks =
        "[\"../bank/bank.party.json\", \"../bank-issuer/bank.party.json\", \"../bank-locker/bank.party.json\"]";

    /// <summary>Makes both, stopped; archive and acquirer know them when they start next.</summary>
    /// <returns>Their addresses for wallets.</returns>
    public static async Task<(string Issuer, string Locker)> AddAsync(RealNetwork network)
    {
        string[] acquirer = ["--acquirer", "../acquirer/acquirer.party.json"];
        var issuer = await network.AddAsync(Issuer, network.SparePort(0), acquirer);
        var locker = await network.AddAsync(Locker, network.SparePort(1), acquirer);
        network.Set(Issuer, "exponents", $"[{string.Join(", ", Enumerable.Range(0, Values))}]");
        network.Set(Issuer, "spentAt", "\"../bank-locker/bank.party.json\"");
        network.Set(Issuer, "funders", "[\"../bank-locker/bank.party.json\"]");
        network.Set(Locker, "issuer", "\"../bank-issuer/bank.party.json\"");
        network.Set(Locker, "disputeWindowSeconds", "1");
        network.Set("archive", "banks", OwnBanks);
        network.Set("acquirer", "banks", OwnBanks);
        return (issuer, locker);
    }

    /// <summary>A wallet that holds tokens of one bank and spends them at the other; the verbs work on it from here
    /// on.</summary>
    /// <param name="network">The network.</param>
    /// <param name="known">The network file that it is made from.</param>
    /// <param name="wallet">Its folder.</param>
    /// <param name="bank">Who issues.</param>
    /// <param name="spentAt">Who locks, if the wallet is told.</param>
    /// <param name="shops">Shops that it is told of besides.</param>
    public static async Task MakeWalletAsync(
        RealNetwork network, string known, string wallet, string bank, string? spentAt,
        params (string Name, string Address)[] shops)
    {
        var file = JsonNode.Parse(await File.ReadAllTextAsync(known))!.AsObject();
        file["bank"] = bank;
        if (spentAt is not null)
            file["spentAt"] = spentAt;
        file["minWithdrawSeconds"] = 20;
        foreach (var (name, address) in shops)
            file["shops"]![name] = address;
        var path = Path.Combine(network.Folder, $"{wallet}.network.json");
        await File.WriteAllTextAsync(path, file.ToJsonString());
        network.Wallet = wallet;
        Done(await network.WalletAsync("init", "--network", path, "--password-rounds", "1"));
    }

    public static async Task FundAsync(RealNetwork network, string sum)
    {
        Done(await network.WalletAsync("fund", sum, "--card", "4242424242424242"));
        // The bank announces its keys one after the other; until then it makes up the sum of others, or cannot.
        await UntilAsync("the issuer has a key of each value", async () =>
            (await KeysAsync(network, Issuer)).DistinctBy(key => (long)key["value"]!).Count() == Values);
        await WithdrawAsync(network, sum);
    }

    public static Task WithdrawAsync(RealNetwork network, string sum) => UntilAsync(
        "the bank has keys for the sum", async () => (await network.WalletAsync("withdraw", sum)).ExitCode == 0);

    /// <summary>The issuer's operator revokes its only key of a value; both banks list that, and a new key.</summary>
    public static async Task RevokeAsync(RealNetwork network, long value)
    {
        var before = await KeysAsync(network, Issuer);
        var revoked = before.Single(key => (long)key["value"]! == value && !(bool)key["revoked"]!);
        var count = before.Count(key => (long)key["value"]! == value);
        Done(await network.BankAsync(Issuer, "revoke", (string)revoked["key"]!));
        await UntilAsync("both banks list the revocation and a new key", async () =>
            await IsRevokedAsync(network, Issuer, revoked) && await IsRevokedAsync(network, Locker, revoked)
            && (await KeysAsync(network, Locker)).Count(key => (long)key["value"]! == value) == count + 1);
    }

    public static async Task<JsonNode[]> KeysAsync(RealNetwork network, string bank) =>
        [.. (await network.BankAsync(bank, "keys")).Json["keys"]!.AsArray().Select(key => key!)];

    /// <summary>All that a wallet has, in minor units.</summary>
    public static async Task<long> HeldAsync(RealNetwork network)
    {
        var balance = (await network.WalletAsync("balance")).Json;
        return (long)balance["spendable"]! + (long)balance["toRefresh"]! + (long)balance["inReserves"]!
            + (long)balance["setAside"]!;
    }

    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var tries = 0; !await holds(); tries++)
        {
            Assert.True(tries < 120, $"It did not come to this: {what}.");
            await Task.Delay(500);
        }
    }

    public static void Done(Said said) => Assert.True(said.ExitCode == 0, $"{said}");

    private static async Task<bool> IsRevokedAsync(RealNetwork network, string bank, JsonNode key) =>
        (await KeysAsync(network, bank)).Any(
            one => (string)one["key"]! == (string)key["key"]! && (bool)one["revoked"]!);
}
