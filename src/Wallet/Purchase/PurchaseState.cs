using System.Text.Json.Serialization;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;

namespace Bauta.Wallet.Purchase;

/// <summary>
/// Where a purchase stands. Each state holds what it takes to go on after a crash at any instruction: the intent is
/// written, then acted on, then the result is written as the next state.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "state")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(Offered), "offered")]
[JsonDerivedType(typeof(Fetched), "fetched")]
[JsonDerivedType(typeof(Authorized), "authorized")]
[JsonDerivedType(typeof(Denied), "denied")]
[JsonDerivedType(typeof(Locked), "locked")]
[JsonDerivedType(typeof(Committed), "committed")]
[JsonDerivedType(typeof(Aborted), "aborted")]
[JsonDerivedType(typeof(Opened), "opened")]
[JsonDerivedType(typeof(Returned), "returned")]
[JsonDerivedType(typeof(Abandoned), "abandoned")]
public abstract record PurchaseState(PurchaseOrder Order)
{
    /// <summary>Whether nothing is left to do.</summary>
    [JsonIgnore]
    public bool IsFinal => this is Opened or Returned or Abandoned;
}

/// <summary>What the user asked for.</summary>
/// <param name="Id">The request id of the purchase.</param>
/// <param name="Shop">The shop's address in its text form.</param>
/// <param name="Offer">What is bought, as the user saw it.</param>
/// <param name="Archive">The archive and quorum.</param>
/// <param name="OutputPath">Where the opened file goes.</param>
/// <param name="StartedAt">When.</param>
/// <param name="ShopCard">The shop's card as it was then, for the evidence.</param>
/// <param name="BankCard">The card, as it was then, of the bank that locks the tokens.</param>
/// <param name="IssuerCard">That of the bank that issued them, when it is another one.</param>
/// <param name="Policy">What <paramref name="Archive"/> is the ID of; the network's may be another one by now.</param>
/// <param name="Disputed">What an archive published though it must not, or on another lock note of the bank than the
/// wallet's: it moves nothing and is kept for the judge.</param>
/// <param name="OtherLockNote">What the bank signed for this purchase beside what P2 authorized, for the judge.</param>
/// <param name="Terms">The variant that the shop is asked for; P1 must repeat it exactly.</param>
/// <param name="Pseudonym">The label of the key in them; null when it is a key of this purchase only.</param>
/// <param name="Acknowledgement">What that key signed; written down before it is shown to the shop.</param>
/// <param name="Rests">Whether what is left of tokens that were spent in part may pay.</param>
public sealed record PurchaseOrder(
    RequestId Id, string Shop, OfferTerms Offer, PolicyId Archive, string OutputPath, UnixTime StartedAt,
    string ShopCard, string BankCard, string? IssuerCard = null, string? Policy = null, LoggedEntry? Disputed = null,
    Signed<LockNote>? OtherLockNote = null, Terms? Terms = null, string? Pseudonym = null,
    Signed<Acknowledgement>? Acknowledgement = null, bool Rests = false);

/// <summary>How far a session has come.</summary>
/// <param name="Count">How many items were opened.</param>
/// <param name="Total">What is owed for them.</param>
/// <param name="Last">The last item that was agreed to; none before the first.</param>
/// <param name="PaidUntil">With a price per minute, until when items cost nothing.</param>
/// <param name="IsOpened">Whether its key came; if not, it goes to the order's path at the end, should it be paid
/// for.</param>
public sealed record SessionProgress(
    long Count, Amount Total, SessionPiece? Last = null, UnixTime? PaidUntil = null, bool IsOpened = true);

/// <summary>An item as it was agreed to.</summary>
/// <param name="Item">R6.</param>
/// <param name="Acknowledgement">R7.</param>
/// <param name="Ciphertext">The item as it was encrypted, until it is opened.</param>
public sealed record SessionPiece(
    Signed<SessionItem> Item, Signed<ItemAcknowledgement> Acknowledgement, byte[] Ciphertext);

/// <summary>Goods made to order, as they were agreed to.</summary>
/// <param name="Goods">E4.</param>
/// <param name="Agreement">E5; null when the commit was forced without it.</param>
public sealed record MadePiece(Signed<MadeGoods> Goods, Signed<ItemAcknowledgement>? Agreement = null);

/// <summary>The intent to buy is written; P1 may have been asked for.</summary>
public sealed record Started(PurchaseOrder Order) : PurchaseState(Order);

