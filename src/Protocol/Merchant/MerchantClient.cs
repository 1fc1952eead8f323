using System.Text;
using Bauta.Protocol.Archive;

namespace Bauta.Protocol.Merchant;

/// <summary>A merchant over HTTP: see <c>docs/protocol/merchant.md</c>.</summary>
/// <param name="http">A client whose base address is the merchant's, direct or through masks.</param>
public sealed class MerchantClient(HttpClient http) : IMerchant, IDecisionListener
{
    private const int MaxAnswer = 64 * 1024;

    private readonly PartyHttp<MerchantError> party = new(http);

    /// <inheritdoc/>
    public async Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation)
    {
        var list = await party.GetPublicAsync(
            after is null ? "offers" : $"offers?after={after}", ProtocolJson.Default.OfferList, 1024 * 1024,
            cancellation);
        // Titles are shown and file names are written to before anything is signed.
        return list.Offers.Count <= OfferList.MaxOffers && list.Offers.All(offer => offer.IsWellFormed())
            ? list
            : throw new ProtocolViolationException("The shop lists an offer that is not well formed.");
    }

    /// <inheritdoc/>
    public Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Post, "purchases", JsonBody.Of(request, ProtocolJson.Default.PurchaseRequest), null,
            bytes => Signed<Merchandise>.TryParse(Encoding.UTF8.GetString(bytes), out var merchandise)
                ? merchandise
                : throw new ProtocolViolationException("The answer is not a P1."),
            MaxAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Get, $"deliveries/{delivery}/{index}", null, null,
            bytes => GoodsChunk.TryDecode(bytes, out var chunk)
                ? chunk
                : throw new ProtocolViolationException("The answer is not a chunk."),
            GoodsChunk.MaxLength, cancellation);

    /// <inheritdoc/>
    public Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "payments", request, ProtocolJson.Default.PaymentRequest,
            ProtocolJson.Default.PaymentAnswer, MaxAnswer, cancellation);

    /// <inheritdoc/>
    public async Task HearAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation)
    {
        var answer = await party.SendJsonAsync(HttpMethod.Put, $"decisions/{transaction}", decision,
            ProtocolJson.Default.LoggedEntry, ProtocolJson.Default.PaymentAnswer, MaxAnswer, cancellation);
        if (!answer.IsOk)
            throw new ProtocolViolationException("A shop that hears of decisions refused to hear of one.");
    }

    /// <inheritdoc/>
    public Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Post, $"sessions/{session}", JsonBody.Of(step, ProtocolJson.Default.SessionStep),
            null,
            bytes => SessionAnswer.TryDecode(bytes, out var answer)
                ? answer
                : throw new ProtocolViolationException("The answer is not an item."),
            SessionAnswer.MaxLength, cancellation);

    /// <inheritdoc/>
    public Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Post, $"sessions/{session}/close", null, ProtocolJson.Default.PaymentAnswer,
            MaxAnswer, cancellation);
}
