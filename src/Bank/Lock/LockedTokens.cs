using System.Buffers.Binary;
using Bauta.Protocol;

namespace Bauta.Bank.Lock;

/// <summary>One token's part in a lock.</summary>
internal sealed record LockedToken(byte[] Serial, long Key, Amount Amount);

/// <summary>The tokens of a lock in one column, so that a lock is one row.</summary>
internal static class LockedTokens
{
    private const int Size = 32 + sizeof(long) + sizeof(long);

    // struct {
    //   opaque serial[32];
    //   int64  key;          the denomination's number, big-endian
    //   int64  amount;       minor units, big-endian
    // } tokens[1..64];

    public static byte[] Encode(IReadOnlyList<LockedToken> tokens)
    {
        var bytes = new byte[tokens.Count * Size];
        for (var i = 0; i < tokens.Count; i++)
        {
            var one = bytes.AsSpan(i * Size, Size);
            tokens[i].Serial.CopyTo(one);
            BinaryPrimitives.WriteInt64BigEndian(one[32..], tokens[i].Key);
            BinaryPrimitives.WriteInt64BigEndian(one[40..], tokens[i].Amount.MinorUnits);
        }

        return bytes;
    }

    public static IReadOnlyList<LockedToken> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes.Length % Size != 0)
            throw new InvalidDataException("A stored lock does not parse.");
        var tokens = new LockedToken[bytes.Length / Size];
        for (var i = 0; i < tokens.Length; i++)
        {
            var one = bytes.Slice(i * Size, Size);
            tokens[i] = new LockedToken(
                one[..32].ToArray(), BinaryPrimitives.ReadInt64BigEndian(one[32..]),
                Amount.FromMinorUnits(BinaryPrimitives.ReadInt64BigEndian(one[40..])));
        }

        return tokens;
    }
}
