namespace Bauta.Protocol.Relay;

/// <summary>How requests reach a party: a choice that is always made and that says what it gives away.</summary>
public sealed record MaskRoute
{
    /// <summary>Where a mask takes requests for its next gateway; GET gives the card of that gateway.</summary>
    public const string RelayPath = "/relay";

    /// <summary>Where every party takes sealed requests (RFC 9540).</summary>
    public const string GatewayPath = "/.well-known/ohttp-gateway";

    private MaskRoute(PartyAddress? relay, PartyAddress? opener, string givesAway) =>
        (Relay, Opener, GivesAway) = (relay, opener, givesAway);

    /// <summary>No mask.</summary>
    public static MaskRoute Direct { get; } = new(null, null,
        "Every party you call sees your network address, and whoever watches your line sees which parties you call.");

    /// <summary>The mask that forwards without opening, or null.</summary>
    public PartyAddress? Relay { get; }

    /// <summary>The mask that opens the outer layer and forwards to the party called, or null.</summary>
    public PartyAddress? Opener { get; }

    /// <summary>One sentence for the person who chooses.</summary>
    public string GivesAway { get; }

    /// <summary>One mask.</summary>
    public static MaskRoute One(PartyAddress mask) => new(null, mask,
        "The mask sees your network address and which parties you call, but no content; parties see only the mask.");

    /// <summary>Two masks of different operators: the default.</summary>
    /// <param name="first">Sees the network address; its next gateway must be the second.</param>
    /// <param name="second">Sees which party is called.</param>
    public static MaskRoute Two(PartyAddress first, PartyAddress second) =>
        first.Thumbprint != second.Thumbprint && first.Origin != second.Origin
            ? new(first, second,
                "Only both masks together could tell who calls whom; neither sees any content.")
            : throw new ArgumentException("Two masks are two different parties.", nameof(second));
}
