using System.Numerics;

namespace Bauta.Crypto.Merkle;

/// <summary>Told of each node of the tree that became complete: the leaf itself is level 0.</summary>
/// <param name="level">Height of the node above the leaves.</param>
/// <param name="index">Position of the node among those of its level, from the left.</param>
/// <param name="hash">Hash of the 2^level leaves below it.</param>
public delegate void NodeCompleted(int level, long index, in MerkleHash hash);

/// <summary>Gives the hash of a complete node: the 2^level leaves that start at index * 2^level.</summary>
/// <param name="level">Height of the node above the leaves.</param>
/// <param name="index">Position of the node among those of its level, from the left.</param>
public delegate MerkleHash NodeReader(int level, long index);

/// <summary>
/// An append-only Merkle tree (RFC 6962 section 2.1) that keeps only its compact range: the roots of the perfect
/// subtrees it consists of, at most 63 hashes, whatever its size. Not thread-safe.
/// </summary>
public sealed class MerkleTree
{
    private readonly List<MerkleHash> peaks = [];

    /// <summary>Starts with the empty tree.</summary>
    public MerkleTree()
    {
    }

    private MerkleTree(long size, IEnumerable<MerkleHash> peaks)
    {
        Size = size;
        this.peaks.AddRange(peaks);
    }

    /// <summary>Number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>Roots of the perfect subtrees, from the left (largest) to the right (smallest).</summary>
    public IReadOnlyList<MerkleHash> Peaks => peaks;

    /// <summary>The Merkle tree hash of all leaves so far.</summary>
    public MerkleHash Root
    {
        get
        {
            if (peaks.Count == 0)
                return MerkleHash.EmptyRoot;
            var root = peaks[^1];
            for (var i = peaks.Count - 2; i >= 0; i--)
                root = MerkleHash.Node(peaks[i], root);
            return root;
        }
    }

    /// <summary>Continues a tree from its size and its peaks, as <see cref="Peaks"/> gave them.</summary>
    /// <exception cref="ArgumentException">The number of peaks does not fit the size.</exception>
    public static MerkleTree FromPeaks(long size, IReadOnlyList<MerkleHash> peaks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return peaks.Count == BitOperations.PopCount((ulong)size)
            ? new(size, peaks)
            : throw new ArgumentException("A tree has one peak for each bit of its size.", nameof(peaks));
    }

    /// <summary>Continues a tree of the given size from any source of its complete nodes.</summary>
    public static MerkleTree FromNodes(long size, NodeReader reader)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var peaks = new List<MerkleHash>();
        for (var level = 62; level >= 0; level--)
        {
            if ((size >> level & 1) == 1)
                peaks.Add(reader(level, (size >> level) - 1));
        }

        return new(size, peaks);
    }

    /// <summary>The root of the first <paramref name="size"/> leaves, from any source of complete nodes.</summary>
    public static MerkleHash RootOf(long size, NodeReader reader) => FromNodes(size, reader).Root;

    /// <summary>Appends one leaf hash and returns its index.</summary>
    public long Append(in MerkleHash leaf, NodeCompleted? completed = null)
    {
        var index = Size;
        var hash = leaf;
        completed?.Invoke(0, index, hash);

        // Each trailing one-bit of the old size is a perfect subtree that now gets its right sibling.
        for (var level = 0; (index >> level & 1) == 1; level++)
        {
            hash = MerkleHash.Node(peaks[^1], hash);
            peaks.RemoveAt(peaks.Count - 1);
            completed?.Invoke(level + 1, index >> (level + 1), hash);
        }

        peaks.Add(hash);
        Size = index + 1;
        return index;
    }

    /// <summary>Hash of the leaves from <paramref name="start"/> up to <paramref name="end"/>, exclusive.</summary>
    /// <remarks>Start must be where RFC 6962 would split a tree, as it is in every proof.</remarks>
    internal static MerkleHash HashOfRange(long start, long end, NodeReader reader)
    {
        var count = end - start;
        if (BitOperations.IsPow2(count) && start % count == 0)
            return reader(BitOperations.Log2((ulong)count), start / count);

        var left = LargestPowerBelow(count);
        return MerkleHash.Node(
            HashOfRange(start, start + left, reader), HashOfRange(start + left, end, reader));
    }

    /// <summary>The k of RFC 6962: the largest power of two below <paramref name="count"/>, which is at least 2.
    /// </summary>
    internal static long LargestPowerBelow(long count) => 1L << BitOperations.Log2((ulong)(count - 1));
}
