using System.Diagnostics.Metrics;
using Bauta.Archive.Cosign;
using Bauta.Archive.Follow;
using Bauta.Http;

namespace Bauta.Archive;

/// <summary>What an operator of an archive or a witness watches.</summary>
public static class ArchiveMetrics
{
    public static void Watch(this PartyMetrics metrics, Archive archive)
    {
        var meter = metrics.Meter;
        meter.CreateObservableGauge(
            "bauta.archive.leaves", () => archive.Size, "{leaf}", "Durable leaves of the log.");
        meter.CreateObservableGauge(
            "bauta.archive.published", () => archive.PublishedSize, "{leaf}",
            "Leaves under the latest checkpoint that the quorum cosigned.");
        meter.CreateObservableGauge(
            "bauta.archive.unpublished.age", () => (long)archive.Unpublished.TotalSeconds, "s",
            "How long leaves have waited for a checkpoint with the quorum; 0 when none wait.");
        meter.CreateObservableGauge(
            "bauta.archive.witness.leaves", () => Each(archive, witness => witness.Size), "{leaf}",
            "Leaves under what the witness cosigned last.");
        meter.CreateObservableCounter(
            "bauta.archive.witness.failures", () => Each(archive, witness => witness.Failures), "{failure}",
            "How often the witness was asked and did not cosign.");
    }

    public static void Watch(this PartyMetrics metrics, Witness witness) => metrics.Meter.CreateObservableGauge(
        "bauta.witness.leaves", () => witness.Size, "{leaf}", "Leaves under what this witness cosigned last.");

    private static IEnumerable<Measurement<long>> Each(Archive archive, Func<WitnessStatus, long> value) =>
        archive.Witnesses.Select(witness => new Measurement<long>(
            value(witness), new KeyValuePair<string, object?>(PartyMetrics.WitnessName, witness.Name)));
}
