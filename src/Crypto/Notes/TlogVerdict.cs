namespace Bauta.Crypto.Notes;

/// <summary>What a policy says of a signed checkpoint or of a proof: the closed list of answers.</summary>
public enum TlogVerdict
{
    /// <summary>A known log signed it and the witnesses' quorum cosigned it.</summary>
    Satisfied,

    /// <summary>The note's text is not a checkpoint.</summary>
    NotACheckpoint,

    /// <summary>The policy knows no log of this origin.</summary>
    UnknownLog,

    /// <summary>A signature of a known key does not verify.</summary>
    BadSignature,

    /// <summary>The log's own signature is missing.</summary>
    NotSignedByLog,

    /// <summary>Too few of the witnesses cosigned it.</summary>
    QuorumNotMet,

    /// <summary>The inclusion proof does not lead from the leaf to the root.</summary>
    NotIncluded,
}

/// <summary>A witness's verified cosignature of a checkpoint.</summary>
/// <param name="Witness">The witness as the policy lists it.</param>
/// <param name="TimestampSeconds">POSIX time that the witness states.</param>
public sealed record WitnessCosignature(PolicyWitness Witness, long TimestampSeconds);

/// <summary>A checkpoint that satisfies a policy.</summary>
/// <param name="Checkpoint">Origin, size and root.</param>
/// <param name="Log">The log's key that signed it.</param>
/// <param name="Cosignatures">The verified cosignatures, one for each witness that gave any: its earliest.</param>
public sealed record VerifiedCheckpoint(
    Checkpoint Checkpoint, NoteVerifier Log, IReadOnlyList<WitnessCosignature> Cosignatures);

/// <summary>A log of a policy.</summary>
/// <param name="Key">Its key (type 0x01); the key's name is the log's origin.</param>
/// <param name="Url">Where it answers, if known.</param>
public sealed record PolicyLog(NoteVerifier Key, string? Url = null);

/// <summary>A witness of a policy.</summary>
/// <param name="Name">Its name inside the policy.</param>
/// <param name="Key">Its key (type 0x04).</param>
/// <param name="Url">Its submission prefix, if known.</param>
public sealed record PolicyWitness(string Name, NoteVerifier Key, string? Url = null);

/// <summary>A group of a policy: it has witnessed what enough of its members have witnessed.</summary>
/// <param name="Name">Its name inside the policy.</param>
/// <param name="Threshold">How many members are enough, 1 to all.</param>
/// <param name="Members">Names of witnesses and groups defined before.</param>
public sealed record PolicyGroup(string Name, int Threshold, IReadOnlyList<string> Members);

/// <summary>Why a policy was refused: the closed list.</summary>
public enum TlogPolicyError
{
    /// <summary>Above 65,536 bytes, or more than 64 logs, witnesses or groups.</summary>
    TooLarge,

    /// <summary>A control character other than tab and newline.</summary>
    IllegalCharacter,

    /// <summary>The last line does not end in a newline.</summary>
    MissingFinalNewline,

    /// <summary>A line starts with another word than log, witness, group and quorum.</summary>
    UnknownKeyword,

    /// <summary>A line has too few or too many items.</summary>
    WrongItemCount,

    /// <summary>Not a vkey, or of a type that does not suit: 0x01 for a log, 0x04 for a witness.</summary>
    InvalidKey,

    /// <summary>Two logs, or two witnesses, with one public key.</summary>
    DuplicateKey,

    /// <summary>The name is "none", which is taken.</summary>
    ReservedName,

    /// <summary>The name is defined already.</summary>
    DuplicateName,

    /// <summary>The name is not defined on a line before.</summary>
    UndefinedName,

    /// <summary>The name is a member of a group already.</summary>
    MemberUsedTwice,

    /// <summary>Not all, any, or a number from 1 to the number of members.</summary>
    InvalidThreshold,

    /// <summary>A second quorum line.</summary>
    DuplicateQuorum,

    /// <summary>No quorum line.</summary>
    MissingQuorum,
}

/// <summary>Why and where a policy was refused.</summary>
/// <param name="Error">The reason.</param>
/// <param name="Line">The line, counted from 1; 0 for the whole text.</param>
public sealed record TlogPolicyProblem(TlogPolicyError Error, int Line);
