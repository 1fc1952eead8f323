using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Goods;

/// <summary>
/// The Merkle tree (RFC 6962 hashing) over the ciphertext chunks of one sale. Its root and the plaintext's size are
/// what the contract signs. Keeps about 64 bytes a chunk. Immutable and thread-safe.
/// </summary>
public sealed class GoodsTree
{
    private readonly List<MerkleHash>[] levels;

    private GoodsTree(GoodsLayout layout, List<MerkleHash>[] levels, MerkleHash root)
    {
        Layout = layout;
        Root = root;
        this.levels = levels;
    }

    /// <summary>Sizes and number of chunks.</summary>
    public GoodsLayout Layout { get; }

    /// <summary>Root over all chunks.</summary>
    public MerkleHash Root { get; }

    /// <summary>Hash of each ciphertext chunk.</summary>
    public IReadOnlyList<MerkleHash> Leaves => levels[0];

    /// <summary>Makes the tree again from stored leaf hashes.</summary>
    /// <exception cref="ArgumentException">Not one leaf for each chunk.</exception>
    public static GoodsTree FromLeaves(GoodsLayout layout, IReadOnlyList<MerkleHash> leaves)
    {
        if (leaves.Count != layout.ChunkCount)
            throw new ArgumentException("There is one leaf for each chunk.", nameof(leaves));
        var builder = new Builder();
        foreach (var leaf in leaves)
            builder.Append(leaf);
        return builder.Build(layout);
    }

    /// <summary>Makes the tree again from bytes that <see cref="ExportLeaves"/> gave.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes for each chunk.</exception>
    public static GoodsTree FromLeaves(GoodsLayout layout, ReadOnlySpan<byte> leaves)
    {
        if (leaves.Length != layout.ChunkCount * MerkleHash.Size)
            throw new ArgumentException("There are 32 bytes for each chunk.", nameof(leaves));
        var builder = new Builder();
        for (; !leaves.IsEmpty; leaves = leaves[MerkleHash.Size..])
            builder.Append(MerkleHash.FromBytes(leaves[..MerkleHash.Size]));
        return builder.Build(layout);
    }

    /// <summary>The leaf hashes in a row, 32 bytes a chunk, to be stored with the sale.</summary>
    public byte[] ExportLeaves()
    {
        var bytes = new byte[Leaves.Count * MerkleHash.Size];
        for (var i = 0; i < Leaves.Count; i++)
            Leaves[i].Span.CopyTo(bytes.AsSpan(i * MerkleHash.Size));
        return bytes;
    }

    /// <summary>Inclusion proof of a chunk, at most 20 hashes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public MerkleHash[] Prove(long index) =>
        InclusionProof.Generate(index, Layout.ChunkCount, (level, i) => levels[level][(int)i]);

    /// <summary>Collects the leaves and keeps every node above them.</summary>
    internal sealed class Builder
    {
        private readonly MerkleTree tree = new();
        private readonly List<List<MerkleHash>> levels = [[]];

        public void Append(in MerkleHash leaf) => tree.Append(leaf, Keep);

        public GoodsTree Build(GoodsLayout layout) => tree.Size == layout.ChunkCount
            ? new(layout, [.. levels], tree.Root)
            : throw new InvalidOperationException("There is one leaf for each chunk.");

        private void Keep(int level, long index, in MerkleHash hash)
        {
            if (level == levels.Count)
                levels.Add([]);
            levels[level].Add(hash);
        }
    }
}
