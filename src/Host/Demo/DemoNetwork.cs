using Bauta.Host.Roles;

namespace Bauta.Host.Demo;

/// <summary>All roles of a demo in one process, each with its own web host, port, keys and database.</summary>
internal sealed class DemoNetwork : IAsyncDisposable
{
    private readonly List<RunningRole> roles = [];

    public IReadOnlyList<RunningRole> Roles => roles;

    /// <summary>Completes when a role cannot go on.</summary>
    public async Task<(RunningRole Role, Exception Failure)> FailureAsync()
    {
        var first = await Task.WhenAny(roles.Select(role => role.Failure));
        var failed = roles.First(role => role.Failure == first);
        return (failed, await first);
    }

    /// <summary>Starts all roles; when one cannot be started, those that run are stopped again.</summary>
    public static async Task<DemoNetwork> StartAsync(
        DemoPlaces places, RoleEnvironment environment, CancellationToken cancellation)
    {
        var network = new DemoNetwork();
        try
        {
            foreach (var config in places.Configs)
                network.roles.Add(await RoleStarter.StartAsync(config, environment, cancellation));
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever calls others stops before them.
        for (var i = roles.Count - 1; i >= 0; i--)
            await roles[i].DisposeAsync();
    }
}
