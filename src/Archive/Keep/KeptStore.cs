using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Archive.Keep;

/// <summary>The rows of kept goods: one for the goods of a lock, one for each of their chunks.</summary>
internal static class KeptStore
{
    /// <summary>Keeps a chunk, once; the first one takes the room for all. Null, or why not.</summary>
    public static ArchiveError? Keep(
        IWriteTransaction transaction, byte[] subject, MadeGoods made, UnixTime expiresAt, long index, byte[] chunk,
        long maxBytes)
    {
        var root = transaction.QuerySingleOrDefault(
            "SELECT goods_root FROM keepings WHERE subject = $1", static row => row.GetBytes(0), subject);
        if (root is null)
        {
            if (transaction.ExecuteCounted(
                "UPDATE keeping_total SET bytes = bytes + $1 WHERE bytes <= $2", made.SizeBytes,
                maxBytes - made.SizeBytes) == 0)
                return ArchiveError.NoRoom;
            transaction.Execute(
                """
                INSERT INTO keepings (subject, goods_root, size_bytes, expires_at, is_committed)
                VALUES ($1, $2, $3, $4, 0)
                """,
                subject, made.GoodsRoot, made.SizeBytes, expiresAt.Seconds);
        }
        else if (!root.AsSpan().SequenceEqual(made.GoodsRoot))
        {
            return ArchiveError.BadGoods;
        }

        transaction.Execute(
            "INSERT INTO kept (subject, idx, chunk) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", subject, index, chunk);
        return null;
    }

    public static bool IsWhole(IReadTransaction transaction, byte[] subject, MadeGoods made) =>
        transaction.QuerySingleOrDefault(
            "SELECT goods_root FROM keepings WHERE subject = $1", static row => row.GetBytes(0), subject)
            is { } root && root.AsSpan().SequenceEqual(made.GoodsRoot)
        && transaction.Query(
            "SELECT idx FROM kept WHERE subject = $1", static row => row.GetInt64(0), subject).Count
            == made.Layout.ChunkCount;

    public static byte[]? Chunk(IReadTransaction transaction, byte[] subject, long index) =>
        transaction.QuerySingleOrDefault(
            "SELECT chunk FROM kept WHERE subject = $1 AND idx = $2", static row => row.GetBytes(0), subject, index);

    public static IReadOnlyList<byte[]> Expired(
        IReadTransaction transaction, bool isCommitted, long before, int limit) =>
        transaction.Query(
            """
            SELECT subject FROM keepings WHERE is_committed = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3
            """,
            static row => row.GetBytes(0), isCommitted ? 1L : 0L, before, limit);

    public static void Commit(IWriteTransaction transaction, byte[] subject) =>
        transaction.Execute("UPDATE keepings SET is_committed = 1 WHERE subject = $1", subject);

    public static void Drop(IWriteTransaction transaction, byte[] subject)
    {
        transaction.Execute(
            """
            UPDATE keeping_total SET bytes = bytes
                - COALESCE((SELECT size_bytes FROM keepings WHERE subject = $1), 0)
            """,
            subject);
        transaction.Execute("DELETE FROM kept WHERE subject = $1", subject);
        transaction.Execute("DELETE FROM keepings WHERE subject = $1", subject);
    }
}
