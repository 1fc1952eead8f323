using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Http;

/// <summary>The routes that every role has.</summary>
public static class WellKnownRoutes
{
    /// <summary>Publishes the party's card, as it is at the time of each request.</summary>
    public static void MapPartyCard(this IEndpointRouteBuilder routes, Func<Signed<PartyCard>> card) =>
        routes.MapGetAnswer(PartyCard.Path, _ => Task.FromResult(Answer.Statement(card())));

    /// <summary>Publishes whether the role can work: 200 or 503, and nothing else.</summary>
    /// <param name="routes">Where to map.</param>
    /// <param name="isWell">For instance whether the database answers; none means always.</param>
    public static void MapHealth(
        this IEndpointRouteBuilder routes, Func<CancellationToken, Task<bool>>? isWell = null) =>
        routes.MapGetAnswer("/health", async context =>
            isWell is null || await isWell(context.RequestAborted)
                ? Answer.Text("ok\n")
                : Answer.Refuse(HostError.Unavailable));
}
