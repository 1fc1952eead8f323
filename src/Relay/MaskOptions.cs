using Bauta.Protocol;
using Bauta.Protocol.Relay;

namespace Bauta.Relay;

/// <summary>What a mask does, and for whom.</summary>
public sealed record MaskOptions
{
    /// <summary>
    /// The longest period. A first exchange with a party is two, for its card and for the request, and each passes four
    /// batches, all of it within a wallet's time-out.
    /// </summary>
    public const int MaxBatchMilliseconds = 3_000;

    /// <summary>The mask's name on its card.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// As a first mask: the one gateway that sealed requests are carried to, another operator's mask. Null when this
    /// mask carries nothing on.
    /// </summary>
    public PartyAddress? Next { get; init; }

    /// <summary>
    /// As a second mask: the parties it forwards to, each as <c>https://host:port</c> without the default port and
    /// without a slash at the end. Compared exactly; anything else is refused.
    /// </summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>
    /// Requests, and answers, wait until the end of a period this long and then leave together in random order, so that
    /// whoever watches both sides cannot join them by time. 0 sends at once.
    /// </summary>
    public int BatchMilliseconds { get; init; }

    /// <summary>The time for the next hop to answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    internal void Validate()
    {
        if (!Names.IsPartyName(Name))
            throw new ArgumentException("The name is not a party's name.");
        if (BatchMilliseconds is < 0 or > MaxBatchMilliseconds)
            throw new ArgumentException("Batches last 0 to 3,000 milliseconds.");
        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromMinutes(5))
            throw new ArgumentException("The time-out is more than nothing and at most 5 minutes.");
        foreach (var target in Targets)
        {
            if (!Uri.TryCreate(target, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
                || PartyAddress.OriginOf(uri) != target)
                throw new ArgumentException($"The target {target} is not of the form https://host:port.");
        }
    }
}
