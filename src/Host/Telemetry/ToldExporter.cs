using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Bauta.Host.Telemetry;

/// <summary>Says once when the collector stops taking metrics, and once when it takes them again.</summary>
internal sealed partial class ToldExporter(OtlpExporterOptions options, ILogger logger) : OtlpMetricExporter(options)
{
    private bool isFailing;

    public override ExportResult Export(in Batch<Metric> metrics)
    {
        var result = base.Export(metrics);
        var failed = result != ExportResult.Success;
        if (failed && !isFailing)
            LogFailing(logger);
        else if (!failed && isFailing)
            LogMended(logger);
        isFailing = failed;
        return result;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "The collector named by \"telemetry\" takes no metrics; the role goes on without. Is the collector running?")]
    private static partial void LogFailing(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "The collector takes metrics again.")]
    private static partial void LogMended(ILogger logger);
}
