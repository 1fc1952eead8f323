using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Protocol.Merchant;

/// <summary>What is sold and for how much.</summary>
/// <param name="Offer">The offer.</param>
/// <param name="Title">One line, 1 to 200 characters.</param>
/// <param name="Description">Up to 4,000 characters.</param>
/// <param name="Price">More than zero.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="FileName">The name that the file is saved under: no path, 1 to 200 characters.</param>
/// <param name="SizeBytes">Size of the plain file.</param>
/// <param name="ContentHash">SHA-256 of the plain file.</param>
/// <param name="Tariff">With what is sold by the item, in sessions: the file is empty then, and the price is the most
/// that a session may cost.</param>
/// <param name="Order"><c>lock-first</c> with what is made to order (FIG. 5), only once the price is locked: the file
/// is empty then.</param>
/// <param name="Receipt">True with what is handed over later, against a <see cref="Merchant.Receipt"/>, which P1 then
/// holds; the purchase is two-sided. Otherwise absent.</param>
public sealed record OfferTerms(
    OfferId Offer, string Title, string Description, Amount Price, string Currency, string FileName, long SizeBytes,
    byte[] ContentHash, Tariff? Tariff = null, string? Order = null, bool? Receipt = null)
{
    /// <summary>The price is locked first, then the goods are made.</summary>
    public const string LockFirst = "lock-first";

    /// <summary>The longest title, in characters.</summary>
    public const int MaxTitleLength = 200;

    /// <summary>The longest description, in characters.</summary>
    public const int MaxDescriptionLength = 4000;

    /// <summary>The largest file: 1 TiB.</summary>
    public const long MaxSizeBytes = 1L << 40;

    /// <summary>Whether what is sold does not exist yet.</summary>
    [JsonIgnore]
    public bool HasNoFile => Tariff is not null || Order is not null;

    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Names.IsLine(Title, MaxTitleLength)
        && Names.IsText(Description, MaxDescriptionLength) && Price > Amount.Zero
        && Names.IsCurrency(Currency) && IsFileName(FileName) && SizeBytes is >= 0 and <= MaxSizeBytes
        && ContentHash.Length == 32 && (Receipt is null || (Receipt.Value && Tariff is null && Order is null))
        && (Tariff is null || (Tariff.IsWellFormed() && Tariff.Price <= Price && SizeBytes == 0))
        && (Order is null || (Order == LockFirst && Tariff is null && SizeBytes == 0));

    private static bool IsFileName(string name) =>
        Names.IsLine(name, 200) && name.IndexOfAny(['/', '\\']) < 0 && name is not ("." or "..") && name[0] != '.';
}

/// <summary>One page of a merchant's offers.</summary>
/// <param name="Offers">At most <see cref="MaxOffers"/>, in the order of their identifiers.</param>
/// <param name="Next">Where the next page starts, or null.</param>
public sealed record OfferList(IReadOnlyList<OfferTerms> Offers, OfferId? Next = null)
{
    /// <summary>The most offers in a page.</summary>
    public const int MaxOffers = 100;
}

/// <summary>Asks for P1.</summary>
/// <param name="Id">The request id, made by the customer.</param>
/// <param name="Offer">The offer.</param>
/// <param name="Price">The price that the customer saw; another one is refused. Of a session the most that it may
/// cost, up to the price of the offer.</param>
/// <param name="Archive">The archive and quorum that the customer wants.</param>
/// <param name="Terms">The variant that the customer wants; P1 repeats it exactly.</param>
public sealed record PurchaseRequest(
    RequestId Id, OfferId Offer, Amount Price, PolicyId Archive, Terms? Terms = null)
{
    /// <summary>With an offer that is sold by the item, and only then.</summary>
    [JsonIgnore]
    public SessionTerms? Session => Terms?.Session;
}

