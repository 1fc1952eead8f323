using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.Merkle;

/// <summary>
/// A hash of the Merkle tree of RFC 6962 section 2.1 with SHA-256. Size: 32 bytes.
/// </summary>
/// <remarks>
/// <c>default</c> is 32 zero bytes; it is the hash of nothing known and so never verifies.
/// Hashes are public, so comparison is not constant in time.
/// </remarks>
public readonly struct MerkleHash : IEquatable<MerkleHash>
{
    /// <summary>Size of a hash in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of a hash as padded Base64 text.</summary>
    public const int Base64Length = 44;

    private const byte LeafPrefix = 0x00;
    private const byte NodePrefix = 0x01;

    private readonly Bytes32 bytes;

    private MerkleHash(ReadOnlySpan<byte> bytes) => bytes.CopyTo(this.bytes);

    /// <summary>The root of the tree without leaves: SHA-256 of the empty string.</summary>
    public static MerkleHash EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>The 32 bytes, without a copy.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => bytes;

    /// <summary>Takes 32 bytes as a hash.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static MerkleHash FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new(bytes) : throw new ArgumentException("A hash has 32 bytes.", nameof(bytes));

    /// <summary>Reads canonical padded Base64 of exactly 32 bytes.</summary>
    public static bool TryParseBase64(ReadOnlySpan<byte> text, out MerkleHash hash)
    {
        hash = default;
        if (text.Length != Base64Length || !StrictText.TryDecodeBase64(text, out var bytes) || bytes.Length != Size)
            return false;
        hash = new(bytes);
        return true;
    }

    /// <summary>Leaf hash: SHA-256(0x00 || entry).</summary>
    public static MerkleHash Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> digest = stackalloc byte[Size];
        PublicDigest.Hash([LeafPrefix], entry, digest);
        return new(digest);
    }

    /// <summary>Node hash: SHA-256(0x01 || left || right).</summary>
    public static MerkleHash Node(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> input = stackalloc byte[1 + 2 * Size];
        input[0] = NodePrefix;
        left.Span.CopyTo(input[1..]);
        right.Span.CopyTo(input[(1 + Size)..]);
        Span<byte> digest = stackalloc byte[Size];
        PublicDigest.Hash(input, digest);
        return new(digest);
    }

    /// <summary>A copy of the 32 bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>The hash as padded Base64, 44 characters.</summary>
    public string ToBase64() => Convert.ToBase64String(Span);

    /// <inheritdoc/>
    public override string ToString() => ToBase64();

    /// <inheritdoc/>
    public bool Equals(MerkleHash other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MerkleHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(Span);

    /// <summary>Whether two hashes are equal.</summary>
    public static bool operator ==(in MerkleHash left, in MerkleHash right) => left.Equals(right);

    /// <summary>Whether two hashes differ.</summary>
    public static bool operator !=(in MerkleHash left, in MerkleHash right) => !left.Equals(right);

    [InlineArray(Size)]
    private struct Bytes32
    {
        private byte first;
    }
}
