using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol;
using Bauta.Protocol.Relay;

namespace Bauta.Relay;

/// <summary>What a next hop answered, with all that a mask passes on: nothing else of it survives.</summary>
/// <param name="Status">200, or 400 to 599.</param>
/// <param name="MediaType">One of those a mask passes on, or null for none.</param>
/// <param name="Body">The bytes.</param>
internal sealed record HopAnswer(int Status, string? MediaType, byte[] Body);

/// <summary>
/// Sends to the next hop with no field but the media type, and reads what it answers within bounds of size and time.
/// Thread-safe.
/// </summary>
/// <param name="wire">Sockets without cookies, redirects, proxies or traces.</param>
/// <param name="timeout">For the whole exchange.</param>
/// <param name="time">The clock.</param>
internal sealed class NextHop(HttpMessageInvoker wire, TimeSpan timeout, TimeProvider time)
{
    /// <summary>One exchange.</summary>
    /// <param name="uri">Where to.</param>
    /// <param name="mediaType">Of the body; null makes it a GET.</param>
    /// <param name="body">The body.</param>
    /// <param name="passed">The media type of a 200 that is passed on.</param>
    /// <param name="maxLength">The longest body of a 200.</param>
    /// <param name="cancellation">The one who asked has gone.</param>
    internal async Task<Result<HopAnswer, MaskError>> SendAsync(
        Uri uri, string? mediaType, ReadOnlyMemory<byte> body, string passed, int maxLength,
        CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            using var request = new HttpRequestMessage(mediaType is null ? HttpMethod.Get : HttpMethod.Post, uri);
            if (mediaType is not null)
            {
                request.Content = new ReadOnlyMemoryContent(body);
                request.Content.Headers.ContentType = new(mediaType);
            }

            using var response = await wire.SendAsync(request, either.Token);
            var answer = await ReadAsync(response, passed, maxLength, either.Token);
            // Like a request, an answer of a size that is no class, or of another layer, would be marked on its way.
            return answer is { IsOk: true, Value: { Status: 200, MediaType: Encapsulation.ResponseMediaType } }
                && PaddingClasses.LayerOf(answer.Value.Body.Length) != PaddingClasses.LayerOf(body.Length)
                    ? MaskError.BadAnswer
                    : answer;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return MaskError.Unreachable;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return MaskError.Unreachable;
        }
    }

    private static async Task<Result<HopAnswer, MaskError>> ReadAsync(
        HttpResponseMessage response, string passed, int maxLength, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        // A refusal is passed on with its problem details; another form of it is passed on without a body.
        var expected = status == 200 ? passed : Problem.MediaType;
        if (status is not (200 or (>= 400 and <= 599)) || (status == 200 && mediaType != expected))
            return MaskError.BadAnswer;
        if (mediaType != expected)
            return new HopAnswer(status, null, []);
        var body = await BoundedBody.ReadAsync(
            response.Content, status == 200 ? maxLength : Problem.MaxLength, cancellation);
        return body is null ? MaskError.BadAnswer : new HopAnswer(status, mediaType, body);
    }
}
