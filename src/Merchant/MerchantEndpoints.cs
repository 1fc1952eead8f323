using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Merchant;

/// <summary>The merchant over HTTP; see docs/protocol/merchant.md.</summary>
public static class MerchantEndpoints
{
    private const int MaxPurchaseLength = 2 * 1024;
    private const int MaxPaymentLength = 8 * 1024;
    private const int MaxDecisionLength = (LogEntry.MaxLength * 4 / 3) + LoggedEntry.MaxProofLength + 4096;

    public static void MapMerchant(this IEndpointRouteBuilder routes, IMerchant merchant)
    {
        routes.MapGetAnswer("/offers", async context =>
            context.TryReadAfter<OfferId>(out var after)
                ? Answer.Json(await merchant.OffersAsync(after, context.RequestAborted), ProtocolJson.Default.OfferList)
                : Answer.Refuse(MerchantError.Malformed));
        routes.MapPostAnswer("/purchases", async context =>
        {
            var request = await context.ReadJsonAsync(ProtocolJson.Default.PurchaseRequest, MaxPurchaseLength);
            return request.IsOk
                ? Answer.Statement(await merchant.PurchaseAsync(request.Value, context.RequestAborted))
                : Answer.Refuse(request);
        });
        routes.MapGetAnswer("/deliveries/{delivery}/{index}", async context =>
        {
            if (!DeliveryId.TryParse(context.RouteText("delivery"), out var delivery))
                return Answer.Refuse(MerchantError.UnknownPurchase);
            if (!context.TryReadIndex("index", out var index))
                return Answer.Refuse(MerchantError.NoSuchChunk);
            var chunk = await merchant.ChunkAsync(delivery, index, context.RequestAborted);
            return Answer.Bytes(chunk.Map(part => part.Encode()), GoodsChunk.MediaType);
        });
        routes.MapPostAnswer("/payments", async context =>
        {
            var request = await context.ReadJsonAsync(ProtocolJson.Default.PaymentRequest, MaxPaymentLength);
            return request.IsOk
                ? Answer.Json(
                    await merchant.PayAsync(request.Value, context.RequestAborted), ProtocolJson.Default.PaymentAnswer)
                : Answer.Refuse(request);
        });
        if (merchant is IDecisionListener listener)
            MapDecisions(routes, listener);
        MapSessions(routes, merchant);
    }

    /// <summary>Push from an archive that the shop's owner lets know its address.</summary>
    private static void MapDecisions(IEndpointRouteBuilder routes, IDecisionListener listener) =>
        routes.MapPutAnswer("/decisions/{n}", async context =>
        {
            if (!TransactionId.TryParse(context.RouteText("n"), out var n))
                return Answer.Refuse(MerchantError.Malformed);
            var body = await context.ReadJsonAsync(ProtocolJson.Default.LoggedEntry, MaxDecisionLength);
            if (!body.IsOk)
                return Answer.Refuse(body);
            await listener.HearAsync(n, body.Value, context.RequestAborted);
            return Answer.Json(
                Result<PaymentAnswer, MerchantError>.Ok(new PaymentAnswer()), ProtocolJson.Default.PaymentAnswer);
        });

    private static void MapSessions(IEndpointRouteBuilder routes, IMerchant merchant)
    {
        routes.MapPostAnswer("/sessions/{session}", async context =>
        {
            if (!DeliveryId.TryParse(context.RouteText("session"), out var session))
                return Answer.Refuse(MerchantError.UnknownSession);
            var step = await context.ReadJsonAsync(ProtocolJson.Default.SessionStep, SessionStep.MaxLength);
            if (!step.IsOk)
                return Answer.Refuse(step);
            var answer = await merchant.StepAsync(session, step.Value, context.RequestAborted);
            return Answer.Bytes(answer.Map(item => item.Encode()), SessionAnswer.MediaType);
        });
        routes.MapPostAnswer("/sessions/{session}/close", async context =>
            DeliveryId.TryParse(context.RouteText("session"), out var session)
                ? Answer.Json(
                    await merchant.CloseAsync(session, context.RequestAborted), ProtocolJson.Default.PaymentAnswer)
                : Answer.Refuse(MerchantError.UnknownSession));
    }
}
