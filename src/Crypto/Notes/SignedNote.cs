using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bauta.Crypto.Notes;

/// <summary>A signature of a note that was verified.</summary>
/// <param name="Verifier">The key it was verified with.</param>
/// <param name="Signature">The signature line.</param>
/// <param name="TimestampSeconds">POSIX time that a cosignature states; null for a plain signature.</param>
public sealed record VerifiedSignature(NoteVerifier Verifier, NoteSignature Signature, long? TimestampSeconds);

/// <summary>
/// C2SP signed-note: a text with signature lines below it. The text counts for nothing until
/// <see cref="TryVerify"/> said yes.
/// </summary>
/// <remarks>
/// <code>
/// text, ending in "\n" || "\n" || one or more signature lines
/// </code>
/// Parsing is strict, so writing a parsed note gives the bytes that were read.
/// </remarks>
public sealed class SignedNote
{
    /// <summary>Largest note in bytes.</summary>
    public const int MaxSize = 256 * 1024;

    /// <summary>Most signature lines.</summary>
    public const int MaxSignatures = 64;

    private readonly byte[] text;

    private SignedNote(byte[] text, IReadOnlyList<NoteSignature> signatures)
    {
        this.text = text;
        Signatures = signatures;
    }

    /// <summary>The bytes that were signed, with the final newline.</summary>
    public ReadOnlySpan<byte> TextBytes => text;

    /// <summary>The text, with the final newline.</summary>
    public string Text => NoteText.StrictUtf8.GetString(text);

    /// <summary>The signature lines, unverified, in their order.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Reads a note of at most 262,144 bytes and 64 signatures.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SignedNote? note)
    {
        note = null;
        if (bytes.Length > MaxSize || !NoteText.IsValid(bytes))
            return false;

        // The last empty line divides: text may hold empty lines, signature lines never do.
        var split = bytes.LastIndexOf("\n\n"u8);
        if (split < 0 || !NoteSignature.TryParseLines(bytes[(split + 2)..], MaxSignatures, out var signatures))
            return false;
        note = new(bytes[..(split + 1)].ToArray(), signatures);
        return true;
    }

    /// <summary>Signs a text that ends in a newline.</summary>
    /// <exception cref="ArgumentException">The text is not valid in a note, or there is no signer.</exception>
    public static SignedNote Sign(ReadOnlySpan<byte> text, params IReadOnlyList<INoteSigner> signers)
    {
        if (!NoteText.IsValid(text) || text.IsEmpty || text[^1] != '\n')
            throw new ArgumentException("A note is UTF-8 text that ends in a newline.", nameof(text));
        if (signers.Count is 0 or > MaxSignatures)
            throw new ArgumentException("A note has between 1 and 64 signatures.", nameof(signers));
        var signatures = new List<NoteSignature>();
        foreach (var signer in signers)
            signatures.Add(signer.Sign(text));
        return new(text.ToArray(), signatures);
    }

    /// <summary>The same text with further signature lines; lines that are there already are not repeated.</summary>
    /// <exception cref="ArgumentException">More than 64 signatures.</exception>
    public SignedNote WithSignatures(IEnumerable<NoteSignature> signatures)
    {
        NoteSignature[] all = [.. Signatures.Concat(signatures).Distinct()];
        return all.Length <= MaxSignatures
            ? new(text, all)
            : throw new ArgumentException("A note has at most 64 signatures.", nameof(signatures));
    }

    /// <summary>
    /// Verifies every signature line of a known key. Lines of unknown keys are ignored. No when one of a known key does
    /// not verify, or when there is none of a known key. Several lines of one key may each verify.
    /// </summary>
    public bool TryVerify(
        IReadOnlyCollection<NoteVerifier> knownKeys, [NotNullWhen(true)] out IReadOnlyList<VerifiedSignature>? verified)
    {
        verified = null;
        var good = new List<VerifiedSignature>();
        foreach (var signature in Signatures)
        {
            var isKnown = false;
            var isVerified = false;
            foreach (var key in knownKeys)
            {
                if (isVerified || !key.IsNamedBy(signature))
                    continue;
                isKnown = true;
                isVerified = key.TryVerify(text, signature, out var timestampSeconds);
                if (isVerified)
                    good.Add(new(key, signature, timestampSeconds));
            }

            if (isKnown && !isVerified)
                return false;
        }

        if (good.Count == 0)
            return false;
        verified = good;
        return true;
    }

    /// <summary>The note's bytes: text, empty line, signature lines.</summary>
    public byte[] ToBytes()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
            note.Append(signature.ToLine()).Append('\n');
        return NoteText.StrictUtf8.GetBytes(note.ToString());
    }
}
