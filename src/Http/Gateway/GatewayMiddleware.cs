using System.Globalization;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bauta.Http.Gateway;

/// <summary>
/// Opens encapsulated requests in front of the party's routes and sends each on through the rest of the same pipeline
/// as a request without a remote address; whatever that answers, a refusal included, goes back sealed and padded. Only
/// what could not be opened is answered in the open, because there is no key to seal it with.
/// </summary>
internal sealed partial class GatewayMiddleware(RequestDelegate next, PartyGateway gateway, ILogger logger)
{
    public Task RunAsync(HttpContext context)
    {
        if (!context.Request.Path.Equals(PartyGateway.Path, StringComparison.Ordinal))
            return next(context);
        if (HttpMethods.IsPost(context.Request.Method))
            return ExchangeAsync(context);
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return Answer.Bytes(gateway.Keys.Published, KeyConfiguration.MediaType).ExecuteAsync(context);
        context.Response.Headers.Allow = "GET, HEAD, POST";
        return Answer.Refuse(HostError.MethodNotAllowed).ExecuteAsync(context);
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        var body = await context.ReadBytesAsync(Encapsulation.RequestMediaType, PaddingClasses.Largest);
        if (!body.IsOk)
        {
            await Answer.Refuse(body).ExecuteAsync(context);
            return;
        }

        var outcome = gateway.Keys.Gateway.Open(body.Value, out var opened);
        using (opened)
        {
            if (outcome != Decapsulation.Opened)
            {
                await Answer.Refuse(ErrorOf(outcome)).ExecuteAsync(context);
                return;
            }

            var response = await AnswerAsync(context, opened!);
            context.Response.Headers.CacheControl = "no-store";
            await Answer.Bytes(opened!.Seal(response), Encapsulation.ResponseMediaType).ExecuteAsync(context);
        }
    }

    private async Task<BinaryResponse> AnswerAsync(HttpContext outer, ObliviousRequest opened)
    {
        if (!opened.TryDecode(PaddingClasses.Limits, out var request, out _))
            return Sealed(outer, Answer.Refuse(HostError.Malformed));
        var time = gateway.Keys.Time;
        switch (RequestDate.Check(request, time, GatewayKeyRing.DateTolerance))
        {
            case RequestAge.Malformed:
                return Sealed(outer, Answer.Refuse(HostError.Malformed));
            // Without a date an encapsulation could be sent again for ever, once its key is forgotten. A mask's gateway
            // forwards and changes nothing: the party behind it reads the date of what is sealed to it.
            case RequestAge.Undated when gateway.Dispatch is null:
            case RequestAge.OutOfRange:
                // The own date lets a client with a wrong clock correct itself.
                return Sealed(outer, Answer.Refuse(HostError.BadDate), BinaryField.Create(
                    "date", time.GetUtcNow().ToString("r", CultureInfo.InvariantCulture)));
        }

        var cancellation = outer.RequestAborted;
        var response = gateway.Dispatch is null
            ? await DispatchAsync(outer, request, opened.MaxResponseSize)
            : Sealed(outer, await gateway.Dispatch(request, cancellation));
        if (response.EncodedSize <= opened.MaxResponseSize)
            return response;
        LogTooLarge(logger);
        return Sealed(outer, Answer.Refuse(HostError.Internal));
    }

    private static BinaryResponse Sealed(HttpContext outer, Answer answer, params BinaryField[] more)
    {
        answer.NoteRefusal(outer);
        return answer.ToBinary(more);
    }

    /// <summary>
    /// The target's name in the request (scheme, authority) is not compared with anything: being able to open the
    /// request shows that it was meant for this party, which may be reachable under several names.
    /// </summary>
    private Task<BinaryResponse> DispatchAsync(HttpContext outer, BinaryRequest request, int maxLength) =>
        new InnerExchange(outer, request, new Collector(maxLength)).RunAsync(next);

    private static HostError ErrorOf(Decapsulation outcome) => outcome switch
    {
        Decapsulation.TooLarge => HostError.TooLarge,
        Decapsulation.UnknownKey or Decapsulation.Undecryptable => HostError.UnknownKey,
        Decapsulation.Replayed => HostError.Replayed,
        Decapsulation.Busy => HostError.Unavailable,
        _ => HostError.Malformed,
    };

    [LoggerMessage(10, LogLevel.Error, "An answer could not be sealed: it is larger than the largest size class.")]
    private static partial void LogTooLarge(ILogger logger);
}

/// <summary>Puts the gateway into the pipeline.</summary>
internal static class GatewayPipeline
{
    internal static void UseObliviousGateway(this IApplicationBuilder app, PartyGateway gateway, ILogger logger) =>
        app.Use(next => new GatewayMiddleware(next, gateway, logger).RunAsync);
}
