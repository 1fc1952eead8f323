using System.Net;
using Bauta.Http;
using Microsoft.AspNetCore.Builder;

namespace Bauta.Host.Bench;

/// <summary>The site that the bench's shop sells by the request. It runs with the load, so it is no server that is
/// measured; that the shop asks it is.</summary>
internal sealed class BenchSite : IAsyncDisposable
{
    private const int PageLength = 1024;

    private readonly WebApplication host;

    private BenchSite(WebApplication host) => this.host = host;

    public Uri Address => host.Address();

    public static async Task<BenchSite> StartAsync(CancellationToken cancellation)
    {
        var page = new byte[PageLength];
        var host = PartyHost.Build(
            new PartyHostSettings { UnlimitedSources = [IPAddress.Loopback] },
            routes => routes.MapFallback("{**path}", context =>
            {
                context.Response.ContentLength = PageLength;
                return context.Response.Body.WriteAsync(page, context.RequestAborted).AsTask();
            }));
        await host.StartAsync(cancellation);
        return new BenchSite(host);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
