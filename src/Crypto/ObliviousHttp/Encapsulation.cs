using System.Buffers.Binary;
using System.Security.Cryptography;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>Media types and sizes of RFC 9458, and the steps that client and gateway share.</summary>
public static class Encapsulation
{
    /// <summary>The media type of an encapsulated request (RFC 9458 section 9.2).</summary>
    public const string RequestMediaType = "message/ohttp-req";

    /// <summary>The media type of an encapsulated response (RFC 9458 section 9.3).</summary>
    public const string ResponseMediaType = "message/ohttp-res";

    /// <summary>The problem type for an unknown or outdated key configuration (RFC 9458 section 5.3).</summary>
    public const string KeyProblemType = "https://iana.org/assignments/http-problem-types#ohttp-key";

    internal const int HeaderSize = 7;

    private static ReadOnlySpan<byte> RequestLabel => "message/bhttp request"u8;

    private static ReadOnlySpan<byte> ResponseLabel => "message/bhttp response"u8;

    internal const int InfoSize = 21 + 1 + HeaderSize;

    /// <summary>Bytes that encapsulation adds to a request: 55 with X25519, 88 with P-256.</summary>
    public static int RequestOverhead(HpkeSuite suite) => HeaderSize + suite.EncapsulatedKeySize + HpkeSuite.TagSize;

    /// <summary>Bytes that encapsulation adds to a response: 32 with AES-128-GCM, 48 with ChaCha20-Poly1305.</summary>
    public static int ResponseOverhead(HpkeSuite suite) => NonceSize(suite) + HpkeSuite.TagSize;

    // hdr: Key Identifier (8), HPKE KEM ID (16), HPKE KDF ID (16), HPKE AEAD ID (16)
    internal static void WriteHeader(Span<byte> header, byte keyId, HpkeSuite suite)
    {
        header[0] = keyId;
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], (ushort)suite.Kem);
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], HpkeSuite.HkdfSha256);
        BinaryPrimitives.WriteUInt16BigEndian(header[5..], (ushort)suite.Aead);
    }

    /// <summary>info: the label, a zero byte and the header.</summary>
    internal static void WriteInfo(Span<byte> info, ReadOnlySpan<byte> header)
    {
        RequestLabel.CopyTo(info);
        info[RequestLabel.Length] = 0;
        header.CopyTo(info[(RequestLabel.Length + 1)..]);
    }

    /// <summary>max(Nn, Nk): bytes of the response nonce and of the exported secret.</summary>
    internal static int NonceSize(HpkeSuite suite) => Math.Max(HpkeSuite.NonceSize, suite.KeySize);

    internal static byte[] ExportResponseSecret(HpkeContext context) =>
        context.Export(ResponseLabel, NonceSize(context.Suite));

    /// <summary>RFC 9458 section 4.4, steps 3 to 5: key and nonce of the one response to a request.</summary>
    internal static AeadKey DeriveResponseKey(
        HpkeSuite suite,
        ReadOnlySpan<byte> secret,
        ReadOnlySpan<byte> encapsulatedKey,
        ReadOnlySpan<byte> responseNonce,
        Span<byte> nonce)
    {
        Span<byte> salt = stackalloc byte[encapsulatedKey.Length + responseNonce.Length];
        encapsulatedKey.CopyTo(salt);
        responseNonce.CopyTo(salt[encapsulatedKey.Length..]);
        Span<byte> prk = stackalloc byte[LabeledHkdf.HashSize];
        Span<byte> key = stackalloc byte[suite.KeySize];
        try
        {
            LabeledHkdf.Extract(salt, secret, prk);
            LabeledHkdf.Expand(prk, "key"u8, key);
            LabeledHkdf.Expand(prk, "nonce"u8, nonce);
            return new AeadKey(suite.Aead, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(prk);
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
