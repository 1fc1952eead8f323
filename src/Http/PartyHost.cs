using System.Diagnostics;
using System.Globalization;
using System.Net;
using Bauta.Http.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bauta.Http;

/// <summary>
/// The web host of every role: Kestrel with bounds on everything, the limit per source, refusals as problem details,
/// logs without identifiers. It reads no environment variable and no configuration file.
/// </summary>
public static class PartyHost
{
    /// <summary>Builds the host; the caller starts and stops it.</summary>
    /// <param name="settings">Where and how to listen.</param>
    /// <param name="map">Maps the role's routes.</param>
    /// <param name="gateway">The role's Oblivious HTTP gateway, if it has one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logging">Where logs go; nowhere when null.</param>
    /// <param name="first">Put in front of the gateway, if there is something to put there.</param>
    public static WebApplication Build(
        PartyHostSettings settings, Action<IEndpointRouteBuilder> map, PartyGateway? gateway = null,
        TimeProvider? time = null, Action<ILoggingBuilder>? logging = null, Action<IApplicationBuilder>? first = null)
    {
        time ??= TimeProvider.System;
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(new BodyBudget(settings.MaxArrivingLength));
        builder.Services.AddSingleton<DistributedContextPropagator>(new NoTraceContext());
        logging?.Invoke(builder.Logging);
        Quieten(builder.Logging);
        builder.WebHost.UseKestrelCore();
        if (settings.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Bound(kestrel, settings));
        var app = builder.Build();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Bauta.Http");
        if (settings.Metrics is { } metrics)
            app.Use(metrics.MeasureAsync);
        app.UseSourceLimit(new SourceLimiter(
            settings.RequestsPerSecondPerSource, settings.BurstPerSource, settings.UnlimitedSources, time));
        app.UseRefusals(logger);
        first?.Invoke(app);
        if (gateway is not null)
        {
            app.UseObliviousGateway(gateway, logger);
            if (settings.Metrics is { } counted)
                app.Use(counted.MeasureInnerAsync);
            // Again, so that what goes wrong with an inner request is answered inside its seal.
            app.UseRefusals(logger);
        }

        // Said here, so that the framework does not put routing in front of everything.
        app.UseRouting();
        map(app);
        return app;
    }

    /// <summary>The address that a started host listens on, ending in a slash.</summary>
    public static Uri Address(this WebApplication app) => new(app.Urls.First().TrimEnd('/') + '/');

    // The framework's own messages quote paths and addresses.
    private static void Quieten(ILoggingBuilder logging) => logging
        .AddFilter("Microsoft.AspNetCore", LogLevel.Error)
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical)
        .AddFilter("Microsoft.AspNetCore.Routing", LogLevel.None)
        .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.None);

    private static void Bound(KestrelServerOptions kestrel, PartyHostSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = settings.MaxBodyLength;
        limits.MaxRequestHeadersTotalSize = settings.MaxHeadersLength;
        limits.MaxRequestHeaderCount = settings.MaxHeaderCount;
        limits.MaxRequestLineSize = settings.MaxRequestLineLength;
        limits.MaxConcurrentConnections = settings.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.RequestHeadersTimeout = settings.HeadersTimeout;
        limits.KeepAliveTimeout = settings.KeepAlive;
        limits.MinRequestBodyDataRate = new(settings.MinBytesPerSecond, settings.MinRateGrace);
        limits.MinResponseDataRate = new(settings.MinBytesPerSecond, settings.MinRateGrace);
        kestrel.Listen(settings.Listen, listen =>
        {
            // One request at a time on a connection: the bound on connections is then the bound on requests.
            listen.Protocols = HttpProtocols.Http1;
            if (settings.MaxConnectionsPerSource > 0)
                LimitConnections(
                    listen, new ConnectionLimiter(settings.MaxConnectionsPerSource), [.. settings.UnlimitedSources]);
            if (settings.Certificate is not null)
                listen.UseHttps(settings.Certificate);
        });
    }

    private static void LimitConnections(
        ListenOptions listen, ConnectionLimiter limiter, HashSet<IPAddress> unlimited) =>
        listen.Use(next => async connection =>
        {
            if (connection.RemoteEndPoint is not IPEndPoint { Address: var source } || unlimited.Contains(source))
            {
                await next(connection);
                return;
            }

            if (!limiter.TryEnter(source))
            {
                connection.Abort(new ConnectionAbortedException());
                return;
            }

            try
            {
                await next(connection);
            }
            finally
            {
                limiter.Leave(source);
            }
        });

    private static void UseSourceLimit(this IApplicationBuilder app, SourceLimiter limiter) =>
        app.Use((HttpContext context, RequestDelegate next) =>
        {
            var wait = limiter.Take(context.Connection.RemoteIpAddress);
            if (wait == TimeSpan.Zero)
                return next(context);
            context.Response.Headers.RetryAfter =
                ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return Answer.Refuse(HostError.RateLimited).ExecuteAsync(context);
        });
}
