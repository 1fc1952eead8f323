using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.Merkle;

/// <summary>The two encodings inside C2SP log texts, read strictly: one value has exactly one text.</summary>
internal static class StrictText
{
    /// <summary>Decodes standard, padded Base64 (RFC 4648 section 4) in its canonical form only.</summary>
    public static bool TryDecodeBase64(ReadOnlySpan<byte> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length % 4 != 0)
            return false;

        var decoded = new byte[text.Length / 4 * 3];
        if (Base64.DecodeFromUtf8(text, decoded, out var consumed, out var written) != OperationStatus.Done
            || consumed != text.Length)
            return false;

        // The framework skips white space and ignores trailing bits; encoding again refuses both.
        var canonical = new byte[Base64.GetMaxEncodedToUtf8Length(written)];
        Base64.EncodeToUtf8(decoded.AsSpan(0, written), canonical, out _, out var encoded);
        if (!canonical.AsSpan(0, encoded).SequenceEqual(text))
            return false;

        bytes = decoded.AsSpan(0, written).ToArray();
        return true;
    }

    /// <summary>Reads an ASCII decimal from 0 to 2^63-1 without sign and without leading zeroes.</summary>
    public static bool TryParseDecimal(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > 19 || (text[0] == '0' && text.Length > 1))
            return false;

        ulong sum = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return false;
            sum = sum * 10 + (ulong)(digit - '0');
        }

        if (sum > long.MaxValue)
            return false;
        value = (long)sum;
        return true;
    }

    /// <summary>Takes the next line, which must end in a newline, off the front of <paramref name="text"/>.</summary>
    public static bool TryTakeLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        var end = text.IndexOf((byte)'\n');
        if (end < 0)
        {
            line = default;
            return false;
        }

        line = text[..end];
        text = text[(end + 1)..];
        return true;
    }
}
