using Bauta.Crypto.BinaryHttp;
using Bauta.Host.Config;
using Bauta.Host.PayPerUse;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>What a site that is sold by the request can be asked for.</summary>
public sealed class UpstreamItemsTests
{
    // Nobody listens there.
    private readonly PayProxyConfig config = new() { Upstream = "http://127.0.0.1:1/sold", Price = "0.01" };

    [Theory]
    [InlineData("/page", "does not answer")]
    [InlineData("/a/../page", "does not answer")]
    [InlineData("/a;..b/page%20x", "does not answer")]
    [InlineData("/..%2fhidden", "leads out")]
    [InlineData("/..%5Chidden", "leads out")]
    [InlineData("/..;/hidden", "leads out")]
    [InlineData("/../hidden", "leads out")]
    [InlineData("/a/../../hidden", "leads out")]
    [InlineData("/%2e%2e/hidden", "leads out")]
    [InlineData("//evil.example/", "leads out")]
    [InlineData("/\\evil.example/", "leads out")]
    public async Task A_path_leads_to_the_site_or_nowhere(string path, string expected)
    {
        using var items = new UpstreamItems(config);
        var request = new BinaryRequest("GET", "http", "evil.example", path).Encode();

        var made = await items.MakeAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(MerchantError.NotMade, made.Error);
        Assert.Contains(expected, made.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("http://127.0.0.1/?a=b")]
    [InlineData("http://me@127.0.0.1/")]
    [InlineData("site")]
    public void What_is_no_address_of_a_site_is_not_sold(string upstream) =>
        Assert.Throws<Bauta.Host.HostException>(() => new UpstreamItems(config with { Upstream = upstream }));
}
