using System.Text;
using Bauta.Storage;
using QRCoder;

namespace Bauta.Host.Terminal;

/// <summary>Texts as QR codes: as a picture, or with the half blocks of a terminal.</summary>
internal static class QrCode
{
    private const int PixelsPerModule = 4;

    /// <summary>Writes a picture (PNG), which must not exist.</summary>
    /// <returns>How many modules it has on a side, without the white border.</returns>
    public static int WritePng(string path, string text)
    {
        using var data = Encode(text);
        using var png = new PngByteQRCode(data);
        DurableFile.Create(NewFile.At(path), png.GetGraphic(PixelsPerModule), DurableFile.SecretMode);
        return data.ModuleMatrix.Count - (2 * Border);
    }

    /// <summary>Two rows of modules a line. Dark on light, as readers want it, whatever the terminal's colours.
    /// </summary>
    public static IEnumerable<string> Lines(string text)
    {
        using var data = Encode(text);
        var rows = data.ModuleMatrix;
        for (var y = 0; y < rows.Count; y += 2)
        {
            var line = new StringBuilder("\e[30;47m");
            for (var x = 0; x < rows[y].Count; x++)
                line.Append((rows[y][x], y + 1 < rows.Count && rows[y + 1][x]) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            yield return line.Append("\e[0m").ToString();
        }
    }

    // The library's matrix has the white border in it.
    private const int Border = 4;

    // Level M while it stays readable from a telephone's screen, the largest capacity beyond.
    private static QRCodeData Encode(string text) => QRCodeGenerator.GenerateQrCode(
        text, text.Length <= 300 ? QRCodeGenerator.ECCLevel.M : QRCodeGenerator.ECCLevel.L);
}
