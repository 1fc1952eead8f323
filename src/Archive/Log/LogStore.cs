using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>How far the log has come.</summary>
/// <param name="Size">Number of leaves.</param>
/// <param name="Root">Root over all of them.</param>
/// <param name="LastAt">Time of the last leaf.</param>
internal sealed record LogHead(long Size, MerkleHash Root, UnixTime LastAt);

/// <summary>One leaf to insert.</summary>
internal sealed record NewEntry(long Index, byte[] Leaf, MerkleHash Hash, VerifiedLeaf From);

/// <summary>A checkpoint that reached the quorum, as it was published.</summary>
internal sealed record PublishedCheckpoint(long Size, byte[] Note);

/// <summary>The log's SQL. What it reads is committed; what it writes is one transaction.</summary>
internal static class LogStore
{
    /// <summary>Leaves read at once.</summary>
    public const int ChunkLength = 1024;

    // Whoever reads one leaf reads its row. Rows of the past may have as many, so it can only grow.
    private const int RowLength = 16;
    private const byte LineFeed = (byte)'\n';

    private const string InsertEntries = "INSERT INTO entries (first_idx, leaves) VALUES ($1, $2)";
    private const string InsertRecent = "INSERT INTO recent (first_idx, decisions) VALUES ($1, $2)";

    private const string InsertStatement = "INSERT INTO statements (kind, subject, idx) VALUES ($1, $2, $3)";
    private const string UpsertTile = """
        INSERT INTO tiles (level, idx, hashes) VALUES ($1, $2, $3)
        ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes
        """;

    // A merge that was cut off starts over; a subject that is decided twice breaks NOT NULL and stops the log.
    private static readonly RowList mergeDecisions = new(
        "INSERT INTO decisions (subject, idx)", 2,
        "ON CONFLICT (subject) DO UPDATE SET idx = CASE WHEN decisions.idx = excluded.idx THEN excluded.idx END");

    public static LogHead? Head(IReadTransaction tx) => tx.QuerySingleOrDefault(
        "SELECT size, root, last_at FROM head WHERE id = 1",
        static row => new LogHead(
            row.GetInt64(0), MerkleHash.FromBytes(row.GetBytes(1)), UnixTime.FromSeconds(row.GetInt64(2))));

    public static void CreateHead(IWriteTransaction tx) => tx.Execute(
        "INSERT INTO head (id, size, root, last_at) VALUES (1, 0, $1, 0)", MerkleHash.EmptyRoot.ToArray());

    /// <summary>Decisions that are not in the sorted table yet, or not for certain; see <see cref="DecisionIndex"/>.
    /// </summary>
    public static IReadOnlyList<byte[]> RecentDecisions(IReadTransaction tx) => tx.Query(
        "SELECT decisions FROM recent ORDER BY first_idx", static row => row.GetBytes(0));

    /// <summary>A decision in the sorted table.</summary>
    public static long? FindDecision(IReadTransaction tx, byte[] subject) => tx.QuerySingleOrDefault(
        "SELECT idx FROM decisions WHERE subject = $1", static row => (long?)row.GetInt64(0), subject);

    /// <summary>The first subjects of the sorted table that come after one.</summary>
    public static IReadOnlyList<byte[]> DecisionsAfter(IReadTransaction tx, byte[] subject, int limit) => tx.Query(
        "SELECT subject FROM decisions WHERE subject > $1 ORDER BY subject LIMIT $2",
        static row => row.GetBytes(0), subject, limit);

    public static long? FindStatement(IReadTransaction tx, string kind, byte[] subject) => tx.QuerySingleOrDefault(
        "SELECT idx FROM statements WHERE kind = $1 AND subject = $2",
        static row => (long?)row.GetInt64(0), kind, subject);

    public static IReadOnlyList<long> StatementsOf(IReadTransaction tx, string kind) => tx.Query(
        "SELECT idx FROM statements WHERE kind = $1 ORDER BY idx", static row => row.GetInt64(0), kind);

    /// <summary>What stands in the tables about the subject of a leaf.</summary>
    public static long? Find(IReadTransaction tx, VerifiedLeaf leaf) => leaf.IsDecision
        ? FindDecision(tx, leaf.Subject)
        : FindStatement(tx, leaf.Kind, leaf.Subject);

    public static byte[]? Leaf(IReadTransaction tx, long index)
    {
        var row = tx.QuerySingleOrDefault(
            "SELECT first_idx, leaves FROM entries WHERE first_idx <= $1 ORDER BY first_idx DESC LIMIT 1",
            static row => new Row(row.GetInt64(0), row.GetBytes(1)), index);
        var leaves = row?.Leaves() ?? [];
        return row is not null && index - row.First < leaves.Count ? leaves[(int)(index - row.First)].ToArray() : null;
    }

