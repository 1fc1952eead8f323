using Bauta.Simulation;
using Bauta.Simulation.Lies;
using Xunit;

namespace Bauta.Tests.Simulation;

/// <summary>A sample of what <c>bauta simulate</c> runs in full, and proof that it can fail.</summary>
public sealed class SimulationTests : IClassFixture<SimulationTests.Worlds>
{
    private const int Purchases = 16;

    private readonly SimulationRun run;

    public SimulationTests(Worlds worlds) => run = worlds.Run;

    public sealed class Worlds : IDisposable
    {
        public SimulationRun Run { get; } = new(Purchases);

        public void Dispose() => Run.Dispose();
    }

    public static TheoryData<Lie> EveryLie => [.. Enum.GetValues<Lie>().Where(lie => lie != Lie.None)];

    [Fact]
    public async Task Whatever_fails_what_must_hold_does()
    {
        var report = await run.RunAsync(1, 8, 2, Lie.None, _ => { }, TestContext.Current.CancellationToken);

        Assert.Empty(report.Failed.SelectMany(failed => failed.Breaches.Select(breach => $"{failed.Seed} {breach}")));
        Assert.Empty(report.Idle(null));
        Assert.True(report.Tally["purchases opened"] > 80);
        // An idle simulation tests nothing.
        var faults = Enum.GetNames<Fault>().Where(fault => report.Tally[fault] > 0).ToArray();
        Assert.True(faults.Length >= 6, $"Only these happened: {string.Join(", ", faults)}");
    }

    [Fact]
    public void A_seed_is_replayed_exactly()
    {
        var first = run.Run(3);
        var again = run.Run(3);
        var other = run.Run(4);

        Assert.Equal(
            (first.Trace, first.Steps, first.Messages), (again.Trace, again.Steps, again.Messages));
        Assert.Equal(first.Tally.Counts, again.Tally.Counts);
        Assert.NotEqual(first.Trace, other.Trace);
    }

    [Theory]
    [MemberData(nameof(EveryLie))]
    public void Whoever_lies_the_others_lose_nothing(Lie lie)
    {
        var result = run.Run(11, lie);

        Assert.Empty(result.Breaches);
        Assert.True(
            lie == Lie.CustomerReplays || result.Tally[$"lie {LieNames.Of(lie)}"] > 0, "The liar told the truth.");
    }

    [Fact]
    public void A_bank_that_is_shown_a_forged_abort_is_found()
    {
        Assert.Contains(Broken(Sabotage.ForgedAbort, 12), breach =>
            breach.Contains("unlocked tokens without an abort", StringComparison.Ordinal));
    }

    [Fact]
    public void A_bank_that_signs_anew_what_it_has_answered_is_found()
    {
        Assert.Contains(Broken(Sabotage.FreshNotes, 12), breach =>
            breach.Contains("bank lock answered an equal request in another way", StringComparison.Ordinal));
    }

    [Fact]
    public void A_disk_that_keeps_less_than_it_acknowledged_is_found()
    {
        Assert.NotEmpty(Broken(Sabotage.LyingDisk, 12));
    }

    // The first seed in which it shows.
    private IReadOnlyList<string> Broken(Sabotage sabotage, ulong seeds)
    {
        for (ulong seed = 1; seed <= seeds; seed++)
            if (run.Run(seed, Lie.None, sabotage) is { IsGood: false } failed)
                return failed.Breaches;
        return [];
    }
}
