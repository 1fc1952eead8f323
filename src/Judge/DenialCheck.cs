using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;

namespace Bauta.Judge;

/// <summary>
/// A bank that refused P2 before a notary's eyes. P2 was found valid by now. When the bank says that a token is spent
/// or locked it must show the P2 that did it, which only the token's key can have signed (section 3).
/// </summary>
internal static class DenialCheck
{
    private static readonly string[] aboutToken =
        [Code(BankError.BadToken), Code(BankError.BadSignature), Code(BankError.Malformed)];

    private static readonly string[] aboutSpending =
        [Code(BankError.TokenSpent), Code(BankError.TokenLocked), Code(BankError.SerialReused)];

    public static void Hear(
        PurchaseEvidence evidence, byte[] body, TokenKeys keys, P256PublicKey bank, ArchivePolicy policy,
        Hearing hearing)
    {
        if (!SignedAuthorization.TryParse(body, out var p2))
            return;
        foreach (var signed in evidence.Observations ?? [])
        {
            var seen = signed.Content;
            if (seen.Asked != bank.Thumbprint || !seen.RequestHash.AsSpan().SequenceEqual(p2.PayloadHash())
                || seen.Refusal is not { } code || !Observation.Holds(signed))
                continue;
            hearing.Trust($"notary {seen.Notary}", signed.KeyId);
            hearing.Note(true, $"a notary saw the bank refuse P2 at {seen.Until}: {code}");
            if (aboutToken.Contains(code))
                throw hearing.End(Outcome.BankAtFault,
                    $"The bank denied tokens that verify under its own keys in the log, signed by their owner: "
                    + $"{code}.");
            if (!aboutSpending.Contains(code))
                continue;
            throw IsSpent(p2.Content, evidence, keys, policy)
                ? hearing.End(Outcome.CustomerAtFault,
                    "The customer signed one token away twice, for more than it is worth, and the first time was "
                    + "committed: the bank was right to refuse.")
                : hearing.End(Outcome.Undecided,
                    "The bank says that a token is spent or locked. It must show the P2 that did it, signed by the "
                    + "token's key, with its commit (bauta bank proof), and is at fault if it cannot.");
        }
    }

    /// <summary>Whether the other P2, which a commit of its own stands beside, spends a token of this one: both
    /// together for more than it is worth.</summary>
    private static bool IsSpent(
        Authorization p2, PurchaseEvidence evidence, TokenKeys keys, ArchivePolicy policy)
    {
        if (evidence.OtherAuthorization is not { } body || !SignedAuthorization.TryParse(body, out var signed)
            || !signed.IsSignedByItsTokenKeys() || evidence.OtherDecision is not { } decision
            || !policy.TryVerify(decision, out var logged) || logged.Entry.Kind != LogEntry.Commit)
            return false;
        var other = signed.Content;
        return !other.Transaction.Equals(p2.Transaction)
            && logged.Entry.LockNote!.Content.Transaction.Equals(other.Transaction)
            && p2.Tokens.Any(spend => other.Tokens.Any(one => one.Token.AsSpan().SequenceEqual(spend.Token)
                && one.Amount + spend.Amount > keys.ValueOf(spend.Token)));
    }

    private static string Code(BankError error) => Refusals<BankError>.Code(error);
}
