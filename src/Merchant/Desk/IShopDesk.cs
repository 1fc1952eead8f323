using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Desk;

/// <summary>
/// What the shop's owner does, apart from what the network sees: implemented by the running merchant and by the client
/// that the command line uses. Every request may be repeated with the same id. Safe for concurrent use.
/// </summary>
public interface IShopDesk
{
    /// <summary>Copies a file into the store in constant memory and says its size and SHA-256.</summary>
    Task<Result<StoredFile, DeskError>> StoreFileAsync(Stream content, CancellationToken cancellation);

    /// <summary>Offers a stored file for sale.</summary>
    Task<Result<OfferTerms, DeskError>> AddOfferAsync(NewOffer offer, CancellationToken cancellation);

    /// <summary>Takes an offer back; sales that began are finished.</summary>
    Task<Result<OfferTerms, DeskError>> WithdrawOfferAsync(OfferId offer, CancellationToken cancellation);

    /// <summary>One page of the offers that stand.</summary>
    Task<Result<OfferList, DeskError>> OffersAsync(OfferId? after, CancellationToken cancellation);

    /// <summary>One page of sales, newest first.</summary>
    Task<Result<SaleList, DeskError>> SalesAsync(TransactionId? after, CancellationToken cancellation);

    /// <summary>All that was stated about a sale whose notes arrived, for a judge.</summary>
    Task<Result<SaleEvidence, DeskError>> EvidenceAsync(TransactionId sale, CancellationToken cancellation);

    /// <summary>A chunk of the ciphertext that was delivered in a sale, for a judge; the same bytes as the customer
    /// got.</summary>
    Task<Result<GoodsChunk, DeskError>> ChunkAsync(TransactionId sale, long index, CancellationToken cancellation);

    /// <summary>Takes note that what a receipt is for is handed over, once for each sale: the same answer of the
    /// customer's again has the same time, another one is refused.</summary>
    Task<Result<KnownHandOver, DeskError>> HandOverAsync(NewHandOver handOver, CancellationToken cancellation);

    /// <summary>The account at the bank.</summary>
    Task<Result<AccountState, DeskError>> AccountAsync(CancellationToken cancellation);

    /// <summary>Orders a payout, once per id; the same id gives its present state.</summary>
    Task<Result<Payout, DeskError>> PayOutAsync(NewPayout payout, CancellationToken cancellation);

    /// <summary>The latest payouts.</summary>
    Task<Result<PayoutList, DeskError>> PayoutsAsync(CancellationToken cancellation);

    /// <summary>One page of the disputes on payments to this shop, as the bank has them.</summary>
    Task<Result<DisputeList, DeskError>> DisputesAsync(TransactionId? after, CancellationToken cancellation);

    /// <summary>Answers a dispute: the money back at once, or the shop's side for the arbiter.</summary>
    Task<Result<DisputeState, DeskError>> AnswerAsync(NewAnswer answer, CancellationToken cancellation);
}

/// <summary>What the desk refuses, and why. The list is closed.</summary>
public enum DeskError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>No or a wrong token.</summary>
    [Refusal(401, "The desk's token is missing or wrong. Read it from the merchant's token file.")]
    NotAuthorized,

    /// <summary>Same id, other body.</summary>
    [Refusal(409, "This id was used before with another body. Use a new id for a new request.")]
    IdReused,

    /// <summary>The file is not in the store.</summary>
    [Refusal(404, "No stored file has this hash. Store the file first.")]
    UnknownFile,

    /// <summary>The file is too large.</summary>
    [Refusal(413, "The file is larger than this merchant sells.")]
    FileTooLarge,

    /// <summary>Nothing is made to order.</summary>
    [Refusal(422, "This shop makes nothing to order: its configuration names no command. Set make and start it again.")]
    NoMaker,

    /// <summary>No such offer.</summary>
    [Refusal(404, "There is no such offer.")]
    UnknownOffer,

    /// <summary>No such sale.</summary>
    [Refusal(404, "There is no such sale. List them: bauta shop sales")]
    UnknownSale,

    /// <summary>The receipt or the answer does not hold.</summary>
    [Refusal(422, "The receipt is not this shop's, or the answer is not signed by the key that owns it.")]
    BadHandOver,

    /// <summary>No commit is known.</summary>
    [Refusal(409, "No commit of this sale has arrived. Try again in some seconds; do not hand it over.")]
    NotPaid,

    /// <summary>A second time.</summary>
    [Refusal(409, "What this receipt is for was handed over before. Do not hand it over again.")]
    HandedOver,

    /// <summary>The file of a sale is gone.</summary>
    [Refusal(404, "The file of this sale is no longer kept (keepGoodsDays), or has no such chunk.")]
    GoodsGone,

    /// <summary>The archive of a sale is not configured any more.</summary>
    [Refusal(422, "The archive of this sale is not in the configuration. Put its party file back and start the shop again.")]
    UnknownArchive,

    /// <summary>Too many offers.</summary>
    [Refusal(429, "The shop has as many offers as it may. Withdraw one first.")]
    TooMany,

    /// <summary>The disk is full.</summary>
    [Refusal(507, "The merchant's disk is full. Make room and send it again; nothing was changed.")]
    DiskFull,

    /// <summary>The bank does not answer.</summary>
    [Refusal(503, "The bank does not answer now. Try again later.")]
    BankUnreachable,

    /// <summary>The bank refuses.</summary>
    [Refusal(422, "The bank refuses the order.")]
    BankRefused,
}
