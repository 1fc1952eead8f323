using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Merchant.Desk;

/// <summary>The desk over HTTP, on a loopback port or a Unix socket of its own, never on the public one.</summary>
public static class ShopDeskEndpoints
{
    private const int MaxOfferLength = 64 * 1024;
    private const int MaxPayoutLength = 1024;
    private const int MaxDisputeAnswer = 96 * 1024;
    private const int MaxHandOverLength = 8 * 1024;

    /// <summary>Maps the desk's routes; every one of them asks for the token.</summary>
    public static void MapShopDesk(this IEndpointRouteBuilder routes, IShopDesk desk, DeskToken token)
    {
        void Get(string pattern, Func<HttpContext, Task<Answer>> handler) =>
            routes.MapGetAnswer(pattern, Guarded(token, handler));
        void Post(string pattern, Func<HttpContext, Task<Answer>> handler) =>
            routes.MapPostAnswer(pattern, Guarded(token, handler));

        Post("/files", context => StoreAsync(desk, context));
        Post("/offers", async context =>
            await context.ReadJsonAsync(DeskJson.Default.NewOffer, MaxOfferLength) is { IsOk: true, Value: var offer }
                ? Answer.Json(await desk.AddOfferAsync(offer, context.RequestAborted), DeskJson.Default.OfferTerms)
                : Answer.Refuse(DeskError.Malformed));
        Post("/offers/{offer}/withdrawal", async context =>
            OfferId.TryParse(context.RouteText("offer"), out var offer)
                ? Answer.Json(await desk.WithdrawOfferAsync(offer, context.RequestAborted), DeskJson.Default.OfferTerms)
                : Answer.Refuse(DeskError.Malformed));
        Get("/offers", async context =>
            context.TryReadAfter<OfferId>(out var after)
                ? Answer.Json(await desk.OffersAsync(after, context.RequestAborted), DeskJson.Default.OfferList)
                : Answer.Refuse(DeskError.Malformed));
        Get("/sales", async context =>
            context.TryReadAfter<TransactionId>(out var after)
                ? Answer.Json(await desk.SalesAsync(after, context.RequestAborted), DeskJson.Default.SaleList)
                : Answer.Refuse(DeskError.Malformed));
        Get("/sales/{sale}/evidence", async context =>
            TransactionId.TryParse(context.RouteText("sale"), out var sale)
                ? Answer.Json(await desk.EvidenceAsync(sale, context.RequestAborted), DeskJson.Default.SaleEvidence)
                : Answer.Refuse(DeskError.Malformed));
        Get("/sales/{sale}/goods/{index}", async context =>
            TransactionId.TryParse(context.RouteText("sale"), out var sale)
                && context.TryReadIndex("index", out var index)
                ? Answer.Bytes(
                    (await desk.ChunkAsync(sale, index, context.RequestAborted)).Map(part => part.Encode()),
                    GoodsChunk.MediaType)
                : Answer.Refuse(DeskError.Malformed));
        Post("/hand-overs", async context =>
            await context.ReadJsonAsync(DeskJson.Default.NewHandOver, MaxHandOverLength)
                is { IsOk: true, Value: var handOver }
                ? Answer.Json(
                    await desk.HandOverAsync(handOver, context.RequestAborted), DeskJson.Default.KnownHandOver)
                : Answer.Refuse(DeskError.Malformed));
        Get("/account", async context =>
            Answer.Json(await desk.AccountAsync(context.RequestAborted), DeskJson.Default.AccountState));
        Post("/payouts", async context =>
            await context.ReadJsonAsync(DeskJson.Default.NewPayout, MaxPayoutLength)
                is { IsOk: true, Value: var payout }
                ? Answer.Json(await desk.PayOutAsync(payout, context.RequestAborted), DeskJson.Default.Payout)
                : Answer.Refuse(DeskError.Malformed));
        Get("/payouts", async context =>
            Answer.Json(await desk.PayoutsAsync(context.RequestAborted), DeskJson.Default.PayoutList));
        Get("/disputes", async context =>
            context.TryReadAfter<TransactionId>(out var after)
                ? Answer.Json(await desk.DisputesAsync(after, context.RequestAborted), DeskJson.Default.DisputeList)
                : Answer.Refuse(DeskError.Malformed));
        Post("/disputes", async context =>
            await context.ReadJsonAsync(DeskJson.Default.NewAnswer, MaxDisputeAnswer)
                is { IsOk: true, Value: var answer }
                ? Answer.Json(await desk.AnswerAsync(answer, context.RequestAborted), DeskJson.Default.DisputeState)
                : Answer.Refuse(DeskError.Malformed));
    }

    private static Func<HttpContext, Task<Answer>> Guarded(DeskToken token, Func<HttpContext, Task<Answer>> handler) =>
        context => context.Request.Headers.Authorization is [var header] && token.IsIn(header)
            ? handler(context)
            : Task.FromResult(Answer.Refuse(DeskError.NotAuthorized));

    private static async Task<Answer> StoreAsync(IShopDesk desk, HttpContext context)
    {
        if (!RequestBody.IsMediaType(context.Request, "application/octet-stream"))
            return Answer.Refuse(DeskError.Malformed);
        // The file goes to the disk as it arrives; the merchant's own limit counts it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        return Answer.Json(
            await desk.StoreFileAsync(context.Request.Body, context.RequestAborted), DeskJson.Default.StoredFile);
    }
}
