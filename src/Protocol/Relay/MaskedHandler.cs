using System.Net;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;

namespace Bauta.Protocol.Relay;

/// <summary>
/// Carries HTTP requests through one mask or two. Each becomes a binary HTTP message sealed to the party called (RFC
/// 9458), wrapped in a POST sealed to the mask that opens it, all of it padded to size classes. Every sending has HPKE
/// contexts of its own. Nothing is sent twice, except after a gateway has said that it does not have the key, which it
/// says instead of processing a request.
/// </summary>
internal sealed class MaskedHandler : HttpMessageHandler
{
    // What tells programs, hops or traces apart does not travel.
    private static readonly HashSet<string> dropped = new(StringComparer.OrdinalIgnoreCase)
    {
        "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "expect",
        "user-agent", "traceparent", "tracestate", "baggage", "request-id", "correlation-context", "cookie", "date",
    };

    private readonly MaskChain chain;
    private readonly Func<Uri, PartyAddress> partyOf;
    private readonly PartyCards cards;
    private readonly TimeProvider clock;

    /// <summary>Makes a handler.</summary>
    /// <param name="chain">The masks.</param>
    /// <param name="partyOf">Finds the party of a target, or throws: a party that is not known cannot be sealed
    /// to.</param>
    /// <param name="cards">The keys of the parties.</param>
    /// <param name="clock">Dates the requests, to the minute.</param>
    internal MaskedHandler(MaskChain chain, Func<Uri, PartyAddress> partyOf, PartyCards cards, TimeProvider clock) =>
        (this.chain, this.partyOf, this.cards, this.clock) = (chain, partyOf, cards, clock);

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri ?? throw new InvalidOperationException("The request names no target.");
        var party = partyOf(target);
        var inner = await ToBinaryAsync(request, target, cancellationToken);
        for (var first = true; ; first = false)
        {
            var key = await cards.KeyAsync(party, cancellationToken);
            using var exchange = ObliviousClientRequest.Seal(key, inner);
            var answer = await chain.SendAsync(ToGateway(target, exchange.Encapsulated), cancellationToken);
            // This refusal came sealed from the opening mask; see MaskChain on a mask that lies.
            if (first && MaskChain.IsUnknownKey(answer.Status, answer.Content)
                && await cards.RefreshAsync(party, key, cancellationToken))
                continue;
            if (answer.Status != 200 || !answer.TryGetHeader("content-type", out var mediaType)
                || mediaType != Encapsulation.ResponseMediaType)
                throw new HttpRequestException(
                    $"The way to the party answered {answer.Status}.", null, (HttpStatusCode)answer.Status);
            return exchange.TryOpen(answer.Content.Span, PaddingClasses.Limits, out var response)
                ? ToMessage(response, request)
                : throw new HttpRequestException("The answer does not open: it was altered on the way.");
        }
    }

    private static BinaryRequest ToGateway(Uri target, ReadOnlyMemory<byte> encapsulated) => new(
        "POST", target.Scheme, target.Authority.ToLowerInvariant(), MaskRoute.GatewayPath,
        [BinaryField.Create("content-type", Encapsulation.RequestMediaType)], encapsulated);

    private async Task<BinaryRequest> ToBinaryAsync(
        HttpRequestMessage request, Uri target, CancellationToken cancellation)
    {
        var fields = new List<BinaryField> { RequestDate.Coarse(clock) };
        AddFields(fields, request.Headers.NonValidated);
        var content = Array.Empty<byte>();
        if (request.Content is not null)
        {
            content = await request.Content.ReadAsByteArrayAsync(cancellation);
            AddFields(fields, request.Content.Headers.NonValidated);
        }

        return new BinaryRequest(request.Method.Method, target.Scheme, target.Authority.ToLowerInvariant(),
            target.PathAndQuery, fields, content);
    }

    private static void AddFields(
        List<BinaryField> fields, System.Net.Http.Headers.HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
            if (!dropped.Contains(name) && !name.Equals("content-length", StringComparison.OrdinalIgnoreCase))
                foreach (var value in values)
                    fields.Add(BinaryField.Create(name, value));
    }

    private static HttpResponseMessage ToMessage(BinaryResponse response, HttpRequestMessage request)
    {
        var message = new HttpResponseMessage((HttpStatusCode)response.Status)
        {
            RequestMessage = request,
            Content = new ReadOnlyMemoryContent(response.Content),
        };
        foreach (var field in response.Headers)
            if (field.Name != "content-length" && !message.Headers.TryAddWithoutValidation(field.Name, field.Value))
                message.Content.Headers.TryAddWithoutValidation(field.Name, field.Value);
        return message;
    }
}
