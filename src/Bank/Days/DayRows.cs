using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Bank.Days;

/// <summary>One key on one day, as it stood when the day was closed.</summary>
internal sealed record DayRow(long Day, long Key, long Issued, Amount Spent, Amount Refreshed, string? Statement);

/// <summary>Closed days as rows, kept for ever: they are what the bank said.</summary>
internal static class DayRows
{
    private const string Columns = "day, key, issued, spent, refreshed, statement";

    /// <summary>The day that was closed last; null before the first.</summary>
    public static long? Closed(IReadTransaction transaction) => transaction.QuerySingleOrDefault(
        "SELECT day FROM closed_day WHERE id = 1", static row => (long?)row.GetInt64(0));

    /// <summary>Begins with a day: what was withdrawn before there were days belongs to it.</summary>
    public static void Begin(IWriteTransaction transaction, long firstDay)
    {
        transaction.Execute("INSERT INTO closed_day (id, day) VALUES (1, $1)", firstDay - 1);
        transaction.Execute("UPDATE withdrawals SET day = $1 WHERE day IS NULL", firstDay);
    }

    public static void Close(IWriteTransaction transaction, long day) => transaction.ExecuteExpecting(
        1, "UPDATE closed_day SET day = $1 WHERE id = 1 AND day = $2", day, day - 1);

    public static void Insert(IWriteTransaction transaction, DayRow row) => transaction.Execute(
        "INSERT INTO day_totals (day, key, issued, spent, refreshed) VALUES ($1, $2, $3, $4, $5)",
        row.Day, row.Key, row.Issued, row.Spent.MinorUnits, row.Refreshed.MinorUnits);

    /// <summary>What is not in the log yet, oldest first.</summary>
    public static IReadOnlyList<DayRow> Open(IReadTransaction transaction) => transaction.Query(
        $"SELECT {Columns} FROM day_totals WHERE entry IS NULL ORDER BY day, key",
        static row => new DayRow(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), Amount.FromMinorUnits(row.GetInt64(3)),
            Amount.FromMinorUnits(row.GetInt64(4)), row.GetStringOrNull(5)));

    /// <summary>Writes the statement down, once.</summary>
    public static void SetStatement(IWriteTransaction transaction, DayRow row, string statement) =>
        transaction.ExecuteExpecting(
            1, "UPDATE day_totals SET statement = $3 WHERE day = $1 AND key = $2 AND statement IS NULL",
            row.Day, row.Key, statement);

    public static void SetEntry(IWriteTransaction transaction, DayRow row, LoggedEntry entry) =>
        transaction.ExecuteExpecting(
            1, "UPDATE day_totals SET entry = $3, proof = $4 WHERE day = $1 AND key = $2",
            row.Day, row.Key, entry.Entry, entry.Proof);

    public static LoggedEntry? Entry(IReadTransaction transaction, long day, long key) =>
        transaction.QuerySingleOrDefault(
            "SELECT entry, proof FROM day_totals WHERE day = $1 AND key = $2 AND entry IS NOT NULL",
            static row => new LoggedEntry(row.GetBytes(0), row.GetString(1)), day, key);

    /// <summary>The requests that a key signed on a day.</summary>
    public static IReadOnlyList<byte[]> Requests(IReadTransaction transaction, long day, long key) =>
        transaction.Query(
            "SELECT request_hash FROM withdrawals WHERE day = $1 AND key = $2", static row => row.GetBytes(0), day,
            key);

    /// <summary>When a request was signed and by which key.</summary>
    public static (long Day, long Key)? Find(IReadTransaction transaction, byte[] requestHash) =>
        transaction.QuerySingleOrDefault(
            "SELECT day, key FROM withdrawals WHERE request_hash = $1 AND day IS NOT NULL",
            static row => ((long, long)?)(row.GetInt64(0), row.GetInt64(1)), requestHash);
}
