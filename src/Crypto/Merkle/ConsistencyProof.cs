using System.Numerics;

namespace Bauta.Crypto.Merkle;

/// <summary>
/// Merkle consistency proofs: RFC 6962 section 2.1.2, verified as RFC 9162 section 2.1.4.2 says.
/// They show that a tree only grew. At most 63 hashes.
/// </summary>
public static class ConsistencyProof
{
    /// <summary>Most hashes that a proof may have.</summary>
    public const int MaxHashes = 63;

    /// <summary>Proves that the tree of <paramref name="oldSize"/> leaves is a prefix of the other one.
    /// Empty when the old size is 0 or when the sizes are equal.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The old size is negative or above the new size.</exception>
    public static MerkleHash[] Generate(long oldSize, long newSize, NodeReader reader)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        if (oldSize == 0 || oldSize == newSize)
            return [];

        // SUBPROOF of RFC 6962 as a loop: [start, end) is D[n], isWhole is its b.
        var path = new List<MerkleHash>();
        long start = 0, end = newSize;
        var isWhole = true;
        while (oldSize != end)
        {
            var middle = start + MerkleTree.LargestPowerBelow(end - start);
            if (oldSize <= middle)
            {
                path.Add(MerkleTree.HashOfRange(middle, end, reader));
                end = middle;
            }
            else
            {
                path.Add(MerkleTree.HashOfRange(start, middle, reader));
                start = middle;
                isWhole = false;
            }
        }

        if (!isWhole)
            path.Add(MerkleTree.HashOfRange(start, end, reader));
        path.Reverse();
        return [.. path];
    }

    /// <summary>Whether the proof shows that the new tree extends the old one. Never throws.</summary>
    /// <remarks>Old size 0 needs the empty root and an empty proof; equal sizes need equal roots and an empty proof.
    /// </remarks>
    public static bool Verify(
        long oldSize, in MerkleHash oldRoot, long newSize, in MerkleHash newRoot, ReadOnlySpan<MerkleHash> proof)
    {
        if (oldSize < 0 || oldSize > newSize || proof.Length > MaxHashes)
            return false;
        if (oldSize == newSize)
            return proof.IsEmpty && oldRoot == newRoot && (newSize != 0 || newRoot == MerkleHash.EmptyRoot);
        if (oldSize == 0)
            return proof.IsEmpty && oldRoot == MerkleHash.EmptyRoot;

        // A perfect old tree is a node of the new one, so its root is left out of the proof.
        MerkleHash seed;
        if (BitOperations.IsPow2(oldSize))
        {
            seed = oldRoot;
        }
        else if (proof.IsEmpty)
        {
            return false;
        }
        else
        {
            seed = proof[0];
            proof = proof[1..];
        }

        long node = oldSize - 1, last = newSize - 1;
        while ((node & 1) == 1)
        {
            node >>= 1;
            last >>= 1;
        }

        MerkleHash oldHash = seed, newHash = seed;
        foreach (ref readonly var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((node & 1) == 1 || node == last)
            {
                oldHash = MerkleHash.Node(sibling, oldHash);
                newHash = MerkleHash.Node(sibling, newHash);
                while ((node & 1) == 0 && node != 0)
                {
                    node >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                newHash = MerkleHash.Node(newHash, sibling);
            }

            node >>= 1;
            last >>= 1;
        }

        return last == 0 && oldHash == oldRoot && newHash == newRoot;
    }
}
