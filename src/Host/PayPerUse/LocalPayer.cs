using System.Net;
using Bauta.Crypto.BinaryHttp;
using Bauta.Host.Terminal;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Relay;
using Bauta.Wallet;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bauta.Host.PayPerUse;

/// <summary>
/// A web server on this machine that pays for what a browser asks of one shop. Every request costs money, so only the
/// user's own count: no other site's pages, and no other name for this address.
/// </summary>
internal sealed class LocalPayer(Spending spending, PartyAddress shop, Output output)
{
    // What would act on all that the browser keeps for this machine, or open it to other pages.
    private static readonly HashSet<string> keptBack =
    [
        "set-cookie", "clear-site-data", "strict-transport-security", "service-worker-allowed", "alt-svc", "report-to",
        "nel", "access-control-allow-origin", "access-control-allow-credentials", "content-length", "connection",
        "keep-alive", "transfer-encoding", "upgrade", "trailer",
    ];

    private static readonly HashSet<string> passedOn =
        ["accept", "accept-language", "content-type", "range", "if-none-match", "if-modified-since"];

    public async Task RunAsync(string place, CancellationToken cancellation)
    {
        if (!IPEndPoint.TryParse(place, out var listen) || !IPAddress.IsLoopback(listen.Address))
            throw new HostException(ExitCode.Usage,
                $"{place} is no address of this machine alone. One is: 127.0.0.1:8402");
        await using var host = PartyHost.Build(
            new PartyHostSettings { Listen = listen },
            routes => routes.MapFallback("{**path}", context => PayAsync(context, cancellation)));
        await host.StartAsync(cancellation);
        output.Line($"Pays for what is asked of {shop.Origin} at {host.Address()}");
        await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await host.StopAsync(CancellationToken.None);
    }

    private async Task PayAsync(HttpContext context, CancellationToken stopped)
    {
        if (!IsOwn(context.Request))
        {
            await SayAsync(context, StatusCodes.Status403Forbidden, "Another site's page asked for this.");
            return;
        }

        try
        {
            // What the shop has begun to make is taken, though the browser went on to another page: the shop makes few
            // items that nobody pays for.
            var item = await spending.AskAsync(
                await ReadAsync(context.Request), context.RequestAborted, stopped);
            if (!BinaryResponse.TryDecode(item, BinaryHttpLimits.Default, out var response, out _))
            {
                await SayAsync(context, StatusCodes.Status502BadGateway, "The shop sold what is no answer.");
                return;
            }

            context.Response.StatusCode = response.Status;
            foreach (var field in response.Headers.Where(field => !keptBack.Contains(field.Name)))
                context.Response.Headers.Append(field.Name, field.Value);
            if (!HttpMethods.IsHead(context.Request.Method) && response.Content.Length > 0)
                await context.Response.Body.WriteAsync(response.Content, context.RequestAborted);
        }
        catch (Exception refused) when (refused is WalletException or HostException or PartyUnreachableException
            or Protocol.ProtocolViolationException or ArgumentException)
        {
            await SayAsync(context, StatusCodes.Status502BadGateway, refused.Message);
        }
    }

    // What a browser says of the page that asks (W3C Fetch Metadata), and the name it knows this address by.
    private static bool IsOwn(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is "" or "none" or "same-origin"
        && request.Host.Host is "127.0.0.1" or "[::1]" or "localhost";

    private async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        return new BinaryRequest(
            request.Method, shop.Root.Scheme, shop.Root.Authority, TargetOf(request),
            request.Headers.Where(header => passedOn.Contains(header.Key.ToLowerInvariant()))
                .Select(header => BinaryField.Create(header.Key.ToLowerInvariant(), header.Value.ToString())),
            body.ToArray()).Encode();
    }

    // As the browser wrote it.
    private static string TargetOf(HttpRequest request) =>
        request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static Task SayAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n");
    }
}
