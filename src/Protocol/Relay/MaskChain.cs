using System.Net;
using System.Text.Json;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol.Parties;

namespace Bauta.Protocol.Relay;

/// <summary>
/// Takes one request to the party that the opening mask shall forward it to, and brings the answer back.
/// </summary>
internal sealed class MaskChain
{
    private readonly HttpMessageInvoker wire;
    private readonly PartyAddress opener;
    private readonly Uri entry;
    private readonly PartyCards masks;

    internal MaskChain(HttpMessageInvoker wire, MaskRoute route, TimeProvider clock)
    {
        this.wire = wire;
        opener = route.Opener ?? throw new ArgumentException("The direct route has no masks.", nameof(route));
        entry = route.Relay is null
            ? new Uri(opener.Root, MaskRoute.GatewayPath)
            : new Uri(route.Relay.Root, MaskRoute.RelayPath);
        // The second mask's card comes through the first: fetched directly, it would show the address to the second.
        var cardAt = route.Relay is null ? new Uri(opener.Root, PartyCard.Path) : entry;
        masks = new PartyCards((_, cancellation) => Wire.GetCardAsync(wire, cardAt, cancellation), clock);
    }

    /// <summary>
    /// Sends once; and once more, sealed afresh, when the opening mask says that it does not have the key.
    /// </summary>
    /// <remarks>
    /// A mask that lies about that could make the party see the request twice. So it could by any loss of an answer:
    /// every request that changes something has an id, and the same id changes nothing twice.
    /// </remarks>
    internal async Task<BinaryResponse> SendAsync(BinaryRequest request, CancellationToken cancellation)
    {
        for (var first = true; ; first = false)
        {
            var key = await masks.KeyAsync(opener, cancellation);
            using var exchange = ObliviousClientRequest.Seal(key, request, layer: 1);
            var (status, mediaType, bytes) = await Wire.SendAsync(
                wire, HttpMethod.Post, entry, Encapsulation.RequestMediaType, exchange.Encapsulated,
                PaddingClasses.LargestOf(1), cancellation);
            if (first && IsUnknownKey(status, bytes) && await masks.RefreshAsync(opener, key, cancellation))
                continue;
            if (status != 200 || mediaType != Encapsulation.ResponseMediaType)
                throw new HttpRequestException(
                    $"A mask answered {status}.", null, (HttpStatusCode)status);
            return exchange.TryOpen(bytes, PaddingClasses.Limits, out var response)
                ? response
                : throw new HttpRequestException("The answer of the mask does not open: it was altered on the way.");
        }
    }

    /// <summary>Whether an answer is the refusal of RFC 9458 section 5.3.</summary>
    internal static bool IsUnknownKey(int status, ReadOnlyMemory<byte> body)
    {
        if (status != 422 || body.Length > Problem.MaxLength)
            return false;
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.ValueKind == JsonValueKind.Object
                && problem.RootElement.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String && type.ValueEquals(Encapsulation.KeyProblemType);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // An escaped half of a surrogate pair passes the parser and fails where the text is compared.
            return false;
        }
    }
}

/// <summary>One bounded HTTP exchange with no field but what it needs.</summary>
internal static class Wire
{
    internal static async Task<byte[]> GetCardAsync(
        HttpMessageInvoker wire, Uri uri, CancellationToken cancellation)
    {
        var (status, mediaType, bytes) =
            await SendAsync(wire, HttpMethod.Get, uri, null, default, PartyCard.MaxLength, cancellation);
        return status == 200 && mediaType == JsonBody.JoseMediaType
            ? bytes
            : throw new HttpRequestException($"The card was answered with {status}.", null, (HttpStatusCode)status);
    }

    internal static async Task<(int Status, string? MediaType, byte[] Body)> SendAsync(
        HttpMessageInvoker wire, HttpMethod method, Uri uri, string? mediaType, ReadOnlyMemory<byte> body,
        int maxLength, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, uri);
        if (mediaType is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new(mediaType);
        }

        using var response = await wire.SendAsync(request, cancellation);
        try
        {
            var bytes = await BoundedBody.ReadAsync(response.Content, maxLength, cancellation)
                ?? throw new HttpRequestException("The answer is longer than allowed.");
            return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, bytes);
        }
        catch (IOException cut)
        {
            throw new HttpRequestException("The answer was cut off.", cut);
        }
    }
}
