using System.Globalization;
using Bauta.Storage;

namespace Bauta.Tests.Linkability;

/// <summary>
/// Everything that operators keep or saw, as rows of values. Two rows that share a value are joined, and so on as far
/// as it goes; a value that many rows share, such as a shop's account, joins nothing.
/// </summary>
internal sealed class Joins
{
    private const int MaxRowsOfValue = 40;
    private const int MinLength = 16;

    private readonly Dictionary<string, List<string[]>> byValue = [];

    /// <summary>The rows of an operator: its tables and what it saw.</summary>
    public static async Task<List<string[]>> OfAsync(Market market, string party)
    {
        var rows = new List<string[]>();
        foreach (var passage in market.Masks.Passages)
        {
            if (party == FirstMask)
                rows.Add([AddressOf(passage.AtFirst.Source), passage.AtFirst.Sealed]);
            else if (party == SecondMask)
                rows.Add([passage.AtSecond.Sealed, passage.AtSecond.Inner]);
            else if (passage.AtParty.Party == party)
                rows.Add([passage.AtParty.Inner, .. passage.AtParty.Values]);
        }

        if (party == MaskedNetwork.Bank)
            rows.AddRange(await market.Parties.BankBooks.ReadAsync(Tables, default));
        else if (market.Parties.Databases.TryGetValue(party, out var database))
            rows.AddRange(await database.ReadAsync(Tables));
        return rows;
    }

    public const string FirstMask = "first mask";
    public const string SecondMask = "second mask";

    public static string AddressOf(int customer) =>
        string.Create(CultureInfo.InvariantCulture, $"address of customer {customer:D6}");

    public void Add(IEnumerable<string[]> rows)
    {
        foreach (var row in rows)
        {
            foreach (var value in row)
            {
                if (!byValue.TryGetValue(value, out var known))
                    byValue[value] = known = [];
                known.Add(row);
            }
        }
    }

    /// <summary>Whom the values of a sale lead to.</summary>
    public HashSet<int> Follow(IEnumerable<string> from, IReadOnlyDictionary<string, int> customers)
    {
        var (reached, found) = (new HashSet<string>(from), new HashSet<int>());
        var open = new Queue<string>(reached);
        while (open.TryDequeue(out var value))
        {
            if (customers.TryGetValue(value, out var customer))
                found.Add(customer);
            if (!byValue.TryGetValue(value, out var rows) || rows.Count > MaxRowsOfValue)
                continue;
            foreach (var next in rows.SelectMany(row => row).Where(reached.Add))
                open.Enqueue(next);
        }

        return found;
    }

    private static List<string[]> Tables(IReadTransaction reader)
    {
        var rows = new List<string[]>();
        var tables = reader.Query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            row => row.GetString(0));
        foreach (var table in tables)
        {
            var types = reader.Query(
                "SELECT type FROM pragma_table_info($1) ORDER BY cid", row => row.GetString(0), table);
            rows.AddRange(reader.Query(
                $"SELECT * FROM {table}",
                row => types.SelectMany((type, column) => row.IsDBNull(column) ? [] : type switch
                {
                    "BLOB" => Values(row.GetBytes(column)),
                    "TEXT" => Values(row.GetString(column)),
                    _ => [],
                }).ToArray()));
        }

        return rows;
    }

    // A lock's tokens stand behind each other, each with its key's number and the amount.
    private static IEnumerable<string> Values(byte[] bytes) => bytes.Length switch
    {
        > 0 when bytes.Length % 48 == 0 =>
            bytes.Chunk(48).Select(one => Convert.ToHexString(one.AsSpan(0, 32))).Append(Convert.ToHexString(bytes)),
        >= MinLength => [Convert.ToHexString(bytes)],
        _ => [],
    };

    private static IEnumerable<string> Values(string text) => text.Length >= MinLength ? [text] : [];
}
