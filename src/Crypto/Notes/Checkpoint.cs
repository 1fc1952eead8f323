using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Notes;

/// <summary>
/// C2SP tlog-checkpoint: which log, how many leaves, which root. The text that log and witnesses sign.
/// </summary>
/// <remarks>
/// <code>
/// origin "\n" decimal size "\n" base64(root[32]) "\n" *(extension "\n")   // no line is empty
/// </code>
/// </remarks>
public sealed class Checkpoint : IEquatable<Checkpoint>
{
    private const int MaxExtensions = 16;

    /// <summary>A checkpoint from its parts.</summary>
    /// <exception cref="ArgumentException">An origin or extension line is empty or not valid in a note.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Negative size.</exception>
    public Checkpoint(string origin, long size, MerkleHash root, IReadOnlyList<string>? extensions = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Extensions = extensions ?? [];
        if (!IsLine(origin) || !Extensions.All(IsLine) || Extensions.Count > MaxExtensions)
            throw new ArgumentException("Lines of a checkpoint are not empty and hold no control characters.");
        Origin = origin;
        Size = size;
        Root = root;
    }

    /// <summary>The log's identity; by custom its URL without scheme and its key's name.</summary>
    public string Origin { get; }

    /// <summary>Number of leaves.</summary>
    public long Size { get; }

    /// <summary>Root of the Merkle tree at that size.</summary>
    public MerkleHash Root { get; }

    /// <summary>Further lines, opaque and usually none; at most 16.</summary>
    public IReadOnlyList<string> Extensions { get; }

    /// <summary>Reads a note's text. A size of 0 with another root than the empty one is read; it never proves.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out Checkpoint? checkpoint)
    {
        checkpoint = null;
        if (text.Length > SignedNote.MaxSize || !NoteText.IsValid(text)
            || !StrictText.TryTakeLine(ref text, out var origin) || origin.IsEmpty
            || !StrictText.TryTakeLine(ref text, out var sizeText)
            || !StrictText.TryParseDecimal(sizeText, out var size)
            || !StrictText.TryTakeLine(ref text, out var rootText)
            || !MerkleHash.TryParseBase64(rootText, out var root))
            return false;

        var extensions = new List<string>();
        while (!text.IsEmpty)
        {
            if (extensions.Count == MaxExtensions || !StrictText.TryTakeLine(ref text, out var line) || line.IsEmpty)
                return false;
            extensions.Add(NoteText.StrictUtf8.GetString(line));
        }

        checkpoint = new(NoteText.StrictUtf8.GetString(origin), size, root, extensions);
        return true;
    }

    /// <summary>The text to sign.</summary>
    public byte[] ToBytes() => NoteText.StrictUtf8.GetBytes(ToString());

    /// <summary>Signs this checkpoint as its log: the signer's name must be the origin.</summary>
    /// <exception cref="ArgumentException">The signer has another name.</exception>
    public SignedNote Sign(INoteSigner signer) => signer.Verifier.Name == Origin
        ? SignedNote.Sign(ToBytes(), signer)
        : throw new ArgumentException("A log's key is named like its origin.", nameof(signer));

    /// <inheritdoc/>
    public bool Equals(Checkpoint? other) =>
        other is not null && Origin == other.Origin && Size == other.Size && Root == other.Root
        && Extensions.SequenceEqual(other.Extensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Checkpoint);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Size, Root);

    /// <summary>The text to sign.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root.ToBase64()}\n");
        foreach (var extension in Extensions)
            text.Append(extension).Append('\n');
        return text.ToString();
    }

    private static bool IsLine(string line)
    {
        if (line.Length == 0 || line.Contains('\n', StringComparison.Ordinal))
            return false;
        try
        {
            return NoteText.IsValid(NoteText.StrictUtf8.GetBytes(line));
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
