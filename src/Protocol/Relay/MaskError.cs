namespace Bauta.Protocol.Relay;

/// <summary>What a mask refuses, and why. The list is closed.</summary>
public enum MaskError
{
    /// <summary>Not one of the padded sizes.</summary>
    [Refusal(422, "The size is not one that sealed requests are padded to. Pad the request; nothing was forwarded.")]
    BadSize,

    /// <summary>Neither a sealed request nor a party card.</summary>
    [Refusal(403, "A mask forwards sealed requests and fetches party cards, nothing else.")]
    NotForwarded,

    /// <summary>The target is not on the list.</summary>
    [Refusal(403, "This mask does not forward to that party. Choose a mask that does.")]
    TargetNotAllowed,

    /// <summary>The mask has no next gateway.</summary>
    [Refusal(404, "This mask forwards to no other mask. Use it as the second one.")]
    NoNext,

    /// <summary>The next hop does not answer.</summary>
    [Refusal(502, "The next party does not answer, or not in time. Send the same request again later.")]
    Unreachable,

    /// <summary>The next hop's answer cannot be passed on.</summary>
    [Refusal(502, "The next party's answer is not one that a mask passes on.")]
    BadAnswer,
}
