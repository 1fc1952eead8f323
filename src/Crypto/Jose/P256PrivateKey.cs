using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Jose;

/// <summary>
/// An ECDSA P-256 private key (FIPS 186-5): scalar 32 bytes, PKCS#8 138 bytes, signature 64 bytes. Thread-safe; the
/// scalar is zeroed when the key is disposed.
/// </summary>
public sealed class P256PrivateKey : ISigner, IDisposable
{
    /// <summary>Bytes of the scalar.</summary>
    public const int ScalarSize = P256.ScalarSize;

    private const int WideSize = 48;
    private const int MinSeedSize = 32;

    private readonly EcKey key;

    private P256PrivateKey(EcKey key)
    {
        this.key = key;
        PublicKey = P256PublicKey.FromValidPoint(P256.ExportPoint(key));
    }

    /// <inheritdoc/>
    public P256PublicKey PublicKey { get; }

    private static ReadOnlySpan<byte> Pkcs8Prefix =>
    [
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
    ];

    private static ReadOnlySpan<byte> Pkcs8Middle => [0xa1, 0x44, 0x03, 0x42, 0x00];

    /// <summary>Makes a key from the system's random source.</summary>
    public static P256PrivateKey Generate()
    {
        Span<byte> wide = stackalloc byte[WideSize];
        RandomNumberGenerator.Fill(wide);
        return FromWideBytes(wide);
    }

    /// <summary>
    /// Derives a key from a secret seed of 32 bytes or more: HKDF-Expand with SHA-256 to 48 bytes, reduced into
    /// [1, order) as FIPS 186-5 A.2.1 does.
    /// </summary>
    /// <exception cref="ArgumentException">The seed is shorter than 32 bytes.</exception>
    public static P256PrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length < MinSeedSize)
            throw new ArgumentException("A seed has at least 32 bytes.", nameof(seed));
        Span<byte> wide = stackalloc byte[WideSize];
        HKDF.Expand(HashAlgorithmName.SHA256, seed, wide, "bauta p256 private key"u8);
        return FromWideBytes(wide);
    }

    /// <summary>Takes a scalar of 32 bytes.</summary>
    /// <exception cref="CryptographicException">It is not 32 bytes, is zero, or is not below the order.</exception>
    public static P256PrivateKey FromScalar(ReadOnlySpan<byte> scalar) =>
        TryFromScalar(scalar, out var key) ? key : throw new CryptographicException("Not a P-256 scalar.");

    /// <summary>Takes a scalar of 32 bytes; false unless it lies in [1, order).</summary>
    public static bool TryFromScalar(ReadOnlySpan<byte> scalar, [NotNullWhen(true)] out P256PrivateKey? key)
    {
        var native = scalar.Length == ScalarSize ? P256.TryCreateKey(scalar) : null;
        key = native is null ? null : new P256PrivateKey(native);
        return key is not null;
    }

    /// <summary>Reads an unencrypted PKCS#8 key in PEM, in the one form that <see cref="ToPkcs8Pem"/> writes.</summary>
    /// <exception cref="FormatException">It is another key or another form.</exception>
    public static P256PrivateKey FromPkcs8Pem(ReadOnlySpan<char> pem) => FromPkcs8(Pkcs8Pem.Decode(pem));

    /// <summary>Reads the same from ASCII, as it stands in a file.</summary>
    /// <exception cref="FormatException">It is another key or another form.</exception>
    public static P256PrivateKey FromPkcs8Pem(ReadOnlySpan<byte> pem) => FromPkcs8(Pkcs8Pem.Decode(pem));

    private static P256PrivateKey FromPkcs8(byte[] der)
    {
        try
        {
            var middle = Pkcs8Prefix.Length + ScalarSize;
            var point = middle + Pkcs8Middle.Length;
            if (der.Length != point + P256.PointSize || !der.AsSpan().StartsWith(Pkcs8Prefix)
                || !der.AsSpan(middle).StartsWith(Pkcs8Middle)
                || !TryFromScalar(der.AsSpan(Pkcs8Prefix.Length, ScalarSize), out var key))
                throw new FormatException("Not a P-256 private key in PKCS#8 with its public key.");
            if (key.PublicKey.Equals(P256PublicKey.FromValidPoint(der.AsSpan(point))))
                return key;
            key.Dispose();
            throw new FormatException("The public key beside the private key belongs to another one.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Writes PKCS#8 in PEM as <c>openssl genpkey</c> does, in ASCII: 241 bytes, a secret that the caller
    /// zeroes.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] ToPkcs8Pem()
    {
        var scalar = ExportScalar();
        byte[] der = [.. Pkcs8Prefix, .. scalar, .. Pkcs8Middle, .. PublicKey.Spki.AsSpan()[^P256.PointSize..]];
        var pem = Pkcs8Pem.Encode(der);
        CryptographicOperations.ZeroMemory(scalar);
        CryptographicOperations.ZeroMemory(der);
        return pem;
    }

    /// <summary>The scalar, 32 bytes; the caller zeroes it.</summary>
    public byte[] ExportScalar() => P256.ExportScalar(key);

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        PublicDigest.Hash(message, digest);
        return P256.Sign(key, digest);
    }

    /// <summary>Zeroes the scalar; signing afterwards throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => key.Dispose();

    private static P256PrivateKey FromWideBytes(Span<byte> wide)
    {
        var native = P256.CreateKeyFromWideBytes(wide);
        CryptographicOperations.ZeroMemory(wide);
        return new P256PrivateKey(native);
    }
}
