using System.Collections.Concurrent;
using System.Globalization;

namespace Bauta.Storage;

/// <summary>What both engines ask of a statement, checked here so that both refuse the same.</summary>
internal static class Statements
{
    /// <summary>Texts are constants of the program; more than this is a text built at run time.</summary>
    public const int DistinctLimit = 1024;

    private static readonly ConcurrentDictionary<string, Shape> Shapes = new();

    /// <param name="Values">How many values it takes.</param>
    /// <param name="Rows">Whether it returns rows.</param>
    private readonly record struct Shape(int Values, bool Rows);

    public static void CheckQuery(string sql, object?[] values)
    {
        if (ShapeOf(sql).Values != values.Length)
            throw WrongCount(sql, values.Length);
    }

    /// <summary>A statement whose rows nobody reads must return none, since its rows could be taken for those of the
    /// query it is sent with.</summary>
    public static void CheckStatement(string sql, object?[] values)
    {
        var shape = ShapeOf(sql);
        if (shape.Rows)
            throw new ArgumentException("A statement that returns rows is a query.", nameof(sql));
        if (shape.Values != values.Length)
            throw WrongCount(sql, values.Length);
    }

    private static Shape ShapeOf(string sql)
    {
        if (Shapes.TryGetValue(sql, out var known))
            return known;
        var text = sql.AsSpan().TrimStart();
        var rows = text.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase) ||
            text.StartsWith("WITH", StringComparison.OrdinalIgnoreCase) ||
            text.Contains("RETURNING", StringComparison.OrdinalIgnoreCase);
        var shape = new Shape(CountValues(sql), rows);
        if (Shapes.Count < DistinctLimit)
            Shapes.TryAdd(sql, shape);
        return shape;
    }

    // Each of $1 to $n is named at least once, in any order; what stands in quotes is no parameter.
    private static int CountValues(string sql)
    {
        var named = new HashSet<int>();
        var quoted = false;
        for (var i = 0; i < sql.Length; i++)
        {
            if (sql[i] == '\'')
                quoted = !quoted;
            if (quoted || sql[i] != '$')
                continue;
            var number = 0;
            while (i + 1 < sql.Length && char.IsAsciiDigit(sql[i + 1]) && number < 10_000)
                number = (number * 10) + (sql[++i] - '0');
            named.Add(number);
        }
        if (named.Any(number => number < 1 || number > named.Count))
            throw new ArgumentException("Parameters are named $1, $2, ... without a gap.", nameof(sql));
        return named.Count;
    }

    /// <summary>As many parameters in a row: <c>$3, $4, $5</c>.</summary>
    public static string Parameters(int first, int count) => string.Join(", ", Enumerable.Range(first, count)
        .Select(index => "$" + index.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A text that both engines store and give back as it is.</summary>
    public static string Text(string text) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new ArgumentException("A text with a NUL character cannot be stored.")
        : text;

    public static ArgumentException WrongType(object value) =>
        new($"A value of type {value.GetType().Name} cannot be stored; use byte[], string, long, int, bool or null.");

    private static ArgumentException WrongCount(string sql, int count) =>
        new($"{count} values do not fit the parameters of: {sql}");

    public static T? OnlyRow<T>(IReadOnlyList<T> rows) => rows.Count switch
    {
        0 => default,
        1 => rows[0],
        _ => throw new InvalidOperationException($"One row was asked for and there are {rows.Count}."),
    };
}
