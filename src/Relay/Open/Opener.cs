using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;

namespace Bauta.Relay.Open;

/// <summary>
/// The second mask: its gateway has opened the outer layer, and this forwards what was inside to a party on the list.
/// It sees which party is called and never who calls; the content is sealed to the party. Two forms are forwarded: a
/// POST of a sealed request of a padded size to the party's gateway, and a GET of the party's card.
/// </summary>
internal sealed class Opener
{
    private readonly NextHop hop;
    private readonly Batch batch;
    private readonly HashSet<string> targets;

    internal Opener(MaskOptions options, NextHop hop, Batch batch)
    {
        (this.hop, this.batch) = (hop, batch);
        targets = new HashSet<string>(options.Targets, StringComparer.Ordinal);
    }

    internal async Task<Answer> ForwardAsync(BinaryRequest request, CancellationToken cancellation)
    {
        var origin = $"{request.Scheme}://{request.Authority}";
        if (!targets.Contains(origin))
            return Answer.Refuse(MaskError.TargetNotAllowed);
        Result<HopAnswer, MaskError> answer;
        if (request is { Method: "POST", Path: MaskRoute.GatewayPath }
            && request.TryGetHeader("content-type", out var mediaType) && mediaType == Encapsulation.RequestMediaType)
        {
            var layer = PaddingClasses.LayerOf(request.Content.Length);
            if (layer < 0)
                return Answer.Refuse(MaskError.BadSize);
            answer = await SendAsync(new Uri(origin + MaskRoute.GatewayPath), Encapsulation.RequestMediaType,
                request.Content, Encapsulation.ResponseMediaType, PaddingClasses.LargestOf(layer), cancellation);
        }
        else if (request is { Method: "GET", Path: PartyCard.Path, Content.IsEmpty: true })
        {
            answer = await SendAsync(new Uri(origin + PartyCard.Path), null, default, JsonBody.JoseMediaType,
                PartyCard.MaxLength, cancellation);
        }
        else
        {
            return Answer.Refuse(MaskError.NotForwarded);
        }

        return answer.IsOk
            ? Answer.Raw(answer.Value.Status, answer.Value.Body, answer.Value.MediaType)
            : Answer.Refuse(answer);
    }

    private async Task<Result<HopAnswer, MaskError>> SendAsync(
        Uri uri, string? mediaType, ReadOnlyMemory<byte> body, string passed, int maxLength,
        CancellationToken cancellation)
    {
        await batch.WaitAsync(cancellation);
        var answer = await hop.SendAsync(uri, mediaType, body, passed, maxLength, cancellation);
        await batch.WaitAsync(cancellation);
        return answer;
    }
}
