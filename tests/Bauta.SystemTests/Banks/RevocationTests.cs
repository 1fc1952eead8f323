using System.Text.Json.Nodes;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.SystemTests.Banks;

/// <summary>An operator revokes a stolen key of a bank that runs; nobody who was issued tokens loses any.</summary>
public sealed class RevocationTests
{
    private const long Value = 256;
    private const int NotFound = 16;
    private const int StillOpen = 17;

    [Fact]
    public async Task Tokens_of_a_revoked_key_are_refused_and_the_wallet_exchanges_them()
    {
        using var network = await RealNetwork.PrepareAsync();
        await network.StartAsync("witness-1", "witness-2", "archive", "acquirer", "bank");
        Done(await network.WalletAsync("fund", "8.00", "--card", "4242424242424242"));
        Done(await network.WalletAsync("withdraw", "8.00"));
        var before = await TotalAsync(network);
        CopyWallet(network, "wallet", "wallet-copy");
        using var http = Customer.Http(network, "bank");
        var bank = new BankClient(http);
        using var reserve = P256PrivateKey.Generate();
        using var owner = P256PrivateKey.Generate();
        using var merchant = P256PrivateKey.Generate();
        await Customer.FundAsync(network, bank, reserve, Value);
        await Customer.OpenAccountAsync(bank, merchant);
        var token = await Customer.WithdrawAsync(
            bank, await Customer.DenominationAsync(bank, Value), reserve, owner);
        var key = (string)(await KeysAsync(network)).Single(one => (long)one["value"]! == Value)["key"]!;
        Assert.Equal(NotFound, (await network.BankAsync("bank", "revoke", "AAAAAAAAAAAA")).ExitCode);

        var said = await network.BankAsync("bank", "revoke", key[..10]);

        Done(said);
        Assert.Equal(key, (string)said.Json["key"]!);
        // Killed before the log may have it: the bank goes on from there.
        network.Kill("bank");
        Assert.Equal(StillOpen, (await network.BankAsync("bank", "revoke", key)).ExitCode);
        await network.StartAsync("bank");
        Assert.Equal(
            BankError.KeyRevoked, (await Customer.LockAsync(network, bank, merchant, owner, token, Value)).Error);
        await UntilLoggedAsync(network, key);
        Assert.Equal("logged", (string)(await network.BankAsync("bank", "revoke", key)).Json["state"]!);

        var resumed = await network.WalletAsync("resume");

        Done(resumed);
        Assert.Contains("the bank revoked a key", resumed.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await TotalAsync(network));
        // Whoever has a copy of the wallet gets the same answers again, and nothing more.
        network.Wallet = "wallet-copy";
        var again = await network.WalletAsync("refresh", "--days", "0", "--pause", "0");
        Done(again);
        var exchanged = (long)again.Json["recouped"]!;
        Assert.InRange(exchanged, 1, 8);
        Assert.Equal(before - (exchanged * Value), await TotalAsync(network));
    }

    private static async Task<JsonNode[]> KeysAsync(RealNetwork network) =>
        [.. (await network.BankAsync("bank", "keys")).Json["keys"]!.AsArray().Select(key => key!)];

    /// <summary>The revocation stands in the log, and a new key of that value is offered.</summary>
    private static async Task UntilLoggedAsync(RealNetwork network, string key)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var keys = await KeysAsync(network);
            if (keys.Any(one => (string)one["key"]! == key && (bool)one["revoked"]!)
                && keys.Any(one => (long)one["value"]! == Value && !(bool)one["revoked"]!))
                return;
            await Task.Delay(300);
        }

        Assert.Fail("The log does not carry the revocation.");
    }

    private static async Task<long> TotalAsync(RealNetwork network)
    {
        var balance = (await network.WalletAsync("balance")).Json;
        return (long)balance["spendable"]! + (long)balance["toRefresh"]! + (long)balance["inReserves"]!
            + (long)balance["setAside"]!;
    }

    private static void CopyWallet(RealNetwork network, string from, string to)
    {
        var copy = Directory.CreateDirectory(Path.Combine(network.Folder, to));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(network.Folder, from)))
            File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
    }

    private static void Done(Said said) => Assert.True(said.ExitCode == 0, $"{said}");
}