/// <summary>
/// P1, Merchandise_m (FIG. 4): <c>S_m(n, contract, expiry, A, r, c, h(E_k(goods)))</c>. Known to customer and merchant
/// only.
/// </summary>
/// <param name="ReleaseKey">SPKI of <c>R</c>; its SHA-256 is <c>n</c>.</param>
/// <param name="Contract">What is promised.</param>
/// <param name="Bank">The name of the bank that locks.</param>
/// <param name="Account">The merchant's account <c>M</c> there.</param>
/// <param name="ExpiresAt">After it the archive aborts.</param>
/// <param name="Archive">The archive <c>A</c> with its witness quorum.</param>
/// <param name="Mask"><c>r</c>, 32 bytes.</param>
/// <param name="Commitment"><c>c = SHA-256(n || (k xor r))</c>.</param>
/// <param name="GoodsRoot">RFC 6962 root over the ciphertext chunks, 32 bytes.</param>
/// <param name="ChunkCount">How many chunks.</param>
/// <param name="CiphertextSizeBytes">Size of all chunks together.</param>
/// <param name="Secret">32 bytes from which customer and merchant derive the IDs of other chains.</param>
/// <param name="Terms">The variant that both agreed on.</param>
/// <param name="Receipt">With an offer of a receipt: the receipt, which counts once <c>k xor r</c> is
/// published.</param>
public sealed record Merchandise(
    byte[] ReleaseKey, OfferTerms Contract, string Bank, AccountId Account, UnixTime ExpiresAt, PolicyId Archive,
    byte[] Mask, KeyCommitment Commitment, byte[] GoodsRoot, long ChunkCount, long CiphertextSizeBytes,
    byte[] Secret, Terms? Terms = null, Signed<Receipt>? Receipt = null)
    : IStatement<Merchandise>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.merchandise";

    /// <inheritdoc/>
    public static int MaxLength => 32 * 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Merchandise> Json => ProtocolJson.Default.Merchandise;

    /// <inheritdoc/>
    public bool IsWellFormed() => P256PublicKey.TryFromSpki(ReleaseKey, out _) && Contract.IsWellFormed()
        && Names.IsPartyName(Bank) && Mask.Length == 32 && GoodsRoot.Length == 32 && Secret.Length == 32
        && GoodsLayout.TryCreate(Contract.SizeBytes, out var layout)
        && ChunkCount == layout.ChunkCount && CiphertextSizeBytes == layout.CiphertextSize
        && (Terms?.IsWellFormed() ?? true) && Session is null == Contract.Tariff is null
        && LockFirst is null == Contract.Order is null
        && Receipt is null == Contract.Receipt is null && (Receipt?.Content.IsOf(this) ?? true)
        && (Terms?.CommitmentIn(Transaction()) is not { } later || Commitment.Equals(later));

    /// <summary>In a session (FIG. 8, R1): the customer's keys for it.</summary>
    [JsonIgnore]
    public SessionTerms? Session => Terms?.Session;

    /// <summary>With goods made to order (FIG. 5, E1): the customer's keys for it.</summary>
    [JsonIgnore]
    public SessionTerms? LockFirst => Terms?.LockFirst;

    /// <summary>The customer's keys, where it locks before there is anything to deliver.</summary>
    [JsonIgnore]
    public SessionTerms? Later => Session ?? LockFirst;

    /// <summary>The transaction ID <c>n</c>.</summary>
    public TransactionId Transaction() => TransactionId.Of(P256PublicKey.FromSpki(ReleaseKey));

    /// <summary>The key <c>P</c> that must acknowledge the delivery; null when it is one-sided.</summary>
    public P256PublicKey? Customer() =>
        Terms?.CustomerKey is { } customer ? P256PublicKey.FromSpki(customer) : null;

    /// <summary>The lock note that a customer who agrees has the bank sign.</summary>
    public LockNote ToLockNote() => new(Transaction(), ExpiresAt, Archive, Commitment);

    /// <summary>The payment note beside it.</summary>
    public PaymentNote ToPaymentNote() =>
        new(Transaction(), Account, Contract.Currency, Contract.Price, Later?.TotalKey);
}

