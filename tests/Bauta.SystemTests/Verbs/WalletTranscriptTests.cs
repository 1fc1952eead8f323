using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Bauta.SystemTests.Faults;
using Xunit;

namespace Bauta.SystemTests.Verbs;

/// <summary>What a customer, a shop's owner and a stranger type at a running network, and what they get.</summary>
public sealed partial class WalletTranscriptTests(DemoFixture demo) : IClassFixture<DemoFixture>
{
    private const string GoodCard = "4242424242424242";
    private const string DeclinedCard = "4000000000000002";

    [Fact]
    public async Task A_customer_funds_withdraws_buys_proves_and_restores()
    {
        var made = await OkAsync("w", "init", "--network", demo.NetworkFile, "--password-rounds", "1");
        var phrase = (string)made["phrase"]!;
        Assert.Equal(12, phrase.Split(' ').Length);
        await OkAsync("w", "fund", "20.00", "--card", GoodCard);
        await OkAsync("w", "withdraw", "10.00");
        var balance = await OkAsync("w", "balance");
        Assert.Equal(1000, (long)balance["spendable"]!);
        Assert.Equal(1000, (long)balance["inReserves"]!);

        var goods = demo.Files.Write("poem.txt", RandomNumberGenerator.GetBytes(5000));
        var offer = await SellAsync(goods, "1.20", "A poem");
        var listed = (await OkAsync("w", "buy", "shop.demo"))["offers"]!.AsArray();
        Assert.Contains(offer, listed.Select(one => (string)one!["offer"]!));

        var output = demo.Files.Path("bought.txt");
        var bought = await OkAsync("w", "buy", "shop.demo", "A poem", "--out", output);
        Assert.Equal("opened", (string)bought["state"]!);
        Assert.Equal(await File.ReadAllBytesAsync(goods), await File.ReadAllBytesAsync(output));
        Assert.Empty((await OkAsync("w", "resume"))["open"]!.AsArray());
        var purchase = (string)Assert.Single((await OkAsync("w", "history"))["purchases"]!.AsArray())!["purchase"]!;

        await OkAsync("w", "refresh", "--pause", "0");
        balance = await OkAsync("w", "balance");
        Assert.Equal(2000 - 120, Sum(balance));

        await JudgeAsync(purchase);
        await OkAsync(
            "restored", "restore", "--network", demo.NetworkFile, "--pause", "0", "--phrase-file",
            demo.Files.Write("phrase", phrase));
        balance = await OkAsync("restored", "balance");
        Assert.Equal(2000 - 120, Sum(balance));
        Assert.Equal(0, (long)balance["setAside"]! + (long)balance["toRefresh"]!);
    }

    [Fact]
    public async Task A_restore_that_was_killed_goes_on_and_finds_all()
    {
        var phrase = (string)(await OkAsync("lost", "init", "--network", demo.NetworkFile))["phrase"]!;
        await OkAsync("lost", "fund", "20.00", "--card", GoodCard);
        await OkAsync("lost", "withdraw", "10.00");
        string[] restore =
            ["restore", "--network", demo.NetworkFile, "--phrase-file", demo.Files.Write("lost.words", phrase)];
        foreach (var seconds in new[] { 0, 5 })
        {
            using var process = RealNetwork.Launch(
            [
                "wallet", .. restore, "--pause", "400", "--wallet", demo.Files.Path("found"), "--password-file",
                demo.PasswordFile(), "--json",
            ]);
            for (var tries = 0; tries < 300 && !File.Exists(demo.Files.Path("found", "wallet.db")); tries++)
                await Task.Delay(100);
            // The second time it has begun to ask.
            for (var tries = 0; seconds > 0 && tries < 600 && !IsMade(demo.Files.Path("found", "wallet.db")); tries++)
                await Task.Delay(100);
            Assert.True(seconds == 0 || IsMade(demo.Files.Path("found", "wallet.db")));
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            Assert.False(process.HasExited);
            process.Kill();
            await process.WaitForExitAsync();
        }

        await FailsAsync(18, "another phrase", "found", "restore", "--network", demo.NetworkFile, "--phrase-file",
            demo.Files.Write("other.words", Bauta.Wallet.Recovery.RecoveryPhrase.Generate()));
        Assert.Equal(1000, (long)(await OkAsync("found", [.. restore, "--pause", "0"]))["spendable"]!);
        var balance = await OkAsync("found", "balance");
        Assert.Equal((1000, 2000), ((long)balance["spendable"]!, Sum(balance)));
    }

