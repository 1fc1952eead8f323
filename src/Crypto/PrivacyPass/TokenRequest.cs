using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>What a client sends to an issuer, RFC 9578 section 6.1: 259 bytes. Immutable.</summary>
public sealed class TokenRequest
{
    /// <summary>Bytes of the struct.</summary>
    public const int Size = 2 + 1 + RsaPublicKey.ModulusSize;

    private readonly byte[] blindedMessage;

    /// <summary>Asks the key whose ID ends in that byte to sign a blinded message of 256 bytes.</summary>
    /// <exception cref="ArgumentException">The blinded message has another size.</exception>
    public TokenRequest(byte truncatedKeyId, ReadOnlySpan<byte> blindedMessage)
    {
        if (blindedMessage.Length != RsaPublicKey.ModulusSize)
            throw new ArgumentException("A blinded message has 256 bytes.", nameof(blindedMessage));
        TruncatedKeyId = truncatedKeyId;
        this.blindedMessage = blindedMessage.ToArray();
    }

    /// <summary>The last byte of the ID of the key that is asked.</summary>
    public byte TruncatedKeyId { get; }

    /// <summary>The blinded message, 256 bytes, a copy; not yet checked against a modulus.</summary>
    public byte[] BlindedMessage => (byte[])blindedMessage.Clone();

    // struct {
    //   uint16_t token_type = 0x0002;
    //   uint8_t truncated_token_key_id;
    //   uint8_t blinded_msg[256];
    // } TokenRequest;

    /// <summary>Writes the struct.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, PrivateTokenNames.TokenType);
        bytes[2] = TruncatedKeyId;
        blindedMessage.CopyTo(bytes.AsSpan(3));
        return bytes;
    }

    /// <summary>Reads the struct: this token type only, exactly 259 bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TokenRequest? request)
    {
        var isRequest = bytes.Length == Size
            && BinaryPrimitives.ReadUInt16BigEndian(bytes) == PrivateTokenNames.TokenType;
        request = isRequest ? new TokenRequest(bytes[2], bytes[3..]) : null;
        return isRequest;
    }
}
