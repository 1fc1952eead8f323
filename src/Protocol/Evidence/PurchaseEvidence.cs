using System.Diagnostics.CodeAnalysis;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;

namespace Bauta.Protocol.Evidence;

/// <summary>
/// All that was stated about one purchase, as its holder hands it to a judge. Statements stand as they were signed;
/// what is absent was never received.
/// </summary>
/// <param name="Format"><see cref="CurrentFormat"/>.</param>
/// <param name="Policy">The archive, its witnesses and quorum, in C2SP tlog-policy form.</param>
/// <param name="MerchantCard">The merchant's card: its key.</param>
/// <param name="BankCard">The bank's card: its key.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2 as it was sent.</param>
/// <param name="LockNote">P3, the archive's part.</param>
/// <param name="Payment">P3, the merchant's part.</param>
/// <param name="Decision">P5a or P5b.</param>
/// <param name="Denominations">The keys of the tokens in P2.</param>
/// <param name="OtherDecision">A second decision on the same transaction, if the archive published one.</param>
/// <param name="OtherLockNote">A second lock note for the same transaction, if the bank signed one.</param>
/// <param name="IssuerCard">The card of the bank that issued the tokens, when it is not the bank that locked
/// them.</param>
/// <param name="Acknowledgement"><c>S_P(P1)</c>, when the delivery is two-sided.</param>
/// <param name="Item">In a session, R6: the item that was acknowledged last.</param>
/// <param name="Release">P4, as the merchant made it; the log has it after a commit.</param>
/// <param name="Observations">What notaries saw, at most <see cref="MaxObservations"/>.</param>
/// <param name="OtherMerchandise">Another P1 of the merchant's under the same <c>n</c>.</param>
/// <param name="OtherAuthorization">Another P2 that spends a token of the first one.</param>
/// <param name="Made">With goods made to order, E4: what was acknowledged.</param>
/// <param name="HandOver">With a receipt: what <c>P</c> signed when it was handed over.</param>
public sealed record PurchaseEvidence(
    string Format, string Policy, Signed<PartyCard> MerchantCard, Signed<PartyCard> BankCard,
    Signed<Merchandise> Merchandise, byte[]? Authorization = null, Signed<LockNote>? LockNote = null,
    Signed<PaymentNote>? Payment = null, LoggedEntry? Decision = null,
    IReadOnlyList<ListedDenomination>? Denominations = null, LoggedEntry? OtherDecision = null,
    Signed<LockNote>? OtherLockNote = null, Signed<PartyCard>? IssuerCard = null,
    Signed<Acknowledgement>? Acknowledgement = null, Signed<SessionItem>? Item = null,
    Signed<Release>? Release = null, IReadOnlyList<Signed<Observation>>? Observations = null,
    Signed<Merchandise>? OtherMerchandise = null, byte[]? OtherAuthorization = null,
    Signed<MadeGoods>? Made = null, Signed<HandOver>? HandOver = null)
{
    /// <summary>The only format so far.</summary>
    public const string CurrentFormat = "bauta-evidence/1";

    /// <summary>The largest file in bytes.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    /// <summary>The most observations in one file.</summary>
    public const int MaxObservations = 64;

    /// <summary>Reads an evidence file strictly. Nothing in it is verified yet.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out PurchaseEvidence? evidence)
    {
        evidence = null;
        return utf8.Length <= MaxLength && StrictJson.TryRead(utf8, ProtocolJson.Default.PurchaseEvidence, out evidence)
            && evidence.Format == CurrentFormat && evidence.Observations is not { Count: > MaxObservations };
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => StrictJson.Write(this, ProtocolJson.Default.PurchaseEvidence);
}

/// <summary>What a bank shows when it said that a token is spent: the judge takes it beside the evidence.</summary>
/// <param name="Authorization">The P2 that spent it, as the token's key signed it.</param>
/// <param name="Decision">Its commit.</param>
public sealed record SpendingProof(byte[] Authorization, LoggedEntry Decision)
{
    /// <summary>The largest file in bytes.</summary>
    public const int MaxLength = 256 * 1024;
}
