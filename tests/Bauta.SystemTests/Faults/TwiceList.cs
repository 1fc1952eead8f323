namespace Bauta.SystemTests.Faults;

/// <summary>
/// What <c>TwiceTests</c> sends twice, each with who is asked. Bauta.Tests holds it against the routes that the parties
/// have, so that none is left out.
/// </summary>
internal static class TwiceList
{
    /// <summary>
    /// Requests that move value or that others build on: the second answer has the very bytes of the first.
    /// </summary>
    public static IReadOnlyList<string> Moving { get; } =
    [
        "acquirer POST /fundings", "acquirer POST /payouts",
        "bank POST /fundings", "bank POST /token-request", "bank POST /token-requests", "bank PUT /locks/",
        "bank PUT /decisions/", "bank POST /refreshes", "bank POST /closings", "bank POST /recoups",
        "merchant POST /purchases", "merchant GET /deliveries/", "merchant POST /sessions/*",
        "archive POST /kept",
    ];

    /// <summary>Requests whose answer says at first that something is on its way; what it says then stays.</summary>
    public static IReadOnlyList<(string Path, string Final)> Growing { get; } =
    [
        ("merchant POST /payments", "\"entry\""), ("merchant POST /sessions/*/close", "\"entry\""),
        ("archive POST /entries", "\"entry\""), ("archive POST /decisions", "\"entry\""),
        ("bank POST /revocations", "\"logged\""), ("bank POST /payouts", "\"paid\""),
    ];

    /// <summary>Tells a state beside what it does, which may have changed the second time.</summary>
    private const string Telling = "bank PUT /account";

    /// <summary>All that must be sent, with success.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Moving, .. Growing.Select(one => one.Path), Telling];

    /// <summary>Sent twice by the tests of disputes; each answer is the present state.</summary>
    public static IReadOnlyList<string> InDisputes { get; } =
        ["bank PUT /disputes/*", "bank PUT /disputes/*/answer", "bank PUT /disputes/*/ruling"];

    /// <summary>
    /// Moves nothing twice and answers differently. C2SP tlog-witness: an old size that is no longer the latest is a
    /// conflict, which states the latest. An early release is taken only by a bank that is its own archive, and asked
    /// again and again (<c>JointTests</c>), and a merchant is told of decisions only by an archive that has its address
    /// (<c>CompletionTests</c>).
    /// </summary>
    public static IReadOnlyList<string> Others { get; } =
    [
        "witness POST /add-checkpoint", "bank POST /releases", "merchant PUT /decisions/",
    ];

    /// <summary>Whether a request, such as <c>bank PUT /locks/abc</c>, is one of these; with or without more path or
    /// query behind it where the entry ends in a slash; a star is a part of the path without one.</summary>
    public static bool Covers(string entry, string request)
    {
        var at = 0;
        foreach (var (number, part) in entry.Split('*').Index())
        {
            for (; number > 0 && at < request.Length && request[at] is not ('/' or ' ' or '?'); at++)
            {
                // What stands for the star.
            }

            if (!request.AsSpan(at).StartsWith(part, StringComparison.Ordinal))
                return false;
            at += part.Length;
        }

        return entry.EndsWith('/') || at == request.Length || request[at] is ' ' or '?';
    }
}
