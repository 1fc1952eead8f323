using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Enter;

/// <summary>What a statement must show before it is ordered.</summary>
internal static class EntryRules
{
    /// <summary>Reads the request as the leaf it would become, at time 0.</summary>
    public static bool TryRead(EntryRequest request, out LogEntry entry)
    {
        entry = new LogEntry(request.Kind, default, Statement: request.Statement);
        return !entry.IsDecision && entry.IsWellFormed();
    }

    /// <summary>Verifies who signed it: a bank that the operator admits, or one that stands in the log.</summary>
    public static Result<VerifiedLeaf, ArchiveError> Verify(
        LogEntry entry, byte[] subject, IReadOnlyList<AdmittedBank> admitted, BankList banks)
    {
        if (!LeafRules.TryFindSigner(entry, banks.Find, out var signer))
            return ArchiveError.UnknownBank;
        var isNew = entry.Kind == LogEntry.Bank;
        // What accounts for keys is taken from a bank that the operator dropped as well.
        if (entry.Kind is not (LogEntry.Revocation or LogEntry.Totals) && !signer!.IsIn(admitted))
            return ArchiveError.UnknownBank;
        if (!entry.IsSignedBy(signer!.Key))
            return ArchiveError.UnknownBank;
        return VerifiedLeaf.OfStatement(entry.Kind, subject, entry.Statement!, isNew ? signer : null);
    }

    /// <summary>Whether two statements on one subject say the same: same signer, same payload.</summary>
    public static bool IsSame(string left, string right) =>
        SignedPart(left).SequenceEqual(SignedPart(right));

    private static ReadOnlySpan<char> SignedPart(string jws) =>
        jws.AsSpan(0, Math.Max(0, jws.LastIndexOf('.')));
}
