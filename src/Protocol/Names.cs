using System.Globalization;
using System.Text;

namespace Bauta.Protocol;

/// <summary>Checks that many messages share.</summary>
public static class Names
{
    /// <summary>Whether this is a currency code: three upper-case ASCII letters.</summary>
    public static bool IsCurrency(string code) => code is { Length: 3 } && code.All(char.IsAsciiLetterUpper);

    /// <summary>Whether this is a currency code, with 0 to 4 decimals of the minor unit.</summary>
    public static bool IsCurrency(string code, int decimals) => IsCurrency(code) && decimals is >= 0 and <= 4;

    /// <summary>
    /// Whether this names a party: 1 to 64 of a-z, 0-9, dot and hyphen, as in a host name or a log's origin, with
    /// slashes allowed inside.
    /// </summary>
    public static bool IsPartyName(string name) => name is { Length: >= 1 and <= 64 }
        && name[0] != '/' && name[^1] != '/'
        && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter)
            || letter is '.' or '-' or '/');

    /// <summary>
    /// Whether this is one line of 1 to <paramref name="maxLength"/> printable characters, none of them one that turns
    /// the direction of others, joins them, or cannot be seen (general categories Cc, Cf, Zl, Zp).
    /// </summary>
    public static bool IsLine(string text, int maxLength) =>
        text.Length >= 1 && text.Length <= maxLength && HasOnly(text, static rune => !IsUnseen(rune));

    /// <summary>
    /// Whether this is text of at most <paramref name="maxLength"/> characters: as a line, with line breaks and the two
    /// joiners that some scripts are written with (U+200C, U+200D) allowed.
    /// </summary>
    public static bool IsText(string text, int maxLength) =>
        text.Length <= maxLength
        && HasOnly(text, static rune => !IsUnseen(rune) || rune.Value is '\n' or 0x200C or 0x200D);

    private static bool HasOnly(string text, Func<Rune, bool> isAllowed)
    {
        foreach (var rune in text.EnumerateRunes())
            if (rune == Rune.ReplacementChar || !isAllowed(rune))
                return false;
        return true;
    }

    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
