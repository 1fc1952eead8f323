using Bauta.Protocol;
using Bauta.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Bauta.Http;

/// <summary>
/// Turns what goes wrong beneath it into problem details: no route, wrong method, broken bodies, parties that do not
/// answer, bugs. Logs the route template and the kind of failure, never a path, a message or an address.
/// </summary>
internal static partial class RefusalMiddleware
{
    internal static void UseRefusals(this IApplicationBuilder app, ILogger logger) =>
        app.Use((context, next) => RunAsync(context, next, logger));

    private static async Task RunAsync(HttpContext context, RequestDelegate next, ILogger logger)
    {
        HostError error;
        try
        {
            await next(context);
            if (context.Response.HasStarted || context.Response.ContentType is not null)
                return;
            if (context.Response.StatusCode == StatusCodes.Status404NotFound)
                error = HostError.NotFound;
            else if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
                error = HostError.MethodNotAllowed;
            else
                return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (BadHttpRequestException bad)
        {
            error = bad.StatusCode switch
            {
                StatusCodes.Status408RequestTimeout => HostError.Timeout,
                StatusCodes.Status413PayloadTooLarge => HostError.TooLarge,
                _ => HostError.Malformed,
            };
        }
        catch (Exception failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            LogUnavailable(logger, Template(context), failure.GetType().Name);
            error = HostError.Unavailable;
        }
        catch (StorageException full) when (full.Failure == StorageFailure.Retryable)
        {
            LogNotStored(logger, Template(context), full.Message);
            error = HostError.Unavailable;
        }
        catch (Exception failure)
        {
            LogFailure(logger, Template(context), Describe(failure));
            error = HostError.Internal;
        }

        if (context.Response.HasStarted)
            context.Abort();
        else
            await RefuseAsync(context, error);
    }

    internal static Task RefuseAsync(HttpContext context, HostError error)
    {
        // What the endpoint may have set before it failed does not belong to the refusal; 405 keeps its Allow.
        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        if (error == HostError.MethodNotAllowed)
            context.Response.Headers.Allow = allow;
        return Answer.Refuse(error).ExecuteAsync(context);
    }

    private static string Template(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    private static string Describe(Exception failure) =>
        $"{FailureKinds.Of(failure)}{Environment.NewLine}{failure.StackTrace}";

    [LoggerMessage(1, LogLevel.Error, "A request to {Route} failed: {Failure}")]
    private static partial void LogFailure(ILogger logger, string route, string failure);

    // Storage's own sentences, such as that the disk is full; they quote nothing.
    [LoggerMessage(3, LogLevel.Error, "A request to {Route} was refused, and nothing was stored: {Reason}")]
    private static partial void LogNotStored(ILogger logger, string route, string reason);

    [LoggerMessage(2, LogLevel.Warning, "A request to {Route} needs a party that does not answer: {Kind}")]
    private static partial void LogUnavailable(ILogger logger, string route, string kind);
}
