using System.Text;
using System.Text.Unicode;

namespace Bauta.Crypto.Notes;

/// <summary>Which bytes a C2SP signed note may consist of.</summary>
internal static class NoteText
{
    /// <summary>Strict UTF-8: what is not valid throws instead of becoming a replacement character.</summary>
    public static Encoding StrictUtf8 { get; } = new UTF8Encoding(false, true);

    /// <summary>Valid UTF-8 without ASCII control characters other than newline.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text) =>
        !text.ContainsAnyInRange((byte)0x00, (byte)0x09) && !text.ContainsAnyInRange((byte)0x0b, (byte)0x1f)
        && Utf8.IsValid(text);

    /// <summary>A key name: valid UTF-8, not empty, without Unicode spaces, control characters and plus.</summary>
    public static bool IsValidName(string name)
    {
        if (name.Length == 0)
            return false;
        for (var rest = name.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var consumed) != System.Buffers.OperationStatus.Done
                || Rune.IsWhiteSpace(rune) || rune.Value < 0x20 || rune.Value == '+')
                return false;
            rest = rest[consumed..];
        }

        return true;
    }

    /// <summary>Reads a key name from UTF-8.</summary>
    public static bool TryReadName(ReadOnlySpan<byte> utf8, out string name)
    {
        name = Utf8.IsValid(utf8) ? StrictUtf8.GetString(utf8) : "";
        return IsValidName(name);
    }
}
