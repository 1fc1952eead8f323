using System.Diagnostics.Metrics;
using Bauta.Http;
using Bauta.Protocol.Relay;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Bauta.Host.Telemetry;

/// <summary>
/// Hands a role's metrics to its operator's collector, and once more when it is disposed of: sums over five minutes, so
/// that they tell no time of any one request. No traces: see <c>docs/decisions</c>.
/// </summary>
internal sealed class MetricsExport : IDisposable
{
    private const int IntervalMilliseconds = 5 * 60 * 1000;
    private const int PatienceMilliseconds = 5000;
    private const string Runtime = "System.Runtime";

    // Memory, processor time, threads and kinds of exceptions.
    private static readonly string[] ofRuntime = ["dotnet.gc.", "dotnet.process.", "dotnet.thread_pool.", "dotnet.exc"];

    private static readonly string[] labels = [.. PartyMetrics.Labels, "gc.heap.generation", "cpu.mode"];

    private readonly MeterProvider provider;

    /// <summary>Begins.</summary>
    /// <param name="collector">Takes OTLP over HTTP.</param>
    /// <param name="role">The role.</param>
    /// <param name="name">The party's name, which is public.</param>
    /// <param name="metrics">What is reported, beside the process's own memory and processor time.</param>
    /// <param name="logger">Takes that the collector does not answer.</param>
    public MetricsExport(Uri collector, string role, string name, PartyMetrics metrics, ILogger logger)
    {
        var exporter = new ToldExporter(new OtlpExporterOptions
        {
            Endpoint = new Uri(collector.AbsoluteUri.TrimEnd('/') + "/v1/metrics"),
            Protocol = OtlpExportProtocol.HttpProtobuf,
            TimeoutMilliseconds = PatienceMilliseconds,
            HttpClientFactory = () => new HttpClient(PartyTransport.NewSockets())
            {
                Timeout = TimeSpan.FromMilliseconds(PatienceMilliseconds),
            },
        }, logger);
        provider = Sdk.CreateMeterProviderBuilder()
            // Not the default one, which takes what the environment says and names the machine.
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes(
            [
                new("service.namespace", "bauta"), new("service.name", role), new("service.instance.id", name),
            ]))
            .AddMeter(PartyMetrics.MeterName, Runtime)
            .AddView(instrument => ViewOf(instrument, metrics.Meter))
            // An exemplar is one request.
            .SetExemplarFilter(ExemplarFilterType.AlwaysOff)
            .AddReader(new PeriodicExportingMetricReader(exporter, IntervalMilliseconds, PatienceMilliseconds))
            .Build();
    }

    /// <inheritdoc/>
    public void Dispose() => provider.Dispose();

    /// <summary>What is not named here is not reported, be it a new label of a new runtime or another role of this
    /// process.</summary>
    private static MetricStreamConfiguration ViewOf(Instrument instrument, Meter own)
    {
        var isWanted = instrument.Meter.Name == Runtime
            ? ofRuntime.Any(name => instrument.Name.StartsWith(name, StringComparison.Ordinal))
            : ReferenceEquals(instrument.Meter, own);
        if (!isWanted)
            return MetricStreamConfiguration.Drop;
        // The least and the largest would each be one request.
        return instrument is Histogram<double> or Histogram<int>
            ? new ExplicitBucketHistogramConfiguration { RecordMinMax = false, TagKeys = labels }
            : new MetricStreamConfiguration { TagKeys = labels };
    }
}
