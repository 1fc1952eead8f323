using System.Text;
using System.Text.RegularExpressions;

namespace Bauta.Tests.Tidy;

/// <summary>
/// Parts of the documents that follow from the code. A block stands between <c>&lt;!-- generated: KIND NAME --&gt;</c>
/// and <c>&lt;!-- end --&gt;</c>. With the environment variable <c>BAUTA_WRITE_DOCS=1</c> the tests write what they
/// otherwise compare.
/// </summary>
internal static partial class GeneratedBlocks
{
    public static bool IsWriting => Environment.GetEnvironmentVariable("BAUTA_WRITE_DOCS") == "1";

    /// <summary>Each block as its page, kind and name.</summary>
    public static IReadOnlyList<(string Page, string Kind, string Name)> All { get; } =
        [.. Repository.Under("", ".md").SelectMany(page => Pattern().Matches(Repository.Read(page))
            .Select(match => (page, match.Groups["kind"].Value, match.Groups["name"].Value)))];

    /// <summary>A page as it should be.</summary>
    public static string Render(string text) => Pattern().Replace(text, match =>
    {
        var (kind, name) = (match.Groups["kind"].Value, match.Groups["name"].Value);
        var text = new StringBuilder(match.Groups["start"].Value).Append("\n\n");
        text.Append(ProtocolTables.Render(kind, name)).Append("\n\n<!-- end -->");
        return text.ToString();
    });

    [GeneratedRegex(@"(?<start><!-- generated: (?<kind>[a-z]+)( (?<name>[A-Za-z]+))? -->)\n.*?<!-- end -->",
        RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
