using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// A private key of RFC 9180, 32 bytes for both mechanisms. Thread-safe until disposed; zeroed then.
/// </summary>
public sealed class HpkePrivateKey : IDisposable
{
    /// <summary>Nsk, bytes of a serialised private key.</summary>
    public const int Size = 32;

    /// <summary>Bytes of the shared secret of one Diffie-Hellman agreement.</summary>
    internal const int SharedSecretSize = 32;

    private readonly byte[] bytes;
    private readonly Curve25519Key? curve25519;
    private readonly BigNumber? p256;

    private HpkePrivateKey(ReadOnlySpan<byte> bytes, Curve25519Key key)
    {
        this.bytes = bytes.ToArray();
        curve25519 = key;
        PublicKey = HpkePublicKey.FromOwn(HpkeKem.X25519, LibCrypto.RawPublicKey(key));
    }

    private HpkePrivateKey(ReadOnlySpan<byte> bytes, BigNumber scalar)
    {
        this.bytes = bytes.ToArray();
        p256 = scalar;
        PublicKey = HpkePublicKey.FromOwn(HpkeKem.P256, P256Agreement.PublicPoint(scalar));
    }

    /// <summary>The key to seal to.</summary>
    public HpkePublicKey PublicKey { get; }

    /// <summary>The mechanism the key is for.</summary>
    public HpkeKem Kem => PublicKey.Kem;

    /// <summary>GenerateKeyPair: a new key from the system's random generator.</summary>
    public static HpkePrivateKey Generate(HpkeKem kem)
    {
        Span<byte> bytes = stackalloc byte[Size];
        try
        {
            HpkePrivateKey? key;
            do
                RandomNumberGenerator.Fill(bytes);
            while (!TryFromBytes(kem, bytes, out key));
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Takes a serialised key of 32 bytes (RFC 9180 section 7.1.2).</summary>
    /// <returns>False for another length and, for P-256, for zero and for anything not below the order.</returns>
    public static bool TryFromBytes(
        HpkeKem kem, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out HpkePrivateKey? key)
    {
        key = null;
        if (bytes.Length != Size)
            return false;
        if (kem == HpkeKem.X25519)
        {
            key = new HpkePrivateKey(bytes, LibCrypto.X25519PrivateKey(bytes));
        }
        else if (kem == HpkeKem.P256)
        {
            var scalar = P256Agreement.Scalar(bytes);
            key = scalar is null ? null : new HpkePrivateKey(bytes, scalar);
        }

        return key is not null;
    }

    /// <summary>DeriveKeyPair of RFC 9180 section 7.1.3: the same key for the same input.</summary>
    /// <param name="kem">The mechanism.</param>
    /// <param name="inputKey">At least 32 bytes with at least 256 bits of entropy.</param>
    /// <exception cref="ArgumentException">The input is shorter than 32 bytes.</exception>
    public static HpkePrivateKey Derive(HpkeKem kem, ReadOnlySpan<byte> inputKey)
    {
        if (inputKey.Length < Size)
            throw new ArgumentException("A key is derived from at least 32 bytes.", nameof(inputKey));
        Span<byte> suiteId = stackalloc byte[KemSuiteIdSize];
        WriteKemSuiteId(kem, suiteId);
        Span<byte> prk = stackalloc byte[LabeledHkdf.HashSize];
        Span<byte> bytes = stackalloc byte[Size];
        LabeledHkdf.Extract(suiteId, [], "dkp_prk"u8, inputKey, prk);
        try
        {
            HpkePrivateKey? key;
            if (kem == HpkeKem.X25519)
            {
                LabeledHkdf.Expand(suiteId, prk, "sk"u8, [], bytes);
                return TryFromBytes(kem, bytes, out key) ? key : throw new CryptographicException("DeriveKeyPair");
            }

            // The order of P-256 is so near 2^256 that a second round has a chance of about 2^-32.
            for (var counter = 0; counter <= byte.MaxValue; counter++)
            {
                LabeledHkdf.Expand(suiteId, prk, "candidate"u8, [(byte)counter], bytes);
                if (TryFromBytes(kem, bytes, out key))
                    return key;
            }

            throw new CryptographicException("DeriveKeyPair found no scalar below the order.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(prk);
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>A copy of the 32 bytes, to be stored under protection and zeroed by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] Export()
    {
        ObjectDisposedException.ThrowIf(curve25519?.IsClosed ?? p256!.IsClosed, this);
        return [.. bytes];
    }

    /// <inheritdoc />
    public void Dispose()
    {
        curve25519?.Dispose();
        p256?.Dispose();
        CryptographicOperations.ZeroMemory(bytes);
    }

    internal const int KemSuiteIdSize = 5;

    /// <summary>"KEM" and the mechanism's identifier.</summary>
    internal static void WriteKemSuiteId(HpkeKem kem, Span<byte> destination)
    {
        "KEM"u8.CopyTo(destination);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], (ushort)kem);
    }

    /// <summary>DH(sk, pk). False when the X25519 result is all zero (RFC 9180 section 7.1.4).</summary>
    internal bool TryAgree(HpkePublicKey peer, Span<byte> secret)
    {
        if (peer.Kem != Kem)
            throw new ArgumentException("The keys are of different mechanisms.", nameof(peer));
        if (curve25519 is not null)
            return LibCrypto.TryX25519(curve25519, peer.Curve25519, secret);
        P256Agreement.Agree(p256!, peer.P256, secret);
        return true;
    }
}
