using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Acquirer.Totals;

/// <summary>What the sandbox did for one bank on one day (UTC). No real money was moved.</summary>
/// <param name="Day">Midnight at the day's start.</param>
/// <param name="Bank">The bank's name.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Approved">Requests approved.</param>
/// <param name="TakenIn">Their sum.</param>
/// <param name="Declined">Requests declined.</param>
/// <param name="Paid">Payouts paid.</param>
/// <param name="PaidOut">Their sum.</param>
/// <param name="Refused">Payouts refused for good.</param>
public sealed record DayTotals(
    UnixTime Day, string Bank, string Currency, long Approved, Amount TakenIn, long Declined, long Paid,
    Amount PaidOut, long Refused);

/// <summary>The totals, kept in the transactions of what they count.</summary>
internal static class TotalsStore
{
    private const int SecondsPerDay = 86_400;
    private const int MaxRows = 1000;

    public static void AddTaking(
        IWriteTransaction transaction, UnixTime now, string bank, string currency, Amount? approved) =>
        Add(transaction, now, bank, currency,
            approved is { } amount ? [1, amount.MinorUnits, 0, 0, 0, 0] : [0, 0, 1, 0, 0, 0]);

    public static void AddPayout(
        IWriteTransaction transaction, UnixTime now, string bank, string currency, Amount? paid) =>
        Add(transaction, now, bank, currency,
            paid is { } amount ? [0, 0, 0, 1, amount.MinorUnits, 0] : [0, 0, 0, 0, 0, 1]);

    /// <summary>The days from <paramref name="from"/> on, newest first.</summary>
    public static IReadOnlyList<DayTotals> Since(IReadTransaction transaction, UnixTime from) =>
        transaction.Query(
            """
            SELECT day, bank, currency, approved, taken_in, declined, paid, paid_out, refused
            FROM totals WHERE day >= $1 ORDER BY day DESC, bank, currency LIMIT $2
            """,
            static row => new DayTotals(
                UnixTime.FromSeconds(row.GetInt64(0) * SecondsPerDay), row.GetString(1), row.GetString(2),
                row.GetInt64(3), Amount.FromMinorUnits(row.GetInt64(4)), row.GetInt64(5), row.GetInt64(6),
                Amount.FromMinorUnits(row.GetInt64(7)), row.GetInt64(8)),
            from.Seconds / SecondsPerDay, MaxRows);

    private static void Add(IWriteTransaction transaction, UnixTime now, string bank, string currency, long[] plus) =>
        transaction.Execute(
            """
            INSERT INTO totals (day, bank, currency, approved, taken_in, declined, paid, paid_out, refused)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (day, bank, currency) DO UPDATE SET
                approved = totals.approved + excluded.approved, taken_in = totals.taken_in + excluded.taken_in,
                declined = totals.declined + excluded.declined, paid = totals.paid + excluded.paid,
                paid_out = totals.paid_out + excluded.paid_out, refused = totals.refused + excluded.refused
            """,
            now.Seconds / SecondsPerDay, bank, currency, plus[0], plus[1], plus[2], plus[3], plus[4], plus[5]);
}
