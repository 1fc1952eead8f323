using System.Security.Cryptography;
using System.Text;

namespace Bauta.Crypto.OpenSsl;

/// <summary>RFC 7468 text around an unencrypted PKCS#8 key (RFC 5958): one block and nothing else.</summary>
internal static class Pkcs8Pem
{
    private const string Label = "PRIVATE KEY";
    private const int MaxLength = 16 * 1024;

    /// <summary>The text as ASCII; the caller zeroes it.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> der)
    {
        var text = PemEncoding.Write(Label, der);
        var ascii = new byte[text.Length + 1];
        Encoding.ASCII.GetBytes(text, ascii);
        ascii[^1] = (byte)'\n';
        Array.Clear(text);
        return ascii;
    }

    /// <summary>As the other one, from ASCII.</summary>
    internal static byte[] Decode(ReadOnlySpan<byte> ascii)
    {
        if (ascii.Length > MaxLength)
            throw new FormatException("Not one PEM block of a PKCS#8 private key.");
        var text = new char[ascii.Length];
        try
        {
            Encoding.ASCII.GetChars(ascii, text);
            return Decode(text.AsSpan());
        }
        finally
        {
            Array.Clear(text);
        }
    }

    /// <summary>The bytes inside; the caller zeroes them. Throws FormatException.</summary>
    internal static byte[] Decode(ReadOnlySpan<char> pem)
    {
        var text = pem.Trim();
        if (text.Length > MaxLength || !PemEncoding.TryFind(text, out var fields)
            || !text[fields.Label].SequenceEqual(Label) || fields.Location.GetOffsetAndLength(text.Length) !=
            (0, text.Length))
            throw new FormatException("Not one PEM block of a PKCS#8 private key.");
        var der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(text[fields.Base64Data], der, out var written) && written == der.Length
            ? der
            : throw new FormatException("The PEM block does not hold base64.");
    }
}
