using System.Text.RegularExpressions;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Xunit;

namespace Bauta.Tests.Tidy;

public sealed partial class DocumentTests
{
    private const string ProtocolPages = "docs/protocol/";

    [Fact]
    public void What_the_documents_take_from_the_code_is_what_the_code_says()
    {
        var pages = GeneratedBlocks.All.Select(block => block.Page).Distinct().ToArray();
        Assert.NotEmpty(pages);
        var stale = new List<string>();
        foreach (var page in pages)
        {
            var text = Repository.Read(page);
            var expected = GeneratedBlocks.Render(text);
            if (GeneratedBlocks.IsWriting)
                File.WriteAllText(Repository.PathOf(page), expected);
            else if (text != expected)
                stale.Add(page);
        }

        Assert.True(stale.Count == 0,
            $"Run the tests once with BAUTA_WRITE_DOCS=1 and read what changed in: {string.Join(", ", stale)}");
    }

    [Fact]
    public void Every_closed_list_of_refusals_stands_on_one_page()
    {
        Assert.Contains(typeof(HostError), ProtocolTables.ErrorLists);
        Assert.Equal(
            ProtocolTables.ErrorLists.Select(list => list.Name).Order(),
            BlocksOf("errors").Select(block => block.Name).Order());
    }

    [Fact]
    public void Every_code_stands_on_its_page_with_its_status_and_meaning()
    {
        foreach (var list in ProtocolTables.ErrorLists)
        {
            var page = BlocksOf("errors").Single(block => block.Name == list.Name).Page;
            var lines = File.ReadAllLines(Repository.PathOf(page));
            foreach (var (code, status, meaning) in ProtocolTables.CodesOf(list))
                Assert.Contains($"| `{code}` | {status} | {meaning} |", lines);
        }
    }

    [Fact]
    public void Every_message_has_a_table_of_its_members()
    {
        var documented = BlocksOf("message").Select(block => block.Name).ToHashSet();
        var missing = ProtocolTables.Messages.Select(type => type.Name).Where(name => !documented.Contains(name));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_table_of_members_says_what_each_member_means()
    {
        var silent = Repository.Under(ProtocolPages, ".md")
            .SelectMany(page => File.ReadLines(Repository.PathOf(page)))
            .Where(line => MemberWithoutMeaning().IsMatch(line));
        Assert.Empty(silent);
    }

    [Fact]
    public void Every_typ_is_documented_and_used_once()
    {
        var typs = ProtocolTables.Statements.Select(statement => statement.Typ).ToArray();
        Assert.Equal(typs.Length, typs.Distinct().Count());
        var common = Repository.Read(ProtocolPages + "common.md");
        var signers = common[common.IndexOf("| signed by |", StringComparison.Ordinal)..];
        Assert.All(typs, typ => Assert.Contains($"`{typ}`", signers, StringComparison.Ordinal));
        Assert.Empty(QuotedTyp().Matches(Repository.Read("docs/protocol/common.md"))
            .Select(match => match.Groups[1].Value).Except(typs));
    }

    [Fact]
    public void Every_member_in_a_table_is_read_and_written_under_that_name()
    {
        foreach (var type in ProtocolTables.Messages)
        {
            var json = ProtocolJson.Default.GetTypeInfo(type)!;
            var members = ProtocolTables.Members(type)
                .Select(member => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(member.Name!));
            Assert.Equal(
                members.Order(StringComparer.Ordinal),
                json.Properties.Where(property => property.Get is not null)
                    .Select(property => property.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void No_link_inside_the_repository_is_dead()
    {
        var dead = new List<string>();
        foreach (var page in Repository.Under("", ".md"))
        {
            foreach (Match link in Link().Matches(Repository.Read(page)))
            {
                var target = link.Groups[1].Value;
                if (target.Contains("://", StringComparison.Ordinal)
                    || target.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                var parts = target.Split('#', 2);
                var file = parts[0].Length == 0
                    ? page
                    : Path.GetRelativePath(Repository.Root,
                        Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, parts[0])));
                if (!File.Exists(Repository.PathOf(file)) && !Directory.Exists(Repository.PathOf(file)))
                    dead.Add($"{page}: {target}");
                else if (parts.Length == 2 && !Anchors(file).Contains(parts[1]))
                    dead.Add($"{page}: {target}");
            }
        }

        Assert.Empty(dead);
    }

    [Fact]
    public void The_sight_table_names_the_roles_that_exist_and_marks_the_planned_ones()
    {
        var rows = SightRow().Matches(Section("ARCHITECTURE.md", "## Parties")).Select(
            match => (Role: match.Groups["role"].Value, IsPlanned: match.Groups["planned"].Success)).ToArray();
        var roles = typeof(Roles).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToArray();
        Assert.Equal(6, roles.Length);
        Assert.Equal(
            roles.Order(), rows.Where(row => !row.IsPlanned && row.Role is not ("wallet" or "judge"))
                .Select(row => row.Role).Distinct().Order());
        Assert.Contains(rows, row => row.IsPlanned);
        Assert.DoesNotContain(rows, row => row.IsPlanned && Roles.IsKnown(row.Role));
    }

    [Fact]
    public void The_layout_names_every_project()
    {
        var layout = Section("ARCHITECTURE.md", "## Layout");
        foreach (var project in Repository.Under("src", ".csproj").Concat(Repository.Under("tests", ".csproj")))
            Assert.Contains(Path.GetFileName(Path.GetDirectoryName(project)!) + "/", layout, StringComparison.Ordinal);
    }

    [Fact]
    public void The_dependency_table_names_every_package_with_its_version()
    {
        var table = Section("ARCHITECTURE.md", "## Dependencies");
        var packages = PackageVersion().Matches(Repository.Read("Directory.Packages.props"));
        Assert.NotEmpty(packages);
        foreach (Match package in packages)
            Assert.Contains($"{package.Groups["id"].Value} {package.Groups["version"].Value}", table,
                StringComparison.Ordinal);
    }

    private static IEnumerable<(string Page, string Kind, string Name)> BlocksOf(string kind) =>
        GeneratedBlocks.All.Where(block => block.Kind == kind);

    private static string Section(string page, string heading)
    {
        var text = Repository.Read(page);
        var start = text.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{page} has no {heading}.");
        var end = text.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    // Headings as GitHub turns them into anchors.
    private static HashSet<string> Anchors(string page) => [.. File.ReadLines(Repository.PathOf(page))
        .Where(line => line.StartsWith('#'))
        .Select(line => NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"^\| `\w+`( \(optional\))? \| .+ \|\s+\|$")]
    private static partial Regex MemberWithoutMeaning();

    [GeneratedRegex(@"`(bauta\.[a-z-]+)`")]
    private static partial Regex QuotedTyp();

    [GeneratedRegex(@"^\| `(?<role>[a-z-]+)`[^|]*?(?<planned>\(planned\))? \|", RegexOptions.Multiline)]
    private static partial Regex SightRow();

    [GeneratedRegex("PackageVersion Include=\"(?<id>[^\"]+)\" Version=\"(?<version>[^\"]+)\"")]
    private static partial Regex PackageVersion();
}
