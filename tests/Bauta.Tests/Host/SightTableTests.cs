using Bauta.Host.Demo;
using Xunit;

namespace Bauta.Tests.Host;

public sealed class SightTableTests
{
    public static TheoryData<string> Steps => [.. SightTable.Steps];

    [Theory]
    [MemberData(nameof(Steps))]
    public void Behind_masks_only_the_first_mask_sees_the_network_address(string step)
    {
        foreach (var sight in SightTable.Of(step, isDirect: false))
            Assert.Equal(
                sight.Party == "first mask", sight.Sees.Contains("network address", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_masks_it_says_that_bank_shop_and_acquirer_see_the_address()
    {
        var seers = SightTable.Steps.SelectMany(step => SightTable.Of(step, isDirect: true))
            .Where(sight => sight.Sees.Contains("network address", StringComparison.Ordinal))
            .Select(sight => sight.Party).Distinct().Order();

        Assert.Equal(["acquirer", "bank", "shop"], seers);
        Assert.DoesNotContain(SightTable.Steps.SelectMany(step => SightTable.Of(step, isDirect: true)),
            sight => sight.Never.Contains("network address", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_said_to_see_customer_or_goods_but_the_shop_that_sells_them()
    {
        foreach (var sight in SightTable.Steps.SelectMany(step => SightTable.Of(step, isDirect: false)))
        {
            Assert.DoesNotContain("customer", sight.Sees, StringComparison.Ordinal);
            if (sight.Party != "shop")
                Assert.DoesNotContain("goods", sight.Sees, StringComparison.Ordinal);
        }
    }
}