/// <summary>P1 is here and holds; nothing is at risk yet.</summary>
public sealed record Offered(PurchaseOrder Order, Signed<Merchandise> Merchandise) : PurchaseState(Order);

/// <summary>The whole ciphertext is here and every chunk matched the root in P1.</summary>
public sealed record Fetched(PurchaseOrder Order, Signed<Merchandise> Merchandise) : PurchaseState(Order);

/// <summary>P2 is written and may have reached the bank; its tokens are set aside.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2 as it was signed.</param>
public sealed record Authorized(PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization)
    : PurchaseState(Order);

/// <summary>
/// The bank refused P2, or answered notes that do not match it. Its word is not proof: it may have locked and given the
/// notes to the shop, so goods and tokens are kept until the archive can no longer commit.
/// </summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Reason">Why the bank refused, for a person.</param>
/// <param name="Tokens">Which state the tokens go to when nothing was decided.</param>
/// <param name="Lock">What the bank answered that does not match P2.</param>
public sealed record Denied(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, string Reason, string Tokens,
    LockAnswer? Lock = null) : PurchaseState(Order);

/// <summary>P3 is here: the tokens are locked, and only the archive's decision moves their value.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Lock">P3.</param>
/// <param name="Session">With a session that the shop took up.</param>
/// <param name="Made">With goods made to order, once they were fetched and agreed to.</param>
/// <param name="Release">P4, when the shop gave it at once (5.6): the goods open with it before there is a
/// decision.</param>
public sealed record Locked(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, LockAnswer Lock,
    SessionProgress? Session = null, MadePiece? Made = null, Signed<Release>? Release = null)
    : PurchaseState(Order);

/// <summary>P5a with the quorum is here: the value moves and the goods open.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Decision">P5a.</param>
/// <param name="Lock">P3; none when the bank kept it back and the decision was found all the same.</param>
/// <param name="Session">With a session.</param>
/// <param name="Made">With goods made to order.</param>
public sealed record Committed(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, LoggedEntry Decision,
    LockAnswer? Lock = null, SessionProgress? Session = null, MadePiece? Made = null) : PurchaseState(Order);

/// <summary>P5b with the quorum is here; the bank has still to be told.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Decision">P5b.</param>
/// <param name="Lock">P3; none when the bank kept it back and the decision was found all the same.</param>
public sealed record Aborted(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, LoggedEntry Decision,
    LockAnswer? Lock = null) : PurchaseState(Order);

/// <summary>The goods are open. Final.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Decision">P5a.</param>
/// <param name="AsPromised">Whether the file has the hash that the contract names; if not, this is a case for the
/// judge.</param>
/// <param name="Lock">P3; none when the bank kept it back and the decision was found all the same.</param>
/// <param name="Session">With a session.</param>
/// <param name="Made">With goods made to order.</param>
public sealed record Opened(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, LoggedEntry Decision, bool AsPromised,
    LockAnswer? Lock = null, SessionProgress? Session = null, MadePiece? Made = null) : PurchaseState(Order);

/// <summary>The purchase did not happen and the tokens are the customer's again. Final.</summary>
/// <param name="Order">The order.</param>
/// <param name="Merchandise">P1.</param>
/// <param name="Authorization">P2.</param>
/// <param name="Decision">P5b.</param>
/// <param name="Lock">P3; none when the bank kept it back and the decision was found all the same.</param>
public sealed record Returned(
    PurchaseOrder Order, Signed<Merchandise> Merchandise, byte[] Authorization, LoggedEntry Decision,
    LockAnswer? Lock = null) : PurchaseState(Order);

/// <summary>The purchase ended before anything was locked, without notes that could be used, or with a decision on
/// another key than P1 promises. Final.</summary>
/// <param name="Order">The order.</param>
/// <param name="Reason">Why, for a person.</param>
/// <param name="Merchandise">P1, if there was one.</param>
/// <param name="Authorization">P2, if it was written.</param>
/// <param name="Lock">What the bank answered that does not match P2.</param>
/// <param name="Decision">What the archive decided on a lock note that does not match P2.</param>
public sealed record Abandoned(
    PurchaseOrder Order, string Reason, Signed<Merchandise>? Merchandise = null, byte[]? Authorization = null,
    LockAnswer? Lock = null, LoggedEntry? Decision = null) : PurchaseState(Order);
