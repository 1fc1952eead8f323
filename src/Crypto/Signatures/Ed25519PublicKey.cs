using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Signatures;

/// <summary>
/// An Ed25519 public key (RFC 8032 section 5.1, pure Ed25519, no context). Key 32 bytes, signature 64 bytes.
/// Immutable and thread-safe; equal when the bytes are equal.
/// </summary>
public sealed class Ed25519PublicKey : IEquatable<Ed25519PublicKey>
{
    /// <summary>Size of a public key in bytes.</summary>
    public const int Size = LibCrypto.Curve25519KeySize;

    /// <summary>Size of a signature in bytes.</summary>
    public const int SignatureSize = LibCrypto.Ed25519SignatureSize;

    private readonly Curve25519Key key;
    private readonly byte[] bytes;

    private Ed25519PublicKey(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes.ToArray();
        key = LibCrypto.Ed25519PublicKey(bytes);
    }

    /// <summary>
    /// Takes 32 bytes. Whether they decode to a point shows when a signature is verified: no signature verifies under
    /// bytes that do not.
    /// </summary>
    /// <returns>False when the length is not 32.</returns>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Ed25519PublicKey? key)
    {
        key = bytes.Length == Size ? new Ed25519PublicKey(bytes) : null;
        return key is not null;
    }

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="FormatException">The length is not 32.</exception>
    public static Ed25519PublicKey FromBytes(ReadOnlySpan<byte> bytes) =>
        TryFromBytes(bytes, out var key) ? key : throw new FormatException("An Ed25519 public key is 32 bytes.");

    /// <summary>A copy of the 32 bytes.</summary>
    public byte[] ToBytes() => [.. bytes];

    /// <summary>
    /// RFC 8032 section 5.1.7. Refuses S that is not below the group order, so a signature cannot be altered into
    /// another one of the same message.
    /// </summary>
    /// <returns>False for anything but a valid signature of 64 bytes.</returns>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => VerifiedBefore.IsOn
        ? VerifiedBefore.Verify(bytes, message, signature, (_, text, one) => LibCrypto.Ed25519Verify(key, text, one))
        : LibCrypto.Ed25519Verify(key, message, signature);

    /// <inheritdoc />
    public bool Equals(Ed25519PublicKey? other) => other is not null && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Ed25519PublicKey);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
