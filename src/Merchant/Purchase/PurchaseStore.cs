using Bauta.Crypto.Goods;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Purchase;

/// <summary>The rows of purchases; each method is part of the caller's transaction.</summary>
internal static class PurchaseStore
{
    /// <summary>What is known of a request id.</summary>
    public sealed record Known(byte[] BodyHash, TransactionId? Transaction, byte[]? Sealed);

    public static Known? Find(IReadTransaction transaction, RequestId request) =>
        transaction.QuerySingleOrDefault(
            "SELECT body_hash, n, sealed FROM purchases WHERE request_id = $1",
            static row => new Known(row.GetBytes(0), TransactionId.FromBytes(row.GetBytes(1)), row.GetBytes(2)),
            request.ToArray())
        ?? transaction.QuerySingleOrDefault(
            "SELECT body_hash FROM dropped_purchases WHERE request_id = $1",
            static row => new Known(row.GetBytes(0), null, null),
            request.ToArray());

    /// <summary>What only the merchant knows of a purchase, sealed.</summary>
    public static byte[]? Sealed(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT sealed FROM purchases WHERE n = $1", static row => row.GetBytes(0), n.ToArray());

    /// <summary>The size of what was sold.</summary>
    public static long SizeOf(IReadTransaction transaction, TransactionId n) => transaction.QuerySingleOrDefault(
        "SELECT size_bytes FROM purchases WHERE n = $1", static row => row.GetInt64(0), n.ToArray());

    /// <summary>Stores a new purchase as open. After it is durable, its P1 may be shown.</summary>
    public static void Insert(
        IWriteTransaction transaction, PurchaseRequest request, byte[] bodyHash, TransactionId n,
        Merchandise merchandise, GoodsTree tree, byte[] @sealed)
    {
        var (contract, key) = (merchandise.Contract, n.ToArray());
        transaction.Execute(
            """
            INSERT INTO purchases (n, request_id, body_hash, delivery_id, offer_id, content_hash, size_bytes,
                goods_root, price, expires_at, sealed)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            key, request.Id.ToArray(), bodyHash, DeliveryId.Derive(merchandise.Secret).ToArray(),
            contract.Offer.ToArray(), contract.ContentHash, contract.SizeBytes, merchandise.GoodsRoot,
            contract.Price.MinorUnits, merchandise.ExpiresAt.Seconds, @sealed);
        transaction.Execute(
            "INSERT INTO open_purchases (n, expires_at, size_bytes) VALUES ($1, $2, $3)",
            key, merchandise.ExpiresAt.Seconds, contract.SizeBytes);
        // With one chunk its leaf hash is the root.
        if (tree.Layout.ChunkCount > 1)
            transaction.Execute("INSERT INTO goods_leaves (n, leaves) VALUES ($1, $2)", key, tree.ExportLeaves());
    }

    /// <summary>Counts what is open, for the budget after a restart.</summary>
    public static IReadOnlyList<(UnixTime ExpiresAt, long Count, long Bytes)> Open(
        IReadTransaction transaction, UnixTime now) =>
        transaction.Query(
            """
            SELECT expires_at, CAST(COUNT(*) AS BIGINT), CAST(SUM(size_bytes) AS BIGINT)
            FROM open_purchases WHERE expires_at > $1 GROUP BY expires_at
            """,
            static row => (UnixTime.FromSeconds(row.GetInt64(0)), row.GetInt64(1), row.GetInt64(2)),
            now.Seconds);

    /// <summary>Deletes purchases that expired unpaid before <paramref name="expiredBefore"/>, oldest first; their ids
    /// are remembered, so that a late repetition is told that it has expired and starts nothing new. One whose release
    /// was handed over early stays until the bank has said what became of it.</summary>
    public static int Drop(IWriteTransaction transaction, UnixTime expiredBefore, UnixTime now, int limit)
    {
        var expired = transaction.Query(
            """
            SELECT n FROM open_purchases o WHERE expires_at < $1
                AND NOT EXISTS (SELECT 1 FROM early_releases e WHERE e.n = o.n)
            ORDER BY expires_at LIMIT $2
            """,
            static row => row.GetBytes(0), expiredBefore.Seconds, limit);
        foreach (var n in expired)
        {
            transaction.Execute(
                """
                INSERT INTO dropped_purchases (request_id, body_hash, dropped_at)
                SELECT request_id, body_hash, $2 FROM purchases WHERE n = $1
                """,
                n, now.Seconds);
            transaction.Execute("DELETE FROM open_purchases WHERE n = $1", n);
            transaction.Execute("DELETE FROM goods_leaves WHERE n = $1", n);
            transaction.Execute("DELETE FROM purchases WHERE n = $1", n);
        }

        return expired.Count;
    }

    /// <summary>Forgets ids of dropped purchases that were dropped long ago.</summary>
    public static int Forget(IWriteTransaction transaction, UnixTime droppedBefore, int limit) =>
        transaction.ExecuteCounted(
            """
            DELETE FROM dropped_purchases WHERE request_id IN
                (SELECT request_id FROM dropped_purchases WHERE dropped_at < $1 ORDER BY dropped_at LIMIT $2)
            """,
            droppedBefore.Seconds, limit);
}
