using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Signatures;

/// <summary>
/// An Ed25519 private key (RFC 8032 section 5.1, pure Ed25519, no context). Seed 32 bytes, signature 64 bytes,
/// deterministic. Thread-safe until disposed; the seed is zeroed then.
/// </summary>
public sealed class Ed25519PrivateKey : IDisposable
{
    /// <summary>Size of the seed in bytes.</summary>
    public const int SeedSize = LibCrypto.Curve25519KeySize;

    private readonly Curve25519Key key;
    private readonly byte[] seed;

    private Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        key = LibCrypto.Ed25519PrivateKey(seed);
        this.seed = seed.ToArray();
        PublicKey = Ed25519PublicKey.FromBytes(LibCrypto.RawPublicKey(key));
    }

    /// <summary>The key that verifies what this one signs.</summary>
    public Ed25519PublicKey PublicKey { get; }

    /// <summary>A new key from the system's random generator.</summary>
    public static Ed25519PrivateKey Generate()
    {
        Span<byte> seed = stackalloc byte[SeedSize];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return new Ed25519PrivateKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The key of a seed of 32 bytes (the "private key" of RFC 8032).</summary>
    /// <exception cref="CryptographicException">The length is not 32.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed) => new(seed);

    /// <summary>A copy of the 32-byte seed, to be stored under protection and zeroed by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] ExportSeed()
    {
        ObjectDisposedException.ThrowIf(key.IsClosed, this);
        return [.. seed];
    }

    /// <summary>RFC 8032 section 5.1.6: 64 bytes, always the same for one message.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message) => LibCrypto.Ed25519Sign(key, message);

    /// <inheritdoc />
    public void Dispose()
    {
        key.Dispose();
        CryptographicOperations.ZeroMemory(seed);
    }
}
