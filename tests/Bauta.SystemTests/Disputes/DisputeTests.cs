using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Disputes;

/// <summary>
/// A dispute as customer, shop and arbiter type it, over real HTTP between real processes, each verb twice: what
/// <c>TwiceList.InDisputes</c> names is sent twice here.
/// </summary>
public sealed class DisputeTests
{
    [Fact]
    public async Task A_refund_and_a_discount_go_through_customer_shop_bank_and_arbiter()
    {
        using var network = await RealNetwork.PrepareAsync(
            ("bank", "arbiter", "\"../arbiter/arbiter.card\""), ("bank", "disputeWindowSeconds", "3600"));
        var office = Path.Combine(network.Folder, "arbiter");
        Ok(await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "dispute", "init", "--arbiter", office, "--name", "arbiter.demo", "--json"));
        await network.StartAsync();
        Ok(await network.WalletAsync("fund", "20.00", "--card", "4242424242424242"));
        Ok(await network.WalletAsync("withdraw", "20.00"));
        var before = await WorthAsync(network);
        var (accepted, contested) = (await BuyAsync(network, "letter"), await BuyAsync(network, "song"));

        var opened = await TwiceAsync(() => CustomerAsync(network, "open", accepted, "--text", "It is blank."));
        var sale = (string)opened["transaction"]!;
        Assert.Equal(("open", 120L), ((string)opened["state"]!, (long)opened["amount"]!));
        network.Kill("bank");
        await network.StartAsync("bank");
        Assert.Equal(
            sale, (string)Assert.Single((await ShopAsync(network, "sales"))["disputes"]!.AsArray())!["transaction"]!);
        var refunded = await TwiceAsync(() => ShopAsync(network, "answer", sale[..10], "--refund"));
        Assert.Equal(("refunded", 120L), ((string)refunded["state"]!, (long)refunded["refund"]!));

        sale = (string)(await CustomerAsync(network, "open", contested))["transaction"]!;
        await TwiceAsync(() => ShopAsync(network, "answer", sale, "--contest", "It is a song."));
        Assert.Single((await OfficeAsync("cases"))["disputes"]!.AsArray());
        var shown = await OfficeAsync("show", sale, "--out", Path.Combine(network.Folder, "case"));
        Assert.Equal("complete", (string)shown["verdict"]!["outcome"]!);
        Assert.Equal("It is a song.", (string)shown["merchant"]!);
        Assert.True((bool)shown["goods"]!);
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(network.Folder, "song")),
            await File.ReadAllBytesAsync(Path.Combine(network.Folder, "case", "goods.opened")));
        // The hash is right, so only a person can tell whether it is what was described.
        var undecided = await DecideAsync("decide", sale, "--out", Path.Combine(network.Folder, "case"));
        Assert.Equal(21, undecided.ExitCode);
        var ruled = await TwiceAsync(() => OfficeAsync("decide", sale, "--refund", "0.50"));
        Assert.Equal(("refunded", 50L), ((string)ruled["state"]!, (long)ruled["refund"]!));

        var status = await CustomerAsync(network, "status");
        Assert.All(status["disputes"]!.AsArray(), one => Assert.True((bool)one!["over"]!));
        Assert.Equal(before - 120 - 120 + 120 + 50, await WorthAsync(network));
        var audit = await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "audit", "--config", network.ConfigOf("bank"), "--json");
        Assert.True(audit.ExitCode == 0, audit.Output + audit.Errors);
        await ANotaryAsksAsync(network);

        async Task<JsonNode> OfficeAsync(params string[] arguments) => Ok(await DecideAsync(arguments));

        Task<Said> DecideAsync(params string[] arguments) => RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1),
            [
                "dispute", .. arguments, "--arbiter", office, "--bank",
                Path.Combine(network.Folder, "bank", "bank.party.json"), "--json",
            ]);
    }

    /// <summary>The archive is gone when the shop releases: a notary certifies it. When it is there again, the notary's
    /// question itself has it decide.</summary>
    private static async Task ANotaryAsksAsync(RealNetwork network)
    {
        string At(string name) => Path.Combine(network.Folder, name);
        network.Kill("archive");
        var bought = await network.WalletAsync("buy", "shop.demo", "letter", "--out", At("third"), "--patience", "1");
        Assert.Equal(17, bought.ExitCode);
        var sale = (string)Ok(await network.ShopAsync("sales"))["sales"]![0]!["transaction"]!;
        Ok(await network.ShopAsync("evidence", sale, "--out", At("sale.json"), "--demand", At("demand.json")));
        Assert.DoesNotContain("\"release\"", await File.ReadAllTextAsync(At("sale.json")), StringComparison.Ordinal);
        Assert.False((bool)Ok(await ObserveAsync("seen.jws"))["answered"]!);
        Ok(await network.ShopAsync(
            "evidence", sale, "--out", At("accused.json"), "--observation", At("seen.jws")));
        Ok(await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "notary", "certify", At("accused.json"), "--key", At("notary.pem"), "--out",
            At("dated.jws"), "--json"));
        // Before expiry nobody is at fault yet.
        var verdict = await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "judge", At("accused.json"), "--certificate", At("dated.jws"), "--json");
        Assert.True(verdict.ExitCode == 21, verdict.Output + verdict.Errors);
        Assert.NotNull(verdict.Json["certifiedAt"]);
        await network.StartAsync("archive");
        Assert.True((bool)Ok(await ObserveAsync("other.jws"))["answered"]!);
        Ok(await network.WalletAsync("resume"));
        Assert.True(File.Exists(At("third")));

        Task<Said> ObserveAsync(string name) => RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "notary", "observe", At("demand.json"), "--party",
            Path.Combine(network.Folder, "archive", "archive.party.json"), "--key", At("notary.pem"), "--out",
            At(name), "--wait", name == "seen.jws" ? "0" : "20", "--json");
    }

    private static async Task<string> BuyAsync(RealNetwork network, string title)
    {
        var file = Path.Combine(network.Folder, title);
        await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(5000));
        Ok(await network.ShopAsync("add", file, "--price", "1.20", "--title", title));
        return (string)Ok(await network.WalletAsync(
            "buy", "shop.demo", title, "--out", Path.Combine(network.Folder, "bought-" + title)))["purchase"]!;
    }

    private static async Task<JsonNode> TwiceAsync(Func<Task<JsonNode>> act)
    {
        var first = await act();
        Assert.Equal(first.ToJsonString(), (await act()).ToJsonString());
        return first;
    }

    private static async Task<JsonNode> CustomerAsync(RealNetwork network, params string[] arguments) =>
        Ok(await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(2), ["dispute", .. network.WalletArguments(arguments)[1..]]));

    private static async Task<JsonNode> ShopAsync(RealNetwork network, params string[] arguments) =>
        Ok(await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1),
            ["dispute", .. arguments, "--config", network.ConfigOf("merchant"), "--json"]));

    private static async Task<long> WorthAsync(RealNetwork network)
    {
        var balance = Ok(await network.WalletAsync("balance"));
        return new[] { "spendable", "setAside", "inReserves", "toRefresh" }.Sum(part => (long)balance[part]!);
    }

    private static JsonNode Ok(Said said)
    {
        Assert.True(said.ExitCode == 0, said.Output + said.Errors);
        return said.Json;
    }
}
