using System.Buffers.Binary;
using Bauta.Crypto.Merkle;

namespace Bauta.Tests.Crypto.Merkle;

/// <summary>A tree with every node kept, and the definition of RFC 6962 written out as it stands there.</summary>
internal sealed class Trees
{
    private readonly Dictionary<(int Level, long Index), MerkleHash> _nodes = [];
    private readonly MerkleTree _tree = new();

    public Trees(int size)
    {
        for (var i = 0; i < size; i++)
        {
            Leaves.Add(MerkleHash.Leaf(Entry(i)));
            _tree.Append(Leaves[i], (int level, long index, in MerkleHash hash) => _nodes.Add((level, index), hash));
            Roots.Add(_tree.Root);
        }
    }

    public List<MerkleHash> Leaves { get; } = [];

    /// <summary>Roots[n] is the root of the first n leaves.</summary>
    public List<MerkleHash> Roots { get; } = [MerkleHash.EmptyRoot];

    public static byte[] Entry(int i)
    {
        var entry = new byte[4 + i % 50];
        BinaryPrimitives.WriteInt32BigEndian(entry, i);
        return entry;
    }

    public MerkleHash Node(int level, long index) => _nodes[(level, index)];

    /// <summary>MTH(D[n]) of RFC 6962 section 2.1.</summary>
    public static MerkleHash DefinedRoot(ReadOnlySpan<MerkleHash> leaves)
    {
        if (leaves.IsEmpty)
            return MerkleHash.EmptyRoot;
        if (leaves.Length == 1)
            return leaves[0];
        var k = 1;
        while (k * 2 < leaves.Length)
            k *= 2;
        return MerkleHash.Node(DefinedRoot(leaves[..k]), DefinedRoot(leaves[k..]));
    }

    /// <summary>The same hash with one bit turned.</summary>
    public static MerkleHash Flip(MerkleHash hash, int bit)
    {
        var bytes = hash.ToArray();
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return MerkleHash.FromBytes(bytes);
    }
}
