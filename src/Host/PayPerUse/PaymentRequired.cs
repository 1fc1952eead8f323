using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Host.PayPerUse;

/// <summary>What a visitor gets who does not pay: 402 (RFC 9110 section 15.5.3), and how to.</summary>
internal static class PaymentRequired
{
    /// <summary>The header that carries the shop's address.</summary>
    public const string Header = "Bauta-Shop";

    /// <param name="routes">The shop's routes: this answers all others.</param>
    /// <param name="thumbprint">Of the shop's identity key.</param>
    public static void MapPaymentRequired(this IEndpointRouteBuilder routes, string thumbprint) =>
        routes.MapFallback("{**path}", async context =>
        {
            var address = $"{context.Request.Scheme}://{context.Request.Host}#{thumbprint}";
            context.Response.StatusCode = StatusCodes.Status402PaymentRequired;
            context.Response.Headers[Header] = address;
            context.Response.Headers.CacheControl = "no-store";
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(
                $"This is paid for by the request. With a wallet: bauta fetch --shop '{address}' URL\n");
        });
}
