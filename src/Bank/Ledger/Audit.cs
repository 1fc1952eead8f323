using Bauta.Bank.Denominations;
using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>
/// Counts every row and compares with the totals: what tests and measurements run at their end.
/// It reads all of the bank's tables.
/// </summary>
public static class Audit
{
    /// <summary>The totals when they agree with the rows.</summary>
    /// <exception cref="ConservationException">They do not.</exception>
    public static Task<BankTotals> RunAsync(BankDatabase database, CancellationToken cancellation = default) =>
        database.ReadAsync(Run, cancellation);

    private static BankTotals Run(IReadTransaction transaction)
    {
        var counted = transaction.Query(
            """
            SELECT d.number, COALESCE(i.count, 0), COALESCE(t.locked, 0), COALESCE(t.settled, 0),
                COALESCE(t.refreshed, 0), COALESCE(t.refunded, 0), COALESCE(t.admitted, 0)
            FROM denominations d
            LEFT JOIN (SELECT key, COUNT(*) AS count FROM withdrawals GROUP BY key) i ON i.key = d.number
            LEFT JOIN (SELECT key, CAST(SUM(locked) AS BIGINT) AS locked, CAST(SUM(settled) AS BIGINT) AS settled,
                CAST(SUM(refreshed) AS BIGINT) AS refreshed, CAST(SUM(refunded) AS BIGINT) AS refunded,
                CAST(SUM(admitted) AS BIGINT) AS admitted
                FROM tokens GROUP BY key) t ON t.key = d.number
            """,
            row => (Key: row.GetInt64(0), Count: row.GetInt64(1), Locked: row.GetInt64(2), Settled: row.GetInt64(3),
                Refreshed: row.GetInt64(4), Refunded: row.GetInt64(5), Admitted: row.GetInt64(6)))
            .ToDictionary(row => row.Key);
        var values = DenominationRows.Values(transaction);
        var sum = default(KeyTotals);
        foreach (var (key, totals) in BookRows.Keys(transaction))
        {
            var rows = counted[key];
            sum += totals;
            Demand(totals.IsConserved && totals.IsNowhereNegative, "a key's totals");
            Demand(totals.Issued - rows.Admitted == rows.Count * values[key], "what a key issued");
            Demand(
                (rows.Locked, rows.Settled, rows.Refreshed, rows.Refunded)
                    == (totals.Locked, totals.Settled, totals.Refreshed, totals.Refunded),
                "what became of a key's tokens");
        }

        var bank = BookRows.Bank(transaction);
        Demand(bank.IsConserved && bank.IsNowhereNegative, "the bank's totals");
        Demand((sum.Unspent, sum.Locked, sum.Expired) == (bank.Unspent, bank.Locked, bank.Expired), "the keys' sum");
        var funded = Sum(transaction, "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM fundings");
        Demand(funded + counted.Values.Sum(rows => rows.Admitted) == bank.Funded, "the fundings");
        Demand(Sum(transaction, "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM reserves") == bank.Reserves,
            "the reserves");
        var accrued = Sum(transaction, "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM accruals");
        var held = Sum(transaction,
            "SELECT CAST(COALESCE(SUM(available), 0) + COALESCE(SUM(ordered), 0) AS BIGINT) FROM accounts");
        Demand(accrued + held == bank.Merchants, "the merchants' accounts");
        var paidOut = Sum(transaction, "SELECT CAST(COALESCE(SUM(paid_out), 0) AS BIGINT) FROM accounts");
        var returned = Sum(transaction,
            "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM refreshes WHERE notice IS NOT NULL");
        // Not counted: what was closed before it was ever admitted, and the issuer's receipts.
        var closed = Sum(transaction,
            """
            SELECT CAST(COALESCE(SUM(c.amount), 0) AS BIGINT) FROM closings c
            JOIN tokens t ON t.serial = c.serial WHERE t.admitted > 0
            """);
        Demand(paidOut + returned + closed == bank.PaidOut, "the payouts");
        return bank;
    }

    private static long Sum(IReadTransaction transaction, string sql) =>
        transaction.QuerySingleOrDefault(sql, row => row.GetInt64(0));

    private static void Demand(bool holds, string what)
    {
        if (!holds)
            throw new ConservationException($"The audit fails at {what}.");
    }
}
