using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Acquirer;

/// <summary>The acquirer over HTTP; see docs/protocol/acquirer.md. Every answer says that it is a sandbox.</summary>
public static class AcquirerEndpoints
{
    /// <summary>The header that every answer carries.</summary>
    public const string SandboxHeader = "Bauta-Sandbox";

    private const string SandboxText = "moves no real money";
    private const int MaxTakeInLength = 2048;

    public static void MapAcquirer(this IEndpointRouteBuilder routes, IAcquirer acquirer)
    {
        routes.MapGetAnswer("/sandbox", context =>
        {
            Mark(context);
            return Task.FromResult(Answer.Text(TestCards.Notice));
        });
        routes.MapPostAnswer("/fundings", async context =>
        {
            Mark(context);
            var request = await context.ReadJsonAsync(ProtocolJson.Default.TakeInRequest, MaxTakeInLength);
            return request.IsOk
                ? Answer.Json(
                    await acquirer.TakeInAsync(request.Value, context.RequestAborted),
                    ProtocolJson.Default.TakeInAnswer)
                : Answer.Refuse(request);
        });
        routes.MapPostAnswer("/payouts", async context =>
        {
            Mark(context);
            var order = await context.ReadStatementAsync<PayoutOrder>();
            return order.IsOk
                ? Answer.Statement(await acquirer.PayOutAsync(order.Value, context.RequestAborted))
                : Answer.Refuse(order);
        });
    }

    private static void Mark(HttpContext context) => context.Response.Headers[SandboxHeader] = SandboxText;
}
