namespace Bauta.Storage;

/// <summary>
/// Writes many rows, 32 with one statement, which spares the cost of a statement each. Statements are prepared once per
/// text, so there are six texts, for 1, 2, 4 ... 32 rows.
/// </summary>
/// <param name="insert">The statement up to VALUES, as in <c>INSERT INTO a (b, c)</c>.</param>
/// <param name="columns">How many values a row has.</param>
/// <param name="conflict">What follows the rows, as in <c>ON CONFLICT DO NOTHING</c>.</param>
public sealed class RowList(string insert, int columns, string conflict = "")
{
    private const int MaxPower = 5;

    private readonly string[] texts =
    [
        .. Enumerable.Range(0, MaxPower + 1).Select(power => $"{insert} VALUES {Rows(1 << power, columns)} {conflict}"),
    ];

    public void Write<T>(IWriteTransaction transaction, IReadOnlyList<T> rows, Func<T, object?[]> values)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(values);
        var power = MaxPower;
        for (var start = 0; start < rows.Count; start += 1 << power)
        {
            while (1 << power > rows.Count - start)
                power--;
            var all = new object?[columns << power];
            for (var i = 0; i < 1 << power; i++)
                values(rows[start + i]).CopyTo(all, i * columns);
            transaction.Execute(texts[power], all);
        }
    }

    private static string Rows(int count, int columns) => string.Join(", ", Enumerable.Range(0, count)
        .Select(row => $"({Statements.Parameters(1 + (row * columns), columns)})"));
}
