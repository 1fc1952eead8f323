namespace Bauta.Crypto.Merkle;

/// <summary>
/// Merkle audit paths: RFC 6962 section 2.1.1, verified as RFC 9162 section 2.1.3.2 says.
/// A proof is a list of hashes from the leaf's sibling up to the root's child, at most 63.
/// </summary>
public static class InclusionProof
{
    /// <summary>Most hashes that a proof may have.</summary>
    public const int MaxHashes = 63;

    /// <summary>Proves that leaf <paramref name="index"/> is in the tree of the first <paramref name="size"/> leaves.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not below the size.</exception>
    public static MerkleHash[] Generate(long index, long size, NodeReader reader)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);

        // Walks down from the root; the path is listed from the leaf upwards.
        var path = new List<MerkleHash>();
        long start = 0, end = size;
        while (end - start > 1)
        {
            var middle = start + MerkleTree.LargestPowerBelow(end - start);
            if (index < middle)
            {
                path.Add(MerkleTree.HashOfRange(middle, end, reader));
                end = middle;
            }
            else
            {
                path.Add(MerkleTree.HashOfRange(start, middle, reader));
                start = middle;
            }
        }

        path.Reverse();
        return [.. path];
    }

    /// <summary>Whether the proof shows the leaf hash at this index under this root. Never throws.</summary>
    public static bool Verify(
        in MerkleHash leaf, long index, long size, ReadOnlySpan<MerkleHash> proof, in MerkleHash root)
    {
        if (index < 0 || index >= size || proof.Length > MaxHashes)
            return false;

        long node = index, last = size - 1;
        var hash = leaf;
        foreach (ref readonly var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((node & 1) == 1 || node == last)
            {
                hash = MerkleHash.Node(sibling, hash);
                while ((node & 1) == 0 && node != 0)
                {
                    node >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                hash = MerkleHash.Node(hash, sibling);
            }

            node >>= 1;
            last >>= 1;
        }

        return last == 0 && hash == root;
    }
}
