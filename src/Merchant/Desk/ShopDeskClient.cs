using System.Globalization;
using System.Net.Http.Headers;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Desk;

/// <summary>The desk of a merchant that runs in another process.</summary>
/// <param name="http">A client whose base address is the desk's and that sends its token.</param>
public sealed class ShopDeskClient(HttpClient http) : IShopDesk
{
    private const int MaxAnswer = 64 * 1024;
    private const int MaxPage = 1024 * 1024;

    private readonly PartyHttp<DeskError> party = new(http);

    /// <summary>A client for a desk at an address.</summary>
    public static ShopDeskClient Connect(DeskAddress address, DeskToken token) => new(address.CreateClient(token));

    public Task<Result<StoredFile, DeskError>> StoreFileAsync(Stream content, CancellationToken cancellation)
    {
        var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return party.SendAsync(
            HttpMethod.Post, "files", body, DeskJson.Default.StoredFile, MaxAnswer, cancellation);
    }

    public Task<Result<OfferTerms, DeskError>> AddOfferAsync(NewOffer offer, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "offers", offer, DeskJson.Default.NewOffer, DeskJson.Default.OfferTerms,
            MaxAnswer, cancellation);

    public Task<Result<OfferTerms, DeskError>> WithdrawOfferAsync(OfferId offer, CancellationToken cancellation) =>
        party.SendAsync(
            HttpMethod.Post, $"offers/{offer}/withdrawal", null, DeskJson.Default.OfferTerms, MaxAnswer, cancellation);

    public Task<Result<OfferList, DeskError>> OffersAsync(OfferId? after, CancellationToken cancellation) =>
        party.GetAsync(after is null ? "offers" : $"offers?after={after}", DeskJson.Default.OfferList, MaxPage,
            cancellation);

    public Task<Result<SaleList, DeskError>> SalesAsync(TransactionId? after, CancellationToken cancellation) =>
        party.GetAsync(after is null ? "sales" : $"sales?after={after}", DeskJson.Default.SaleList, MaxPage,
            cancellation);

    public Task<Result<SaleEvidence, DeskError>> EvidenceAsync(
        TransactionId sale, CancellationToken cancellation) =>
        party.GetAsync($"sales/{sale}/evidence", DeskJson.Default.SaleEvidence, MaxPage, cancellation);

    public Task<Result<GoodsChunk, DeskError>> ChunkAsync(
        TransactionId sale, long index, CancellationToken cancellation) =>
        party.SendAsync(
            HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"sales/{sale}/goods/{index}"), null, null,
            bytes => GoodsChunk.TryDecode(bytes, out var chunk)
                ? chunk
                : throw new ProtocolViolationException("The answer is not a chunk."),
            GoodsChunk.MaxLength, cancellation);

    public Task<Result<KnownHandOver, DeskError>> HandOverAsync(
        NewHandOver handOver, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "hand-overs", handOver, DeskJson.Default.NewHandOver,
            DeskJson.Default.KnownHandOver, MaxAnswer, cancellation);

    public Task<Result<AccountState, DeskError>> AccountAsync(CancellationToken cancellation) =>
        party.GetAsync("account", DeskJson.Default.AccountState, MaxAnswer, cancellation);

    public Task<Result<Payout, DeskError>> PayOutAsync(NewPayout payout, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "payouts", payout, DeskJson.Default.NewPayout, DeskJson.Default.Payout,
            MaxAnswer, cancellation);

    public Task<Result<PayoutList, DeskError>> PayoutsAsync(CancellationToken cancellation) =>
        party.GetAsync("payouts", DeskJson.Default.PayoutList, MaxAnswer, cancellation);

    public Task<Result<DisputeList, DeskError>> DisputesAsync(
        TransactionId? after, CancellationToken cancellation) =>
        party.GetAsync(after is null ? "disputes" : $"disputes?after={after}", DeskJson.Default.DisputeList, MaxPage,
            cancellation);

    public Task<Result<DisputeState, DeskError>> AnswerAsync(NewAnswer answer, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "disputes", answer, DeskJson.Default.NewAnswer,
            DeskJson.Default.DisputeState, MaxAnswer, cancellation);
}
