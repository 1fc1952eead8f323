using Bauta.Host.Config;
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
        return parts.StartAsync(Mask.DefaultSettings, mask.Map, mask.Gateway, cancellation);
    }
}
