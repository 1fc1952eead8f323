using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Decide;

/// <summary>What a request for a decision must show before anything is ordered: cheap checks first.</summary>
internal static class DecisionRules
{
    public static Result<VerifiedLeaf, ArchiveError> Verify(
        DecisionRequest request, PolicyId policy, IReadOnlyList<AdmittedBank> admitted, BankList banks, UnixTime now)
    {
        if (!request.LockNote.Content.Archive.Equals(policy))
            return ArchiveError.WrongArchive;
        if (banks.Find(request.LockNote.KeyId) is not { } bank)
            return ArchiveError.UnknownBank;
        // What a bank that the operator dropped has locked comes free; nobody is paid on its word any more.
        if (request.Release is not null && !bank.IsIn(admitted))
            return ArchiveError.UnknownBank;
        var leaf = VerifiedLeaf.Decision(request);
        if (leaf.Untimely(now) is { } untimely)
            return untimely;
        if (!request.LockNote.IsSignedBy(bank.Key))
            return ArchiveError.UnknownBank;
        if (request.Release is not null && !Release.Matches(request.Release, request.LockNote.Content))
            return ArchiveError.BadRelease;
        return leaf;
    }
}
