using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>What an issuer answers, RFC 9578 section 6.2: 256 bytes. Immutable.</summary>
public sealed class TokenResponse
{
    /// <summary>Bytes of the struct.</summary>
    public const int Size = RsaPublicKey.ModulusSize;

    private readonly byte[] blindSignature;

    /// <summary>Answers with a blind signature of 256 bytes.</summary>
    /// <exception cref="ArgumentException">The signature has another size.</exception>
    public TokenResponse(ReadOnlySpan<byte> blindSignature)
    {
        if (blindSignature.Length != Size)
            throw new ArgumentException("A blind signature has 256 bytes.", nameof(blindSignature));
        this.blindSignature = blindSignature.ToArray();
    }

    /// <summary>The blind signature, 256 bytes, a copy; only its client can tell whether it is one.</summary>
    public byte[] BlindSignature => (byte[])blindSignature.Clone();

    // struct {
    //   uint8_t blind_sig[256];
    // } TokenResponse;

    /// <summary>Writes the struct.</summary>
    public byte[] Encode() => BlindSignature;

    /// <summary>Reads the struct: exactly 256 bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TokenResponse? response)
    {
        response = bytes.Length == Size ? new TokenResponse(bytes) : null;
        return response is not null;
    }
}
