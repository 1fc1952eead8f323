using Bauta.Protocol;

namespace Bauta.Http;

/// <summary>What the host refuses before, or instead of, the party itself. The list is closed.</summary>
public enum HostError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>The date of a sealed request is missing or too far from the gateway's clock.</summary>
    [Refusal(400, "The request has no date, or one too far from this party's clock. Set the clock and seal it afresh.")]
    BadDate,

    /// <summary>No such resource.</summary>
    [Refusal(404, "There is nothing here. Check the path.")]
    NotFound,

    /// <summary>The path exists, the method does not.</summary>
    [Refusal(405, "This path does not answer this method.")]
    MethodNotAllowed,

    /// <summary>The client was too slow.</summary>
    [Refusal(408, "The request did not arrive in time. Send it again.")]
    Timeout,

    /// <summary>The same sealed bytes twice.</summary>
    [Refusal(409, "This sealed request was received before. Seal the request afresh and send it again.")]
    Replayed,

    /// <summary>The body is over the cap of the route.</summary>
    [Refusal(413, "The body is larger than this path reads.")]
    TooLarge,

    /// <summary>Another media type, or an encoded body.</summary>
    [Refusal(415, "This path does not read this media type, and reads no compressed body.")]
    UnsupportedMediaType,

    /// <summary>The gateway does not have the key.</summary>
    [Refusal(422, "The gateway does not have this key. Read its keys again; the request was not processed.")]
    UnknownKey,

    /// <summary>Too many requests from one source.</summary>
    [Refusal(429, "Too many requests from this source. Send it again later.")]
    RateLimited,

    /// <summary>A bug, or a failing disk.</summary>
    [Refusal(500, "The party failed. Send the same request again later.")]
    Internal,

    /// <summary>Another party that is needed does not answer.</summary>
    [Refusal(503, "The party cannot answer now. Send the same request again later.")]
    Unavailable,
}
