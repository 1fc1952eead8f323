using Bauta.Crypto.ObliviousHttp;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Microsoft.AspNetCore.Http;

namespace Bauta.Relay.Carry;

/// <summary>
/// The first mask (the relay of RFC 9458): it sees who sends, and carries sealed bytes of a padded size to one gateway
/// that it cannot choose per request. Of the request only the bytes go on; of the answer only status, media type and
/// bytes come back.
/// </summary>
internal sealed class Carrier
{
    private static readonly TimeSpan cardMaxAge = TimeSpan.FromMinutes(1);

    private readonly NextHop hop;
    private readonly Batch batch;
    private readonly PartyAddress? next;
    private readonly Uri? gateway;
    private readonly PartyCards cards;

    internal Carrier(MaskOptions options, NextHop hop, Batch batch, TimeProvider time)
    {
        (this.hop, this.batch, next) = (hop, batch, options.Next);
        gateway = next is null ? null : new Uri(next.Root, MaskRoute.GatewayPath);
        cards = new PartyCards(FetchAsync, time, cardMaxAge);
    }

    /// <summary>POST: carries one sealed request.</summary>
    internal async Task<Answer> CarryAsync(HttpContext context)
    {
        if (gateway is null)
            return Answer.Refuse(MaskError.NoNext);
        if (!RequestBody.IsMediaType(context.Request, Encapsulation.RequestMediaType))
            return Answer.Refuse(HostError.UnsupportedMediaType);
        // Before the body is read: a size that is no class would mark its sender on the rest of the way.
        if (context.Request.ContentLength is not { } length || PaddingClasses.LayerOf(length) < 0)
            return Answer.Refuse(MaskError.BadSize);
        var body = await context.ReadBytesAsync(Encapsulation.RequestMediaType, PaddingClasses.Largest);
        if (!body.IsOk)
            return Answer.Refuse(body);
        var cancellation = context.RequestAborted;
        await batch.WaitAsync(cancellation);
        var answer = await hop.SendAsync(gateway, Encapsulation.RequestMediaType, body.Value,
            Encapsulation.ResponseMediaType, PaddingClasses.Largest, cancellation);
        await batch.WaitAsync(cancellation);
        return answer.IsOk
            ? Answer.Raw(answer.Value.Status, answer.Value.Body, answer.Value.MediaType)
            : Answer.Refuse(answer);
    }

    /// <summary>
    /// GET: the card of the next gateway. A client takes it from here, because asking the second mask itself would show
    /// it the client's address; it is signed by the second mask, so that this one cannot change it.
    /// </summary>
    internal async Task<Answer> CardAsync(HttpContext context)
    {
        if (next is null)
            return Answer.Refuse(MaskError.NoNext);
        try
        {
            return Answer.Statement(await cards.GetAsync(next, context.RequestAborted));
        }
        catch (HttpRequestException)
        {
            return Answer.Refuse(MaskError.Unreachable);
        }
        catch (ProtocolViolationException)
        {
            return Answer.Refuse(MaskError.BadAnswer);
        }
    }

    private async Task<byte[]> FetchAsync(PartyAddress party, CancellationToken cancellation)
    {
        var answer = await hop.SendAsync(new Uri(party.Root, PartyCard.Path), null, default, JsonBody.JoseMediaType,
            PartyCard.MaxLength, cancellation);
        return answer is { IsOk: true, Value.Status: 200 }
            ? answer.Value.Body
            : throw new HttpRequestException("The next gateway does not give its card.");
    }
}
