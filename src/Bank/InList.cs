using System.Data.Common;
using System.Globalization;
using Bauta.Storage;

namespace Bauta.Bank;

/// <summary>
/// Reads the rows of up to 64 keys in one round trip. Statements are prepared once per text, so there are seven
/// texts, for 1, 2, 4 ... 64 keys; the last key fills up.
/// </summary>
/// <param name="select">The query up to the column, as in <c>SELECT a FROM b WHERE c</c>.</param>
internal sealed class InList(string select)
{
    private const int MaxKeys = 64;

    private readonly string[] texts =
    [
        .. Enumerable.Range(0, 7).Select(power => $"{select} IN ({string.Join(", ", Enumerable.Range(1, 1 << power)
            .Select(index => "$" + index.ToString(CultureInfo.InvariantCulture)))})"),
    ];

    public IReadOnlyList<T> Query<T>(
        IReadTransaction transaction, IReadOnlyList<byte[]> keys, Func<DbDataReader, T> map)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Count, MaxKeys);
        if (keys.Count == 0)
            return [];
        var power = 0;
        while (1 << power < keys.Count)
            power++;
        var values = new object?[1 << power];
        for (var i = 0; i < values.Length; i++)
            values[i] = keys[Math.Min(i, keys.Count - 1)];
        return transaction.Query(texts[power], map, values);
    }
}
