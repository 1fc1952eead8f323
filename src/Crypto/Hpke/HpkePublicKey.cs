using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// A public key of RFC 9180: 32 bytes for X25519, 65 bytes (uncompressed point) for P-256. Immutable, thread-safe;
/// equal when mechanism and bytes are equal.
/// </summary>
public sealed class HpkePublicKey : IEquatable<HpkePublicKey>
{
    private readonly byte[] bytes;
    private Curve25519Key? curve25519;
    private EcPoint? p256;

    private HpkePublicKey(HpkeKem kem, byte[] bytes)
    {
        Kem = kem;
        this.bytes = bytes;
    }

    /// <summary>The mechanism the key is for.</summary>
    public HpkeKem Kem { get; }

    /// <summary>The serialised key, Npk bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    // Made at first use: the public half of an ephemeral key never needs one.
    internal Curve25519Key Curve25519 =>
        LazyInitializer.EnsureInitialized(ref curve25519, () => LibCrypto.X25519PublicKey(bytes));

    internal EcPoint P256 =>
        LazyInitializer.EnsureInitialized(ref p256, () => P256Agreement.Point(bytes) ?? throw NotAPoint());

    /// <summary>Npk of a mechanism: 32 for X25519, 65 for P-256.</summary>
    public static int SizeOf(HpkeKem kem) => kem switch
    {
        HpkeKem.X25519 => LibCrypto.Curve25519KeySize,
        HpkeKem.P256 => P256Agreement.PointSize,
        _ => throw new ArgumentOutOfRangeException(nameof(kem)),
    };

    /// <summary>
    /// Takes a serialised key (RFC 9180 section 7.1.1) and validates it (section 7.1.4): a P-256 key is a point of the
    /// curve, an X25519 key is not of small order.
    /// </summary>
    /// <returns>False when length, form, or validation fails.</returns>
    public static bool TryFromBytes(
        HpkeKem kem, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        key = FromPeer(kem, bytes);
        if (key is null || kem != HpkeKem.X25519)
            return key is not null;
        using var probe = HpkePrivateKey.Generate(kem);
        Span<byte> secret = stackalloc byte[HpkePrivateKey.SharedSecretSize];
        if (probe.TryAgree(key, secret))
            return true;
        key = null;
        return false;
    }

    /// <summary>
    /// As <see cref="TryFromBytes"/>, but leaves small order to the agreement that follows, which refuses it.
    /// </summary>
    internal static HpkePublicKey? FromPeer(HpkeKem kem, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeOf(kem))
            return null;
        var key = new HpkePublicKey(kem, bytes.ToArray());
        if (kem == HpkeKem.P256)
        {
            key.p256 = P256Agreement.Point(bytes);
            return key.p256 is null ? null : key;
        }

        return key;
    }

    /// <summary>The public half of a private key, known to be valid.</summary>
    internal static HpkePublicKey FromOwn(HpkeKem kem, byte[] bytes) => new(kem, bytes);

    /// <summary>
    /// Frees what libcrypto holds of a key that served one agreement, without waiting for the collector.
    /// </summary>
    internal void Free()
    {
        curve25519?.Dispose();
        p256?.Dispose();
    }

    /// <inheritdoc />
    public bool Equals(HpkePublicKey? other) =>
        other is not null && Kem == other.Kem && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as HpkePublicKey);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    private static InvalidOperationException NotAPoint() => new("A P-256 public key is not a point of the curve.");
}