/// <summary>P3 on its way to the merchant through the customer.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Lock">Lock note and payment note.</param>
/// <param name="Acknowledgement"><c>S_P(P1)</c>: exactly when P1's terms name a customer key.</param>
/// <param name="Agreement">E5 (FIG. 5), with goods made to order, once their ciphertext was fetched.</param>
public sealed record PaymentRequest(
    TransactionId Transaction, LockAnswer Lock, Signed<Acknowledgement>? Acknowledgement = null,
    Signed<ItemAcknowledgement>? Agreement = null);

/// <summary>What the merchant did with P3.</summary>
/// <param name="Decision">The archive's decision once there is one with its quorum; null while it is on its
/// way.</param>
/// <param name="Made">E4 (FIG. 5), with goods made to order, once they are made: fetch their chunks and acknowledge
/// them.</param>
/// <param name="Release">P4 itself, where P1's terms say that the customer gets it at once, and as long as there is no
/// decision.</param>
public sealed record PaymentAnswer(
    LoggedEntry? Decision = null, Signed<MadeGoods>? Made = null, Signed<Release>? Release = null);

/// <summary>One chunk of ciphertext with its inclusion path under <see cref="Merchandise.GoodsRoot"/>.</summary>
/// <param name="Path">RFC 6962 audit path, 32 bytes each, at most 40.</param>
/// <param name="Ciphertext">At most 1 MiB and the authentication tag.</param>
public sealed record GoodsChunk(IReadOnlyList<byte[]> Path, byte[] Ciphertext)
{
    /// <summary>The media type of the binary form.</summary>
    public const string MediaType = "application/vnd.bauta.chunk";

    /// <summary>The largest binary form in bytes.</summary>
    public const int MaxLength = 1 + (40 * 32) + (1024 * 1024) + 16;

    // struct {
    //   uint8  path_length;               at most 40
    //   opaque path[path_length][32];
    //   opaque ciphertext[rest];
    // }

    /// <summary>The binary form.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[1 + (Path.Count * 32) + Ciphertext.Length];
        bytes[0] = checked((byte)Path.Count);
        for (var i = 0; i < Path.Count; i++)
            Path[i].CopyTo(bytes, 1 + (i * 32));
        Ciphertext.CopyTo(bytes, 1 + (Path.Count * 32));
        return bytes;
    }

    /// <summary>Reads the binary form.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GoodsChunk? chunk)
    {
        chunk = null;
        if (bytes.IsEmpty || bytes.Length > MaxLength || bytes[0] > 40 || bytes.Length < 1 + (bytes[0] * 32) + 16)
            return false;
        var path = new byte[bytes[0]][];
        for (var i = 0; i < path.Length; i++)
            path[i] = bytes.Slice(1 + (i * 32), 32).ToArray();
        chunk = new GoodsChunk(path, bytes[(1 + (path.Length * 32))..].ToArray());
        return true;
    }
}

/// <summary>
/// The merchant: offers, encrypts, releases. Every request may be repeated with the same id and body and has the same
/// answer; what it answered is durable. Safe for concurrent use.
/// </summary>
public interface IMerchant
{
    /// <summary>One page of offers.</summary>
    /// <param name="after">Where to start, or null.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation);

