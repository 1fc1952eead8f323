using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Notes;

/// <summary>
/// The request of C2SP tlog-witness <c>add-checkpoint</c>: a checkpoint to cosign and the proof that it extends the one
/// cosigned last.
/// </summary>
/// <remarks>
/// <code>
/// "old " decimal size "\n" *63(base64(hash[32]) "\n") "\n" signed checkpoint
/// </code>
/// </remarks>
/// <param name="OldSize">Size of the checkpoint that the witness cosigned last; 0 if none.</param>
/// <param name="Proof">Consistency proof between the two sizes, at most 63 hashes.</param>
/// <param name="Note">The signed checkpoint.</param>
public sealed record AddCheckpointRequest(long OldSize, IReadOnlyList<MerkleHash> Proof, SignedNote Note)
{
    /// <summary>Path below the witness's submission prefix.</summary>
    public const string Path = "add-checkpoint";

    /// <summary>Largest body in bytes.</summary>
    public const int MaxSize = SignedNote.MaxSize + 4096;

    /// <summary>Reads a body. Whether the note is signed and the proof holds is not looked at; that the sizes are
    /// ordered and that the note is a checkpoint is.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out AddCheckpointRequest? request)
    {
        request = null;
        if (body.Length > MaxSize || !StrictText.TryTakeLine(ref body, out var first) || !first.StartsWith("old "u8)
            || !StrictText.TryParseDecimal(first["old "u8.Length..], out var oldSize)
            || !HashLines.TryTake(ref body, ConsistencyProof.MaxHashes, out var proof)
            || !SignedNote.TryParse(body, out var note)
            || !Checkpoint.TryParse(note.TextBytes, out var checkpoint) || oldSize > checkpoint.Size)
            return false;
        request = new(oldSize, proof, note);
        return true;
    }

    /// <summary>The body.</summary>
    /// <exception cref="InvalidOperationException">More than 63 hashes.</exception>
    public byte[] ToBytes()
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"old {OldSize}\n");
        HashLines.Write(head, Proof, ConsistencyProof.MaxHashes);
        return [.. Encoding.ASCII.GetBytes(head.ToString()), .. Note.ToBytes()];
    }
}

/// <summary>The answers of C2SP tlog-witness <c>add-checkpoint</c>.</summary>
public static class AddCheckpointResponse
{
    /// <summary>Media type of the answer 409, whose body is the size cosigned last.</summary>
    public const string ConflictMediaType = "text/x.tlog.size";

    /// <summary>Largest body in bytes.</summary>
    public const int MaxSize = 64 * 1024;

    private const int MaxSignatures = 16;

    /// <summary>The body of answer 200: cosignature lines.</summary>
    public static byte[] Write(IReadOnlyList<NoteSignature> signatures)
    {
        if (signatures.Count is 0 or > MaxSignatures)
            throw new ArgumentException("An answer has between 1 and 16 signatures.", nameof(signatures));
        return NoteText.StrictUtf8.GetBytes(string.Concat(signatures.Select(signature => signature.ToLine() + "\n")));
    }

    /// <summary>Reads the body of answer 200. The signatures are not verified.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> body, [NotNullWhen(true)] out IReadOnlyList<NoteSignature>? signatures)
    {
        signatures = null;
        return body.Length <= MaxSize && NoteText.IsValid(body)
            && NoteSignature.TryParseLines(body, MaxSignatures, out signatures);
    }

    /// <summary>The body of answer 409: the size cosigned last and a newline.</summary>
    public static byte[] WriteConflict(long cosignedSize) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{cosignedSize}\n"));

    /// <summary>Reads the body of answer 409.</summary>
    public static bool TryParseConflict(ReadOnlySpan<byte> body, out long cosignedSize)
    {
        cosignedSize = 0;
        return StrictText.TryTakeLine(ref body, out var line) && body.IsEmpty
            && StrictText.TryParseDecimal(line, out cosignedSize);
    }
}

/// <summary>Hashes in Base64, one a line, ended by an empty line.</summary>
internal static class HashLines
{
    public static bool TryTake(ref ReadOnlySpan<byte> text, int max, out MerkleHash[] hashes)
    {
        hashes = [];
        var read = new List<MerkleHash>();
        while (StrictText.TryTakeLine(ref text, out var line))
        {
            if (line.IsEmpty)
            {
                hashes = [.. read];
                return true;
            }

            if (read.Count == max || !MerkleHash.TryParseBase64(line, out var hash))
                return false;
            read.Add(hash);
        }

        return false;
    }

    public static void Write(StringBuilder text, IReadOnlyList<MerkleHash> hashes, int max)
    {
        if (hashes.Count > max)
            throw new InvalidOperationException($"A proof has at most {max} hashes.");
        foreach (var hash in hashes)
            text.Append(hash.ToBase64()).Append('\n');
        text.Append('\n');
    }
}