    private static bool IsMade(string wallet) =>
        LiveRows.Read(wallet, "SELECT name FROM sqlite_master WHERE name = 'settings'", row => true).Count > 0
        && LiveRows.Read(wallet, "SELECT COUNT(*) FROM settings", row => row.GetInt64(0)).Single() > 0;

    [Fact]
    public async Task Every_refusal_has_its_exit_code_and_says_what_to_do()
    {
        await FailsAsync(10, "wallet init", "x", "balance");
        await OkAsync("x", "init", "--network", demo.NetworkFile);
        await FailsAsync(18, "another folder", "x", "init", "--network", demo.NetworkFile);
        await FailsAsync(3, "missing", "y", "init", "--network", demo.Files.Path("none.json"));
        await FailsAsync(41, "twelve words", "y", "restore", "--network", demo.NetworkFile, "--phrase-file",
            demo.Files.Write("nonsense", "one two three"));
        await FailsAsync(12, "wallet fund", "x", "withdraw", "5.00");
        await FailsAsync(13, "another card", "x", "fund", "5.00", "--card", DeclinedCard);
        await FailsAsync(14, "test cards", "x", "fund", "5.00", "--card", "5555555555554444");
        await FailsAsync(2, "2.50", "x", "fund", "5.001", "--card", GoodCard);
        await FailsAsync(16, "shop.demo", "x", "buy", "no-such-shop");
        await FailsAsync(16, "wallet buy", "x", "buy", "shop.demo", "no such offer");
        await FailsAsync(16, "history", "x", "evidence", "AAAA");
        var offer = await SellAsync(demo.Files.Write("dear.txt", "dear"), "5.00", "Something dear");
        await FailsAsync(12, "withdraw", "x", "buy", "shop.demo", offer, "--out", demo.Files.Path("never.txt"));
        Assert.False(File.Exists(demo.Files.Path("never.txt")));

        var wrong = await RealNetwork.BautaAsync(
            Limits.Verb, "wallet", "balance", "--wallet", demo.Files.Path("x"), "--password-file",
            demo.Files.Write("wrong", "wrong\n"));
        Assert.Equal(11, wrong.ExitCode);
        Assert.Empty(wrong.Output);
    }

    [Fact]
    public async Task A_backup_opens_with_the_same_password_and_holds_the_same_money()
    {
        await OkAsync("b", "init", "--network", demo.NetworkFile);
        await OkAsync("b", "fund", "5.00", "--card", GoodCard);
        await OkAsync("b", "withdraw", "5.00");
        Directory.CreateDirectory(demo.Files.Path("copy"));
        await OkAsync("b", "backup", demo.Files.Path("copy", "wallet.db"));
        await FailsAsync(18, "new file", "b", "backup", demo.Files.Path("copy", "wallet.db"));

        Assert.Equal(500, (long)(await OkAsync("copy", "balance"))["spendable"]!);
    }

