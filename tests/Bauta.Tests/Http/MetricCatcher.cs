using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Bauta.Http;

namespace Bauta.Tests.Http;

/// <summary>Keeps what the instruments of one role report, each as <c>NAME VALUE LABEL=VALUE ...</c>.</summary>
internal sealed class MetricCatcher : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentQueue<string> lines = new();

    public MetricCatcher(PartyMetrics metrics)
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (ReferenceEquals(instrument.Meter, metrics.Meter))
                own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>(Keep);
        listener.SetMeasurementEventCallback<long>(Keep);
        listener.SetMeasurementEventCallback<double>(Keep);
        listener.Start();
    }

    /// <summary>All that was reported, and what is observed now.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            listener.RecordObservableInstruments();
            return [.. lines];
        }
    }

    public void Dispose() => listener.Dispose();

    private void Keep<T>(
        Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> labels, object? state)
        where T : IFormattable
    {
        var texts = new List<string>();
        foreach (var (key, label) in labels)
            texts.Add($" {key}={label}");
        texts.Sort(StringComparer.Ordinal);
        lines.Enqueue($"{instrument.Name} {value.ToString(null, null)}{string.Concat(texts)}");
    }
}
