using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Jose;

/// <summary>
/// An ECDSA P-256 public key (FIPS 186-5, RFC 5480): SubjectPublicKeyInfo 91 bytes, signature 64 bytes with SHA-256
/// (ES256, RFC 7518 section 3.4). Immutable and thread-safe; holds bytes only, so one-time keys cost little.
/// </summary>
public sealed class P256PublicKey : IEquatable<P256PublicKey>
{
    /// <summary>Bytes of a SubjectPublicKeyInfo with a named curve and an uncompressed point.</summary>
    public const int SpkiSize = 91;

    /// <summary>Characters of a <see cref="Thumbprint"/>.</summary>
    public const int ThumbprintLength = 43;

    /// <summary>Bytes of a signature, r then s.</summary>
    public const int SignatureSize = P256.SignatureSize;

    private readonly byte[] spki;
    private string? thumbprint;
    private byte[]? spkiHash;

    private P256PublicKey(byte[] spki) => this.spki = spki;

    /// <summary>SubjectPublicKeyInfo, 91 bytes, a copy.</summary>
    public byte[] Spki => (byte[])spki.Clone();

    /// <summary>RFC 7638 thumbprint (SHA-256) in base64url, 43 characters.</summary>
    public string Thumbprint => thumbprint ??= MakeThumbprint();

    /// <summary>SHA-256 of <see cref="Spki"/>, 32 bytes, a copy.</summary>
    public byte[] SpkiHash => (byte[])(spkiHash ??= SHA256.HashData(spki)).Clone();

    private static ReadOnlySpan<byte> SpkiPrefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    private ReadOnlySpan<byte> Point => spki.AsSpan(SpkiPrefix.Length);

    /// <summary>
    /// Reads a SubjectPublicKeyInfo: exactly the 91 bytes of a named curve and an uncompressed point on it.
    /// </summary>
    public static bool TryFromSpki(ReadOnlySpan<byte> spki, [NotNullWhen(true)] out P256PublicKey? key)
    {
        key = null;
        if (spki.Length != SpkiSize || !spki.StartsWith(SpkiPrefix) || !P256.IsPoint(spki[SpkiPrefix.Length..]))
            return false;
        key = new P256PublicKey(spki.ToArray());
        return true;
    }

    /// <summary>Reads a SubjectPublicKeyInfo as <see cref="TryFromSpki"/> does.</summary>
    /// <exception cref="FormatException">It is not a P-256 key in that form.</exception>
    public static P256PublicKey FromSpki(ReadOnlySpan<byte> spki) =>
        TryFromSpki(spki, out var key) ? key : throw new FormatException("Not the SPKI of a P-256 public key.");

    /// <summary>Whether <paramref name="signature"/> (64 bytes, r then s) signs <paramref name="message"/>.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        PublicDigest.Hash(message, digest);
        return P256.Verify(Point, digest, signature);
    }

    /// <inheritdoc/>
    public bool Equals(P256PublicKey? other) => other is not null && spki.AsSpan().SequenceEqual(other.spki);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as P256PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Point);
        return hash.ToHashCode();
    }

    /// <summary>The thumbprint.</summary>
    public override string ToString() => Thumbprint;

    internal static P256PublicKey FromValidPoint(ReadOnlySpan<byte> point) => new([.. SpkiPrefix, .. point]);

    // RFC 7638 section 3.2: the required members in the order of their names.
    private string MakeThumbprint()
    {
        var (x, y) = (Base64Url.Encode(Point.Slice(1, 32)), Base64Url.Encode(Point.Slice(33, 32)));
        var json = $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
        return Base64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(json)));
    }
}
