using System.Globalization;
using Bauta.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Http;

/// <summary>
/// Maps routes to functions that read a request and give an <see cref="Answer"/>, without any binding magic.
/// </summary>
public static class AnswerRoutes
{
    /// <summary>GET (and HEAD).</summary>
    public static IEndpointConventionBuilder MapGetAnswer(
        this IEndpointRouteBuilder routes, string pattern, Func<HttpContext, Task<Answer>> handler) =>
        routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], Delegate(handler));

    /// <summary>POST.</summary>
    public static IEndpointConventionBuilder MapPostAnswer(
        this IEndpointRouteBuilder routes, string pattern, Func<HttpContext, Task<Answer>> handler) =>
        routes.MapMethods(pattern, [HttpMethods.Post], Delegate(handler));

    /// <summary>PUT.</summary>
    public static IEndpointConventionBuilder MapPutAnswer(
        this IEndpointRouteBuilder routes, string pattern, Func<HttpContext, Task<Answer>> handler) =>
        routes.MapMethods(pattern, [HttpMethods.Put], Delegate(handler));

    /// <summary>The value of a route parameter, or the empty string.</summary>
    public static string RouteText(this HttpContext context, string name) =>
        context.Request.RouteValues[name] as string ?? string.Empty;

    /// <summary>The identifier behind which a page of a list begins; null, and true, when none is given.</summary>
    public static bool TryReadAfter<T>(this HttpContext context, out T? after)
        where T : Identifier<T>, IIdentifier<T>
    {
        after = null;
        return context.Request.Query["after"] switch
        {
            [] => true,
            [var text] => Identifier<T>.TryParse(text, out after),
            _ => false,
        };
    }

    /// <summary>A route parameter that counts: one text for one number, so digits only, and no leading zero.</summary>
    public static bool TryReadIndex(this HttpContext context, string name, out long index) =>
        long.TryParse(context.RouteText(name), NumberStyles.None, CultureInfo.InvariantCulture, out index)
        && context.RouteText(name) == index.ToString(CultureInfo.InvariantCulture);

    private static RequestDelegate Delegate(Func<HttpContext, Task<Answer>> handler) => async context =>
    {
        var answer = await handler(context);
        await answer.ExecuteAsync(context);
    };
}
