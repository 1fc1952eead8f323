using System.Buffers.Binary;

namespace Bauta.Crypto.BinaryHttp;

/// <summary>
/// The variable-length integer of RFC 9000 section 16: the two highest bits of the first byte say whether it takes 1,
/// 2, 4 or 8 bytes. Written in the shortest form; read in any, as the RFC demands.
/// </summary>
internal static class VariableInteger
{
    internal static int SizeOf(int value) => value switch
    {
        < 0 => throw new ArgumentOutOfRangeException(nameof(value)),
        < 1 << 6 => 1,
        < 1 << 14 => 2,
        < 1 << 30 => 4,
        _ => 8,
    };

    internal static int Write(Span<byte> destination, int value)
    {
        var size = SizeOf(value);
        switch (size)
        {
            case 1:
                destination[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(value | (1 << 14)));
                break;
            case 4:
                BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)value | (2u << 30));
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(destination, (uint)value | (3ul << 62));
                break;
        }

        return size;
    }

    /// <summary>The bytes read, or 0 when the source ends first.</summary>
    internal static int Read(ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        if (source.IsEmpty)
            return 0;
        var size = 1 << (source[0] >> 6);
        if (source.Length < size)
            return 0;
        value = size switch
        {
            1 => source[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(source) & ((1u << 14) - 1),
            4 => BinaryPrimitives.ReadUInt32BigEndian(source) & ((1u << 30) - 1),
            _ => BinaryPrimitives.ReadUInt64BigEndian(source) & ((1ul << 62) - 1),
        };
        return size;
    }
}
