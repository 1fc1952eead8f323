using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Base64UrlText = System.Buffers.Text.Base64Url;

namespace Bauta.Crypto.Jose;

/// <summary>
/// base64url without padding (RFC 4648 section 5, RFC 7515 section 2). Exactly one text decodes to given bytes: no
/// padding, no white space, unused bits zero.
/// </summary>
public static class Base64Url
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly SearchValues<char> alphabet = SearchValues.Create(Letters);

    /// <summary>Encodes any number of bytes.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => Base64UrlText.EncodeToString(bytes);

    /// <summary>Decodes canonical text only; the empty text is the empty array.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var rest = text.Length % 4;
        if (rest == 1 || text.ContainsAnyExcept(alphabet) || (rest != 0 && !HasZeroUnusedBits(text[^1], rest)))
            return false;
        var decoded = new byte[Base64UrlText.GetMaxDecodedLength(text.Length)];
        if (!Base64UrlText.TryDecodeFromChars(text, decoded, out var written) || written != decoded.Length)
            return false;
        bytes = decoded;
        return true;
    }

    /// <summary>Decodes canonical ASCII text only; the empty text is the empty array.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> ascii, [NotNullWhen(true)] out byte[]? bytes)
    {
        var text = ArrayPool<char>.Shared.Rent(ascii.Length);
        try
        {
            // Bytes above 127 become characters outside the alphabet.
            var length = Encoding.Latin1.GetChars(ascii, text);
            return TryDecode(text.AsSpan(0, length), out bytes);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }

    // Two characters carry 12 bits for one byte, three carry 18 for two: 4 and 2 bits stay unused.
    private static bool HasZeroUnusedBits(char last, int rest)
    {
        var value = Letters.IndexOf(last, StringComparison.Ordinal);
        return (value & (rest == 2 ? 0b1111 : 0b11)) == 0;
    }
}
