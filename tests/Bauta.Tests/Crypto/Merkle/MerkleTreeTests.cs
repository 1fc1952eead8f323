using System.Runtime.InteropServices;
using System.Text;
using Bauta.Crypto.Merkle;
using Xunit;

namespace Bauta.Tests.Crypto.Merkle;

public class MerkleTreeTests
{
    // The eight leaves and roots that Certificate Transparency implementations test RFC 6962 with.
    private static readonly string[] Entries =
    [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ];

    private static readonly string[] Roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Gives_the_roots_that_are_known_for_RFC_6962()
    {
        var tree = new MerkleTree();
        Assert.Equal(
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            Convert.ToHexStringLower(tree.Root.Span));
        for (var i = 0; i < Entries.Length; i++)
        {
            Assert.Equal(i, tree.Append(MerkleHash.Leaf(Convert.FromHexString(Entries[i]))));
            Assert.Equal(Roots[i], Convert.ToHexStringLower(tree.Root.Span));
        }
    }

    [Fact]
    public void Leaf_hash_is_the_same_whether_the_entry_is_small_or_large()
    {
        foreach (var size in new[] { 0, 1, 1022, 1023, 1024, 1025, 5000 })
        {
            var entry = new byte[size];
            entry.AsSpan().Fill(7);
            byte[] prefixed = [0, .. entry];
            Assert.Equal(
                System.Security.Cryptography.SHA256.HashData(prefixed), MerkleHash.Leaf(entry).ToArray());
        }
    }

    [Fact]
    public void Grows_to_the_root_that_the_definition_gives_at_every_size_to_300()
    {
        var trees = new Trees(300);
        for (var size = 0; size <= 300; size++)
        {
            Assert.Equal(Trees.DefinedRoot(CollectionsMarshal.AsSpan(trees.Leaves)[..size]), trees.Roots[size]);
            Assert.Equal(trees.Roots[size], MerkleTree.RootOf(size, trees.Node));
        }
    }

    [Fact]
    public void Continues_from_its_peaks()
    {
        var trees = new Trees(300);
        for (var size = 0; size < 300; size += 13)
        {
            var tree = MerkleTree.FromPeaks(size, [.. MerkleTree.FromNodes(size, trees.Node).Peaks]);
            for (var i = size; i < 300; i++)
                tree.Append(trees.Leaves[i]);
            Assert.Equal(300, tree.Size);
            Assert.Equal(trees.Roots[300], tree.Root);
        }
    }

    [Fact]
    public void Refuses_peaks_that_do_not_fit_the_size()
    {
        var hash = MerkleHash.EmptyRoot;
        Assert.Throws<ArgumentException>(() => MerkleTree.FromPeaks(3, [hash]));
        Assert.Throws<ArgumentException>(() => MerkleTree.FromPeaks(0, [hash]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.FromPeaks(-1, []));
    }

    [Theory]
    [InlineData("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", true)]
    [InlineData("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=", false)] // unused bits are set
    [InlineData("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I", false)]
    [InlineData("CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=", false)]
    [InlineData(" sUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", false)]
    [InlineData("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==", false)]
    [InlineData("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA", false)]
    [InlineData("", false)]
    public void Reads_only_the_canonical_text_of_a_hash(string text, bool isValid)
    {
        Assert.Equal(isValid, MerkleHash.TryParseBase64(Encoding.UTF8.GetBytes(text), out var hash));
        if (isValid)
            Assert.Equal(text, hash.ToBase64());
    }
}
