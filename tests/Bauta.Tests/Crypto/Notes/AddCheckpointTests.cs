using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Tests.Crypto.Merkle;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class AddCheckpointTests
{
    // The request printed in C2SP tlog-witness.
    private const string Printed =
        """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=


        """
        + "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo"
        + "+zyWE+xeMcTOAYQ8=\n";

    [Fact]
    public void Reads_the_request_of_the_specification_and_writes_it_back()
    {
        var body = Encoding.UTF8.GetBytes(Printed);
        Assert.True(AddCheckpointRequest.TryParse(body, out var request));
        Assert.Equal(20852014, request.OldSize);
        Assert.Equal(4, request.Proof.Count);
        Assert.Equal("jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=", request.Proof[1].ToBase64());
        Assert.Equal(body, request.ToBytes());
    }

    [Theory]
    [InlineData("old 20852014\n", "")]
    [InlineData("old 20852014", "old 020852014")]
    [InlineData("old 20852014", "old  20852014")]
    [InlineData("old 20852014", "Old 20852014")]
    [InlineData("old 20852014", "old 20852014 ")]
    [InlineData("old 20852014", "old 20852164")] // above the checkpoint's size
    [InlineData("old 20852014", "old -1")]
    [InlineData("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkax=")]
    [InlineData("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", " ")]
    [InlineData("\n\nexample", "\nexample")]
    [InlineData("\n20852163\n", "\n")]
    [InlineData("\n20852163\n", "\n20852163\r\n")]
    [InlineData("\n\n—", "\n—")]
    public void Refuses_a_request_that_differs_in(string what, string by)
    {
        Assert.Contains(what, Printed, StringComparison.Ordinal);
        Assert.False(AddCheckpointRequest.TryParse(
            Encoding.UTF8.GetBytes(Printed.Replace(what, by, StringComparison.Ordinal)), out _));
    }

    [Fact]
    public void Takes_63_hashes_and_refuses_64()
    {
        const string Line = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
        Assert.True(AddCheckpointRequest.TryParse(WithMore(59), out var request));
        Assert.False(AddCheckpointRequest.TryParse(WithMore(60), out _));
        var tooMany = request with { Proof = [.. request.Proof, request.Proof[0]] };
        Assert.Throws<InvalidOperationException>(tooMany.ToBytes);

        static byte[] WithMore(int count) => Encoding.UTF8.GetBytes(
            Printed.Replace(Line, string.Concat(Enumerable.Repeat(Line, count + 1)), StringComparison.Ordinal));
    }

    [Fact]
    public void A_witness_that_reads_a_real_request_can_verify_it()
    {
        var tree = new Trees(100);
        using var log = NoteKeys.Log();
        var sent = new AddCheckpointRequest(
            37, ConsistencyProof.Generate(37, 100, tree.Node),
            new Checkpoint(NoteKeys.Origin, 100, tree.Roots[100]).Sign(log));
        Assert.True(AddCheckpointRequest.TryParse(sent.ToBytes(), out var request));
        Assert.True(request.Note.TryVerify([log.Verifier], out _));
        Assert.True(ConsistencyProof.Verify(37, tree.Roots[37], 100, tree.Roots[100], request.Proof.ToArray()));
    }

    [Fact]
    public void Answers_come_back_as_they_went()
    {
        using var witness = NoteKeys.Witness(1);
        var text = new Checkpoint(NoteKeys.Origin, 5, MerkleHash.EmptyRoot).ToBytes();
        var line = witness.Sign(text, 1000);
        var body = AddCheckpointResponse.Write([line]);
        Assert.Equal(line.ToLine() + "\n", Encoding.UTF8.GetString(body));
        Assert.True(AddCheckpointResponse.TryParse(body, out var signatures));
        Assert.Equal([line], signatures);
        Assert.False(AddCheckpointResponse.TryParse([], out _));
        Assert.False(AddCheckpointResponse.TryParse(body.AsSpan(1), out _));
        Assert.False(AddCheckpointResponse.TryParse(body.AsSpan(..^1), out _));
        Assert.False(AddCheckpointResponse.TryParse([.. body, (byte)'\n'], out _));

        Assert.Equal("20852163\n"u8.ToArray(), AddCheckpointResponse.WriteConflict(20852163));
        Assert.True(AddCheckpointResponse.TryParseConflict("20852163\n"u8, out var size));
        Assert.Equal(20852163, size);
        foreach (var bad in new[] { "", "\n", "1", "01\n", "1\n\n", "1 \n", "x\n" })
            Assert.False(AddCheckpointResponse.TryParseConflict(Encoding.ASCII.GetBytes(bad), out _));
    }
}
