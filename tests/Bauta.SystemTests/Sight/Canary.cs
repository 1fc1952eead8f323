using System.Buffers.Text;
using System.Text;
using Bauta.Host.Demo;

namespace Bauta.SystemTests.Sight;

/// <summary>A value of one purchase that is like no other, and who may hold it.</summary>
/// <param name="Name">What a failure calls it.</param>
/// <param name="Facts">What it tells: whoever may see one of these by the sight table may hold it.</param>
/// <param name="Forms">In which bytes it may stand somewhere.</param>
internal sealed record Canary(string Name, Fact[] Facts, byte[][] Forms)
{
    // Enough to be like nothing else, and found also where the rest of it stands on another page.
    private const int LongestForm = 40;
    private const int ShortestForm = 8;

    /// <summary>Who holds it for certain, so that the search is known to find.</summary>
    public string[] MustBeAt { get; init; } = [];

    /// <summary>Who does not hold it, though he may hold others of its kind.</summary>
    public string[] NeverAt { get; init; } = [];

    /// <summary>Who may write it to its log; otherwise nobody does.</summary>
    public string[] MayBeLoggedBy { get; init; } = [];

    /// <summary>The only places that are looked at; all when empty.</summary>
    public string[] OnlyLookAt { get; init; } = [];

    /// <summary>Whether it may stand on a disk, or passes through the memory only.</summary>
    public bool IsKept { get; init; } = true;

    /// <summary>A whole number that it is in a database, if it is one.</summary>
    public long? Number { get; init; }

    /// <summary>Text, as it is or within base64, in UTF-8 or as the runtime holds strings.</summary>
    public static Canary OfText(string name, Fact fact, params string[] texts) => new(
        name, [fact],
        Cut([.. texts.SelectMany(text => (byte[][])[
            Encoding.UTF8.GetBytes(text), Encoding.Unicode.GetBytes(text), .. WithinBase64(text)])]));

    /// <summary>Bytes: raw, base64url, hexadecimal, or base64url within a signed payload.</summary>
    public static Canary OfBytes(string name, Fact fact, ReadOnlySpan<byte> bytes)
    {
        var text = Base64Url.EncodeToString(bytes);
        return new(
            name, [fact],
            Cut([
                bytes.ToArray(), Encoding.ASCII.GetBytes(text), Encoding.Unicode.GetBytes(text),
                Encoding.ASCII.GetBytes(Convert.ToHexString(bytes)),
                Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)), .. WithinBase64(text),
            ]));
    }

    /// <summary>Whether the table lets a role hold it.</summary>
    public bool MayBeAt(string role) => !NeverAt.Contains(role) && Facts.Intersect(RowOf(role).Sees).Any();

    /// <summary>The row of the table for a role of the test's network.</summary>
    public static RoleSight RowOf(string role) => role switch
    {
        "mask-1" => SightTable.Of("mask", SightTable.FirstMask),
        "mask-2" => SightTable.Of("mask", SightTable.SecondMask),
        _ => SightTable.Of(RealNetwork.KindOf(role)),
    };

    /// <summary>The text inside a base64 payload, however it falls on its groups of three.</summary>
    private static IEnumerable<byte[]> WithinBase64(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        for (var shift = 0; shift < 3; shift++)
        {
            byte[] padded = [.. new byte[shift], .. utf8];
            var encoded = Base64Url.EncodeToString(padded.AsSpan(0, padded.Length / 3 * 3));
            // The first group holds the padding, so it is left out.
            yield return Encoding.ASCII.GetBytes(shift == 0 ? encoded : encoded[4..]);
        }
    }

    private static byte[][] Cut(byte[][] forms)
    {
        if (forms.Any(form => form.Length < ShortestForm))
            throw new ArgumentException("So short a value is found anywhere.", nameof(forms));
        return [.. forms.Select(form => form[..Math.Min(form.Length, LongestForm)])];
    }
}
