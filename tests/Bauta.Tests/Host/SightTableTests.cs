using Bauta.Host.Demo;
using Bauta.Protocol.Parties;
using Bauta.Tests.Tidy;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>The table has one source; the page and the demo say what it says. The system tests hold the processes to
/// it.</summary>
public sealed class SightTableTests
{
    public static TheoryData<string> Steps => [.. DemoSights.Steps];

    [Fact]
    public void It_has_a_row_for_every_role_and_both_masks_and_no_row_allows_what_it_forbids()
    {
        var roles = typeof(Roles).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(
            roles.Concat(["wallet", "judge", "mask"]).Order(), SightTable.Roles.Select(row => row.Role).Order());
        Assert.All(SightTable.Roles, row => Assert.Empty(row.Sees.Intersect(row.Never)));
        Assert.All(Enum.GetValues<Fact>(), fact => Assert.NotEmpty(SightTable.Words([fact])));
    }

    [Fact]
    public void The_page_shows_the_table_and_no_other()
    {
        Assert.Contains(GeneratedBlocks.All, block => block.Page == "ARCHITECTURE.md" && block.Kind == "sight");
        foreach (var row in SightTable.Roles)
            Assert.Single(Repository.Read("ARCHITECTURE.md").Split('\n'), line => line.StartsWith(
                $"| `{row.Role}`{(row.Place is null ? " |" : $", the {row.Place} |")}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_demo_says_of_no_party_that_it_sees_what_the_table_does_not_allow()
    {
        Assert.All(DemoSights.Parts, part => Assert.Empty(part.Facts.Except(part.Row.Sees)));
        Assert.All(DemoSights.Parts, part => Assert.True(part.Facts.Count > 0 || part.Also is not null));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Behind_masks_only_the_first_mask_sees_the_network_address(string step)
    {
        foreach (var sight in DemoSights.Of(step, isDirect: false))
            Assert.Equal(
                sight.Party == "first mask", sight.Sees.Contains("network address", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_masks_it_says_that_bank_shop_and_acquirer_see_the_address()
    {
        var seers = DemoSights.Steps.SelectMany(step => DemoSights.Of(step, isDirect: true))
            .Where(sight => sight.Sees.Contains("network address", StringComparison.Ordinal))
            .Select(sight => sight.Party).Distinct().Order();

        Assert.Equal(["acquirer", "bank", "shop"], seers);
        Assert.DoesNotContain(DemoSights.Steps.SelectMany(step => DemoSights.Of(step, isDirect: true)),
            sight => sight.Sees.Contains("network address", StringComparison.Ordinal)
                && sight.Never.Contains("network address", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_said_to_see_customer_or_goods_but_the_shop_that_sells_them()
    {
        foreach (var sight in DemoSights.Steps.SelectMany(step => DemoSights.Of(step, isDirect: false)))
        {
            Assert.DoesNotContain("customer", sight.Sees, StringComparison.Ordinal);
            if (sight.Party != "shop")
                Assert.DoesNotContain("goods", sight.Sees, StringComparison.Ordinal);
        }
    }
}
