using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.Jose;

namespace Bauta.Crypto.Goods;

/// <summary>k xor r, the release that the archive publishes. 32 bytes, public.</summary>
public sealed class MaskedKey : IEquatable<MaskedKey>
{
    /// <summary>Size in bytes.</summary>
    public const int Size = GoodsKey.Size;

    private readonly byte[] bytes;

    private MaskedKey(ReadOnlySpan<byte> bytes) => this.bytes = bytes.ToArray();

    /// <summary>The 32 bytes.</summary>
    public ReadOnlySpan<byte> Span => bytes;

    /// <summary>Takes 32 bytes.</summary>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out MaskedKey? masked)
    {
        masked = bytes.Length == Size ? new(bytes) : null;
        return masked is not null;
    }

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static MaskedKey FromBytes(ReadOnlySpan<byte> bytes) => TryFromBytes(bytes, out var masked)
        ? masked
        : throw new ArgumentException("A masked key has 32 bytes.", nameof(bytes));

    /// <summary>Reads canonical base64url without padding, 43 characters.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out MaskedKey? masked)
    {
        masked = null;
        return Base64Url.TryDecode(text, out var bytes) && TryFromBytes(bytes, out masked);
    }

    /// <summary>The key, for whoever knows the mask.</summary>
    /// <exception cref="ObjectDisposedException">The mask was disposed.</exception>
    public GoodsKey Unmask(GoodsMask mask)
    {
        Span<byte> key = stackalloc byte[Size];
        mask.Xor(bytes, key);
        var unmasked = GoodsKey.FromBytes(key);
        CryptographicOperations.ZeroMemory(key);
        return unmasked;
    }

    /// <inheritdoc/>
    public bool Equals(MaskedKey? other) => other is not null && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MaskedKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(bytes);

    /// <summary>The masked key as base64url, 43 characters.</summary>
    public override string ToString() => Base64Url.Encode(bytes);
}
