using Bauta.Host.Config;
using Bauta.Http;
using Bauta.Relay;

namespace Bauta.Host.Roles;

/// <summary>A mask: no database, nothing kept.</summary>
internal static class MaskRole
{
    public static Task<RunningRole> StartAsync(MaskConfig config, RoleParts parts, CancellationToken cancellation)
    {
        var options = new MaskOptions
        {
            Name = config.Name,
            Next = config.Next is null ? null : parts.Party(config.Next, config.Role).Address,
            Targets = config.Targets,
            BatchMilliseconds = config.BatchMilliseconds,
        };
        var mask = parts.Own(new Mask(options, parts.Identity(), parts.GatewayKeys(), parts.Time, parts.Metrics));
        var settings = parts.Settings(Mask.DefaultSettings);
        return parts.StartAsync(
            parts.Watch is { } watch
                ? PartyHost.Build(
                    settings,
                    routes =>
                    {
                        watch.AtRoutes(routes);
                        mask.Map(routes);
                    },
                    watch.Forwarding(mask.Gateway), parts.Time, parts.Logging, watch.BeforeGateway)
                : mask.BuildHost(settings, parts.Time, parts.Logging),
            cancellation);
    }
}
