using Bauta.Crypto.Merkle;

namespace Bauta.Archive.Log;

/// <summary>
/// A tile with the nodes inside it: 255 hashes that a tile as stored lacks, so that a proof is look-ups only. It only
/// grows. One may write while many read: a node is read only after the width that completes it was written.
/// </summary>
internal sealed class ExpandedTile
{
    private readonly MerkleHash[] nodes = new MerkleHash[2 * TileAddress.FullWidth];
    private readonly Lock gate = new();
    private volatile int width;

    public int Width => width;

    /// <summary>Takes the hashes of the tile, at least as many as it has.</summary>
    public void Extend(ReadOnlySpan<byte> hashes)
    {
        lock (gate)
        {
            var count = hashes.Length / MerkleHash.Size;
            for (var i = width; i < count; i++)
            {
                nodes[i] = MerkleHash.FromBytes(hashes.Slice(i * MerkleHash.Size, MerkleHash.Size));
                for (var height = 1; ((i + 1) & ((1 << height) - 1)) == 0 && height < TileAddress.Height; height++)
                {
                    var index = i >> height;
                    nodes[Offset(height) + index] = MerkleHash.Node(
                        nodes[Offset(height - 1) + 2 * index], nodes[Offset(height - 1) + 2 * index + 1]);
                }
            }

            width = Math.Max(width, count);
        }
    }

    public bool TryRead(int height, int index, out MerkleHash hash)
    {
        var known = (index + 1) << height <= width;
        hash = known ? nodes[Offset(height) + index] : default;
        return known;
    }

    private static int Offset(int height) => 512 - (512 >> height);
}

/// <summary>The tiles used last, expanded: at most 256 of them, 16 KiB each. Thread-safe.</summary>
internal sealed class TileCache
{
    private const int Limit = 256;

    private readonly Dictionary<(int Level, long Index), ExpandedTile> tiles = [];
    private readonly Queue<(int Level, long Index)> order = [];
    private readonly Lock gate = new();

    public ExpandedTile? Find(int level, long index)
    {
        lock (gate)
            return tiles.GetValueOrDefault((level, index));
    }

    public ExpandedTile Put(int level, long index, ReadOnlySpan<byte> hashes)
    {
        ExpandedTile? tile;
        lock (gate)
        {
            if (!tiles.TryGetValue((level, index), out tile))
            {
                if (tiles.Count == Limit)
                    tiles.Remove(order.Dequeue());
                tiles.Add((level, index), tile = new ExpandedTile());
                order.Enqueue((level, index));
            }
        }

        tile.Extend(hashes);
        return tile;
    }
}
