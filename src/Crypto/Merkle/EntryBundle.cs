using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.Merkle;

/// <summary>
/// Entry bundles of C2SP tlog-tiles: up to 256 log entries in a row.
/// </summary>
/// <remarks>
/// <code>
/// struct { uint16 length; opaque entry[length]; } bundle[width];   // big-endian
/// </code>
/// </remarks>
public static class EntryBundle
{
    /// <summary>Largest entry in bytes.</summary>
    public const int MaxEntrySize = ushort.MaxValue;

    private const int PrefixSize = 2;

    /// <summary>Encodes up to 256 entries.</summary>
    /// <exception cref="ArgumentException">More than 256 entries, or one above 65,535 bytes.</exception>
    public static byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        if (entries.Count > TileAddress.FullWidth)
            throw new ArgumentException("A bundle has at most 256 entries.", nameof(entries));
        var bundle = new byte[entries.Sum(entry => PrefixSize + entry.Length)];
        var rest = bundle.AsSpan();
        foreach (var entry in entries)
        {
            if (entry.Length > MaxEntrySize)
                throw new ArgumentException("An entry has at most 65,535 bytes.", nameof(entries));
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)entry.Length);
            entry.Span.CopyTo(rest[PrefixSize..]);
            rest = rest[(PrefixSize + entry.Length)..];
        }

        return bundle;
    }

    /// <summary>Decodes exactly <paramref name="width"/> entries with nothing after them. The entries are slices of the
    /// bundle.</summary>
    public static bool TryDecode(
        ReadOnlyMemory<byte> bundle, int width, [NotNullWhen(true)] out ReadOnlyMemory<byte>[]? entries)
    {
        entries = null;
        if (width is < 0 or > TileAddress.FullWidth)
            return false;

        var decoded = new ReadOnlyMemory<byte>[width];
        for (var i = 0; i < width; i++)
        {
            if (bundle.Length < PrefixSize)
                return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(bundle.Span);
            if (bundle.Length - PrefixSize < length)
                return false;
            decoded[i] = bundle.Slice(PrefixSize, length);
            bundle = bundle[(PrefixSize + length)..];
        }

        if (!bundle.IsEmpty)
            return false;
        entries = decoded;
        return true;
    }

    /// <summary>Decodes a bundle and checks each entry against the level 0 tile of the same index and width.</summary>
    public static bool TryDecodeVerified(
        ReadOnlyMemory<byte> bundle, ReadOnlySpan<byte> tile, [NotNullWhen(true)] out ReadOnlyMemory<byte>[]? entries)
    {
        entries = null;
        if (tile.Length % MerkleHash.Size != 0 || !TryDecode(bundle, tile.Length / MerkleHash.Size, out var decoded))
            return false;
        for (var i = 0; i < decoded.Length; i++)
        {
            if (!MerkleHash.Leaf(decoded[i].Span).Span.SequenceEqual(tile.Slice(i * MerkleHash.Size, MerkleHash.Size)))
                return false;
        }

        entries = decoded;
        return true;
    }
}
