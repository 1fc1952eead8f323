namespace Bauta.Crypto.Merkle;

/// <summary>A tile with its bytes: 32 times its width.</summary>
/// <param name="Address">Where it is served.</param>
/// <param name="Bytes">The concatenated hashes.</param>
public sealed record TileData(TileAddress Address, byte[] Bytes);

/// <summary>
/// Grows a tree leaf by leaf and makes the tiles of C2SP tlog-tiles out of it.
/// Holds at most 255 hashes a level. Not thread-safe.
/// </summary>
public sealed class TileBuilder
{
    private readonly List<Row> rows = [];
    private readonly List<TileData> full = [];
    private readonly NodeCompleted onNode;
    private MerkleTree tree = new();

    /// <summary>Starts with the empty tree.</summary>
    public TileBuilder() => onNode = OnNode;

    /// <summary>Number of leaves.</summary>
    public long Size => tree.Size;

    /// <summary>Root over all leaves so far.</summary>
    public MerkleHash Root => tree.Root;

    /// <summary>Continues a tree from the partial tiles that stand at its right edge.</summary>
    /// <exception cref="InvalidDataException">A tile does not have the bytes its width asks for.</exception>
    public static TileBuilder Restore(long size, ITileSource source)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var builder = new TileBuilder();
        for (var level = 0; level < TileAddress.Height && size >> (TileAddress.Height * level) > 0; level++)
        {
            var index = size >> (TileAddress.Height * (level + 1) - 1) >> 1;
            var width = TileAddress.WidthAt(level, index, size);
            var row = builder.RowAt(level);
            if (width == 0)
                continue;
            var bytes = source.Read(TileAddress.Tree(level, index, width)).Span;
            if (bytes.Length != width * MerkleHash.Size)
                throw new InvalidDataException($"Level {level} has a tile of {bytes.Length} bytes.");
            for (var i = 0; i < width; i++)
                row.Hashes.Add(MerkleHash.FromBytes(bytes.Slice(i * MerkleHash.Size, MerkleHash.Size)));
            row.Taken = width;
        }

        builder.tree = MerkleTree.FromNodes(size, new TileHashReader(source, size).Read);
        return builder;
    }

    /// <summary>Appends one leaf hash and returns its index.</summary>
    public long Append(in MerkleHash leaf) => tree.Append(leaf, onNode);

    /// <summary>
    /// Gives the tiles that must be durable before a checkpoint of this size is signed: those filled, and the partial
    /// ones that changed, since the last call.
    /// </summary>
    public IReadOnlyList<TileData> TakeTiles()
    {
        List<TileData> tiles = [.. full];
        full.Clear();
        for (var level = 0; level < rows.Count; level++)
        {
            var row = rows[level];
            if (row.Hashes.Count == row.Taken)
                continue;
            row.Taken = row.Hashes.Count;
            tiles.Add(ToTile(level, Size >> (TileAddress.Height * (level + 1) - 1) >> 1, row));
        }

        return tiles;
    }

    private void OnNode(int level, long index, in MerkleHash hash)
    {
        if (level % TileAddress.Height != 0)
            return;
        var row = RowAt(level / TileAddress.Height);
        row.Hashes.Add(hash);
        if (row.Hashes.Count < TileAddress.FullWidth)
            return;
        full.Add(ToTile(level / TileAddress.Height, index / TileAddress.FullWidth, row));
        row.Hashes.Clear();
        row.Taken = 0;
    }

    private static TileData ToTile(int level, long index, Row row)
    {
        var bytes = new byte[row.Hashes.Count * MerkleHash.Size];
        for (var i = 0; i < row.Hashes.Count; i++)
            row.Hashes[i].Span.CopyTo(bytes.AsSpan(i * MerkleHash.Size));
        return new(TileAddress.Tree(level, index, row.Hashes.Count), bytes);
    }

    private Row RowAt(int level)
    {
        while (rows.Count <= level)
            rows.Add(new());
        return rows[level];
    }

    /// <summary>The hashes of the partial tile at the right edge of one level.</summary>
    private sealed class Row
    {
        public List<MerkleHash> Hashes { get; } = new(TileAddress.FullWidth);

        public int Taken { get; set; }
    }
}
