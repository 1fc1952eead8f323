using Bauta.Merchant.Deliver;
using Bauta.Merchant.Disputes;
using Bauta.Merchant.HandOvers;
using Bauta.Merchant.Offers;
using Bauta.Merchant.Orders;
using Bauta.Merchant.Pay;
using Bauta.Merchant.Payouts;
using Bauta.Merchant.Purchase;
using Bauta.Merchant.Sessions;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Desk;

/// <summary>The desk of a running merchant.</summary>
internal sealed class ShopDesk(
    MerchantOptions options, IDatabase database, Catalogue catalogue, GoodsStore goods, Delivering delivering,
    PayingOut payingOut, Answering answering, HandingOver handing, SealingKey sealing,
    IReadOnlyDictionary<PolicyId, MerchantArchive> archives) : IShopDesk
{
    private const int NoSpaceError = 28;

    public async Task<Result<StoredFile, DeskError>> StoreFileAsync(Stream content, CancellationToken cancellation)
    {
        try
        {
            return await goods.AddAsync(content, options.MaxFileBytes, cancellation) is { } stored
                ? stored
                : DeskError.FileTooLarge;
        }
        catch (IOException full) when (full.HResult == NoSpaceError
            || full is StorageException { Failure: StorageFailure.Retryable })
        {
            return DeskError.DiskFull;
        }
    }

    public Task<Result<OfferTerms, DeskError>> AddOfferAsync(NewOffer offer, CancellationToken cancellation) =>
        catalogue.AddAsync(offer, cancellation);

    public Task<Result<OfferTerms, DeskError>> WithdrawOfferAsync(OfferId offer, CancellationToken cancellation) =>
        catalogue.WithdrawAsync(offer, cancellation);

    public Task<Result<OfferList, DeskError>> OffersAsync(OfferId? after, CancellationToken cancellation) =>
        Task.FromResult(Result<OfferList, DeskError>.Ok(catalogue.Page(after)));

    public async Task<Result<SaleList, DeskError>> SalesAsync(TransactionId? after, CancellationToken cancellation) =>
        await database.ReadAsync(
            transaction => SaleStore.Page(transaction, after, options.Currency.Code), cancellation);

    public async Task<Result<SaleEvidence, DeskError>> EvidenceAsync(
        TransactionId sale, CancellationToken cancellation)
    {
        var (paid, row, item, made, handOver) = await database.ReadAsync(
            transaction => (PaymentStore.Find(transaction, sale), PurchaseStore.Sealed(transaction, sale),
                SessionStore.LastItem(transaction, sale), OrderStore.MadeOf(transaction, sale),
                HandOverStore.Find(transaction, sale)?.Answer),
            cancellation);
        if (paid is null || row is null)
            return DeskError.UnknownSale;
        using var secrets = PurchaseSecrets.Open(sealing, sale, row);
        var merchandise = secrets.Merchandise;
        return archives.TryGetValue(merchandise.Content.Archive, out var archive)
            ? new SaleEvidence(
                archive.Policy.Text, merchandise, paid.LockNote, paid.Payment, paid.Known, paid.Acknowledgement, item,
                paid.Release, made, handOver)
            : DeskError.UnknownArchive;
    }

    public async Task<Result<GoodsChunk, DeskError>> ChunkAsync(
        TransactionId sale, long index, CancellationToken cancellation)
    {
        var (isPaid, row) = await database.ReadAsync(
            transaction => (PaymentStore.Find(transaction, sale) is not null, PurchaseStore.Sealed(transaction, sale)),
            cancellation);
        if (!isPaid || row is null)
            return DeskError.UnknownSale;
        using var secrets = PurchaseSecrets.Open(sealing, sale, row);
        var chunk = await delivering.ChunkAsync(
            DeliveryId.Derive(secrets.Merchandise.Content.Secret), index, cancellation);
        return chunk.IsOk ? chunk.Value : DeskError.GoodsGone;
    }

    public Task<Result<KnownHandOver, DeskError>> HandOverAsync(
        NewHandOver handOver, CancellationToken cancellation) => handing.TakeAsync(handOver, cancellation);

    public Task<Result<AccountState, DeskError>> AccountAsync(CancellationToken cancellation) =>
        payingOut.AccountAsync(cancellation);

    public Task<Result<Payout, DeskError>> PayOutAsync(NewPayout payout, CancellationToken cancellation) =>
        payingOut.OrderAsync(payout, cancellation);

    public async Task<Result<PayoutList, DeskError>> PayoutsAsync(CancellationToken cancellation) =>
        await payingOut.ListAsync(cancellation);

    public Task<Result<DisputeList, DeskError>> DisputesAsync(
        TransactionId? after, CancellationToken cancellation) => answering.ListAsync(after, cancellation);

    public Task<Result<DisputeState, DeskError>> AnswerAsync(NewAnswer answer, CancellationToken cancellation) =>
        answering.AnswerAsync(answer, cancellation);
}
