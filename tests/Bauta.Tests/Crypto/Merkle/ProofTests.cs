using Bauta.Crypto.Merkle;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Bauta.Tests.Crypto.Merkle;

public class ProofTests
{
    private const int MaxSize = 300;
    private static readonly Trees Tree = new(MaxSize);

    [Fact]
    public void Every_inclusion_proof_verifies_at_every_size_to_300()
    {
        for (var size = 1; size <= MaxSize; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = InclusionProof.Generate(index, size, Tree.Node);
                Assert.True(InclusionProof.Verify(Tree.Leaves[index], index, size, proof, Tree.Roots[size]));
            }
        }
    }

    [Fact]
    public void Every_consistency_proof_verifies_at_every_size_to_300()
    {
        for (var size = 0; size <= MaxSize; size++)
        {
            for (var old = 0; old <= size; old++)
            {
                var proof = ConsistencyProof.Generate(old, size, Tree.Node);
                Assert.True(ConsistencyProof.Verify(old, Tree.Roots[old], size, Tree.Roots[size], proof));
            }
        }
    }

    [Fact]
    public void Every_bit_of_every_inclusion_proof_matters_at_every_size_to_13()
    {
        for (var size = 1; size <= 13; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = InclusionProof.Generate(index, size, Tree.Node);
                for (var bit = 0; bit < 256; bit++)
                    AssertInclusionFlipsFail(index, size, proof, bit);
            }
        }
    }

    [Fact]
    public void Every_bit_of_every_consistency_proof_matters_at_every_size_to_13()
    {
        for (var size = 2; size <= 13; size++)
        {
            for (var old = 1; old < size; old++)
            {
                var proof = ConsistencyProof.Generate(old, size, Tree.Node);
                for (var bit = 0; bit < 256; bit++)
                    AssertConsistencyFlipsFail(old, size, proof, bit);
            }
        }
    }

    [Fact]
    public void A_turned_bit_fails_in_any_inclusion_proof() =>
        Prop.ForAll(Questions(1), question =>
        {
            var (size, index, bit) = question;
            AssertInclusionFlipsFail(index, size, InclusionProof.Generate(index, size, Tree.Node), bit);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_turned_bit_fails_in_any_consistency_proof() =>
        Prop.ForAll(Questions(2), question =>
        {
            var (size, old, bit) = question;
            old = Math.Max(old, 1);
            AssertConsistencyFlipsFail(old, size, ConsistencyProof.Generate(old, size, Tree.Node), bit);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Refuses_an_inclusion_proof_for_another_index_size_or_length()
    {
        for (var size = 1; size <= 40; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var proof = InclusionProof.Generate(index, size, Tree.Node);
                var leaf = Tree.Leaves[index];
                for (var other = -1; other <= size; other++)
                {
                    if (other != index)
                        Assert.False(InclusionProof.Verify(leaf, other, size, proof, Tree.Roots[size]));
                }

                Assert.False(InclusionProof.Verify(leaf, index, size, [.. proof, leaf], Tree.Roots[size]));
                Assert.False(InclusionProof.Verify(leaf, index, size, [leaf, .. proof], Tree.Roots[size]));
                if (proof.Length > 0)
                {
                    Assert.False(InclusionProof.Verify(leaf, index, size, proof.AsSpan(1), Tree.Roots[size]));
                    Assert.False(InclusionProof.Verify(leaf, index, size, proof.AsSpan(..^1), Tree.Roots[size]));
                }
            }
        }
    }

    [Fact]
    public void Refuses_a_consistency_proof_for_other_sizes_or_of_another_length()
    {
        for (var size = 2; size <= 40; size++)
        {
            for (var old = 1; old < size; old++)
            {
                var proof = ConsistencyProof.Generate(old, size, Tree.Node);
                var (oldRoot, root) = (Tree.Roots[old], Tree.Roots[size]);
                for (var other = -1; other <= size + 1; other++)
                {
                    if (other != old)
                        Assert.False(ConsistencyProof.Verify(other, oldRoot, size, root, proof));
                }

                Assert.False(ConsistencyProof.Verify(old, oldRoot, size, root, [.. proof, root]));
                Assert.False(ConsistencyProof.Verify(old, oldRoot, size, root, [root, .. proof]));
                Assert.False(ConsistencyProof.Verify(old, oldRoot, size, root, proof.AsSpan(1)));
                Assert.False(ConsistencyProof.Verify(old, oldRoot, size, root, proof.AsSpan(..^1)));
            }
        }
    }

    [Fact]
    public void The_empty_tree_and_equal_trees_take_only_an_empty_proof()
    {
        var (empty, root, other) = (MerkleHash.EmptyRoot, Tree.Roots[7], Tree.Roots[8]);
        Assert.True(ConsistencyProof.Verify(0, empty, 7, root, []));
        Assert.False(ConsistencyProof.Verify(0, empty, 7, root, [root]));
        Assert.False(ConsistencyProof.Verify(0, root, 7, root, []));
        Assert.True(ConsistencyProof.Verify(0, empty, 0, empty, []));
        Assert.False(ConsistencyProof.Verify(3, Tree.Roots[3], 7, root, []));
        Assert.False(ConsistencyProof.Verify(0, root, 0, root, []));
        Assert.True(ConsistencyProof.Verify(7, root, 7, root, []));
        Assert.False(ConsistencyProof.Verify(7, root, 7, other, []));
        Assert.False(ConsistencyProof.Verify(7, root, 7, root, [root]));
        Assert.False(ConsistencyProof.Verify(8, other, 7, root, []));
    }

    [Fact]
    public void Sizes_near_the_limit_neither_overflow_nor_verify()
    {
        var hash = MerkleHash.EmptyRoot;
        var proof = Enumerable.Repeat(hash, 63).ToArray();
        Assert.False(InclusionProof.Verify(hash, long.MaxValue - 1, long.MaxValue, proof, hash));
        Assert.False(ConsistencyProof.Verify(long.MaxValue - 1, hash, long.MaxValue, hash, proof));
        Assert.False(InclusionProof.Verify(hash, 0, long.MaxValue, [.. proof, hash], hash));
    }

    private static Arbitrary<(int Size, int Index, int Bit)> Questions(int minSize) =>
        (from size in Gen.Choose(minSize, MaxSize)
         from index in Gen.Choose(0, size - 1)
         from bit in Gen.Choose(0, 255)
         select (size, index, bit)).ToArbitrary();

    private static void AssertInclusionFlipsFail(int index, int size, MerkleHash[] proof, int bit)
    {
        var (leaf, root) = (Tree.Leaves[index], Tree.Roots[size]);
        Assert.False(InclusionProof.Verify(Trees.Flip(leaf, bit), index, size, proof, root));
        Assert.False(InclusionProof.Verify(leaf, index, size, proof, Trees.Flip(root, bit)));
        for (var i = 0; i < proof.Length; i++)
        {
            var flipped = proof.ToArray();
            flipped[i] = Trees.Flip(flipped[i], bit);
            Assert.False(InclusionProof.Verify(leaf, index, size, flipped, root));
        }
    }

    private static void AssertConsistencyFlipsFail(int old, int size, MerkleHash[] proof, int bit)
    {
        var (oldRoot, root) = (Tree.Roots[old], Tree.Roots[size]);
        Assert.False(ConsistencyProof.Verify(old, Trees.Flip(oldRoot, bit), size, root, proof));
        Assert.False(ConsistencyProof.Verify(old, oldRoot, size, Trees.Flip(root, bit), proof));
        for (var i = 0; i < proof.Length; i++)
        {
            var flipped = proof.ToArray();
            flipped[i] = Trees.Flip(flipped[i], bit);
            Assert.False(ConsistencyProof.Verify(old, oldRoot, size, root, flipped));
        }
    }
}
