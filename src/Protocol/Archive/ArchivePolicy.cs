using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;

namespace Bauta.Protocol.Archive;

/// <summary>A log entry whose proof holds.</summary>
/// <param name="Entry">The leaf, parsed and well formed.</param>
/// <param name="Index">Its place in the log.</param>
/// <param name="Size">The size of the tree that the quorum cosigned.</param>
public sealed record VerifiedEntry(LogEntry Entry, long Index, long Size);

/// <summary>
/// An archive with its witnesses and quorum (C2SP tlog-policy): one log, and how many of which witnesses must have
/// cosigned before anybody acts. Contracts and lock notes name it by <see cref="Id"/>.
/// </summary>
public sealed class ArchivePolicy
{
    /// <summary>The longest text in characters.</summary>
    public const int MaxLength = 8192;

    private const int MaxRemembered = 256;

    private readonly ConcurrentDictionary<MerkleHash, bool> satisfied = new();

    private ArchivePolicy(TlogPolicy policy) =>
        (Policy, Id, Text) = (policy, PolicyId.FromBytes(policy.Id), Encoding.ASCII.GetString(policy.ToBytes()));

    /// <summary>SHA-256 of the canonical text without addresses.</summary>
    public PolicyId Id { get; }

    /// <summary>The text, addresses included.</summary>
    public string Text { get; }

    /// <summary>The parsed policy.</summary>
    public TlogPolicy Policy { get; }

    /// <summary>The log's origin, which is the archive's name.</summary>
    public string Origin => Policy.Logs[0].Key.Name;

    /// <summary>Makes the policy of an archive and its witnesses.</summary>
    public static ArchivePolicy Create(NoteVerifier log, IReadOnlyList<NoteVerifier> witnesses, int quorum) =>
        new(TlogPolicy.Threshold(log, witnesses, quorum));

    /// <summary>Reads a policy: exactly one log, and a quorum of at least one witness.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ArchivePolicy? policy)
    {
        policy = null;
        if (text is null || text.Length > MaxLength
            || !TlogPolicy.TryParse(Encoding.UTF8.GetBytes(text), out var parsed, out _)
            || parsed.Logs.Count != 1 || parsed.Quorum is null || parsed.IsQuorum([]))
            return false;
        policy = new ArchivePolicy(parsed);
        return true;
    }

    /// <summary>
    /// Verifies an entry: the leaf parses, lies in the log at its place, and the checkpoint is signed by the log and
    /// cosigned by the quorum. The bank's signature inside is for the caller to check: it compares with its own lock
    /// note, or calls <see cref="LogEntry.IsSignedBy"/>.
    /// </summary>
    public bool TryVerify(LoggedEntry entry, [NotNullWhen(true)] out VerifiedEntry? verified)
    {
        if (TryVerifyAtAnyTime(entry, out verified) && verified.Entry.IsInTime)
            return true;
        verified = null;
        return false;
    }

    /// <summary>
    /// The same for an entry that may be a decision on the wrong side of its lock note's expiry: what the quorum
    /// cosigned though it must not. It proves who is at fault and moves nothing.
    /// </summary>
    public bool TryVerifyAtAnyTime(LoggedEntry entry, [NotNullWhen(true)] out VerifiedEntry? verified)
    {
        verified = null;
        if (entry.Proof.Length > LoggedEntry.MaxProofLength || !LogEntry.TryParseAtAnyTime(entry.Entry, out var parsed)
            || !TlogProof.TryParse(Encoding.UTF8.GetBytes(entry.Proof), out var proof)
            || !IsSatisfiedBy(proof.Note)
            || !InclusionProof.Verify(
                MerkleHash.Leaf(entry.Entry), proof.Index, proof.Checkpoint.Size, [.. proof.Hashes],
                proof.Checkpoint.Root))
            return false;
        verified = new VerifiedEntry(parsed, proof.Index, proof.Checkpoint.Size);
        return true;
    }

    // One checkpoint covers a batch of decisions and costs a verification per witness, so those that satisfied the
    // policy are remembered by the hash of all their bytes, signatures included.
    private bool IsSatisfiedBy(SignedNote note)
    {
        var hash = MerkleHash.FromBytes(SHA256.HashData(note.ToBytes()));
        if (satisfied.ContainsKey(hash))
            return true;
        if (!Policy.IsSatisfied(note, out _))
            return false;
        if (satisfied.Count >= MaxRemembered)
            satisfied.Clear();
        satisfied[hash] = true;
        return true;
    }
}
