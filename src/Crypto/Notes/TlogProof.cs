using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Notes;

/// <summary>
/// C2SP tlog-proof: shows offline that an entry stands in a log and that witnesses saw the log so.
/// </summary>
/// <remarks>
/// <code>
/// "c2sp.org/tlog-proof@v1\n" ["extra " base64 "\n"] "index " decimal "\n" *63(base64(hash[32]) "\n") "\n"
/// signed checkpoint, verbatim
/// </code>
/// </remarks>
public sealed class TlogProof
{
    /// <summary>Largest extra data in bytes.</summary>
    public const int MaxExtraSize = 64 * 1024;

    /// <summary>Largest proof in bytes.</summary>
    public const int MaxSize = SignedNote.MaxSize + 2 * MaxExtraSize;

    private readonly byte[] extra;

    /// <summary>A proof from its parts.</summary>
    /// <exception cref="ArgumentException">The note is no checkpoint of a tree that holds the index, or too many hashes
    /// or too much extra data.</exception>
    public TlogProof(long index, IReadOnlyList<MerkleHash> hashes, SignedNote note, ReadOnlySpan<byte> extra = default)
    {
        if (!Checkpoint.TryParse(note.TextBytes, out var checkpoint) || index < 0 || index >= checkpoint.Size
            || hashes.Count > InclusionProof.MaxHashes || extra.Length > MaxExtraSize)
            throw new ArgumentException("A proof is about an index below the size of its checkpoint.");
        Index = index;
        Hashes = hashes;
        Note = note;
        Checkpoint = checkpoint;
        this.extra = extra.ToArray();
    }

    /// <summary>Index of the entry.</summary>
    public long Index { get; }

    /// <summary>Inclusion proof from the leaf's sibling upwards.</summary>
    public IReadOnlyList<MerkleHash> Hashes { get; }

    /// <summary>The signed checkpoint.</summary>
    public SignedNote Note { get; }

    /// <summary>What the note says; unverified.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>Extra data, not authenticated by anything; empty when there is none.</summary>
    public ReadOnlySpan<byte> Extra => extra;

    /// <summary>Reads a proof. Nothing is verified.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out TlogProof? proof)
    {
        proof = null;
        if (text.Length > MaxSize || !StrictText.TryTakeLine(ref text, out var line)
            || !line.SequenceEqual("c2sp.org/tlog-proof@v1"u8)
            || !StrictText.TryTakeLine(ref text, out line))
            return false;

        byte[]? extra = [];
        if (line.StartsWith("extra "u8))
        {
            // Without data the line is left out, so empty data would be a second way to say the same.
            line = line["extra "u8.Length..];
            if (line.IsEmpty || !StrictText.TryDecodeBase64(line, out extra) || extra.Length > MaxExtraSize
                || !StrictText.TryTakeLine(ref text, out line))
                return false;
        }

        if (!line.StartsWith("index "u8) || !StrictText.TryParseDecimal(line["index "u8.Length..], out var index)
            || !HashLines.TryTake(ref text, InclusionProof.MaxHashes, out var hashes)
            || !SignedNote.TryParse(text, out var note)
            || !Checkpoint.TryParse(note.TextBytes, out var checkpoint) || index >= checkpoint.Size)
            return false;
        proof = new(index, hashes, note, extra);
        return true;
    }

    /// <summary>
    /// Verifies the proof for a leaf: the log's signature, the witnesses' quorum, the inclusion.
    /// </summary>
    /// <param name="leaf">Hash of the entry, which the verifier knows from elsewhere.</param>
    /// <param name="policy">Which logs and which witnesses count.</param>
    /// <param name="verified">The checkpoint and its cosignatures when the answer is yes.</param>
    /// <param name="latestTimestampSeconds">Cosignatures with a later time do not count.</param>
    public TlogVerdict Verify(
        in MerkleHash leaf, TlogPolicy policy, out VerifiedCheckpoint? verified,
        long latestTimestampSeconds = long.MaxValue)
    {
        var verdict = policy.Evaluate(Note, out verified, latestTimestampSeconds);
        if (verdict == TlogVerdict.Satisfied
            && !InclusionProof.Verify(leaf, Index, Checkpoint.Size, Hashes.ToArray(), Checkpoint.Root))
            verdict = TlogVerdict.NotIncluded;
        if (verdict != TlogVerdict.Satisfied)
            verified = null;
        return verdict;
    }

    /// <summary>The proof's text.</summary>
    public byte[] ToBytes()
    {
        var head = new StringBuilder("c2sp.org/tlog-proof@v1\n");
        if (extra.Length > 0)
            head.Append("extra ").Append(Convert.ToBase64String(extra)).Append('\n');
        head.Append(CultureInfo.InvariantCulture, $"index {Index}\n");
        HashLines.Write(head, Hashes, InclusionProof.MaxHashes);
        return [.. Encoding.ASCII.GetBytes(head.ToString()), .. Note.ToBytes()];
    }
}
