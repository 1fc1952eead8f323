using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.PrivacyPass;

namespace Bauta.Protocol.Bank;

/// <summary>
/// Several token requests in one exchange: the RFC 9578 structs one after the other, 259 bytes each, answered by as
/// many blind signatures of 256 bytes. One request alone uses the standard media type and path.
/// </summary>
public static class TokenBatch
{
    /// <summary>The most requests in one exchange.</summary>
    public const int MaxRequests = 64;

    /// <summary>The media type of a batch.</summary>
    public const string RequestMediaType = "application/vnd.bauta.token-requests";

    /// <summary>The media type of a batch's answer.</summary>
    public const string ResponseMediaType = "application/vnd.bauta.token-responses";

    /// <summary>The body of a batch.</summary>
    public static byte[] Join(IEnumerable<byte[]> requests) => [.. requests.SelectMany(request => request)];

    /// <summary>Reads a body of 1 to <see cref="MaxRequests"/> requests.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> body, out IReadOnlyList<TokenRequest> requests)
    {
        requests = [];
        if (body.IsEmpty || body.Length % TokenRequest.Size != 0 || body.Length / TokenRequest.Size > MaxRequests)
            return false;
        var list = new TokenRequest[body.Length / TokenRequest.Size];
        for (var i = 0; i < list.Length; i++)
        {
            if (!TokenRequest.TryDecode(body.Slice(i * TokenRequest.Size, TokenRequest.Size), out var request))
                return false;
            list[i] = request;
        }

        requests = list;
        return true;
    }

    /// <summary>Reads an answer of <paramref name="count"/> blind signatures.</summary>
    /// <exception cref="ProtocolViolationException">There are more or fewer.</exception>
    public static IReadOnlyList<byte[]> SplitAnswer(byte[] bytes, int count)
    {
        if (bytes.Length != count * RsaPublicKey.ModulusSize)
            throw new ProtocolViolationException("The bank answered another number of signatures.");
        return [.. bytes.Chunk(RsaPublicKey.ModulusSize)];
    }
}
