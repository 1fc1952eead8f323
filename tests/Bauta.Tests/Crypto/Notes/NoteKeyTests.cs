using System.Buffers.Binary;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Xunit;

namespace Bauta.Tests.Crypto.Notes;

public class NoteKeyTests
{
    // The key pair in the documentation of Go's golang.org/x/mod/sumdb/note.
    private const string Skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string Vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    [Fact]
    public void Reads_and_writes_a_key_pair_made_by_another_implementation()
    {
        Assert.True(NoteSigner.TryParse(Skey, out var signer));
        Assert.Equal(Vkey, signer.Verifier.ToString());
        Assert.Equal(Skey, signer.ExportSecretKey());
        Assert.True(NoteVerifier.TryParse(Vkey, out var verifier));
        Assert.Equal(signer.Verifier, verifier);
        Assert.True(SignedNote.Sign("text\n"u8, signer).TryVerify([verifier], out _));
    }

    [Fact]
    public void Cosigner_keys_come_back_as_they_went()
    {
        using var cosigner = Cosigner.Generate("witness.example", TimeProvider.System);
        var skey = cosigner.ExportSecretKey();
        Assert.True(Cosigner.TryParse(skey, TimeProvider.System, out var again));
        Assert.Equal(cosigner.Verifier, again.Verifier);
        Assert.Equal(NoteKeyType.Cosignature, NoteVerifier.Parse(cosigner.Verifier.ToString()).Type);
        Assert.False(NoteSigner.TryParse(skey, out _));
        Assert.False(Cosigner.TryParse(Skey, TimeProvider.System, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("PeterNeumann")]
    [InlineData("PeterNeumann+c74f20a3")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")] // another ID
    [InlineData("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("Paul+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW ")]
    [InlineData("PeterNeumann+c74f20a3+BRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")] // type 0x05
    [InlineData(Skey)]
    public void Refuses_verifier_keys_that_are_not_canonical(string vkey)
    {
        Assert.False(NoteVerifier.TryParse(vkey, out _));
        Assert.Throws<FormatException>(() => NoteVerifier.Parse(vkey));
    }

    [Theory]
    [InlineData(Vkey)]
    [InlineData("PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")]
    [InlineData("PRIVATE+KEY+PeterNeumann+c74f20a3+BIEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")]
    [InlineData("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFzAAAA")]
    [InlineData("private+key+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")]
    public void Refuses_secret_keys_that_are_not_canonical(string skey) =>
        Assert.False(NoteSigner.TryParse(skey, out _));

    [Fact]
    public void The_same_key_has_another_ID_for_another_kind_of_signature()
    {
        using var key = NoteKeys.Key(1);
        var plain = NoteVerifier.Create("name.example", NoteKeyType.Ed25519, key.PublicKey);
        var cosigning = NoteVerifier.Create("name.example", NoteKeyType.Cosignature, key.PublicKey);
        Assert.NotEqual(plain.KeyId, cosigning.KeyId);
        Assert.NotEqual(plain, cosigning);
        Assert.Throws<ArgumentException>(() => NoteVerifier.Create("name.example", (NoteKeyType)5, key.PublicKey));
        Assert.Throws<ArgumentException>(() => NoteVerifier.Create("na+me", NoteKeyType.Ed25519, key.PublicKey));
    }

    [Fact]
    public void A_cosignature_is_the_time_and_a_signature_over_the_text_that_the_specification_prints()
    {
        using var witness = NoteKeys.Witness(1);
        var text = new Checkpoint("example.com/behind-the-sofa", 20852163, MerkleHash.EmptyRoot).ToBytes();
        var line = witness.Sign(text, 1679315147);
        Assert.Equal(72, line.Signature.Length);
        Assert.Equal(1679315147, BinaryPrimitives.ReadInt64BigEndian(line.Signature));
        byte[] message = [.. "cosignature/v1\ntime 1679315147\n"u8, .. text];
        Assert.True(witness.Verifier.Key.Verify(message, line.Signature[8..]));
        Assert.True(witness.Verifier.TryVerify(text, line, out var timestampSeconds));
        Assert.Equal(1679315147, timestampSeconds);
    }

    [Fact]
    public void A_cosignature_with_another_time_or_length_does_not_verify()
    {
        using var witness = NoteKeys.Witness(1);
        var text = new Checkpoint(NoteKeys.Origin, 5, MerkleHash.EmptyRoot).ToBytes();
        var good = witness.Sign(text, 1000).Signature.ToArray();
        Assert.True(Verify(good));
        for (var bit = 0; bit < 72 * 8; bit++)
        {
            var flipped = good.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Verify(flipped));
        }

        Assert.False(Verify(good[..^1]));
        Assert.False(Verify([.. good, 0]));
        Assert.False(Verify(good[8..]));

        bool Verify(byte[] signature) =>
            witness.Verifier.TryVerify(text, new(witness.Verifier.Name, witness.Verifier.KeyId, signature), out _);
    }

    [Fact]
    public void A_time_of_zero_or_beyond_63_bits_does_not_verify_even_when_it_is_signed()
    {
        using var witness = NoteKeys.Witness(1);
        using var key = NoteKeys.Key(101);
        var text = new Checkpoint(NoteKeys.Origin, 5, MerkleHash.EmptyRoot).ToBytes();
        foreach (var (time, isGood) in new[] { (0ul, false), (1ul, true), (1ul << 63, false), (ulong.MaxValue, false) })
        {
            var signature = new byte[72];
            BinaryPrimitives.WriteUInt64BigEndian(signature, time);
            key.Sign([.. Encoding.ASCII.GetBytes($"cosignature/v1\ntime {time}\n"), .. text]).CopyTo(signature, 8);
            var line = new NoteSignature(witness.Verifier.Name, witness.Verifier.KeyId, signature);
            Assert.Equal(isGood, witness.Verifier.TryVerify(text, line, out _));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => witness.Sign(text, 0));
    }

    [Fact]
    public void A_witness_cosigns_nothing_but_checkpoints()
    {
        using var witness = NoteKeys.Witness(1);
        Assert.Throws<ArgumentException>(() => witness.Sign("text\n"u8));
    }
}
