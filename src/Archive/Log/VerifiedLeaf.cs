using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Archive.Log;

/// <summary>
/// What may be appended: every signature in it was verified. Only <see cref="Archive.Verify(DecisionRequest)"/> and the
/// entry rules make one. Its time, and whether it comes in time, is decided when it is appended.
/// </summary>
public sealed class VerifiedLeaf
{
    private VerifiedLeaf(string kind, byte[] subject, Signed<LockNote>? lockNote, Signed<Release>? release,
        string? statement) =>
        (Kind, Subject, LockNote, Release, Statement) = (kind, subject, lockNote, release, statement);

    public string Kind { get; }

    internal byte[] Subject { get; }

    internal Signed<LockNote>? LockNote { get; }

    internal Signed<Release>? Release { get; }

    internal string? Statement { get; }

    internal KnownBank? NewBank { get; private init; }

    internal Subject Key => IsDecision ? Log.Subject.OfDecision(Subject) : Log.Subject.OfStatement(Kind, Subject);

    internal bool IsDecision => LockNote is not null;

    internal static VerifiedLeaf Decision(DecisionRequest request) => new(
        request.Release is null ? LogEntry.Abort : LogEntry.Commit,
        LeafRules.SubjectOf(request.LockNote), request.LockNote, request.Release, null);

    internal static VerifiedLeaf OfStatement(string kind, byte[] subject, string statement, KnownBank? newBank) =>
        new(kind, subject, null, null, statement) { NewBank = newBank };

    /// <summary>Why it cannot be appended at this time; null when it can.</summary>
    internal ArchiveError? Untimely(UnixTime at)
    {
        if (LockNote is null)
            return null;
        var expired = at >= LockNote.Content.ExpiresAt;
        if (Release is not null)
            return expired ? ArchiveError.Expired : null;
        return expired ? null : ArchiveError.NotExpired;
    }

    internal byte[] ToLeaf(UnixTime at) => new LogEntry(Kind, at, LockNote, Release, Statement).ToLeaf();
}

/// <summary>What became of an append.</summary>
/// <param name="Index">Index of the leaf; of the one that was there before unless <paramref name="Leaf"/> is given.
/// </param>
/// <param name="Leaf">The leaf's bytes when it was appended now.</param>
public sealed record Appended(long Index, byte[]? Leaf);
