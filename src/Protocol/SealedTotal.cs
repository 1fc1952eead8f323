using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Protocol;

/// <summary>
/// A session's running total as it stands in what the archive publishes: customer, merchant and bank hold the key and
/// read it, nobody else does. <c>total xor HMAC-SHA-256(key, c)[0..8]</c>, big-endian; each item has a <c>c</c> of its
/// own, so no pad is used twice. It hides and does not authenticate: it stands within what the customer signs.
/// </summary>
public static class SealedTotal
{
    /// <summary>Size in bytes.</summary>
    public const int Size = sizeof(long);

    /// <summary>Size of the key in bytes.</summary>
    public const int KeySize = 32;

    /// <summary>Seals a total.</summary>
    /// <param name="key">32 bytes, of one session.</param>
    /// <param name="commitment"><c>c</c> of the item that it is the total of.</param>
    /// <param name="total">The total.</param>
    /// <returns>8 bytes.</returns>
    public static byte[] Seal(ReadOnlySpan<byte> key, KeyCommitment commitment, Amount total)
    {
        var sealedTotal = new byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(sealedTotal, total.MinorUnits ^ Pad(key, commitment));
        return sealedTotal;
    }

    /// <summary>Opens a total; null when it is no amount under this key.</summary>
    public static Amount? Open(ReadOnlySpan<byte> key, KeyCommitment commitment, ReadOnlySpan<byte> sealedTotal)
    {
        var total = BinaryPrimitives.ReadInt64BigEndian(sealedTotal) ^ Pad(key, commitment);
        return total >= 0 && total <= Amount.Maximum ? Amount.FromMinorUnits(total) : null;
    }

    private static long Pad(ReadOnlySpan<byte> key, KeyCommitment commitment)
    {
        if (key.Length != KeySize)
            throw new ArgumentException("The key of a total has 32 bytes.", nameof(key));
        Span<byte> pad = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, commitment.Bytes, pad);
        return BinaryPrimitives.ReadInt64BigEndian(pad);
    }
}
