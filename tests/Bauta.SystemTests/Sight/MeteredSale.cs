using System.Globalization;
using Bauta.Host.Demo;
using Bauta.SystemTests.Faults;
using Bauta.SystemTests.PayPerUse;
using Xunit;

namespace Bauta.SystemTests.Sight;

/// <summary>A session with the test's shop, which sells a site by the request, too.</summary>
internal static class MeteredSale
{
    public const string Page = "canary-page-16f0c8";
    private const string Asked = "canary-asked-9a37d4";
    private const long Price = 11_173;
    private const int Items = 2;
    private const long Total = Items * Price;

    /// <summary>What the shop's configuration says of it.</summary>
    public static string Config(Upstream site) =>
        $$"""{ "upstream": "{{site.Origin}}", "price": "{{Money(Price)}}", "limit": "300.00" }""";

    /// <summary>Buys some items and ends the session.</summary>
    public static async Task<IEnumerable<Canary>> FetchAsync(RealNetwork network)
    {
        var urls = Enumerable.Range(1, Items).Select(number => $"http://a.site/{Asked}/{number}");
        var said = await network.FetchAsync([.. urls, "--shop", "shop.demo", "--max", "300.00", "--close"]);
        Assert.True(said.ExitCode == 0, said.Errors);
        Assert.Equal(Total, (long)said.Json["spent"]!);
        var key = LiveRows.Read(
            LiveRows.PathOf(network, "bank"), "SELECT total_key FROM locks WHERE total_key IS NOT NULL",
            row => (byte[])row.GetValue(0)).Single();
        return
        [
            // Both pass through the shop: it has to ask for the one and seal the other.
            Canary.OfText("what a session asked for", Fact.Goods, Asked) with { IsKept = false },
            Canary.OfText("an item of a session", Fact.Goods, Page) with { IsKept = false },
            Canary.OfText("the price of an item", Fact.Price, $":{Price},\"", $":{Price}}}}}", $" {Money(Price)} EUR")
                with { Number = Price, MustBeAt = ["merchant"] },
            // The bank knows it as the amount.
            Canary.OfText("the total of a session", Fact.Price, $":{Total},\"", $" {Money(Total)} EUR")
                with { Facts = [Fact.Price, Fact.Amount], Number = Total, MustBeAt = ["merchant", "bank"] },
            // On the shop's disk it is sealed.
            Canary.OfBytes("the key to a session's total", Fact.Price, key)
                with { Facts = [Fact.Price, Fact.Amount], MustBeAt = ["bank"] },
        ];
    }

    private static string Money(long minorUnits) =>
        (minorUnits / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
