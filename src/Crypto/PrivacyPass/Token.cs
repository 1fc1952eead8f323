using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>
/// An anonymous token, RFC 9577 section 2.2 with the type of RFC 9578 section 6: 354 bytes, of which the first 98 are
/// signed. Immutable and thread-safe.
/// </summary>
public sealed class Token
{
    /// <summary>Bytes of the struct.</summary>
    public const int Size = SignedSize + RsaPublicKey.ModulusSize;

    /// <summary>Bytes of the nonce.</summary>
    public const int NonceSize = 32;

    /// <summary>Bytes of the challenge digest and of the key ID.</summary>
    public const int DigestSize = 32;

    private const int SignedSize = DigestOffset + (2 * DigestSize);
    private const int NonceOffset = 2;
    private const int DigestOffset = NonceOffset + NonceSize;
    private const int KeyIdOffset = DigestOffset + DigestSize;

    private readonly byte[] bytes;

    private Token(byte[] bytes) => this.bytes = bytes;

    /// <summary>What makes the token one of its kind, 32 bytes, a copy.</summary>
    public byte[] Nonce => bytes[NonceOffset..DigestOffset];

    /// <summary>SHA-256 of the challenge it was issued for, 32 bytes, a copy.</summary>
    public byte[] ChallengeDigest => bytes[DigestOffset..KeyIdOffset];

    /// <summary>ID of the key that signed it, 32 bytes, a copy.</summary>
    public byte[] KeyId => bytes[KeyIdOffset..SignedSize];

    /// <summary>The signature, 256 bytes, a copy.</summary>
    public byte[] Authenticator => bytes[SignedSize..];

    // struct {
    //   uint16_t token_type = 0x0002;
    //   uint8_t nonce[32];
    //   uint8_t challenge_digest[32];
    //   uint8_t token_key_id[32];
    //   uint8_t authenticator[256];
    // } Token;

    /// <summary>Writes the struct.</summary>
    public byte[] Encode() => (byte[])bytes.Clone();

    /// <summary>Reads the struct without verifying it: this token type only, exactly 354 bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Token? token)
    {
        var isToken = bytes.Length == Size
            && BinaryPrimitives.ReadUInt16BigEndian(bytes) == PrivateTokenNames.TokenType;
        token = isToken ? new Token(bytes.ToArray()) : null;
        return isToken;
    }

    /// <summary>Whether the token names <paramref name="key"/> and carries its signature.</summary>
    public bool Verify(RsaPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return bytes.AsSpan(KeyIdOffset, DigestSize).SequenceEqual(key.KeyIdBytes)
            && key.VerifyPss(bytes.AsSpan(0, SignedSize), bytes.AsSpan(SignedSize));
    }

    /// <summary>The bytes that the authenticator signs.</summary>
    internal static byte[] SignedBytes(RsaPublicKey key, ReadOnlySpan<byte> challengeDigest, ReadOnlySpan<byte> nonce)
    {
        if (nonce.Length != NonceSize)
            throw new ArgumentException("A nonce has 32 bytes.", nameof(nonce));
        if (challengeDigest.Length != DigestSize)
            throw new ArgumentException("A challenge digest has 32 bytes.", nameof(challengeDigest));
        var signed = new byte[SignedSize];
        BinaryPrimitives.WriteUInt16BigEndian(signed, PrivateTokenNames.TokenType);
        nonce.CopyTo(signed.AsSpan(NonceOffset));
        challengeDigest.CopyTo(signed.AsSpan(DigestOffset));
        key.KeyIdBytes.CopyTo(signed.AsSpan(KeyIdOffset));
        return signed;
    }

    internal static Token FromParts(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> authenticator) =>
        new([.. signed, .. authenticator]);
}
