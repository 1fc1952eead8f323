using System.Security.Cryptography;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Offers;

/// <summary>An offer as the shop's owner makes it; the sender makes the id, so it may be sent again.</summary>
/// <param name="Id">The offer.</param>
/// <param name="Title">One line, 1 to 200 characters.</param>
/// <param name="Description">Up to 4,000 characters.</param>
/// <param name="Price">More than zero.</param>
/// <param name="FileName">The name that the customer saves the file under.</param>
/// <param name="ContentHash">SHA-256 of a file that is in the store; of the empty file where there is none yet.</param>
/// <param name="Tariff">With what is sold by the item.</param>
/// <param name="Order">With what is made to order: <see cref="OfferTerms.LockFirst"/>.</param>
/// <param name="Receipt">True with what is handed over later.</param>
public sealed record NewOffer(
    OfferId Id, string Title, string Description, Amount Price, string FileName, byte[] ContentHash,
    Tariff? Tariff = null, string? Order = null, bool? Receipt = null);

/// <summary>
/// The offers. All of them are also held in memory, since one process holds the database and their number is bounded:
/// a purchase looks its offer up without a query.
/// </summary>
internal sealed class Catalogue(
    MerchantOptions options, IDatabase database, GoodsStore goods, bool canMake, TimeProvider clock)
{
    // The client reads lists of up to 1 MiB; JSON writes a character with at most six bytes.
    private const int MaxPageBytes = 900 * 1024;
    private const int BytesBesideText = 600;

    private const string Columns =
        "offer_id, title, description, price, currency, file_name, size_bytes, content_hash, tariff_price, tariff_per, "
        + "lock_order, receipt";

    private static readonly byte[] emptyHash = SHA256.HashData([]);

    private volatile Shelf shelf = new([]);

    /// <summary>Reads the offers that are there from earlier.</summary>
    public async Task LoadAsync(CancellationToken cancellation) =>
        shelf = new Shelf(await database.ReadAsync(
            transaction => transaction.Query(
                $"SELECT {Columns} FROM offers WHERE withdrawn_at IS NULL", Terms),
            cancellation));

    /// <summary>The offer, while it stands.</summary>
    public OfferTerms? Find(OfferId offer) => shelf.ById.GetValueOrDefault(offer);

    /// <summary>The offers behind <paramref name="after"/>, in the order of their identifiers.</summary>
    public OfferList Page(OfferId? after)
    {
        var offers = shelf.Ordered;
        var first = after is null ? 0 : offers.TakeWhile(offer => Order(offer.Offer, after) <= 0).Count();
        var page = new List<OfferTerms>();
        var bytes = 0;
        for (var i = first; i < offers.Length && page.Count < OfferList.MaxOffers; i++)
        {
            var offer = offers[i];
            bytes += BytesBesideText + 6 * (offer.Title.Length + offer.Description.Length + offer.FileName.Length);
            if (page.Count > 0 && bytes > MaxPageBytes)
                break;
            page.Add(offer);
        }

        return new OfferList(page, first + page.Count < offers.Length ? page[^1].Offer : null);
    }

    /// <summary>Adds an offer of a stored file, once per identifier.</summary>
    public async Task<Result<OfferTerms, DeskError>> AddAsync(NewOffer offer, CancellationToken cancellation)
    {
        if (offer.ContentHash.Length != 32)
            return DeskError.Malformed;
        if (offer.Order is not null && !canMake)
            return DeskError.NoMaker;
        if (SizeOf(offer.Tariff is not null || offer.Order is not null, offer.ContentHash) is not { } size)
            return DeskError.UnknownFile;
        var terms = new OfferTerms(offer.Id, offer.Title, offer.Description, offer.Price, options.Currency.Code,
            offer.FileName, size, offer.ContentHash, offer.Tariff, offer.Order, offer.Receipt);
        if (!terms.IsWellFormed())
            return DeskError.Malformed;
        var now = UnixTime.Now(clock);
        return await database.WriteAsync(transaction => Insert(transaction, terms, now), cancellation);
    }

    /// <summary>Takes an offer back; purchases that began keep their file.</summary>
    public async Task<Result<OfferTerms, DeskError>> WithdrawAsync(OfferId offer, CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        return await database.WriteAsync<Result<OfferTerms, DeskError>>(
            transaction =>
            {
                if (Stored(transaction, offer) is not { } stored)
                    return DeskError.UnknownOffer;
                transaction.Execute(
                    "UPDATE offers SET withdrawn_at = $2 WHERE offer_id = $1 AND withdrawn_at IS NULL",
                    offer.ToArray(), now.Seconds);
                transaction.OnCommit(() => shelf = shelf.Without(offer));
                return stored;
            },
            cancellation);
    }

    private Result<OfferTerms, DeskError> Insert(IWriteTransaction transaction, OfferTerms terms, UnixTime now)
    {
        if (Stored(transaction, terms.Offer) is { } stored)
            return SameTerms(stored, terms) ? Again(transaction, stored) : DeskError.IdReused;
        if (shelf.Ordered.Length >= options.MaxOffers)
            return DeskError.TooMany;
        // Again where unused files are removed.
        if (SizeOf(terms.HasNoFile, terms.ContentHash) != terms.SizeBytes)
            return DeskError.UnknownFile;
        transaction.Execute(
            """
            INSERT INTO offers (offer_id, title, description, price, currency, file_name, size_bytes, content_hash,
                added_at, tariff_price, tariff_per, lock_order, receipt)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            terms.Offer.ToArray(), terms.Title, terms.Description, terms.Price.MinorUnits, terms.Currency,
            terms.FileName, terms.SizeBytes, terms.ContentHash, now.Seconds, terms.Tariff?.Price.MinorUnits,
            terms.Tariff?.Per, terms.Order, terms.Receipt is null ? null : 1L);
        transaction.OnCommit(() => shelf = shelf.With(terms));
        return terms;
    }

    // What is sold by the item is stated at each start, and comes back when it is stated again.
    private OfferTerms Again(IWriteTransaction transaction, OfferTerms stored)
    {
        if (stored.Tariff is not null && Find(stored.Offer) is null)
        {
            transaction.Execute("UPDATE offers SET withdrawn_at = NULL WHERE offer_id = $1", stored.Offer.ToArray());
            transaction.OnCommit(() => shelf = shelf.With(stored));
        }

        return stored;
    }

    private static OfferTerms? Stored(IReadTransaction transaction, OfferId offer) =>
        transaction.QuerySingleOrDefault(
            $"SELECT {Columns} FROM offers WHERE offer_id = $1", Terms, offer.ToArray());

    private static OfferTerms Terms(IRow row) => new(
        OfferId.FromBytes(row.GetBytes(0)), row.GetString(1), row.GetString(2),
        Amount.FromMinorUnits(row.GetInt64(3)), row.GetString(4), row.GetString(5), row.GetInt64(6), row.GetBytes(7),
        row.IsDBNull(8) ? null : new Tariff(Amount.FromMinorUnits(row.GetInt64(8)), row.GetString(9)),
        row.GetStringOrNull(10), row.IsDBNull(11) ? null : true);

    private long? SizeOf(bool hasNoFile, byte[] contentHash) => !hasNoFile
        ? goods.SizeOf(contentHash)
        : contentHash.AsSpan().SequenceEqual(emptyHash) ? 0 : null;

    private static bool SameTerms(OfferTerms left, OfferTerms right) =>
        left with { ContentHash = right.ContentHash } == right
        && left.ContentHash.AsSpan().SequenceEqual(right.ContentHash);

    private static int Order(OfferId left, OfferId right) => left.Bytes.SequenceCompareTo(right.Bytes);

    /// <summary>All offers that stand, at one moment.</summary>
    private sealed class Shelf
    {
        public Shelf(IEnumerable<OfferTerms> offers)
        {
            Ordered = [.. offers];
            Array.Sort(Ordered, (left, right) => Order(left.Offer, right.Offer));
            ById = Ordered.ToDictionary(offer => offer.Offer);
        }

        public OfferTerms[] Ordered { get; }

        public IReadOnlyDictionary<OfferId, OfferTerms> ById { get; }

        public Shelf With(OfferTerms offer) => new([.. Ordered, offer]);

        public Shelf Without(OfferId offer) => new(Ordered.Where(other => !other.Offer.Equals(offer)));
    }
}
