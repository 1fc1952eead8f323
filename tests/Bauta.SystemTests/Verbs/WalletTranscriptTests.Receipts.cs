using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Verbs;

public sealed partial class WalletTranscriptTests
{
    [Fact]
    public async Task Honey_is_paid_under_masks_and_collected_once_at_one_of_two_counters()
    {
        await OkAsync("h", "init", "--network", demo.NetworkFile, "--password-rounds", "1");
        await OkAsync("h", "fund", "15.00", "--card", GoodCard);
        await OkAsync("h", "withdraw", "15.00");
        Assert.Equal(2, (await demo.ShopAsync("add", "--price", "12.00")).ExitCode);
        var added = await demo.ShopAsync("add", "--receipt", "Two jars of honey", "--price", "12.00");
        Assert.True(added.ExitCode == 0 && (bool)added.Json["receipt"]!, added.Errors);
        var bought = await OkAsync(
            "h", "buy", "shop.demo", (string)added.Json["offer"]!, "--out", demo.Files.Path("voucher.txt"));
        Assert.Equal(("opened", "two-sided"), ((string)bought["state"]!, (string)bought["proof"]!));
        var purchase = ((string)bought["purchase"]!)[..8];
        // What was withdrawn today is stated tomorrow; until then nothing is amiss.
        var checkedTokens = await OkAsync("h", "check", "--pause", "0", "--out", demo.Files.Path("alarms"));
        Assert.Equal((0, 0), ((int)checkedTokens["counted"]!, (int)checkedTokens["missing"]!));
        Assert.True((int)checkedTokens["waiting"]! > 0);
        Assert.Empty((await BautaOkAsync("audit", "--public", "--network", demo.NetworkFile))["findings"]!.AsArray());
        Assert.Equal(2, (await BautaAsync("audit", "--public")).ExitCode);

        var (file, card, png) = (demo.Files.Path("receipt.json"), demo.Files.Path("shop.card"),
            demo.Files.Path("receipt.png"));
        var text = (string)(await OkAsync(
            "h", "receipt", purchase, "--out", file, "--shop-card", card, "--qr", png))["text"]!;
        Assert.True(new FileInfo(png).Length > 500);
        foreach (var shown in new[] { file, text })
        {
            var verified = await BautaAsync("receipt", "verify", shown, "--shop-card", card);
            Assert.True(verified.ExitCode == 0, verified.Errors);
            Assert.Equal("Two jars of honey", (string)verified.Json["title"]!);
            Assert.Equal(shown == file, verified.Json["leaf"] is not null);
        }

        var altered = text[..^2] + (text[^2] == 'A' ? 'B' : 'A') + text[^1];
        Assert.Equal(25, (await BautaAsync("receipt", "verify", altered, "--shop-card", card)).ExitCode);

        var (corner, post) = (demo.Files.Path("corner"), demo.Files.Path("post"));
        await BautaOkAsync(
            "counter", "init", "--counter", corner, "--name", "corner.demo", "--config", demo.ShopConfig);
        await BautaOkAsync("counter", "init", "--counter", post, "--name", "post.demo", "--shop-card", card);
        // The post office works offline, from the archive's proof; the corner asks the shop.
        var answer = await AnswerAsync(purchase, post);
        var foreign = await BautaAsync("counter", "check", text, answer, "--counter", corner);
        Assert.Equal((14, "foreign-challenge"), (foreign.ExitCode, (string)foreign.Json["code"]!));
        var handed = await BautaOkAsync("counter", "check", file, answer, "--counter", post);
        Assert.True((bool)handed["handedOver"]!);
        var twice = await BautaAsync("counter", "check", file, answer, "--counter", post);
        Assert.Equal((14, "handed-over"), (twice.ExitCode, (string)twice.Json["code"]!));
        Assert.Null(await HandedOverAtAsync());
        Assert.Equal(1, (long)(await BautaOkAsync(
            "counter", "reconcile", "--counter", post, "--config", demo.ShopConfig))["told"]!);
        Assert.NotNull(await HandedOverAtAsync());
        // Now the corner learns from the shop what it cannot know by itself.
        twice = await BautaAsync("counter", "check", text, await AnswerAsync(purchase, corner), "--counter", corner,
            "--config", demo.ShopConfig);
        Assert.Equal((14, "handed-over"), (twice.ExitCode, (string)twice.Json["code"]!));

        var sale = (string)(await demo.ShopAsync("sales")).Json["sales"]!.AsArray()
            .First(one => (bool)one!["receipt"]!)!["transaction"]!;
        var evidence = demo.Files.Path("honey.json");
        Assert.True((bool)(await demo.ShopAsync("evidence", sale, "--out", evidence)).Json["handedOver"]!);
        var judged = await BautaOkAsync("judge", evidence);
        Assert.Contains("signed at counter post.demo", (string)judged["summary"]!, StringComparison.Ordinal);
    }

    private async Task<JsonNode?> HandedOverAtAsync() => (await demo.ShopAsync("sales")).Json["sales"]!.AsArray()
        .First(one => (bool)one!["receipt"]!)!["handedOverAt"];

    private async Task<string> AnswerAsync(string purchase, string counter)
    {
        var asked = (string)(await BautaOkAsync("counter", "challenge", "--counter", counter))["challenge"]!;
        return (string)(await OkAsync("h", "answer", purchase, asked))["answer"]!;
    }

    private static async Task<JsonNode> BautaOkAsync(params string[] arguments)
    {
        var said = await BautaAsync(arguments);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', arguments)}: {said.ExitCode} {said.Errors}");
        return said.Json;
    }

    private static Task<Said> BautaAsync(params string[] arguments) =>
        RealNetwork.BautaAsync(Limits.Verb, [.. arguments, "--json"]);
}