    /// <summary>Starts a purchase: makes <c>R</c>, <c>k</c>, <c>r</c> and signs P1.</summary>
    Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation);

    /// <summary>A chunk of the purchase's ciphertext, encrypted when asked for.</summary>
    Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation);

    /// <summary>Takes P3; when it holds, sends P4 to the archive. Repeat it to learn the decision.</summary>
    Task<Result<PaymentAnswer, MerchantError>> PayAsync(PaymentRequest request, CancellationToken cancellation);

    /// <summary>
    /// A step of a session (FIG. 8, R5 to R8): the key of the item that is acknowledged, and the next item. An item
    /// that was not acknowledged may be asked for again, and may be another then; the last key is given out again.
    /// </summary>
    /// <param name="session">Derived from P1's secret.</param>
    /// <param name="step">What is acknowledged and asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation);

    /// <summary>Ends a session: R9 goes to the archive with the last item acknowledged. Repeat it to learn the
    /// decision.</summary>
    Task<Result<PaymentAnswer, MerchantError>> CloseAsync(DeliveryId session, CancellationToken cancellation);
}

/// <summary>Whom an archive may tell of every decision.</summary>
public interface IDecisionListener
{
    /// <summary>
    /// Hears of a decision that may be on a purchase of its own. Says the same in any case and at once: whether it is
    /// its own is nobody else's business.
    /// </summary>
    Task HearAsync(TransactionId transaction, LoggedEntry decision, CancellationToken cancellation);
}

/// <summary>What a merchant refuses, and why. The list is closed.</summary>
public enum MerchantError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>Same id, other body.</summary>
    [Refusal(409, "This id was used before with another body. Use a new id for a new request.")]
    IdReused,

    /// <summary>No such offer.</summary>
    [Refusal(404, "There is no such offer. Read the list again.")]
    UnknownOffer,

    /// <summary>The price is another.</summary>
    [Refusal(409, "The price has changed. Read the offer again.")]
    PriceChanged,

    /// <summary>The archive is not accepted.</summary>
    [Refusal(422, "This merchant does not sell under that archive and quorum.")]
    UnknownArchive,

    /// <summary>No such purchase or delivery.</summary>
    [Refusal(404, "There is no such purchase, or its goods are no longer kept.")]
    UnknownPurchase,

    /// <summary>No such chunk.</summary>
    [Refusal(416, "There is no such chunk.")]
    NoSuchChunk,

    /// <summary>P3 does not hold.</summary>
    [Refusal(422, "The bank's notes do not match the purchase: bank, transaction, expiry, archive, commitment, account or amount.")]
    BadPayment,

    /// <summary>Only with two-sided delivery.</summary>
    [Refusal(422, "This merchant, or this offer, sells only with two-sided delivery. Ask with a customer key in the terms, as bauta wallet buy --proof two-sided does.")]
    TwoSidedOnly,

    /// <summary>Not in that way.</summary>
    [Refusal(422, "This merchant does not release a key in the way that the terms ask for. Its card lists the ways that it takes; leave the term out.")]
    ReleaseNotOffered,

    /// <summary>The acknowledgement does not hold.</summary>
    [Refusal(422, "The acknowledgement does not match P1: exactly when its terms name a customer key, that key must sign for exactly this P1.")]
    BadAcknowledgement,

    /// <summary>Too late.</summary>
    [Refusal(410, "The purchase has expired. Ask the archive for the abort; the tokens unlock.")]
    Expired,

    /// <summary>No such session.</summary>
    [Refusal(404, "There is no such session, or it is over. Open another one.")]
    UnknownSession,

    /// <summary>R5 out of turn.</summary>
    [Refusal(409, "That is not the session's next item. Acknowledge the last one, or ask for the one that follows it.")]
    WrongItem,

    /// <summary>R7 does not hold.</summary>
    [Refusal(422, "The acknowledgement does not match the item: key, transaction, commitment, total or item.")]
    BadItemAcknowledgement,

    /// <summary>The session's sum is used up.</summary>
    [Refusal(402, "What is left of the session's sum does not cover another item. Open another session.")]
    SumUsedUp,

    /// <summary>The item could not be made.</summary>
    [Refusal(502, "The item could not be made. Nothing is owed for it; ask again later.")]
    NotMade,

    /// <summary>Too many open purchases.</summary>
    [Refusal(429, "A limit of open purchases is reached. Try again later.")]
    TooMany,
}
