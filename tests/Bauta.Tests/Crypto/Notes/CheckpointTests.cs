using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class CheckpointTests
{
    private const string Root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    [Fact]
    public void Reads_the_checkpoint_of_the_specification_and_writes_it_back()
    {
        using var vector = SignedNoteTests.Vector("checkpoint-c2sp.json");
        var bytes = Encoding.UTF8.GetBytes(vector.RootElement.GetProperty("note").GetString()!);
        Assert.True(SignedNote.TryParse(bytes, out var note));
        Assert.True(Checkpoint.TryParse(note.TextBytes, out var checkpoint));
        Assert.Equal("example.com/behind-the-sofa", checkpoint.Origin);
        Assert.Equal(20852163, checkpoint.Size);
        Assert.Equal(Root, checkpoint.Root.ToBase64());
        Assert.Empty(checkpoint.Extensions);
        Assert.Equal(note.TextBytes.ToArray(), checkpoint.ToBytes());
        Assert.Equal(bytes, note.ToBytes());
    }

    [Theory]
    [InlineData("o\n0\n" + Root + "\n")]
    [InlineData("o\n9223372036854775807\n" + Root + "\n")]
    [InlineData("o with spaces + è\n1\n" + Root + "\nextension\nanother\n")]
    public void What_is_read_is_written_back(string text)
    {
        Assert.True(Checkpoint.TryParse(Encoding.UTF8.GetBytes(text), out var checkpoint));
        Assert.Equal(text, checkpoint.ToString());
        Assert.Equal(checkpoint, new(checkpoint.Origin, checkpoint.Size, checkpoint.Root, checkpoint.Extensions));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n1\n" + Root + "\n")]
    [InlineData("o\n1\n" + Root)]
    [InlineData("o\n1\n")]
    [InlineData("o\n\n" + Root + "\n")]
    [InlineData("o\n01\n" + Root + "\n")]
    [InlineData("o\n00\n" + Root + "\n")]
    [InlineData("o\n-1\n" + Root + "\n")]
    [InlineData("o\n+1\n" + Root + "\n")]
    [InlineData("o\n 1\n" + Root + "\n")]
    [InlineData("o\n1 \n" + Root + "\n")]
    [InlineData("o\n0x1\n" + Root + "\n")]
    [InlineData("o\n\u0661\n" + Root + "\n")]
    [InlineData("o\n9223372036854775808\n" + Root + "\n")]
    [InlineData("o\n99999999999999999999\n" + Root + "\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n")]
    [InlineData("o\n1\n" + Root + " \n")]
    [InlineData("o\n1\n" + Root + "\n\n")]
    [InlineData("o\n1\n" + Root + "\n\nextension\n")]
    [InlineData("o\n1\n" + Root + "\nextension")]
    [InlineData("o\r\n1\r\n" + Root + "\r\n")]
    [InlineData("o\t\n1\n" + Root + "\n")]
    public void Refuses_what_is_not_a_checkpoint(string text) =>
        Assert.False(Checkpoint.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Refuses_to_be_made_of_lines_that_could_not_be_read_back()
    {
        var root = MerkleHash.EmptyRoot;
        foreach (var origin in new[] { "", "a\nb", "a\tb", "\ud800" })
            Assert.Throws<ArgumentException>(() => new Checkpoint(origin, 1, root));
        Assert.Throws<ArgumentException>(() => new Checkpoint("o", 1, root, [""]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Checkpoint("o", -1, root));
    }

    [Fact]
    public void Only_a_key_named_like_the_origin_signs_as_the_log()
    {
        using var log = NoteKeys.Log();
        Assert.True(new Checkpoint(NoteKeys.Origin, 0, MerkleHash.EmptyRoot).Sign(log)
            .TryVerify([log.Verifier], out _));
        Assert.Throws<ArgumentException>(() => new Checkpoint("other", 0, MerkleHash.EmptyRoot).Sign(log));
    }
}
