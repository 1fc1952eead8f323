using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Accounts;

/// <summary>An account. What is settled and not ready stands apart, in accruals.</summary>
internal sealed record AccountRow(
    string Payee, UnixTime StatedAt, Amount Available, Amount Ordered, Amount PaidOut, Amount Held);

/// <summary>Accounts and what they will be able to draw on, as rows.</summary>
internal static class AccountRows
{
    public static bool Exists(IReadTransaction transaction, AccountId account) =>
        Find(transaction, account) is not null;

    public static AccountRow? Find(IReadTransaction transaction, AccountId account) =>
        transaction.QuerySingleOrDefault(
            "SELECT payee, stated_at, available, ordered, paid_out, held FROM accounts WHERE id = $1",
            row => new AccountRow(
                row.GetString(0), UnixTime.FromSeconds(row.GetInt64(1)), Amount.FromMinorUnits(row.GetInt64(2)),
                Amount.FromMinorUnits(row.GetInt64(3)), Amount.FromMinorUnits(row.GetInt64(4)),
                Amount.FromMinorUnits(row.GetInt64(5))),
            account.ToArray());

    public static void Open(
        IWriteTransaction transaction, AccountId account, string payee, UnixTime statedAt, UnixTime now) =>
        transaction.Execute(
            """
            INSERT INTO accounts (id, payee, stated_at, kept_at, available, ordered, paid_out)
            VALUES ($1, $2, $3, $4, 0, 0, 0)
            """,
            account.ToArray(), payee, statedAt.Seconds, now.Seconds);

    public static void SetPayee(
        IWriteTransaction transaction, AccountId account, string payee, UnixTime statedAt, UnixTime now) =>
        transaction.ExecuteExpecting(
            1, "UPDATE accounts SET payee = $2, stated_at = $3, kept_at = $4 WHERE id = $1", account.ToArray(), payee,
            statedAt.Seconds, now.Seconds);

    /// <summary>Accounts that were never paid out of and have nothing to pay out, the longest unused first, and
    /// whether something that is not past the dispute window waits for them.</summary>
    public static IReadOnlyList<(AccountId Account, bool HasAccruals)> Idle(IReadTransaction transaction, int limit) =>
        transaction.Query(
            """
            SELECT id, (SELECT COUNT(*) FROM accruals WHERE account = accounts.id) FROM accounts
            WHERE available = 0 AND ordered = 0 AND paid_out = 0 AND held = 0 AND reversed = 0
            ORDER BY kept_at, id LIMIT $1
            """,
            row => (AccountId.FromBytes(row.GetBytes(0)), row.GetInt64(1) > 0), limit);

    public static void Keep(IWriteTransaction transaction, AccountId account, UnixTime now) =>
        transaction.ExecuteExpecting(
            1, "UPDATE accounts SET kept_at = $2 WHERE id = $1", account.ToArray(), now.Seconds);

    public static void Drop(IWriteTransaction transaction, AccountId account) => transaction.ExecuteExpecting(
        1,
        """
        DELETE FROM accounts
        WHERE id = $1 AND available = 0 AND ordered = 0 AND paid_out = 0 AND held = 0 AND reversed = 0
        """,
        account.ToArray());

    /// <summary>What is settled and, at a time, past the dispute window, and what is not.</summary>
    public static (Amount Ready, Amount Waiting) Accrued(
        IReadTransaction transaction, AccountId account, UnixTime now)
    {
        var (ready, waiting) = (Amount.Zero, Amount.Zero);
        foreach (var (at, amount) in transaction.Query(
            "SELECT ready_at, amount FROM accruals WHERE account = $1",
            row => (row.GetInt64(0), Amount.FromMinorUnits(row.GetInt64(1))),
            account.ToArray()))
        {
            if (at <= now.Seconds)
                ready += amount;
            else
                waiting += amount;
        }

        return (ready, waiting);
    }

    /// <summary>Moves what is ready into the account itself.</summary>
    public static void Collect(IWriteTransaction transaction, AccountId account, UnixTime now, Amount ready)
    {
        if (ready == Amount.Zero)
            return;
        transaction.Execute(
            "DELETE FROM accruals WHERE account = $1 AND ready_at <= $2", account.ToArray(), now.Seconds);
        transaction.ExecuteExpecting(
            1, "UPDATE accounts SET available = available + $2 WHERE id = $1", account.ToArray(), ready.MinorUnits);
    }

    public static IReadOnlyList<AccountId> WithReady(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            "SELECT DISTINCT account FROM accruals WHERE ready_at <= $1 LIMIT $2",
            row => AccountId.FromBytes(row.GetBytes(0)), now.Seconds, limit);

    public static void Order(IWriteTransaction transaction, AccountId account, Amount amount) =>
        Move(transaction, "UPDATE accounts SET available = available - $2, ordered = ordered + $2 WHERE id = $1",
            account, amount);

    public static void Return(IWriteTransaction transaction, AccountId account, Amount amount) =>
        Move(transaction, "UPDATE accounts SET available = available + $2, ordered = ordered - $2 WHERE id = $1",
            account, amount);

    public static void Paid(IWriteTransaction transaction, AccountId account, Amount amount) =>
        Move(transaction, "UPDATE accounts SET ordered = ordered - $2, paid_out = paid_out + $2 WHERE id = $1",
            account, amount);

    /// <summary>Holds a disputed sum, which the books have taken from what waits.</summary>
    public static void Hold(IWriteTransaction transaction, AccountId account, Amount amount) =>
        Move(transaction, "UPDATE accounts SET held = held + $2 WHERE id = $1", account, amount);

    /// <summary>Ends a dispute: a part of what was held goes back to the customer, the rest is the
    /// merchant's.</summary>
    public static void EndHold(IWriteTransaction transaction, AccountId account, Amount held, Amount reversed) =>
        transaction.ExecuteExpecting(
            1,
            """
            UPDATE accounts SET held = held - $2, reversed = reversed + $3, available = available + $4 WHERE id = $1
            """,
            account.ToArray(), held.MinorUnits, reversed.MinorUnits, (held - reversed).MinorUnits);

    private static void Move(IWriteTransaction transaction, string sql, AccountId account, Amount amount) =>
        transaction.ExecuteExpecting(1, sql, account.ToArray(), amount.MinorUnits);
}