    /// <summary>Leaves of a range in order; throws when one is missing.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Leaves(IReadTransaction tx, long from, long to)
    {
        var leaves = new List<ReadOnlyMemory<byte>>((int)(to - from));
        foreach (var row in tx.Query(
            "SELECT first_idx, leaves FROM entries WHERE first_idx > $1 AND first_idx < $2 ORDER BY first_idx",
            static row => new Row(row.GetInt64(0), row.GetBytes(1)), from - RowLength, to))
        {
            var index = row.First;
            foreach (var leaf in row.Leaves())
            {
                if (index == from + leaves.Count && index < to)
                    leaves.Add(leaf);
                index++;
            }
        }

        return leaves.Count == to - from
            ? leaves
            : throw new StorageException(
                StorageFailure.InvariantViolation, $"The log lacks entries between {from} and {to}.");
    }

    /// <summary>The hashes of a tile, as many as there are by now; null when there are none.</summary>
    public static byte[]? Tile(IReadTransaction tx, int level, long index) => tx.QuerySingleOrDefault(
        "SELECT hashes FROM tiles WHERE level = $1 AND idx = $2", static row => row.GetBytes(0), level, index);

    public static PublishedCheckpoint? LatestCheckpoint(IReadTransaction tx) => tx.QuerySingleOrDefault(
        "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1",
        static row => new PublishedCheckpoint(row.GetInt64(0), row.GetBytes(1)));

    /// <summary>The checkpoint that answers for an entry: the first published that covers it.</summary>
    public static PublishedCheckpoint? CheckpointAfter(IReadTransaction tx, long index) => tx.QuerySingleOrDefault(
        "SELECT size, note FROM checkpoints WHERE size > $1 ORDER BY size LIMIT 1",
        static row => new PublishedCheckpoint(row.GetInt64(0), row.GetBytes(1)), index);

    public static void InsertCheckpoint(IWriteTransaction tx, PublishedCheckpoint checkpoint) => tx.Execute(
        "INSERT INTO checkpoints (size, note) VALUES ($1, $2)", checkpoint.Size, checkpoint.Note);

    /// <summary>Entries, what they decide, tiles and head: all or nothing, and only where the log ends.</summary>
    public static void Append(
        IWriteTransaction tx, LogHead after, IReadOnlyList<NewEntry> entries, IReadOnlyList<TileData> tiles,
        DecisionMerge? merge = null)
    {
        var decisions = entries.Where(entry => entry.From.IsDecision).ToList();
        foreach (var row in entries.Chunk(RowLength))
            tx.Execute(InsertEntries, row[0].Index, Row.Join(row));
        foreach (var entry in entries.Where(entry => !entry.From.IsDecision))
            tx.Execute(InsertStatement, entry.From.Kind, entry.From.Subject, entry.Index);
        if (decisions.Count > 0)
            tx.Execute(InsertRecent, decisions[0].Index, DecisionIndex.Encode(decisions));
        if (merge is not null)
        {
            mergeDecisions.Write(tx, merge.Rows, static row => [row.Subject, row.Index]);
            if (merge.EndsBelow is { } below)
                tx.Execute("DELETE FROM recent WHERE first_idx < $1", below);
        }

        foreach (var tile in tiles)
            tx.Execute(UpsertTile, tile.Address.Level, tile.Address.Index, tile.Bytes);
        tx.ExecuteExpecting(1, "UPDATE head SET size = $1, root = $2, last_at = $3 WHERE id = 1 AND size = $4",
            after.Size, after.Root.ToArray(), after.LastAt.Seconds, entries[0].Index);
    }

    /// <summary>Tiles out of an open transaction.</summary>
    internal sealed class TileSource(IReadTransaction tx) : ITileSource
    {
        public ReadOnlyMemory<byte> Read(TileAddress tile)
        {
            var hashes = Tile(tx, tile.Level, tile.Index);
            var length = tile.Width * MerkleHash.Size;
            return hashes is not null && hashes.Length >= length
                ? hashes.AsMemory(0, length)
                : throw new StorageException(StorageFailure.InvariantViolation, $"The log lacks {tile.Path}.");
        }
    }

    /// <summary>Leaves that were ordered together, a line each: as JSON they hold no line feed.</summary>
    private sealed record Row(long First, byte[] Lines)
    {
        public static byte[] Join(IReadOnlyList<NewEntry> entries)
        {
            var lines = new byte[entries.Sum(entry => entry.Leaf.Length + 1) - 1];
            var end = 0;
            foreach (var entry in entries)
            {
                if (end > 0)
                    lines[end++] = LineFeed;
                entry.Leaf.CopyTo(lines, end);
                end += entry.Leaf.Length;
            }

            return lines;
        }

        public IReadOnlyList<ReadOnlyMemory<byte>> Leaves()
        {
            var leaves = new List<ReadOnlyMemory<byte>>(RowLength);
            foreach (var line in ((ReadOnlySpan<byte>)Lines).Split(LineFeed))
                leaves.Add(Lines.AsMemory(line));
            return leaves;
        }
    }
}