    [Fact]
    public async Task A_shop_lists_sells_and_is_paid_out_after_the_dispute_window()
    {
        await OkAsync("p", "init", "--network", demo.NetworkFile, "--password-rounds", "1");
        await OkAsync("p", "fund", "5.00", "--card", GoodCard);
        await OkAsync("p", "withdraw", "5.00");
        var offer = await SellAsync(demo.Files.Write("song.txt", "la la"), "3.21", "A song");
        var before = await demo.ShopAsync("sales");
        await FailsAsync(14, "a-z", "p", "buy", "shop.demo", offer, "--as", "A B", "--out", demo.Files.Path("no.txt"));
        await FailsAsync(2, "two-sided", "p", "buy", "shop.demo", offer, "--proof", "three-sided");
        var bought = await OkAsync(
            "p", "buy", "shop.demo", offer, "--out", demo.Files.Path("song-bought.txt"), "--as", "listener", "--name",
            "Anna of the Corner");
        Assert.Equal(
            ("two-sided", "listener", "Anna of the Corner"),
            ((string)bought["proof"]!, (string)bought["pseudonym"]!, (string)bought["name"]!));

        Assert.Equal(16, (await demo.ShopAsync("add", demo.Files.Path("none"), "--price", "1.00")).ExitCode);
        Assert.Equal(12, (await demo.ShopAsync("payout", "9999.00")).ExitCode);
        for (var tries = 0; ; tries++)
        {
            var sales = await demo.ShopAsync("sales");
            Assert.Equal(0, sales.ExitCode);
            Assert.Contains("A song", sales.Json["sales"]!.AsArray().Select(sale => (string)sale!["title"]!));
            if ((long?)sales.Json["available"] >= (long?)before.Json["balance"] + 321)
                break;
            Assert.True(tries < 60, sales.Output);
            await Task.Delay(500);
        }

        var sold = (string)(await demo.ShopAsync("sales")).Json["sales"]![0]!["transaction"]!;
        var evidence = demo.Files.Path("sale.json");
        var goods = demo.Files.Path("sale.goods");
        var written = await demo.ShopAsync("evidence", sold[..10], "--out", evidence, "--goods", goods);
        Assert.True(written.ExitCode == 0 && (bool)written.Json["acknowledged"]!, written.Errors);
        Assert.Equal(18, (await demo.ShopAsync("evidence", sold, "--out", evidence)).ExitCode);
        Assert.Equal(16, (await demo.ShopAsync("evidence", "none", "--out", evidence + "2")).ExitCode);
        var judged = await RealNetwork.BautaAsync(Limits.Verb, "judge", evidence, "--goods", goods, "--json");
        Assert.True(judged.ExitCode == 0, judged.Output);
        Assert.Contains("goods: the opened file has", judged.Output, StringComparison.Ordinal);
        Assert.Contains("the merchant proves it, too", (string)judged.Json["summary"]!, StringComparison.Ordinal);
        Assert.Contains(judged.Json["keys"]!.AsArray(), key => ((string)key!["party"]!).Contains(
            "calls itself Anna of the Corner", StringComparison.Ordinal));

        var payout = await demo.ShopAsync("payout", "3.21");
        Assert.Equal(0, payout.ExitCode);
        Assert.Equal(321, (long)payout.Json["amount"]!);
    }

    [Fact]
    public async Task A_stranger_verifies_the_log_and_follows_it()
    {
        string[] network = ["--network", demo.NetworkFile, "--json"];
        var verified = await RealNetwork.BautaAsync(Limits.Verb, ["archive", "verify", .. network]);
        Assert.True(verified.ExitCode == 0, verified.Errors);
        Assert.True((long)verified.Json["size"]! >= 15);
        var followed = await RealNetwork.BautaAsync(
            Limits.Verb,
            ["archive", "monitor", "--once", "--masked", "--data", demo.Files.Path("monitor.db"), .. network]);
        Assert.True(followed.ExitCode == 0, followed.Errors);
        Assert.Empty(followed.Json["alarms"]!.AsArray());
    }

    private static long Sum(JsonNode balance) => (long)balance["spendable"]! + (long)balance["setAside"]!
        + (long)balance["toRefresh"]! + (long)balance["inReserves"]!;

    private async Task JudgeAsync(string purchase)
    {
        var evidence = demo.Files.Path("evidence.json");
        await OkAsync("w", "evidence", purchase[..10], "--out", evidence);
        var judged = await RealNetwork.BautaAsync(Limits.Verb, "judge", evidence, "--json");
        Assert.Equal(0, judged.ExitCode);
        Assert.Equal("complete", (string)judged.Json["outcome"]!);

        // One character of the payment note is another: nothing holds together any more.
        var text = await File.ReadAllTextAsync(evidence);
        var at = text.IndexOf("\"payment\":\"", StringComparison.Ordinal) + 200;
        var forged = demo.Files.Write(
            "forged.json", text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..]);
        Assert.Equal(25, (await RealNetwork.BautaAsync(Limits.Verb, "judge", forged, "--json")).ExitCode);
    }

    private async Task<string> SellAsync(string path, string price, string title)
    {
        var added = await demo.ShopAsync("add", path, "--price", price, "--title", title);
        Assert.True(added.ExitCode == 0, added.Errors);
        Assert.Equal(DemoTests.Hash(path), (string)added.Json["sha256"]!);
        return (string)added.Json["offer"]!;
    }

    private async Task<JsonNode> OkAsync(string wallet, params string[] arguments)
    {
        var said = await demo.WalletAsync(wallet, arguments);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', arguments)}: {said.ExitCode} {said.Errors}");
        return said.Json;
    }

    private async Task FailsAsync(int code, string hint, string wallet, params string[] arguments)
    {
        var said = await demo.WalletAsync(wallet, arguments);
        Assert.True(said.ExitCode == code, $"{string.Join(' ', arguments)}: {said.ExitCode} {said.Errors}");
        Assert.Equal(code, (int)said.Json["error"]!["exit"]!);
        Assert.Contains(hint, (string)said.Json["error"]!["message"]!, StringComparison.Ordinal);
    }
}
