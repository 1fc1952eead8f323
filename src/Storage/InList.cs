namespace Bauta.Storage;

/// <summary>
/// Reads the rows of many keys, 64 in one round trip. Statements are prepared once per text, so there are seven texts,
/// for 1, 2, 4 ... 64 keys; the last key fills up.
/// </summary>
/// <param name="select">The query up to the column, as in <c>SELECT a FROM b WHERE c</c>.</param>
public sealed class InList(string select)
{
    private const int MaxKeys = 64;

    private readonly string[] texts =
    [
        .. Enumerable.Range(0, 7).Select(power => $"{select} IN ({Statements.Parameters(1, 1 << power)})"),
    ];

    public IReadOnlyList<T> Query<T>(
        IReadTransaction transaction, IReadOnlyList<byte[]> keys, Func<IRow, T> map)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(keys);
        var rows = new List<T>();
        for (var start = 0; start < keys.Count; start += MaxKeys)
        {
            var count = Math.Min(MaxKeys, keys.Count - start);
            var power = 0;
            while (1 << power < count)
                power++;
            var values = new object?[1 << power];
            for (var i = 0; i < values.Length; i++)
                values[i] = keys[start + Math.Min(i, count - 1)];
            rows.AddRange(transaction.Query(texts[power], map, values));
        }

        return rows;
    }
}
