using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Bauta.SystemTests.PayPerUse;

/// <summary>A site that is sold by the request, and a customer who pays for it: `bauta pay-proxy` and `bauta fetch`
/// over real HTTP.</summary>
public sealed partial class PayPerUseTests(PaidSite sold) : IClassFixture<PaidSite>
{
    [Fact]
    public async Task Three_pages_cost_three_prices_on_one_lock_and_the_shop_may_die_between_them()
    {
        var locks = sold.Locks();

        var first = await sold.FetchAsync("/first?a=1");
        sold.Network.Kill("merchant");
        await sold.StartProxyAsync();
        var second = await sold.FetchAsync("/second", "--direct");
        var third = await sold.FetchAsync("/third", "--close");

        Assert.Equal(
            ("GET /first?a=1: ", "GET /second: ", "GET /third: "), (first.Text, second.Text, third.Text));
        Assert.Equal(
            [PaidSite.Price, 2 * PaidSite.Price, 3 * PaidSite.Price],
            new[] { first, second, third }.Select(one => (long)one.Said["spent"]!));
        Assert.Equal(locks + 1, sold.Locks());
        // The rest of the lock is free again, for the wallet and for the bank.
        var refreshed = await sold.Network.WalletAsync("refresh", "--days", "10000", "--pause", "0");
        Assert.True(refreshed.ExitCode == 0, refreshed.Errors);
        await sold.SpentAsync(3 * PaidSite.Price);
    }

    [Fact]
    public async Task Whoever_does_not_pay_gets_402_and_the_shops_address()
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        using var answer = await http.GetAsync(new Uri(sold.Origin + "/unpaid"));

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal(
            sold.Network.AddressOf("merchant"), Assert.Single(answer.Headers.GetValues("Bauta-Shop")));
        Assert.DoesNotContain(sold.Site.Asked, one => one.Contains("unpaid", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_browser_pays_for_what_it_gets_and_for_nothing_else()
    {
        using var payer = RealNetwork.Launch(
            [.. sold.Network.FetchArguments("--listen", "127.0.0.1:0", "--shop", "shop.demo", "--close")]);
        try
        {
            var said = payer.StandardError.ReadToEndAsync();
            var line = await ReadLineAsync(payer);
            Assert.False(line is null, line is null ? await said : "");
            using var browser = new HttpClient(new SocketsHttpHandler())
            {
                BaseAddress = new Uri(Address().Match(line!).Value),
            };
            await GetsWhatItPaysForAsync(browser);
            await OthersGetNothingAsync(browser);
            using (var kill = Process.Start("kill", ["-TERM", $"{payer.Id}"]))
                await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await payer.WaitForExitAsync(limit.Token);
            Assert.True(payer.ExitCode == 0, $"{payer.ExitCode} {await said}");
        }
        finally
        {
            if (!payer.HasExited)
                payer.Kill();
        }

        await sold.SpentAsync(2 * PaidSite.Price);
    }

    private async Task GetsWhatItPaysForAsync(HttpClient browser)
    {
        // More often than the shop makes what nobody pays for.
        for (var tries = 0; tries < 5; tries++)
            await RefusedAsync(browser, "missing", "404");
        await RefusedAsync(browser, "/evil.example/", "leads out of the site");
        sold.Site.Stop();
        await RefusedAsync(browser, "down", "does not answer");
        sold.Site.Start();
        using (var page = await browser.GetAsync(new Uri("a/../page?of=it", UriKind.Relative)))
        {
            Assert.Equal("GET /page?of=it: ", await page.Content.ReadAsStringAsync());
            Assert.Equal("a site", Assert.Single(page.Headers.GetValues("X-Site")));
        }

        using var content = new StringContent("twice is once");
        using var posted = await browser.PostAsync(new Uri("posted", UriKind.Relative), content);
        Assert.Equal("POST /posted: twice is once", await posted.Content.ReadAsStringAsync());
        Assert.Single(sold.Site.Asked, one => one == "POST /posted twice is once");
        Assert.DoesNotContain(sold.Site.Asked, one => one.Contains("evil", StringComparison.Ordinal));
    }

    private async Task OthersGetNothingAsync(HttpClient browser)
    {
        foreach (var (name, value) in new[]
        {
            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Host", "evil.example"),
        })
        {
            using var foreign = new HttpRequestMessage(HttpMethod.Get, new Uri("foreign", UriKind.Relative));
            foreign.Headers.TryAddWithoutValidation(name, value);
            using var refused = await browser.SendAsync(foreign);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.DoesNotContain(sold.Site.Asked, one => one.Contains("foreign", StringComparison.Ordinal));
    }

    private static async Task RefusedAsync(HttpClient browser, string path, string why)
    {
        using var refused = await browser.GetAsync(new Uri(browser.BaseAddress!.OriginalString + path));
        Assert.Equal(HttpStatusCode.BadGateway, refused.StatusCode);
        Assert.Contains(why, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<string?> ReadLineAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await process.StandardOutput.ReadLineAsync(limit.Token);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/")]
    private static partial Regex Address();
}
