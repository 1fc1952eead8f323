using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>The totals as rows.</summary>
internal static class BookRows
{
    public static IReadOnlyList<(long Key, KeyTotals Totals)> Keys(IReadTransaction transaction) => transaction.Query(
        "SELECT key, issued, unspent, locked, settled, refreshed, refunded, expired FROM key_totals ORDER BY key",
        row => (row.GetInt64(0), new KeyTotals(
            row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6),
            row.GetInt64(7))));

    /// <summary>The keys of which something is unspent.</summary>
    public static IReadOnlySet<long> KeysInCirculation(IReadTransaction transaction) => transaction.Query(
        "SELECT key FROM key_totals WHERE unspent > 0", row => row.GetInt64(0)).ToHashSet();

    public static BankTotals Bank(IReadTransaction transaction) => transaction.QuerySingleOrDefault(
        """
        SELECT funded, reserves, unspent, locked, merchants, paid_out, fees, expired FROM bank_totals WHERE id = 1
        """,
        row => new BankTotals(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
            row.GetInt64(6), row.GetInt64(7)));

    /// <summary>How many commits moved value.</summary>
    public static long Moves(IReadTransaction transaction) => transaction.QuerySingleOrDefault(
        "SELECT moves FROM bank_totals WHERE id = 1", row => row.GetInt64(0));

    public static IReadOnlyList<(AccountId Account, int Count)> OpenLocks(IReadTransaction transaction) =>
        transaction.Query(
            "SELECT account, COUNT(*) FROM locks WHERE state = 0 GROUP BY account",
            row => (AccountId.FromBytes(row.GetBytes(0)), checked((int)row.GetInt64(1))));

    public static IReadOnlyList<AccountId> Accounts(IReadTransaction transaction) => transaction.Query(
        "SELECT id FROM accounts", row => AccountId.FromBytes(row.GetBytes(0)));

    public static void Open(IWriteTransaction transaction, long key) => transaction.Execute(
        """
        INSERT INTO key_totals (key, issued, unspent, locked, settled, refreshed, refunded, expired)
        VALUES ($1, 0, 0, 0, 0, 0, 0, 0)
        """,
        key);

    public static void Add(IWriteTransaction transaction, long key, KeyTotals delta) => transaction.ExecuteExpecting(
        1,
        """
        UPDATE key_totals SET issued = issued + $2, unspent = unspent + $3, locked = locked + $4,
            settled = settled + $5, refreshed = refreshed + $6, refunded = refunded + $7, expired = expired + $8
        WHERE key = $1
        """,
        key, delta.Issued, delta.Unspent, delta.Locked, delta.Settled, delta.Refreshed, delta.Refunded,
        delta.Expired);

    public static void Add(IWriteTransaction transaction, BankTotals delta) => transaction.ExecuteExpecting(
        1,
        """
        UPDATE bank_totals SET funded = funded + $1, reserves = reserves + $2, unspent = unspent + $3,
            locked = locked + $4, merchants = merchants + $5, paid_out = paid_out + $6, fees = fees + $7,
            expired = expired + $8, moves = moves + 1
        WHERE id = 1
        """,
        delta.Funded, delta.Reserves, delta.Unspent, delta.Locked, delta.Merchants, delta.PaidOut, delta.Fees,
        delta.Expired);

    public static long Accrued(IReadTransaction transaction, AccountId account, long readyAt) =>
        transaction.QuerySingleOrDefault(
            "SELECT amount FROM accruals WHERE account = $1 AND ready_at = $2", row => row.GetInt64(0),
            account.ToArray(), readyAt);

    /// <summary>Adds to a slot, or takes from it what a dispute holds.</summary>
    public static void Accrue(IWriteTransaction transaction, AccountId account, long readyAt, long amount)
    {
        if (amount > 0)
            transaction.Execute(
                """
                INSERT INTO accruals (account, ready_at, amount) VALUES ($1, $2, $3)
                ON CONFLICT (account, ready_at) DO UPDATE SET amount = accruals.amount + excluded.amount
                """,
                account.ToArray(), readyAt, amount);
        else if (amount < 0 && Accrued(transaction, account, readyAt) > -amount)
            transaction.ExecuteExpecting(
                1, "UPDATE accruals SET amount = amount + $3 WHERE account = $1 AND ready_at = $2",
                account.ToArray(), readyAt, amount);
        else if (amount < 0)
            transaction.ExecuteExpecting(
                1, "DELETE FROM accruals WHERE account = $1 AND ready_at = $2 AND amount = $3",
                account.ToArray(), readyAt, -amount);
    }
}
