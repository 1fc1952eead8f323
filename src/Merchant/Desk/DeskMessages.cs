using System.Text.Json;
using System.Text.Json.Serialization;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Desk;

/// <summary>One sale as the shop's owner sees it.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>, public in the log: keep the list to yourself.</param>
/// <param name="Offer">The offer.</param>
/// <param name="Title">Its title.</param>
/// <param name="Price">What was paid.</param>
/// <param name="PaidAt">When the bank's notes arrived.</param>
/// <param name="State">One of the constants below.</param>
/// <param name="Settled">Whether the bank has acted on the decision.</param>
/// <param name="Receipt">True with a receipt.</param>
/// <param name="HandedOverAt">With a receipt: when what it is for was handed over.</param>
public sealed record Sale(
    TransactionId Transaction, OfferId Offer, string Title, Amount Price, UnixTime PaidAt, string State, bool Settled,
    bool? Receipt = null, UnixTime? HandedOverAt = null)
{
    /// <summary>The release is written down; the archive's decision is not known.</summary>
    public const string Released = "released";

    /// <summary>The archive committed: the value is the merchant's, the key is public under the mask.</summary>
    public const string Committed = "committed";

    /// <summary>The archive aborted: nothing was sold.</summary>
    public const string Aborted = "aborted";

    /// <summary>The archive decided under another lock note: the bank signed two and is at fault.</summary>
    public const string Disputed = "disputed";
}

/// <summary>One page of sales, newest first.</summary>
/// <param name="Sales">At most <see cref="MaxSales"/>.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="CommittedCount">All sales that were committed.</param>
/// <param name="CommittedTotal">Their sum.</param>
/// <param name="Next">Where the next page starts, or null.</param>
public sealed record SaleList(
    IReadOnlyList<Sale> Sales, string Currency, long CommittedCount, Amount CommittedTotal,
    TransactionId? Next = null)
{
    public const int MaxSales = 100;
}

/// <summary>What the merchant holds of a sale, to be handed to a judge with the cards of shop and bank.</summary>
/// <param name="Policy">The archive that P1 names, in C2SP tlog-policy form.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="LockNote">P3, the archive's part.</param>
/// <param name="Payment">P3, the merchant's part.</param>
/// <param name="Decision">P5, once it is known; with a disputed sale, the one on the bank's other lock note.</param>
/// <param name="Acknowledgement">What the customer signed, when P1 asks for it.</param>
/// <param name="Item">Of a session the item that was acknowledged last.</param>
/// <param name="Release">P4, which only this shop and the archive have before the commit.</param>
/// <param name="Made">Of goods made to order, E4.</param>
/// <param name="HandOver">With a receipt: what was signed when it was handed over.</param>
public sealed record SaleEvidence(
    string Policy, Signed<Merchandise> Merchandise, Signed<LockNote> LockNote, Signed<PaymentNote> Payment,
    LoggedEntry? Decision = null, Signed<Acknowledgement>? Acknowledgement = null,
    Signed<SessionItem>? Item = null, Signed<Release>? Release = null, Signed<MadeGoods>? Made = null,
    Signed<HandOver>? HandOver = null);

/// <summary>What a counter hands over, or would.</summary>
/// <param name="Receipt">The receipt.</param>
/// <param name="Answer">What its key signed at the counter.</param>
public sealed record NewHandOver(Signed<Receipt> Receipt, Signed<HandOver> Answer);

/// <summary>A hand-over that counts.</summary>
/// <param name="HandedAt">When it was first brought here.</param>
public sealed record KnownHandOver(UnixTime HandedAt);

/// <summary>Asks for a payout; the id is made by the sender, so it may be sent again.</summary>
public sealed record NewPayout(RequestId Id, Amount Amount);

/// <summary>Answers a dispute.</summary>
/// <param name="Sale">The transaction ID <c>n</c>.</param>
/// <param name="Accepts">Whether the customer gets the money back.</param>
/// <param name="Case">The shop's side, sealed to the arbiter.</param>
public sealed record NewAnswer(TransactionId Sale, bool Accepts, byte[]? Case = null);

/// <summary>A payout and where it stands.</summary>
public sealed record Payout(RequestId Id, Amount Amount, UnixTime OrderedAt, string State)
{
    /// <summary>Written down; the bank has not answered.</summary>
    public const string Sending = "sending";

    /// <summary>The bank has it.</summary>
    public const string Ordered = PayoutState.Ordered;

    /// <summary>Paid by the acquirer.</summary>
    public const string Paid = PayoutState.Paid;

    /// <summary>Refused by the acquirer and back in the account.</summary>
    public const string Returned = PayoutState.Returned;

    /// <summary>Refused by the bank; nothing was moved.</summary>
    public const string Refused = "refused";
}

/// <summary>The latest payouts, newest first.</summary>
public sealed record PayoutList(IReadOnlyList<Payout> Payouts);

/// <summary>The messages of the desk, as strict as those of the parties.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 8,
    Converters = [typeof(Base64UrlConverter)])]
[JsonSerializable(typeof(StoredFile))]
[JsonSerializable(typeof(NewOffer))]
[JsonSerializable(typeof(OfferTerms))]
[JsonSerializable(typeof(OfferList))]
[JsonSerializable(typeof(SaleList))]
[JsonSerializable(typeof(SaleEvidence))]
[JsonSerializable(typeof(NewHandOver))]
[JsonSerializable(typeof(KnownHandOver))]
[JsonSerializable(typeof(NewPayout))]
[JsonSerializable(typeof(Payout))]
[JsonSerializable(typeof(PayoutList))]
[JsonSerializable(typeof(AccountState))]
[JsonSerializable(typeof(NewAnswer))]
[JsonSerializable(typeof(DisputeList))]
[JsonSerializable(typeof(DisputeState))]
public sealed partial class DeskJson : JsonSerializerContext;
