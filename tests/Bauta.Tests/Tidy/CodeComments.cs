using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Bauta.Protocol;

namespace Bauta.Tests.Tidy;

/// <summary>The comments of the protocol's messages, as text for a document.</summary>
internal static partial class CodeComments
{
    private static readonly Dictionary<string, XElement> byMember = XDocument
        .Load(Path.Combine(AppContext.BaseDirectory, "Bauta.Protocol.xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value, StringComparer.Ordinal);

    /// <summary>What the comment above a type says.</summary>
    public static string Summary(Type type) => Text(Member(type).Element("summary"));

    /// <summary>What the comment says of one member of a record.</summary>
    public static string Parameter(Type type, string name) => Text(Member(type).Elements("param")
        .SingleOrDefault(param => param.Attribute("name")!.Value == name));

    private static XElement Member(Type type) => byMember.GetValueOrDefault($"T:{type.FullName}")
        ?? throw new InvalidOperationException($"{type.Name} has no comment.");

    private static string Text(XElement? element)
    {
        var text = new StringBuilder();
        foreach (var node in element?.Nodes() ?? [])
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement { Name.LocalName: "see" } see => Reference(see.Attribute("cref")?.Value ?? string.Empty),
                _ => string.Empty,
            });
        return Spaces().Replace(text.ToString(), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    // A reader of the protocol wants the number or the text, not the name that the code gives it.
    private static string Reference(string cref)
    {
        var path = cref[(cref.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var dot = path.LastIndexOf('.');
        var name = path[(dot + 1)..];
        if (!cref.StartsWith("F:", StringComparison.Ordinal))
            return $"`{name}`";
        var value = typeof(ProtocolJson).Assembly.GetType(path[..dot])?
            .GetField(name, BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue();
        return value switch
        {
            string text => $"`{text}`",
            IFormattable number => number.ToString("#,0", CultureInfo.InvariantCulture),
            _ => throw new InvalidOperationException($"{cref} is no constant."),
        };
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
