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
        var (before, locks) = (await sold.HeldAsync(), sold.Locks());

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
        // The rest of the lock is free again.
        Assert.Equal(before - (3 * PaidSite.Price), await sold.HeldAsync());
        var spent = await sold.Network.WalletAsync("refresh", "--days", "10000", "--pause", "0");
        Assert.True(spent.ExitCode == 0, spent.Errors);
        Assert.Equal(before - (3 * PaidSite.Price), await sold.HeldAsync());
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
    public async Task What_is_not_delivered_costs_nothing_and_what_is_posted_arrives_once()
    {
        var before = await sold.HeldAsync();

        await RefusedAsync("/missing", "404");
        await RefusedAsync("//evil.example/", "malformed");
        sold.Site.Stop();
        await RefusedAsync("/down", "does not answer");
        sold.Site.Start();
        var posted = await sold.FetchAsync("/a/../posted", "--method", "POST", "--data", "twice is once", "--close");

        Assert.Equal("POST /posted: twice is once", posted.Text);
        Assert.Single(sold.Site.Asked, one => one == "POST /posted twice is once");
        Assert.DoesNotContain(sold.Site.Asked, one => one.Contains("evil", StringComparison.Ordinal));
        Assert.Equal(PaidSite.Price, (long)posted.Said["spent"]!);
        Assert.Equal(before - PaidSite.Price, await sold.HeldAsync());
    }

    [Fact]
    public async Task A_browser_pays_through_the_local_proxy_and_other_sites_pages_do_not()
    {
        var before = await sold.HeldAsync();
        using var payer = RealNetwork.Launch(
            [.. sold.Network.FetchArguments("--listen", "127.0.0.1:0", "--shop", "shop.demo", "--close")]);
        try
        {
            var said = payer.StandardError.ReadToEndAsync();
            var line = await ReadLineAsync(payer);
            Assert.False(line is null, line is null ? await said : "");
            var root = new Uri(AddressAtEnd().Match(line!).Value);
            using var http = new HttpClient(new SocketsHttpHandler());

            for (var tries = 0; tries < 5; tries++)
                using (var missing = await http.GetAsync(new Uri(root, "missing")))
                    Assert.Equal(HttpStatusCode.BadGateway, missing.StatusCode);
            using (var page = await http.GetAsync(new Uri(root, "page?of=it")))
            {
                Assert.Equal("GET /page?of=it: ", await page.Content.ReadAsStringAsync());
                Assert.Equal("a site", Assert.Single(page.Headers.GetValues("X-Site")));
            }

            foreach (var (name, value) in new[]
            {
                ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Host", "evil.example"),
            })
            {
                using var foreign = new HttpRequestMessage(HttpMethod.Get, new Uri(root, "foreign"));
                foreign.Headers.TryAddWithoutValidation(name, value);
                using var refused = await http.SendAsync(foreign);
                Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            }

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

        Assert.DoesNotContain(sold.Site.Asked, one => one.Contains("foreign", StringComparison.Ordinal));
        Assert.Equal(before - PaidSite.Price, await sold.HeldAsync());
    }

    private async Task RefusedAsync(string path, string why)
    {
        var said = await sold.Network.FetchAsync(sold.Origin + path);
        Assert.Equal(14, said.ExitCode);
        Assert.Contains(why, said.Errors, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string?> ReadLineAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await process.StandardOutput.ReadLineAsync(limit.Token);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/")]
    private static partial Regex AddressAtEnd();
}
