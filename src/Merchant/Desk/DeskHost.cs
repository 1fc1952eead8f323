using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bauta.Merchant.Desk;

/// <summary>The small server that the command line talks to, apart from the public one.</summary>
public static class DeskHost
{
    private const int MaxBodyLength = 128 * 1024;
    private const int MaxConnections = 32;

    /// <summary>Builds the server; the caller starts and stops it.</summary>
    public static WebApplication Build(DeskAddress address, IShopDesk desk, DeskToken token)
    {
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyLength;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http1);
            address.Listen(kestrel);
        });
        var app = builder.Build();
        app.UseRouting();
        app.MapShopDesk(desk, token);
        return app;
    }
}
