using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Storage.Sqlite;

namespace Bauta.Bank.Inspect;

/// <summary>What is found while it is found: counts are exact, rows are named up to a limit. Safe for concurrent
/// use.</summary>
internal sealed class AuditNotes
{
    private readonly System.Threading.Lock gate = new();
    private readonly SortedDictionary<AuditKind, (long Count, List<AuditRow> Rows)> found = [];

    public void Add(AuditKind kind, string table, byte[] row, string detail) =>
        Add(kind, table, Convert.ToHexStringLower(row), detail);

    public void Add(AuditKind kind, string table, string row, string detail, long count = 1)
    {
        lock (gate)
        {
            var (so, rows) = found.GetValueOrDefault(kind, (0, []));
            if (rows.Count < AuditReport.MaxShown)
                rows.Add(new AuditRow(table, row, detail));
            found[kind] = (so + count, rows);
        }
    }

    /// <summary>A sum as it can be; one that cannot is noted and counts as nothing.</summary>
    public long Sane(long amount, string table, byte[] row) =>
        Sane(amount, table, Convert.ToHexStringLower(row));

    public long Sane(long amount, string table, string row)
    {
        if (amount is >= 0 and <= Amount.Maximum)
            return amount;
        Add(AuditKind.ImpossibleNumber, table, row, $"{amount}");
        return 0;
    }

    /// <summary>Notes each row that a query gives: where it stands and what is wrong.</summary>
    public void AddAll(AuditKind kind, string table, ScratchDatabase scratch, string sql, params object?[] values)
    {
        // Named up to the limit, counted to the end.
        var rows = scratch.Query(
            $"SELECT row, detail FROM ({sql}) LIMIT {AuditReport.MaxShown}",
            static row => (Row: row.GetString(0), Detail: row.GetStringOrNull(1)), values);
        if (rows.Count == 0)
            return;
        var count = rows.Count < AuditReport.MaxShown
            ? rows.Count
            : scratch.QuerySingleOrDefault($"SELECT COUNT(*) FROM ({sql})", static row => row.GetInt64(0), values);
        foreach (var (row, detail) in rows)
            Add(kind, table, row, detail ?? "");
        if (count > rows.Count)
            lock (gate)
                found[kind] = (found[kind].Count + count - rows.Count, found[kind].Rows);
    }

    public IReadOnlyList<AuditFinding> ToList()
    {
        lock (gate)
            return [.. found.Select(pair => new AuditFinding(pair.Key, pair.Value.Count, pair.Value.Rows))];
    }
}

/// <summary>Reads a table page by page in the order of its key, so that memory stays bounded.</summary>
internal sealed class TablePages(string table, string columns, params string[] key)
{
    private const int PageLength = 1024;

    private readonly string first =
        $"SELECT {columns} FROM {table} ORDER BY {string.Join(", ", key)} LIMIT $1";

    private readonly string next =
        $"SELECT {columns} FROM {table} WHERE ({string.Join(", ", key)}) > " +
        $"({string.Join(", ", key.Select((_, i) => $"${i + 2}"))}) ORDER BY {string.Join(", ", key)} LIMIT $1";

    public string Table => table;

    public void Read<T>(AuditRun run, Func<IRow, T> map, Func<T, object[]> keyOf, Action<IReadOnlyList<T>> page)
    {
        var rows = run.Bank.Query(first, map, PageLength);
        while (rows.Count > 0)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            run.Count(table, rows.Count);
            page(rows);
            if (rows.Count < PageLength)
                return;
            rows = run.Bank.Query(next, map, [PageLength, .. keyOf(rows[^1])]);
        }
    }
}
