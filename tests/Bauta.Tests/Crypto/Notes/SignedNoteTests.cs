using System.Text;
using System.Text.Json;
using Bauta.Crypto.Notes;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class SignedNoteTests
{
    private const string GoodLine = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZ"
        + "XsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    [Fact]
    public void Verifies_the_note_of_the_specification_and_writes_it_back()
    {
        using var vector = Vector("signed-note-c2sp.json");
        var bytes = Encoding.UTF8.GetBytes(vector.RootElement.GetProperty("note").GetString()!);
        var vkey = vector.RootElement.GetProperty("vkey").GetString()!;
        var verifier = NoteVerifier.Parse(vkey);
        Assert.Equal(vkey, verifier.ToString());
        Assert.Equal(0x530d903au, verifier.KeyId);
        Assert.True(SignedNote.TryParse(bytes, out var note));
        Assert.Equal("This is an example message.\n", note.Text);
        Assert.Equal(bytes, note.ToBytes());
        Assert.True(note.TryVerify([verifier], out var verified));
        Assert.Null(Assert.Single(verified).TimestampSeconds);
    }

    [Fact]
    public void No_bit_of_a_signed_note_can_be_turned()
    {
        using var vector = Vector("signed-note-c2sp.json");
        var bytes = Encoding.UTF8.GetBytes(vector.RootElement.GetProperty("note").GetString()!);
        var verifier = NoteVerifier.Parse(vector.RootElement.GetProperty("vkey").GetString()!);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(SignedNote.TryParse(bytes, out var note) && note.TryVerify([verifier], out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Text_is_divided_from_signatures_by_the_last_empty_line()
    {
        var text = "Ognuno sta solo sul cuor della terra\n\n— not a signature\n\ned è subito sera.\n";
        using var signer = NoteKeys.Log();
        var bytes = SignedNote.Sign(Encoding.UTF8.GetBytes(text), signer).ToBytes();
        Assert.True(SignedNote.TryParse(bytes, out var note));
        Assert.Equal(text, note.Text);
        Assert.True(note.TryVerify([signer.Verifier], out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n{0}")]
    [InlineData("\n{0}")]
    [InlineData("text\n\n{0}\n")]
    [InlineData("text\n\n{0}text\n")]
    [InlineData("te\txt\n\n{0}")]
    [InlineData("te\0xt\n\n{0}")]
    [InlineData("text\r\n\r\n{0}")]
    [InlineData("text\n\n {0}")]
    [InlineData("text\n\n— name\n")]
    [InlineData("text\n\n— name \n")]
    [InlineData("text\n\n—  AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAAAA==\n")] // a key ID and no signature
    [InlineData("text\n\n— name AAAAAAB=\n")] // unused bits are set
    [InlineData("text\n\n— name AAAAAAA\n")]
    [InlineData("text\n\n— name AAAAAAA= \n")]
    [InlineData("text\n\n— name AAAA AAA=\n")]
    [InlineData("text\n\n— na+me AAAAAAA=\n")]
    [InlineData("text\n\n— na\u00a0me AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAAAAA=")]
    [InlineData("text\n\n- name AAAAAAA=\n")]
    [InlineData("text\n\n—name AAAAAAA=\n")]
    public void Refuses_what_is_not_a_note(string note) =>
        Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes(note.Replace("{0}", GoodLine)), out _));

    [Fact]
    public void Reads_what_the_refused_notes_were_made_from()
    {
        Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes("text\n\n" + GoodLine), out _));
        Assert.True(SignedNote.TryParse("\n\n— name AAAAAAA=\n"u8, out _));
    }

    [Fact]
    public void Refuses_invalid_UTF_8() =>
        Assert.False(SignedNote.TryParse([0xff, .. "text\n\n— name AAAAAAA=\n"u8], out _));

    [Fact]
    public void Refuses_more_than_64_signatures_and_more_than_256_KiB()
    {
        var lines = string.Concat(Enumerable.Repeat("— name AAAAAAA=\n", 64));
        Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes("text\n\n" + lines), out _));
        Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes("text\n\n" + lines + "— name AAAAAAA=\n"), out _));
        var text = new string('a', SignedNote.MaxSize);
        Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes(text + "\n\n" + lines), out _));
    }

    [Fact]
    public void Ignores_signatures_of_unknown_keys_even_when_name_or_ID_is_known()
    {
        using var log = NoteKeys.Log();
        using var sameName = NoteKeys.Log(seed: 2);
        var note = SignedNote.Sign("text\n"u8, log, sameName)
            .WithSignatures([new NoteSignature("other.example", log.Verifier.KeyId, new byte[64])]);
        Assert.True(note.TryVerify([log.Verifier], out var verified));
        Assert.Single(verified);
        Assert.False(note.TryVerify([NoteKeys.Witness(1).Verifier], out _));
        Assert.False(note.TryVerify([], out _));
    }

    [Fact]
    public void One_bad_signature_of_a_known_key_spoils_the_note()
    {
        using var log = NoteKeys.Log();
        using var second = NoteKeys.Log("second.example", 2);
        var note = SignedNote.Sign("text\n"u8, log)
            .WithSignatures([new NoteSignature(second.Verifier.Name, second.Verifier.KeyId, new byte[64])]);
        Assert.True(note.TryVerify([log.Verifier], out _));
        Assert.False(note.TryVerify([log.Verifier, second.Verifier], out _));
    }

    [Fact]
    public void Refuses_to_sign_what_could_not_be_read_back()
    {
        using var log = NoteKeys.Log();
        foreach (var text in new[] { "", "text", "te\txt\n", "te\rxt\n" })
            Assert.Throws<ArgumentException>(() => SignedNote.Sign(Encoding.UTF8.GetBytes(text), log));
        Assert.Throws<ArgumentException>(() => SignedNote.Sign("text\n"u8));
        Assert.Throws<ArgumentException>(() => new NoteSignature("na me", 0, [1]));
        Assert.Throws<ArgumentException>(() => new NoteSignature("name", 0, []));
    }

    [Fact]
    public void The_same_signature_is_not_added_twice()
    {
        using var log = NoteKeys.Log();
        var note = SignedNote.Sign("text\n"u8, log);
        Assert.Equal(note.ToBytes(), note.WithSignatures(note.Signatures).ToBytes());
    }

    internal static JsonDocument Vector(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", name)));
}
