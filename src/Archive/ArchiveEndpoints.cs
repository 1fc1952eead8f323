using System.Globalization;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Archive;

/// <summary>The archive over HTTP. Tiles, bundles and proofs never change, so anybody may cache them for ever.
/// </summary>
public static class ArchiveEndpoints
{
    private const int MaxRequest = 8 * 1024;
    private const string Forever = "public, max-age=31536000, immutable";

    public static void MapArchive(this IEndpointRouteBuilder routes, IArchive archive, ILog log, ArchivePolicy policy)
    {
        routes.MapPostAnswer("/decisions", async context =>
        {
            var request = await context.ReadJsonAsync(ProtocolJson.Default.DecisionRequest, MaxRequest);
            return request.IsOk
                ? Decision(await archive.DecideAsync(request.Value, context.RequestAborted))
                : Answer.Refuse(request);
        });
        routes.MapGetAnswer("/decisions/{bank}/{n}", async context =>
        {
            if (!BankKeyId.TryParse(context.RouteText("bank"), out var bank)
                || !TransactionId.TryParse(context.RouteText("n"), out var transaction))
                return Answer.Refuse(ArchiveError.Malformed);
            if (!TryReadWait(context, out var wait))
                return Answer.Refuse(ArchiveError.Malformed);
            var answer = wait == TimeSpan.Zero
                ? await archive.DecisionAsync(bank, transaction, context.RequestAborted)
                : await archive.AwaitDecisionAsync(bank, transaction, wait, context.RequestAborted);
            if (answer.IsOk && answer.Value.Decision is not null)
                context.Response.Headers.CacheControl = Forever;
            return Decision(answer);
        });
        routes.MapPostAnswer("/entries", async context =>
        {
            var request = await context.ReadJsonAsync(ProtocolJson.Default.EntryRequest, MaxRequest);
            return request.IsOk
                ? Decision(await archive.EnterAsync(request.Value, context.RequestAborted))
                : Answer.Refuse(request);
        });
        MapKeeping(routes, archive);
        routes.MapGetAnswer("/policy", context => Task.FromResult(Answer.Text(policy.Text)));
        routes.MapLog(log);
    }

    private static void MapKeeping(IEndpointRouteBuilder routes, IArchive archive)
    {
        routes.MapGetAnswer("/keeping", async context => Answer.Json(
            await archive.KeepingAsync(context.RequestAborted), ProtocolJson.Default.KeepingTerms));
        routes.MapPostAnswer("/kept", async context =>
        {
            var request = await context.ReadJsonAsync(ProtocolJson.Default.KeepRequest, KeepRequest.MaxLength);
            return request.IsOk
                ? Answer.Json(
                    await archive.KeepAsync(request.Value, context.RequestAborted), ProtocolJson.Default.KeepingTerms)
                : Answer.Refuse(request);
        });
        routes.MapGetAnswer("/kept/{bank}/{n}/{index}", async context =>
        {
            if (!BankKeyId.TryParse(context.RouteText("bank"), out var bank)
                || !TransactionId.TryParse(context.RouteText("n"), out var transaction)
                || !context.TryReadIndex("index", out var index))
                return Answer.Refuse(ArchiveError.Malformed);
            var chunk = await archive.KeptAsync(bank, transaction, index, context.RequestAborted);
            return Answer.Bytes(chunk.Map(part => part.Encode()), GoodsChunk.MediaType);
        });
    }

    /// <summary>The log as C2SP tlog-tiles has it.</summary>
    private static void MapLog(this IEndpointRouteBuilder routes, ILog log)
    {
        routes.MapGetAnswer("/checkpoint", async context =>
        {
            context.Response.Headers.CacheControl = "no-store";
            try
            {
                return Answer.Text(await log.CheckpointAsync(context.RequestAborted));
            }
            catch (PartyUnreachableException)
            {
                return Answer.Refuse(ArchiveError.Unavailable);
            }
        });
        routes.MapGetAnswer("/tile/{**path}", async context =>
        {
            if (await log.ReadAsync($"tile/{context.RouteText("path")}", context.RequestAborted) is not { } bytes)
                return Answer.Refuse(ArchiveError.NoSuchTile);
            context.Response.Headers.CacheControl = Forever;
            return Answer.Bytes(bytes);
        });
    }

    /// <summary>How long the answer may be held back: whole seconds, in one form only.</summary>
    private static bool TryReadWait(HttpContext context, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (context.Request.Query["wait"] is not [var text])
            return context.Request.Query["wait"].Count == 0;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || text != seconds.ToString(CultureInfo.InvariantCulture) || seconds < 1
            || TimeSpan.FromSeconds(seconds) > IArchive.MaxWait)
            return false;
        wait = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static Answer Decision(Result<DecisionAnswer, ArchiveError> answer) =>
        Answer.Json(answer, ProtocolJson.Default.DecisionAnswer);
}
