using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bauta.Http.Gateway;
using Bauta.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Http;

/// <summary>
/// What a role counts about itself, for <c>docs/operating/metrics.md</c>: sums over many requests. A label has one of a
/// few values that this code chooses; nothing that a client sends, and no address, becomes one. Thread-safe.
/// </summary>
public sealed class PartyMetrics : IDisposable
{
    /// <summary>The name of every role's meter.</summary>
    public const string MeterName = "Bauta";

    /// <summary>The label with a closed error code, or another kind of failure (OpenTelemetry's name).</summary>
    public const string ErrorType = "error.type";

    /// <summary>The label with the name of a witness, which is public.</summary>
    public const string WitnessName = "bauta.witness.name";

    private const string Method = "http.request.method";
    private const string Route = "http.route";
    private const string Status = "http.response.status_code";

    // The bounds that the semantic conventions advise, and one for what took longer.
    private static readonly double[] bounds =
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private const double Longer = 30;

    private readonly TimeProvider time;
    private readonly Histogram<double> durations;

    /// <summary>Makes a role's meter.</summary>
    /// <param name="time">The clock; only its monotonic stamp is used.</param>
    public PartyMetrics(TimeProvider time)
    {
        this.time = time;
        durations = Meter.CreateHistogram(
            "http.server.request.duration", "s", "How long requests took, each rounded up to the next bound.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
    }

    /// <summary>All labels that there are.</summary>
    public static IReadOnlyList<string> Labels { get; } = [Method, Route, Status, ErrorType, WitnessName];

    /// <summary>Takes a role's own instruments.</summary>
    public Meter Meter { get; } = new(MeterName);

    /// <summary>Reports what the writer of a database has done, and whether it takes writes.</summary>
    public void Watch(IDatabase database)
    {
        Meter.CreateObservableCounter(
            "bauta.database.commits", () => database.Counters.Commits, "{commit}", "Durable transactions.");
        Meter.CreateObservableCounter(
            "bauta.database.writes", () => database.Counters.Writes, "{write}", "Pieces of work committed.");
        Meter.CreateObservableCounter(
            "bauta.database.reruns", () => database.Counters.Reruns, "{rerun}",
            "Transactions rolled back and run again without their culprit.");
        Meter.CreateObservableGauge(
            "bauta.database.healthy", () => database.Health == DatabaseHealth.Healthy ? 1 : 0, "1",
            "1 while writes are taken.");
    }

    /// <summary>Reports a number of rows, counted anew each time: only what an index keeps small.</summary>
    public void WatchRows(string name, string unit, string description, IDatabase database, string sql) =>
        Meter.CreateObservableGauge(
            name,
            // Asked on the thread of the export, which has nothing else to do.
            () => database.ReadAsync(tx => tx.QuerySingleOrDefault(sql, row => row.GetInt64(0)))
                .GetAwaiter().GetResult(),
            unit, description);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    internal async Task MeasureAsync(HttpContext context, RequestDelegate next)
    {
        var start = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            Record(context, time.GetElapsedTime(start));
        }
    }

    /// <summary>Behind the gateway: what was sealed counts once more, as the request that it is.</summary>
    internal Task MeasureInnerAsync(HttpContext context, RequestDelegate next) =>
        context.Features.Get<InnerExchange>() is null ? next(context) : MeasureAsync(context, next);

    private void Record(HttpContext context, TimeSpan took)
    {
        var isGone = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted;
        var labels = new TagList
        {
            { Method, MethodOf(context.Request.Method) },
            { Status, isGone ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode },
        };
        if (RouteOf(context) is { } route)
            labels.Add(Route, route);
        if (context.Features.Get<Answer>()?.Refusal is { } refusal)
            labels.Add(ErrorType, refusal);
        // The sum of exact durations would be the exact duration of a request that came alone.
        var at = Array.BinarySearch(bounds, took.TotalSeconds);
        at = at < 0 ? ~at : at;
        durations.Record(at == bounds.Length ? Longer : bounds[at], labels);
    }

    // A client may call its method, and its path, what it likes.
    private static string MethodOf(string method) => method is "GET" or "HEAD" or "POST" or "PUT" ? method : "_OTHER";

    private static string? RouteOf(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint endpoint ? endpoint.RoutePattern.RawText
        : context.Request.Path.Equals(PartyGateway.Path, StringComparison.Ordinal) ? PartyGateway.Path : null;
}
