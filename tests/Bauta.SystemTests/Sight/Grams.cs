using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Bauta.SystemTests.Sight;

/// <summary>
/// Every run of sixteen bytes that somebody holds, the shortest that an ID or a hash has, whatever it is written in:
/// base64url within base64url is undone. Runs that are text or hold zeros are left out: words and times join nobody.
/// </summary>
internal sealed class Grams
{
    private const int Size = 16;
    private const int Layers = 3;
    private const int ShortestText = 16;

    private readonly HashSet<UInt128> all = [];

    public int Count => all.Count;

    public static Grams Of(IEnumerable<byte[]> contents)
    {
        var grams = new Grams();
        foreach (var content in contents)
            grams.Add(content, Layers);
        return grams;
    }

    /// <summary>What both came to hold, and neither held before.</summary>
    public static int Shared((Grams Before, Grams After) one, (Grams Before, Grams After) other) =>
        one.After.all.Count(gram => other.After.all.Contains(gram)
            && !one.Before.all.Contains(gram) && !other.Before.all.Contains(gram));

    private void Add(ReadOnlySpan<byte> content, int layers)
    {
        for (var at = 0; at + Size <= content.Length; at++)
            if (IsTelling(content.Slice(at, Size)))
                all.Add(BinaryPrimitives.ReadUInt128BigEndian(content[at..]));
        if (layers == 0)
            return;
        for (var at = 0; at < content.Length; at++)
        {
            var length = content[at..].IndexOfAnyExcept(alphabet);
            length = length < 0 ? content.Length - at : length;
            if (length >= ShortestText)
                AddDecoded(content.Slice(at, length), layers);
            at += length;
        }
    }

    // Where one value ends and the next begins is not known, so each of the four ways to group it is tried.
    private void AddDecoded(ReadOnlySpan<byte> text, int layers)
    {
        for (var shift = 0; shift < 4; shift++)
        {
            var groups = text[shift..(shift + ((text.Length - shift) / 4 * 4))];
            Add(Base64Url.DecodeFromUtf8(groups), layers - 1);
        }
    }

    // Text decoded in a wrong grouping is text moved by two, four or six bits.
    private static bool IsTelling(ReadOnlySpan<byte> gram)
    {
        var value = BinaryPrimitives.ReadUInt128BigEndian(gram);
        for (var shift = 0; shift < 8; shift += 2)
            if (IsText(value << shift))
                return false;
        return gram.Count((byte)0) + gram.Count((byte)0xff) < 3;
    }

    private static bool IsText(UInt128 value)
    {
        var printable = 0;
        for (; value != 0; value >>= 8)
            printable += (byte)(value & 0xff) is >= 0x20 and < 0x7f ? 1 : 0;
        return printable >= Size * 3 / 4;
    }

    private static readonly System.Buffers.SearchValues<byte> alphabet = System.Buffers.SearchValues.Create(
        Encoding.ASCII.GetBytes("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
}
