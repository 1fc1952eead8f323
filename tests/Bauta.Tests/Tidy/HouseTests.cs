using System.Text.RegularExpressions;
using Bauta.Protocol.Parties;
using Xunit;

namespace Bauta.Tests.Tidy;

public sealed partial class HouseTests
{
    private const int MaxFileLines = 500;
    private const int MaxColumns = 120;

    // What a party may stand on. None of these may stand on a party.
    private static readonly Dictionary<string, string[]> ground = new(StringComparer.Ordinal)
    {
        ["Crypto"] = [],
        ["Protocol"] = ["Crypto"],
        ["Storage"] = [],
        ["Http"] = ["Crypto", "Protocol", "Storage"],
    };

    private static readonly string[] partyGround = ["Crypto", "Protocol", "Storage", "Http"];

    // Only the executable and the simulation put parties together.
    private static readonly string[] together = ["Host", "Simulation"];

    [Fact]
    public void No_party_references_another_party()
    {
        var projects = Repository.Under("src", ".csproj").ToArray();
        Assert.NotEmpty(projects);
        foreach (var project in projects)
        {
            var name = NameOf(project);
            if (together.Contains(name))
                continue;
            var allowed = ground.GetValueOrDefault(name) ?? partyGround;
            Assert.All(References(project), reference => Assert.True(
                allowed.Contains(reference), $"{name} references {reference}."));
        }
    }

    [Fact]
    public void Crypto_and_protocol_bring_no_packages_and_no_web_server()
    {
        foreach (var project in new[] { "src/Crypto/Bauta.Crypto.csproj", "src/Protocol/Bauta.Protocol.csproj" })
        {
            var text = Repository.Read(project);
            Assert.DoesNotContain("PackageReference", text, StringComparison.Ordinal);
            Assert.DoesNotContain("FrameworkReference", text, StringComparison.Ordinal);
        }
    }

    // Other sockets would send trace contexts, follow redirects, keep cookies and use a proxy.
    [Fact]
    public void Sockets_are_made_in_one_place()
    {
        var places = Repository.Under("src", ".cs").Where(file => NewSockets().IsMatch(Repository.Read(file)));
        Assert.Equal(["src/Protocol/Relay/PartyTransport.cs"], places);
    }

    [Fact]
    public void Every_project_stands_in_the_solution()
    {
        var solution = Repository.Read("Bauta.slnx");
        // Mutation testing builds tests that stand here already a second time, and only when it is asked to.
        const string mutation = "eng/mutation/Bauta.Mutation.csproj";
        foreach (var project in Repository.Files.Where(
            file => file.EndsWith(".csproj", StringComparison.Ordinal) && file != mutation))
            Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_have_their_versions_in_one_place_and_are_locked()
    {
        foreach (var project in Repository.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            Assert.DoesNotMatch(VersionedPackage(), Repository.Read(project));
            var locked = Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json");
            Assert.True(File.Exists(Repository.PathOf(locked)), $"{project} has no lock file.");
        }
    }

    [Fact]
    public void Files_fit_in_a_head_and_lines_on_a_screen()
    {
        var tooLong = new List<string>();
        foreach (var file in Repository.Files.Where(IsSource))
        {
            var lines = File.ReadAllLines(Repository.PathOf(file));
            if (lines.Length > MaxFileLines)
                tooLong.Add($"{file} has {lines.Length} lines");
            for (var i = 0; i < lines.Length; i++)
                if (lines[i].Length > MaxColumns && !lines[i].Contains("[Refusal(", StringComparison.Ordinal))
                    tooLong.Add($"{file}:{i + 1} has {lines[i].Length} columns");
        }

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Nothing_names_the_machine_that_it_was_made_on()
    {
        var named = Repository.Files
            .Where(file => Path.GetExtension(file) is ".cs" or ".md" or ".json" or ".csproj" or ".props" or ".slnx"
                or "" or ".sh" or ".txt")
            .Where(file => MachinePath().IsMatch(Repository.Read(file)));
        Assert.Empty(named);
    }

    [Fact]
    public void Nothing_in_the_sources_is_left_to_do()
    {
        var left = Repository.Under("src", ".cs").Where(file => Unfinished().IsMatch(Repository.Read(file)));
        Assert.Empty(left);
    }

    [Fact]
    public void No_folder_is_named_after_nothing()
    {
        string[] empty = ["Helpers", "Common", "Utils", "Services", "Models", "Managers"];
        Assert.DoesNotContain(Repository.Files.Where(IsSource), file => file.Split('/').Intersect(empty).Any());
    }

    [Fact]
    public void Every_role_has_a_page_of_its_protocol()
    {
        foreach (var field in typeof(Roles).GetFields())
            Assert.True(File.Exists(Repository.PathOf($"docs/protocol/{field.GetRawConstantValue()}.md")));
    }

    [Fact]
    public void The_licence_is_whole()
    {
        var text = Repository.Read("LICENSE");
        Assert.Contains("Apache License", text, StringComparison.Ordinal);
        Assert.Contains("END OF TERMS AND CONDITIONS", text, StringComparison.Ordinal);
    }

    private static bool IsSource(string file) => file.EndsWith(".cs", StringComparison.Ordinal);

    private static string NameOf(string project) => Path.GetFileName(Path.GetDirectoryName(project)!);

    private static IEnumerable<string> References(string project) => ProjectReference()
        .Matches(Repository.Read(project)).Select(match => match.Groups[1].Value);

    [GeneratedRegex("<ProjectReference Include=\"\\.\\./([A-Za-z]+)/Bauta\\.[A-Za-z]+\\.csproj\"")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"SocketsHttpHandler NewSockets\(\) => new\(\)|new (SocketsHttpHandler|HttpClientHandler)\b")]
    private static partial Regex NewSockets();

    [GeneratedRegex("<PackageReference [^>]*Version")]
    private static partial Regex VersionedPackage();

    // In two parts, or this file would name them itself.
    [GeneratedRegex("(?<![A-Za-z0-9_.])/" + "(work|tmp/wt|tmp/brief|home/[a-z]+|root)" + "(/|\\b)")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|\bHACK\b|NotImplementedException")]
    private static partial Regex Unfinished();
}
