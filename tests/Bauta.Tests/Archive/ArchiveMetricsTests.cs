using Bauta.Archive;
using Bauta.Http;
using Bauta.Tests.Http;
using Xunit;

namespace Bauta.Tests.Archive;

public sealed class ArchiveMetricsTests
{
    [Fact]
    public async Task Reports_how_long_leaves_wait_and_which_witness_does_not_cosign()
    {
        await using var network = await ArchiveNetwork.StartAsync();
        using var metrics = new PartyMetrics(network.Clock);
        metrics.Watch(network.Archive);
        await UntilAsync(() => network.Archive.Unpublished == TimeSpan.Zero);
        var size = network.Archive.Size;
        Assert.Equal(size, network.Archive.PublishedSize);
        var before = Failures(network);

        network.Wires[1].IsCut = true;
        var decided = network.DecideAsync(network.NewSale().Commit);
        await UntilAsync(() => Failures(network)[1] > before[1]);
        network.Clock.Seconds += 90;
        using (var caught = new MetricCatcher(metrics))
        {
            var lines = caught.Lines;
            Assert.Contains($"bauta.archive.leaves {size + 1}", lines);
            Assert.Contains($"bauta.archive.published {size}", lines);
            Assert.Contains($"bauta.archive.witness.leaves {size} bauta.witness.name=w2.example", lines);
            Assert.Contains($"bauta.archive.witness.failures {before[0]} bauta.witness.name=w1.example", lines);
            var age = lines.Single(line => line.StartsWith("bauta.archive.unpublished.age ", StringComparison.Ordinal));
            Assert.InRange(int.Parse(age.Split(' ')[1], null), 90, 120);
        }

        network.Wires[1].IsCut = false;
        network.Verify(await decided);
        await UntilAsync(() => network.Archive.Unpublished == TimeSpan.Zero);
        Assert.Equal(before[0], Failures(network)[0]);
    }

    private static long[] Failures(ArchiveNetwork network) =>
        [.. network.Archive.Witnesses.Select(witness => witness.Failures)];

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var tries = 0; !isSo(); tries++)
        {
            Assert.True(tries < 1000);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
