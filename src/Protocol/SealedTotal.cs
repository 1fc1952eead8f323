using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Protocol;

/// <summary>
/// A session's running total, or the price of goods made to order, as it stands in what the archive publishes:
/// customer, merchant and bank hold the key and read it, nobody else does. <c>total xor HMAC-SHA-256(key, c)[0..8]</c>,
/// big-endian; each item has a <c>c</c> of its own, so no pad is used twice. It hides and does not authenticate: it
/// stands within what the customer signs.
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

    /// <summary>
    /// How much of a lock its commit pays, as bank, wallet and audit reckon it. Without an acknowledgement all of it;
    /// with one the total that it seals, and all where that does not read or is more: nobody but the customer sealed
    /// it, and the merchant checked it. Nothing where the lock has no key for a total, and the release is of what was
    /// agreed on later: the merchant committed to a key of its own, and promised the customer another one.
    /// </summary>
    /// <param name="locked">The sum that is locked.</param>
    /// <param name="key">The lock's key for the total, in a session and with goods made to order.</param>
    /// <param name="release">What was published.</param>
    public static Amount PaidOf(Amount locked, byte[]? key, Archive.Release? release) => PaidOf(
        locked, key, LaterCommitment(release), release?.Acknowledgement?.Content.SealedTotal);

    /// <summary>The commitment in what was acknowledged or made after the lock; null where the release has
    /// neither.</summary>
    public static KeyCommitment? LaterCommitment(Archive.Release? release) =>
        release?.Acknowledgement?.Content.Commitment ?? release?.Made?.Content.Commitment;

    /// <summary>The same, from its parts.</summary>
    /// <param name="locked">The sum that is locked.</param>
    /// <param name="key">The lock's key for the total.</param>
    /// <param name="commitment">See <see cref="LaterCommitment"/>.</param>
    /// <param name="sealedTotal">With an acknowledgement, the total in it; without, the commit was forced.</param>
    public static Amount PaidOf(Amount locked, byte[]? key, KeyCommitment? commitment, byte[]? sealedTotal)
    {
        if (commitment is null)
            return locked;
        if (key is null)
            return Amount.Zero;
        if (sealedTotal is null)
            return locked;
        return Open(key, commitment, sealedTotal) is { } total && total < locked ? total : locked;
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
