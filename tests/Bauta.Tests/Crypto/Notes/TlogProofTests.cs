using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Tests.Crypto.Merkle;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class TlogProofTests
{
    private static readonly Trees Tree = new(100);

    [Fact]
    public void A_proof_written_and_read_back_convinces()
    {
        var proof = Make(extra: [1, 2, 3]);
        var text = proof.ToBytes();
        Assert.StartsWith(
            $"c2sp.org/tlog-proof@v1\nextra AQID\nindex 42\n{proof.Hashes[0].ToBase64()}\n",
            Encoding.UTF8.GetString(text));
        Assert.True(TlogProof.TryParse(text, out var read));
        Assert.Equal(text, read.ToBytes());
        Assert.Equal([1, 2, 3], read.Extra.ToArray());
        Assert.Equal(TlogVerdict.Satisfied, read.Verify(Tree.Leaves[42], Policy(2), out var verified));
        Assert.Equal(100, verified!.Checkpoint.Size);
        Assert.Equal([1001, 1002], verified.Cosignatures.Select(cosignature => cosignature.TimestampSeconds));
    }

    [Fact]
    public void A_proof_in_a_tree_of_one_has_no_hash_lines()
    {
        using var log = NoteKeys.Log();
        var proof = new TlogProof(0, [], new Checkpoint(NoteKeys.Origin, 1, Tree.Leaves[0]).Sign(log));
        Assert.StartsWith("c2sp.org/tlog-proof@v1\nindex 0\n\n", Encoding.UTF8.GetString(proof.ToBytes()));
        Assert.True(TlogProof.TryParse(proof.ToBytes(), out var read));
        Assert.Equal(TlogVerdict.Satisfied, read.Verify(Tree.Leaves[0], Policy(0), out _));
    }

    [Fact]
    public void Says_why_a_proof_does_not_convince()
    {
        var proof = Make();
        Assert.Equal(TlogVerdict.NotIncluded, proof.Verify(Tree.Leaves[41], Policy(2), out var verified));
        Assert.Null(verified);
        Assert.Equal(TlogVerdict.QuorumNotMet, proof.Verify(Tree.Leaves[42], Policy(3), out _));
        Assert.Equal(TlogVerdict.QuorumNotMet, proof.Verify(Tree.Leaves[42], Policy(2), out _, 1001));
        Assert.Equal(TlogVerdict.Satisfied, proof.Verify(Tree.Leaves[42], Policy(1), out _, 1001));
        var other = new TlogProof(41, proof.Hashes, proof.Note);
        Assert.Equal(TlogVerdict.NotIncluded, other.Verify(Tree.Leaves[42], Policy(2), out _));
        var cut = new TlogProof(42, [.. proof.Hashes.Skip(1)], proof.Note);
        Assert.Equal(TlogVerdict.NotIncluded, cut.Verify(Tree.Leaves[42], Policy(2), out _));
    }

    [Fact]
    public void A_bit_turned_in_any_byte_of_a_proof_spoils_it()
    {
        var text = Make().ToBytes();
        var policy = Policy(2);
        for (var bit = 0; bit < text.Length * 8; bit += 7)
        {
            text[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(TlogProof.TryParse(text, out var proof)
                && proof.Verify(Tree.Leaves[42], policy, out _) == TlogVerdict.Satisfied);
            text[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData("@v1", "@v2")]
    [InlineData("@v1\n", "@v1\r\n")]
    [InlineData("@v1\n", "@v1\n\n")]
    [InlineData("index 42\n", "")]
    [InlineData("index 42", "index 042")]
    [InlineData("index 42", "index  42")]
    [InlineData("index 42", "index 100")] // not below the size
    [InlineData("index 42", "index -1")]
    [InlineData("index 42\n", "extra \nindex 42\n")]
    [InlineData("index 42\n", "extra AQI\nindex 42\n")]
    [InlineData("index 42\n", "extra AQJ=\nindex 42\n")]
    [InlineData("index 42\n", "extra AQI=\nextra AQI=\nindex 42\n")]
    [InlineData("index 42\n", "index 42\nextra AQI=\n")]
    [InlineData("\n\nlog.example", "\nlog.example")]
    [InlineData("\n\nlog.example", "\n\n\nlog.example")]
    [InlineData("\n100\n", "\n")]
    [InlineData("\n\n—", "\n—")]
    public void Refuses_a_text_that_differs_in(string what, string by)
    {
        var text = Encoding.UTF8.GetString(Make().ToBytes());
        Assert.Contains(what, text, StringComparison.Ordinal);
        var changed = Encoding.UTF8.GetBytes(text.Replace(what, by, StringComparison.Ordinal));
        Assert.False(TlogProof.TryParse(changed, out _));
    }

    [Fact]
    public void Refuses_64_hashes()
    {
        var proof = Make();
        var hashes = Enumerable.Repeat(proof.Hashes[0], 64).ToArray();
        Assert.Throws<ArgumentException>(() => new TlogProof(42, hashes, proof.Note));
        var text = Encoding.UTF8.GetString(new TlogProof(42, hashes[1..], proof.Note).ToBytes());
        Assert.True(TlogProof.TryParse(Encoding.UTF8.GetBytes(text), out _));
        text = text.Replace("index 42\n", $"index 42\n{hashes[0]}\n", StringComparison.Ordinal);
        Assert.False(TlogProof.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    private static TlogProof Make(byte[]? extra = null)
    {
        using var log = NoteKeys.Log();
        var note = new Checkpoint(NoteKeys.Origin, 100, Tree.Roots[100]).Sign(log);
        for (var i = 1; i <= 2; i++)
        {
            using var witness = NoteKeys.Witness(i);
            note = note.WithSignatures([witness.Sign(note.TextBytes, 1000 + i)]);
        }

        return new(42, InclusionProof.Generate(42, 100, Tree.Node), note, extra);
    }

    private static TlogPolicy Policy(int threshold)
    {
        using var log = NoteKeys.Log();
        return TlogPolicy.Threshold(
            log.Verifier, [.. Enumerable.Range(1, 3).Select(i => NoteKeys.Witness(i).Verifier)], threshold);
    }
}
