using Bauta.Host.Demo;
using Bauta.Protocol.Parties;
using Bauta.Tests.Tidy;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>The table has one source, which the page shows. The demo holds what its roles receive to it, the system
/// tests what real processes keep.</summary>
public sealed class SightTableTests
{
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
}
