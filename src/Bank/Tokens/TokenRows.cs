using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Tokens;

/// <summary>What the bank remembers of a token from the first time it was presented.</summary>
internal sealed record TokenRow(
    byte[] Serial, long Key, long Value, long Settled, long Refreshed, long Refunded, long Locked, byte[]? Lock,
    long Aborts)
{
    public Amount Left => Amount.FromMinorUnits(Value - Settled - Refreshed - Refunded - Locked);

    /// <summary>Why the token cannot move now, whatever the amount.</summary>
    public BankError? Refuses(PresentedToken token) =>
        Key != token.Key.Number ? BankError.SerialReused
        : Lock is not null ? BankError.TokenLocked
        : null;
}

/// <summary>Tokens as rows. The serial is the only key: it moves value once, whatever key signed it.</summary>
internal static class TokenRows
{
    private const string Columns = "serial, key, value, settled, refreshed, refunded, locked, lock_n, aborts";

    private static readonly InList bySerial = new($"SELECT {Columns} FROM tokens WHERE serial");

    public static Dictionary<string, TokenRow> Find(IReadTransaction transaction, IReadOnlyList<byte[]> serials) =>
        bySerial.Query(transaction, serials, Read)
            .ToDictionary(row => Convert.ToHexString(row.Serial), StringComparer.Ordinal);

    public static TokenRow? Find(IReadTransaction transaction, byte[] serial) =>
        transaction.QuerySingleOrDefault($"SELECT {Columns} FROM tokens WHERE serial = $1", Read, serial);

    public static void Lock(IWriteTransaction transaction, PresentedToken token, Amount amount, TransactionId n) =>
        transaction.ExecuteExpecting(
            1,
            """
            INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked, lock_n)
            VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $6)
            ON CONFLICT (serial) DO UPDATE SET locked = excluded.locked, lock_n = excluded.lock_n
            """,
            token.Serial, token.Key.Number, token.Key.Value.MinorUnits, token.Admits.MinorUnits, amount.MinorUnits,
            n.ToArray());

    /// <summary>Ends a lock with so much of it paid; the rest is free again.</summary>
    public static void Settle(IWriteTransaction transaction, byte[] serial, TransactionId n, Amount paid) =>
        transaction.ExecuteExpecting(
            1,
            """
            UPDATE tokens SET settled = settled + $3, locked = 0, lock_n = NULL
            WHERE serial = $1 AND lock_n = $2 AND locked >= $3
            """,
            serial, n.ToArray(), paid.MinorUnits);

    public static void Unlock(IWriteTransaction transaction, byte[] serial, TransactionId n) =>
        transaction.ExecuteExpecting(
            1,
            "UPDATE tokens SET locked = 0, lock_n = NULL, aborts = aborts + 1 WHERE serial = $1 AND lock_n = $2",
            serial, n.ToArray());

    public static void Refresh(IWriteTransaction transaction, PresentedToken token, Amount amount) =>
        transaction.ExecuteExpecting(
            1,
            """
            INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked)
            VALUES ($1, $2, $3, $4, 0, $5, 0, 0)
            ON CONFLICT (serial) DO UPDATE SET refreshed = tokens.refreshed + excluded.refreshed
            """,
            token.Serial, token.Key.Number, token.Key.Value.MinorUnits, token.Admits.MinorUnits, amount.MinorUnits);

    /// <summary>Another issuer's token that was never seen and is worth nothing here from now on. It is not admitted,
    /// so that forgeries leave no trace in the books.</summary>
    public static void Void(IWriteTransaction transaction, PresentedToken token) => transaction.ExecuteExpecting(
        1,
        """
        INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked)
        VALUES ($1, $2, 0, 0, 0, 0, 0, 0)
        """,
        token.Serial, token.Key.Number);

    public static void Refund(IWriteTransaction transaction, PresentedToken token, Amount amount) =>
        transaction.ExecuteExpecting(
            1,
            """
            INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked)
            VALUES ($1, $2, $3, $4, 0, 0, $5, 0)
            ON CONFLICT (serial) DO UPDATE SET refunded = tokens.refunded + excluded.refunded
            """,
            token.Serial, token.Key.Number, token.Key.Value.MinorUnits, token.Admits.MinorUnits, amount.MinorUnits);

    private static TokenRow Read(IRow row) => new(
        row.GetBytes(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
        row.GetInt64(6), row.GetBytesOrNull(7), row.GetInt64(8));
}
