using System.Net;
using Bauta.Crypto.Jose;
using Bauta.Host.Config;
using Bauta.Host.Telemetry;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bauta.Host.Roles;

/// <summary>
/// What a composition gathers: keys, databases, clients, loops, web hosts. Stops them in order: first nobody is
/// answered any more, then the loops end, then what they used is closed.
/// </summary>
internal sealed partial class RoleParts(RoleConfig config, RoleEnvironment environment) : IAsyncDisposable
{
    private static readonly TimeSpan stopPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource<Exception> failure =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly List<WebApplication> hosts = [];
    private readonly List<Task> loops = [];
    private readonly List<RoleParts> within = [];
    private readonly Stack<object> owned = new();
    private PartyTransport? transport;
    private ILoggerFactory? logs;
    private MetricsExport? export;

    public TimeProvider Time => environment.Time;

    public Action<ILoggingBuilder>? Logging => environment.Logging;

    public Task<Exception> Failure => failure.Task;

    /// <summary>What the role counts about itself; null when nobody is told.</summary>
    public PartyMetrics? Metrics { get; } = config.Telemetry is null ? null : new PartyMetrics(environment.Time);

    /// <summary>How this role reaches other parties: directly, since they know its address anyway.</summary>
    public PartyTransport Transport => transport ??= Own(new PartyTransport(MaskRoute.Direct, Time));

    /// <summary>Takes something over, to be disposed of last.</summary>
    public T Own<T>(T item)
        where T : class
    {
        owned.Push(item);
        return item;
    }

    public ILogger Logger(string name)
    {
        if (environment.Logging is not { } logging)
            return NullLogger.Instance;
        logs ??= Own(LoggerFactory.Create(logging));
        return logs.CreateLogger(name);
    }

    /// <summary>The role's identity key.</summary>
    public P256PrivateKey Identity() => Own(RoleKeys.OpenSigner(config.KeyPath(RoleKeys.Identity)));

    /// <summary>How this role opens its database.</summary>
    public DatabaseOptions DatabaseOptions
    {
        get
        {
            var log = Logger("Bauta.Storage");
            return new DatabaseOptions { TimeProvider = Time, OnRefused = refusal => LogRefused(log, refusal.Message) };
        }
    }

    public IDatabase Database(StoringConfig storing, IReadOnlyList<Migration> migrations)
    {
        var database = Own(Storage.Database.Open(
            storing.Connection, migrations, DatabaseOptions));
        EndWith(database.Failure);
        Metrics?.Watch(database);
        return database;
    }

    /// <summary>The parts of another role that runs inside this one, and ends and fails with it.</summary>
    public RoleParts Within(RoleConfig other)
    {
        var parts = Own(new RoleParts(other, environment));
        within.Add(parts);
        _ = parts.Failure.ContinueWith(
            failed => failure.TrySetResult(failed.Result),
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return parts;
    }

    /// <summary>A party file that the configuration names.</summary>
    public PartyFile Party(string path, string role) => PartyFile.Read(config.PathOf(path), role);

    /// <summary>A client over the transport.</summary>
    public HttpClient ClientOf(PartyFile party) => Own(Transport.ClientFor(party.Address));

    /// <summary>A failing disk ends the role.</summary>
    public void EndWith(Task<StorageException> failing) => _ = failing.ContinueWith(
        failed => failure.TrySetResult(failed.Result),
        CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    /// <summary>Background work until the role stops. When it ends by itself, the role ends.</summary>
    public void Loop(Func<CancellationToken, Task> run) => loops.Add(Task.Run(async () =>
    {
        try
        {
            await run(stopping.Token);
            if (!stopping.IsCancellationRequested)
                failure.TrySetResult(new InvalidOperationException("A background loop ended by itself."));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop.
        }
        catch (Exception broken)
        {
            failure.TrySetResult(broken);
        }
    }));

    /// <summary>Starts the web host with card, health and gateway in front of the role's own routes.</summary>
    /// <param name="identity">Signs the card.</param>
    /// <param name="card">Makes the card.</param>
    /// <param name="map">The role's routes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<RunningRole> StartAsync(
        ISigner identity, Func<byte[], UnixTime, PartyCard> card, Action<IEndpointRouteBuilder> map,
        CancellationToken cancellation)
    {
        var ring = GatewayKeys();
        var source = new PartyCardSource(identity, ring, Time, card);
        return await StartAsync(
            new PartyHostSettings(),
            routes =>
            {
                routes.MapPartyCard(() => source.Current);
                routes.MapHealth(_ => Task.FromResult(!failure.Task.IsCompleted));
                map(routes);
            },
            new PartyGateway(ring), cancellation);
    }

    /// <summary>Starts the web host with a gateway in front of all of the role's routes; who asked for it is shown what
    /// comes in.</summary>
    public async Task<RunningRole> StartAsync(
        PartyHostSettings defaults, Action<IEndpointRouteBuilder> map, PartyGateway gateway,
        CancellationToken cancellation)
    {
        var watch = environment.Saw is { } saw ? new RequestWatch(config.Role, config.Name, saw) : null;
        var app = PartyHost.Build(
            Settings(defaults),
            routes =>
            {
                watch?.AtRoutes(routes);
                map(routes);
            },
            watch is null ? gateway : watch.Forwarding(gateway), Time, environment.Logging,
            watch is null ? null : watch.BeforeGateway);
        await ListenAsync(app, cancellation);
        if (Metrics is not null)
            export = new MetricsExport(
                ConfigFile.Collector(config)!, config.Role, config.Name, Metrics, Logger("Bauta.Telemetry"));
        return new RunningRole(this, config.Role, config.Name, app.Address());
    }

    /// <summary>Starts one more web host.</summary>
    public Task ListenAsync(WebApplication app, CancellationToken cancellation)
    {
        hosts.Add(app);
        return app.StartAsync(cancellation);
    }

    /// <summary>The gateway's keys, rotated in the background; the card source notices by itself.</summary>
    public GatewayKeyRing GatewayKeys()
    {
        var ring = Own(GatewayKeyRing.Open(config.KeyPath(RoleKeys.Gateway), Time));
        Loop(ring.RunAsync);
        return ring;
    }

    /// <summary>How the configuration says to listen.</summary>
    public PartyHostSettings Settings(PartyHostSettings defaults) => defaults with
    {
        Listen = ConfigFile.Endpoint(config),
        Certificate = config.Certificate is null
            ? null
            : Own(RoleKeys.OpenCertificate(
                config.PathOf(config.Certificate),
                config.CertificateKey is null ? null : config.PathOf(config.CertificateKey))),
        Metrics = Metrics,
        UnlimitedSources = [.. config.UnlimitedSources.Select(IPAddress.Parse)],
    };

    [LoggerMessage(LogLevel.Error, "Nothing can be stored, and what is asked is refused until it can be: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    public async ValueTask DisposeAsync()
    {
        await StopAnsweringAsync();
        await stopping.CancelAsync();
        await Task.WhenAll(loops);
        // While all that is counted can still be read.
        export?.Dispose();
        Metrics?.Dispose();
        while (owned.TryPop(out var item))
        {
            if (item is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else if (item is IDisposable disposable)
                disposable.Dispose();
        }

        stopping.Dispose();
    }

    private async Task StopAnsweringAsync()
    {
        foreach (var parts in within)
            await parts.StopAnsweringAsync();
        foreach (var app in hosts)
        {
            using var patience = new CancellationTokenSource(stopPatience);
            await app.StopAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await app.DisposeAsync();
        }

        hosts.Clear();
    }
}
