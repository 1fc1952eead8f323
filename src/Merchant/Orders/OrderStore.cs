using Bauta.Crypto.Goods;
using Bauta.Merchant.Pay;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Orders;

/// <summary>An order whose price is locked, with the secrets still sealed.</summary>
/// <param name="Transaction"><c>n</c>.</param>
/// <param name="Lock">P3.</param>
/// <param name="Tries">How often its making was begun.</param>
/// <param name="Made">E4, once the goods are made.</param>
/// <param name="Sealed">What only the merchant knows.</param>
internal sealed record StoredOrder(
    TransactionId Transaction, LockAnswer Lock, int Tries, Signed<MadeGoods>? Made, byte[] Sealed);

/// <summary>Orders as rows: a row from P3 until the release, or until they are given up.</summary>
internal static class OrderStore
{
    private const string Columns = """
        SELECT o.n, o.lock_note, o.payment_note, o.tries, o.made, p.sealed FROM orders o JOIN purchases p ON p.n = o.n
        """;

    public static StoredOrder? Find(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault($"{Columns} WHERE o.n = $1", Read, n.ToArray());

    /// <summary>The bank's notes hold: the goods are to be made. Takes the purchase from the open ones, so that it is
    /// not dropped.</summary>
    public static void Insert(IWriteTransaction transaction, TransactionId n, LockAnswer notes)
    {
        transaction.ExecuteExpecting(1, "DELETE FROM open_purchases WHERE n = $1", n.ToArray());
        transaction.Execute(
            """
            INSERT INTO orders (n, lock_note, payment_note, expires_at, tries, next_try_at)
            VALUES ($1, $2, $3, $4, 0, 0)
            """,
            n.ToArray(), notes.LockNote.Text, notes.Payment.Text, notes.LockNote.Content.ExpiresAt.Seconds);
    }

    /// <summary>The order whose making is due longest, and that nobody else makes meanwhile: it is due again only at
    /// <paramref name="nextTry"/>.</summary>
    public static StoredOrder? Claim(
        IWriteTransaction transaction, UnixTime now, UnixTime nextTry, UnixTime expiresAfter, int maxTries)
    {
        var order = transaction.QuerySingleOrDefault(
            $"""
            {Columns}
            WHERE o.made IS NULL AND o.next_try_at <= $1 AND o.expires_at > $2 AND o.tries < $3
            ORDER BY o.next_try_at, o.n LIMIT 1
            """,
            Read, now.Seconds, expiresAfter.Seconds, maxTries);
        if (order is not null)
            Postpone(transaction, order.Transaction, order.Tries + 1, nextTry);
        return order;
    }

    public static void Postpone(IWriteTransaction transaction, TransactionId n, int tries, UnixTime nextTry) =>
        transaction.Execute(
            "UPDATE orders SET tries = $2, next_try_at = $3 WHERE n = $1 AND made IS NULL",
            n.ToArray(), tries, nextTry.Seconds);

    /// <summary>The goods are made and stored: after this E4 may be shown, and no others are made.</summary>
    public static void Make(
        IWriteTransaction transaction, Signed<MadeGoods> made, TransactionId n, byte[] contentHash, GoodsTree tree,
        UnixTime forceAt)
    {
        var key = n.ToArray();
        transaction.ExecuteExpecting(
            1, "UPDATE orders SET made = $2, force_at = $3 WHERE n = $1 AND made IS NULL",
            key, made.Text, forceAt.Seconds);
        transaction.ExecuteExpecting(
            1, "UPDATE purchases SET content_hash = $2, size_bytes = $3, goods_root = $4 WHERE n = $1",
            key, contentHash, made.Content.SizeBytes, made.Content.GoodsRoot);
        if (tree.Layout.ChunkCount > 1)
            transaction.Execute("INSERT INTO goods_leaves (n, leaves) VALUES ($1, $2)", key, tree.ExportLeaves());
    }

    /// <summary>Goods that were made and whose acknowledgement has not come in time.</summary>
    public static IReadOnlyList<StoredOrder> DueToForce(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            $"{Columns} WHERE o.force_at <= $1 ORDER BY o.force_at LIMIT $2", Read, now.Seconds, limit);

    /// <summary>The intent to release: with it the order is over.</summary>
    public static void Release(
        IWriteTransaction transaction, ReleasedPurchase purchase, Signed<MadeGoods> made, UnixTime now,
        UnixTime nextTry)
    {
        transaction.ExecuteExpecting(1, "DELETE FROM orders WHERE n = $1", purchase.Transaction.ToArray());
        PaymentStore.Release(transaction, purchase, now, nextTry);
        transaction.ExecuteExpecting(
            1, "UPDATE payments SET made = $2 WHERE n = $1", purchase.Transaction.ToArray(), made.Text);
    }

    /// <summary>What could not be made in time becomes like a purchase that was never paid: the archive aborts it, and
    /// it is dropped.</summary>
    public static int GiveUp(IWriteTransaction transaction, UnixTime expireBy, UnixTime now, int maxTries, int limit)
    {
        var late = transaction.Query(
            """
            SELECT n, expires_at FROM orders
            WHERE made IS NULL AND (expires_at <= $1 OR (tries >= $2 AND next_try_at <= $3)) LIMIT $4
            """,
            static row => (N: row.GetBytes(0), ExpiresAt: row.GetInt64(1)), expireBy.Seconds, maxTries, now.Seconds,
            limit);
        foreach (var (n, expiresAt) in late)
        {
            transaction.Execute("DELETE FROM orders WHERE n = $1", n);
            transaction.Execute(
                "INSERT INTO open_purchases (n, expires_at, size_bytes) VALUES ($1, $2, 0)", n, expiresAt);
        }

        return late.Count;
    }

    /// <summary>What was being made when the process ended is made again.</summary>
    public static void MakeAllDue(IWriteTransaction transaction) =>
        transaction.Execute("UPDATE orders SET next_try_at = 0 WHERE made IS NULL");

    /// <summary>E4 of an order that is over; null of any other sale.</summary>
    public static Signed<MadeGoods>? MadeOf(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT made FROM payments WHERE n = $1", static row => row.GetStringOrNull(0), n.ToArray()) is { } text
            ? Parse<MadeGoods>(text)
            : null;

    private static StoredOrder Read(IRow row) => new(
        TransactionId.FromBytes(row.GetBytes(0)),
        new LockAnswer(Parse<LockNote>(row.GetString(1)), Parse<PaymentNote>(row.GetString(2))),
        (int)row.GetInt64(3), row.GetStringOrNull(4) is { } made ? Parse<MadeGoods>(made) : null, row.GetBytes(5));

    private static Signed<T> Parse<T>(string text)
        where T : class, IStatement<T> =>
        Signed<T>.TryParse(text, out var signed)
            ? signed
            : throw new InvalidDataException($"A stored {T.Typ} does not parse.");
}
