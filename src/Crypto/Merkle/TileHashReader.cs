namespace Bauta.Crypto.Merkle;

/// <summary>Where tiles come from: a folder, a cache, a log over HTTP fetched before.</summary>
public interface ITileSource
{
    /// <summary>Gives the bytes of a tile: 32 times its width.</summary>
    ReadOnlyMemory<byte> Read(TileAddress tile);
}

/// <summary>
/// Reads nodes of a tree of known size out of its tiles. Keeps what it read, so use one per question.
/// Tiles are believed here; whoever does not trust their source verifies the proof made from them.
/// </summary>
public sealed class TileHashReader(ITileSource source, long treeSize)
{
    private readonly Dictionary<TileAddress, ReadOnlyMemory<byte>> tiles = [];

    /// <summary>The hash of a complete node; fits <see cref="NodeReader"/>.</summary>
    /// <exception cref="InvalidDataException">A tile does not have the bytes its width asks for.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such complete node.</exception>
    public MerkleHash Read(int level, long index)
    {
        var address = TileAddress.OfNode(level, index, treeSize);
        if (!tiles.TryGetValue(address, out var tile))
        {
            tile = source.Read(address);
            if (tile.Length != address.Width * MerkleHash.Size)
                throw new InvalidDataException($"Tile {address.Path} has {tile.Length} bytes.");
            tiles.Add(address, tile);
        }

        var heightInTile = level % TileAddress.Height;
        var indexInTile = (int)(index & ((1L << (TileAddress.Height - heightInTile)) - 1));
        return Fold(tile.Span, indexInTile << heightInTile, heightInTile);
    }

    /// <summary>The tiles needed to prove inclusion, so that they can be fetched at once.</summary>
    public static IReadOnlyList<TileAddress> TilesForInclusion(long index, long size) =>
        TilesFor(size, reader => InclusionProof.Generate(index, size, reader));

    /// <summary>The tiles needed to know the root of a tree and to continue it.</summary>
    public static IReadOnlyList<TileAddress> TilesForRoot(long size) =>
        TilesFor(size, reader => MerkleTree.FromNodes(size, reader));

    private static List<TileAddress> TilesFor(long size, Action<NodeReader> question)
    {
        // A dry run of the question itself tells which nodes it reads.
        var tiles = new HashSet<TileAddress>();
        question((level, index) =>
        {
            tiles.Add(TileAddress.OfNode(level, index, size));
            return default;
        });
        return [.. tiles];
    }

    private static MerkleHash Fold(ReadOnlySpan<byte> tile, int first, int height) => height == 0
        ? MerkleHash.FromBytes(tile.Slice(first * MerkleHash.Size, MerkleHash.Size))
        : MerkleHash.Node(Fold(tile, first, height - 1), Fold(tile, first + (1 << (height - 1)), height - 1));
}
