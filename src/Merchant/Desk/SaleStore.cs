using Bauta.Merchant.Pay;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Merchant.Desk;

/// <summary>Reads the list of sales.</summary>
internal static class SaleStore
{
    private const string Sales =
        """
        SELECT s.n, p.offer_id, o.title, p.price, s.released_at, s.state, s.outcome, o.receipt, h.handed_at
        FROM payments s JOIN purchases p ON p.n = s.n JOIN offers o ON o.offer_id = p.offer_id
        LEFT JOIN hand_overs h ON h.n = s.n
        """;

    public static SaleList Page(IReadTransaction transaction, TransactionId? after, string currency)
    {
        var rows = after is null
            ? transaction.Query(
                $"""
                {Sales}
                ORDER BY s.released_at DESC, s.n DESC LIMIT $1
                """,
                Load, SaleList.MaxSales + 1)
            : transaction.Query(
                $"""
                {Sales}
                WHERE (s.released_at, s.n) < (SELECT released_at, n FROM payments WHERE n = $2)
                ORDER BY s.released_at DESC, s.n DESC LIMIT $1
                """,
                Load, SaleList.MaxSales + 1, after.ToArray());
        var (count, total) = transaction.QuerySingleOrDefault(
            "SELECT committed_count, committed_total FROM sale_totals",
            static row => (row.GetInt64(0), row.GetInt64(1)));
        var page = rows.Take(SaleList.MaxSales).ToArray();
        return new SaleList(
            page, currency, count, Amount.FromMinorUnits(total),
            rows.Count > page.Length ? page[^1].Transaction : null);
    }

    private static Sale Load(IRow row)
    {
        var (state, outcome) = (row.GetInt64(5), row.GetStringOrNull(6));
        var name = (state, outcome) switch
        {
            (PaymentStore.Released, _) => Sale.Released,
            (PaymentStore.Disputed, _) => Sale.Disputed,
            (_, LogEntry.Commit) => Sale.Committed,
            _ => Sale.Aborted,
        };
        return new Sale(
            TransactionId.FromBytes(row.GetBytes(0)), OfferId.FromBytes(row.GetBytes(1)), row.GetString(2),
            Amount.FromMinorUnits(row.GetInt64(3)), UnixTime.FromSeconds(row.GetInt64(4)), name,
            state == PaymentStore.Settled, row.IsDBNull(7) ? null : true,
            row.IsDBNull(8) ? null : UnixTime.FromSeconds(row.GetInt64(8)));
    }
}
