using System.Text.Json;

namespace Bauta.Tests.Crypto;

/// <summary>Reads the published vectors that lie beside the tests.</summary>
internal static class VectorFile
{
    internal static JsonElement Read(string name)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "vectors", name));
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    /// <summary>Hexadecimal, with or without 0x.</summary>
    internal static byte[] Bytes(this JsonElement element, string member)
    {
        var text = element.GetProperty(member).GetString()!;
        return Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
    }
}
