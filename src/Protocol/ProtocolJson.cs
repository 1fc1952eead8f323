using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;

namespace Bauta.Protocol;

/// <summary>How every message is read and written: strictly, in camel case, bytes as base64url, absent when
/// null.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 16,
    Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(PartyCard))]
[JsonSerializable(typeof(Denomination))]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(Totals))]
[JsonSerializable(typeof(IssueProof))]
[JsonSerializable(typeof(IssueEvidence))]
[JsonSerializable(typeof(WithdrawalOrder))]
[JsonSerializable(typeof(ReadOrder))]
[JsonSerializable(typeof(Authorization))]
[JsonSerializable(typeof(LockNote))]
[JsonSerializable(typeof(PaymentNote))]
[JsonSerializable(typeof(RefreshOrder))]
[JsonSerializable(typeof(RecoupOrder))]
[JsonSerializable(typeof(ClosingOrder))]
[JsonSerializable(typeof(ClosingNote))]
[JsonSerializable(typeof(AccountOrder))]
[JsonSerializable(typeof(PayoutRequest))]
[JsonSerializable(typeof(EarlyRelease))]
[JsonSerializable(typeof(EarlyReleaseAnswer))]
[JsonSerializable(typeof(DenominationList))]
[JsonSerializable(typeof(FundingRequest))]
[JsonSerializable(typeof(ReserveState))]
[JsonSerializable(typeof(LockAnswer))]
[JsonSerializable(typeof(SettlementAnswer))]
[JsonSerializable(typeof(RefreshAnswer))]
[JsonSerializable(typeof(ClosingAnswer))]
[JsonSerializable(typeof(RevocationAnswer))]
[JsonSerializable(typeof(AccountState))]
[JsonSerializable(typeof(PayoutState))]
[JsonSerializable(typeof(FundingNotice))]
[JsonSerializable(typeof(PayoutOrder))]
[JsonSerializable(typeof(PayoutReceipt))]
[JsonSerializable(typeof(TakeInRequest))]
[JsonSerializable(typeof(TakeInAnswer))]
[JsonSerializable(typeof(Release))]
[JsonSerializable(typeof(ItemAcknowledgement))]
[JsonSerializable(typeof(BankRegistration))]
[JsonSerializable(typeof(LogEntry))]
[JsonSerializable(typeof(LoggedEntry))]
[JsonSerializable(typeof(DecisionRequest))]
[JsonSerializable(typeof(DecisionAnswer))]
[JsonSerializable(typeof(EntryRequest))]
[JsonSerializable(typeof(KeepRequest))]
[JsonSerializable(typeof(KeepingTerms))]
[JsonSerializable(typeof(MadeGoods))]
[JsonSerializable(typeof(OfferList))]
[JsonSerializable(typeof(OfferTerms))]
[JsonSerializable(typeof(PurchaseRequest))]
[JsonSerializable(typeof(Merchandise))]
[JsonSerializable(typeof(Terms))]
[JsonSerializable(typeof(Acknowledgement))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(HandOver))]
[JsonSerializable(typeof(ReceiptFile))]
[JsonSerializable(typeof(SessionItem))]
[JsonSerializable(typeof(SessionStep))]
[JsonSerializable(typeof(PaymentRequest))]
[JsonSerializable(typeof(PaymentAnswer))]
[JsonSerializable(typeof(PurchaseEvidence))]
[JsonSerializable(typeof(Observation))]
[JsonSerializable(typeof(Certificate))]
[JsonSerializable(typeof(SpendingProof))]
[JsonSerializable(typeof(ArbiterCard))]
[JsonSerializable(typeof(DisputeOrder))]
[JsonSerializable(typeof(DisputeAnswer))]
[JsonSerializable(typeof(Ruling))]
[JsonSerializable(typeof(DisputeCase))]
[JsonSerializable(typeof(DisputeState))]
[JsonSerializable(typeof(DisputeList))]
public sealed partial class ProtocolJson : JsonSerializerContext;

/// <summary>RFC 9457 problem details.</summary>
/// <param name="Type"><c>urn:bauta:PARTY:CODE</c>.</param>
/// <param name="Title">What the code means.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">A code from the party's closed list.</param>
/// <param name="Detail">A sentence for a person, without identifiers; may be absent.</param>
public sealed record Problem(string Type, string Title, int Status, string Code, string? Detail = null)
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>The largest body in bytes.</summary>
    public const int MaxLength = 4096;
}
