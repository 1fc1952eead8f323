using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Host.Demo;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Tests.Tidy;

/// <summary>The tables that the protocol's pages show, made from the code that speaks the protocol.</summary>
internal static class ProtocolTables
{
    private static readonly Type[] protocolTypes = typeof(ProtocolJson).Assembly.GetExportedTypes();

    /// <summary>The closed lists of refusals, wherever a party or the host declares one.</summary>
    public static IReadOnlyList<Type> ErrorLists { get; } =
        [.. Repository.Under("src", ".csproj").Select(project => Path.GetFileNameWithoutExtension(project))
            .Where(name => File.Exists(Path.Combine(AppContext.BaseDirectory, name + ".dll")))
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .Where(type => type.IsEnum && type.GetFields().Any(
                field => field.GetCustomAttribute<RefusalAttribute>() is not null))];

    /// <summary>Every message that stands in <see cref="ProtocolJson"/>.</summary>
    public static IReadOnlyList<Type> Messages { get; } =
        [.. typeof(ProtocolJson).GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType == typeof(JsonSerializableAttribute))
            .Select(attribute => (Type)attribute.ConstructorArguments[0].Value!)];

    /// <summary>Every signed message with its <c>typ</c> and the most characters or bytes of it.</summary>
    public static IReadOnlyList<(Type Type, string Typ, int MaxLength)> Statements { get; } =
        [.. protocolTypes.Where(type => !type.IsInterface && !type.IsGenericType
                && (type == typeof(Authorization) || type.GetInterfaces().Any(one =>
                    one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IStatement<>))))
            .Select(type => (type, (string)Static(type, "Typ"), (int)Static(type, "MaxLength")))
            .OrderBy(statement => statement.Item2, StringComparer.Ordinal)];

    public static string Render(string kind, string name) => kind switch
    {
        "errors" => Errors(ErrorLists.SingleOrDefault(list => list.Name == name)
            ?? throw new InvalidOperationException($"There is no list {name}.")),
        "message" => Message(FindMessage(name)),
        "typs" => Typs(),
        "sizes" => Sizes(),
        "sight" => SightTable.ToMarkdown(),
        _ => throw new InvalidOperationException($"There is no kind of block {kind}."),
    };

    /// <summary>The codes of a list with status and meaning.</summary>
    public static IEnumerable<(string Code, int Status, string Meaning)> CodesOf(Type list)
    {
        var all = (IEnumerable<object>)typeof(ProtocolTables).GetMethod(nameof(Codes), BindingFlags.NonPublic
            | BindingFlags.Static)!.MakeGenericMethod(list).Invoke(null, null)!;
        return all.Cast<(string, int, string)>();
    }

    private static object[] Codes<TError>()
        where TError : struct, Enum =>
        [.. Refusals<TError>.All.Select(one => (object)(one.Code, one.About.Status, one.About.Meaning))];

    private static string Errors(Type list) => Table(
        ["code", "status", "meaning"],
        CodesOf(list).Select(one => new[]
        {
            $"`{one.Code}`", one.Status.ToString(CultureInfo.InvariantCulture), one.Meaning,
        }));

    private static string Message(Type type)
    {
        var lines = new List<string>();
        if (CodeComments.Summary(type) is { Length: > 0 } summary)
            lines.Add(summary);
        if (Statements.FirstOrDefault(one => one.Type == type) is { Typ: { } typ } statement)
            lines.Add($"Signed: JWS `typ` `{typ}`, at most {Number(statement.MaxLength)} characters.");
        lines.Add(Table(["member", "form", "meaning"], Members(type).Select(member => new[]
        {
            $"`{JsonNamingPolicy.CamelCase.ConvertName(member.Name!)}`" + (member.HasDefaultValue ? " (optional)" : ""),
            Form(member.ParameterType), CodeComments.Parameter(type, member.Name!),
        })));
        return string.Join("\n\n", lines);
    }

    private static string Typs() => Table(["`typ`", "message", "at most", "members", "page"],
        Statements.Select(statement => new[]
        {
            $"`{statement.Typ}`", statement.Type.Name, Number(statement.MaxLength),
            string.Join(", ", Members(statement.Type)
                .Select(member => $"`{JsonNamingPolicy.CamelCase.ConvertName(member.Name!)}`")),
            PageOf(statement.Type),
        }));

    private static string Sizes() => Table(
        ["class", .. Enumerable.Range(0, PaddingClasses.MaxLayer + 1).Select(layer => $"layer {layer}")],
        PaddingClasses.Sizes.Select((size, i) => (string[])[
            (i + 1).ToString(CultureInfo.InvariantCulture),
            .. Enumerable.Range(0, PaddingClasses.MaxLayer + 1)
                .Select(layer => Number(size + (layer * PaddingClasses.LayerSize)))]));

    /// <summary>The members of a message, which are the parameters of its record.</summary>
    public static ParameterInfo[] Members(Type type) => type.GetConstructors()
        .MaxBy(constructor => constructor.GetParameters().Length)!.GetParameters();

    private static Type FindMessage(string name) => Messages.SingleOrDefault(type => type.Name == name)
        ?? protocolTypes.SingleOrDefault(type => type.Name == name && type.Namespace!.StartsWith(
            "Bauta.Protocol", StringComparison.Ordinal))
        ?? throw new InvalidOperationException($"There is no message {name}.");

    private static string PageOf(Type type)
    {
        var page = Path.GetFileName(GeneratedBlocks.All
            .FirstOrDefault(block => block.Kind == "message" && block.Name == type.Name).Page);
        return page is null ? "" : $"[{Path.GetFileNameWithoutExtension(page)}]({page})";
    }

    private static string Form(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return $"array of: {Form(type.GetGenericArguments()[0])}";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Signed<>))
            return $"JWS `{Static(type.GetGenericArguments()[0], "Typ")}`";
        if (type.BaseType is { IsGenericType: true } parent
            && parent.GetGenericTypeDefinition() == typeof(Identifier<>))
            return $"identifier ({type.Name})";
        return type == typeof(string) ? "string"
            : type == typeof(byte[]) ? "bytes"
            : type == typeof(Amount) ? "amount"
            : type == typeof(UnixTime) ? "time"
            : type == typeof(bool) ? "boolean"
            : type == typeof(long) || type == typeof(int) ? "integer"
            : $"object {type.Name}";
    }

    private static object Static(Type type, string name) =>
        type.GetProperty(name, BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
        ?? type.GetField(name, BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue()
        ?? throw new InvalidOperationException($"{type.Name} has no {name}.");

    private static string Table(string[] heads, IEnumerable<string[]> rows) => string.Join('\n',
        new[] { Row(heads), Row([.. heads.Select(_ => "---")]) }.Concat(rows.Select(Row)));

    private static string Row(string[] cells) => $"| {string.Join(" | ", cells)} |";

    private static string Number(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
