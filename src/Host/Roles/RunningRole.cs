using Bauta.Http;

namespace Bauta.Host.Roles;

/// <summary>What a role needs from around it.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Logging">Where logs go; nowhere when null.</param>
/// <param name="Saw">Told of every request that a role receives, as it can read it; nobody is when null.</param>
internal sealed record RoleEnvironment(
    TimeProvider Time, Action<Microsoft.Extensions.Logging.ILoggingBuilder>? Logging = null,
    Action<ReadRequest>? Saw = null);

/// <summary>One role that answers and does its background work, until disposed of or failed.</summary>
internal sealed class RunningRole : IAsyncDisposable
{
    private readonly RoleParts parts;

    internal RunningRole(RoleParts parts, string role, string name, Uri address) =>
        (this.parts, Role, Name, Address) = (parts, role, name, address);

    public string Role { get; }

    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Completes, with what failed, when the role cannot go on: the process must stop then.</summary>
    public Task<Exception> Failure => parts.Failure;

    /// <summary>What it counts about itself; null when nobody is told.</summary>
    internal PartyMetrics? Metrics => parts.Metrics;

    public ValueTask DisposeAsync() => parts.DisposeAsync();
}
