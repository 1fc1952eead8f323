using System.Net;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Host.Roles;

/// <summary>A request as far as the role that received it can read it.</summary>
/// <param name="Role">The role.</param>
/// <param name="Name">The party's name.</param>
/// <param name="Source">The address it came from; null within a seal.</param>
/// <param name="Method">Such as <c>PUT</c>.</param>
/// <param name="Route">The pattern, such as <c>/locks/{n}</c>; null where a mask forwards.</param>
/// <param name="Fields">What the pattern's places and the header fields hold, by name.</param>
/// <param name="MediaType">Of the body, if there is one.</param>
/// <param name="Body">Empty where it is sealed to somebody else.</param>
/// <param name="Length">Of the body in bytes.</param>
/// <param name="ForwardTo">The party that a mask forwards it to.</param>
internal sealed record ReadRequest(
    string Role, string Name, IPAddress? Source, string Method, string? Route,
    IReadOnlyList<(string Name, string Value)> Fields, string? MediaType, ReadOnlyMemory<byte> Body, long Length,
    string? ForwardTo = null);

/// <summary>
/// Shows whoever runs the roles what each of them receives, after its gateway has opened it. Only the demo asks for it:
/// there one person is all operators.
/// </summary>
internal sealed class RequestWatch(string role, string name, Action<ReadRequest> saw)
{
    // No role takes more.
    private const int MaxBody = 2 * 1024 * 1024;

    /// <summary>What comes sealed to the gateway, before it is opened.</summary>
    public void BeforeGateway(IApplicationBuilder app) => app.Use((HttpContext context, RequestDelegate next) =>
    {
        if (context.Request.Path == PartyGateway.Path && HttpMethods.IsPost(context.Request.Method))
            saw(Sealed(context));
        return next(context);
    });

    /// <summary>What comes to the role's own routes, in the open or out of the gateway.</summary>
    public void AtRoutes(IEndpointRouteBuilder routes) => ((IApplicationBuilder)routes).Use(
        async (HttpContext context, RequestDelegate next) =>
        {
            if (context.Request.ContentType == Encapsulation.RequestMediaType)
            {
                saw(Sealed(context));
                await next(context);
                return;
            }

            var body = await ReadAsync(context);
            saw(new ReadRequest(
                role, name, context.Connection.RemoteIpAddress, context.Request.Method,
                (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText,
                [
                    .. context.Request.RouteValues.Select(one => (one.Key, one.Value?.ToString() ?? "")),
                    .. context.Request.Query.Select(one => (one.Key, one.Value.ToString())),
                    .. context.Request.Headers.Select(one => (one.Key, one.Value.ToString())),
                ],
                context.Request.ContentType, body, body.Length));
            using var again = new MemoryStream(body, writable: false);
            context.Request.Body = again;
            await next(context);
        });

    /// <summary>What a mask opens and forwards.</summary>
    public PartyGateway Forwarding(PartyGateway gateway) => gateway.Dispatch is not { } forward
        ? gateway
        : gateway with
        {
            Dispatch = (request, cancellation) =>
            {
                saw(new ReadRequest(
                    role, name, null, request.Method, null, FieldsOf(request), null, default, request.Content.Length,
                    request.Authority));
                return forward(request, cancellation);
            },
        };

    private static (string, string)[] FieldsOf(BinaryRequest request) =>
        [.. request.Headers.Select(field => (field.Name, field.Value))];

    private ReadRequest Sealed(HttpContext context) => new(
        role, name, context.Connection.RemoteIpAddress, context.Request.Method, context.Request.Path,
        [.. context.Request.Headers.Select(one => (one.Key, one.Value.ToString()))],
        context.Request.ContentType, default, context.Request.ContentLength ?? 0);

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var whole = new MemoryStream();
        var part = new byte[64 * 1024];
        while (whole.Length <= MaxBody
            && await context.Request.Body.ReadAsync(part, context.RequestAborted) is var count and > 0)
            whole.Write(part, 0, count);
        return whole.ToArray();
    }
}
