using System.Globalization;
using Bauta.Crypto.Notes;
using Bauta.Http;
using Bauta.Protocol.Archive;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Archive.Follow;

/// <summary>The witness over HTTP, as C2SP tlog-witness has it.</summary>
public static class WitnessEndpoints
{
    public static void MapWitness(this IEndpointRouteBuilder routes, IWitness witness) =>
        routes.MapPostAnswer("/" + AddCheckpointRequest.Path, async context =>
        {
            var body = await context.ReadTextAsync(AddCheckpointRequest.MaxSize);
            if (!body.IsOk)
                return Answer.Refuse(body);
            var answer = await witness.AddCheckpointAsync(body.Value, context.RequestAborted);
            if (answer.IsOk || answer.Error != WitnessError.Conflict)
                return Answer.Text(answer);
            // C2SP gives a conflict a media type of its own, so that any log can read the size.
            var size = long.Parse(answer.Detail, CultureInfo.InvariantCulture);
            return Answer.Raw(
                StatusCodes.Status409Conflict, AddCheckpointResponse.WriteConflict(size),
                AddCheckpointResponse.ConflictMediaType);
        });
}
