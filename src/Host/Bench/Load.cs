using Bauta.Protocol;

namespace Bauta.Host.Bench;

/// <summary>How long something took, and what the servers used of their core meanwhile.</summary>
/// <param name="Count">How many.</param>
/// <param name="Wall">By the clock.</param>
/// <param name="Cpu">Of the servers' core.</param>
/// <param name="Traffic">The customers', where it was counted.</param>
internal sealed record Effort(int Count, TimeSpan Wall, TimeSpan Cpu, Traffic? Traffic = null)
{
    public double PerWallSecond => Count / Wall.TotalSeconds;

    public double PerCoreSecond => Count / CountedCpu.TotalSeconds;

    public double MicrosecondsEach => CountedCpu.TotalMicroseconds / Count;

    // The kernel counts in hundredths of a second, so very little may count as nothing.
    private TimeSpan CountedCpu => Cpu > TimeSpan.Zero ? Cpu : TimeSpan.FromMilliseconds(10);

    /// <summary>When each of these was several.</summary>
    public Effort Times(int each) => this with { Count = Count * each };
}

/// <summary>Many at once, until all are done.</summary>
internal static class Load
{
    /// <summary>Runs work under a clock and a meter of the servers.</summary>
    public static async Task<Effort> MeasureAsync(int count, Func<TimeSpan> servers, Func<Task> work)
    {
        var (start, before) = (TimeProvider.System.GetTimestamp(), servers());
        await work();
        return new Effort(count, TimeProvider.System.GetElapsedTime(start), servers() - before);
    }

    /// <summary>The same, with what the customers sent and got.</summary>
    public static async Task<Effort> MeasureAsync(int count, BenchNetwork network, Func<Task> work)
    {
        var before = network.Traffic();
        var effort = await MeasureAsync(count, network.Cpu, work);
        return effort with { Traffic = network.Traffic() - before };
    }

    /// <summary>Runs rounds until two of them were no cheaper than the best before: what compiles and caches in a
    /// process that has just begun is not what is measured.</summary>
    public static async Task WarmUpAsync(int round, Func<int, Task<Effort>> work)
    {
        const int maxRounds = 16;
        const double cheaper = 0.97;
        var (best, idle) = (double.PositiveInfinity, 0);
        for (var rounds = 0; rounds < maxRounds && idle < 2; rounds++)
        {
            var cost = (await work(round)).MicrosecondsEach;
            idle = cost < cheaper * best ? 0 : idle + 1;
            best = Math.Min(best, cost);
        }
    }

    /// <summary>Runs <paramref name="one"/> for each number below <paramref name="count"/>.</summary>
    public static Task RunAsync(int count, int atOnce, Func<int, Task> one)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(count, atOnce)).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
                await one(i);
        })));
    }

    /// <summary>What a party must not have refused.</summary>
    public static T Must<T, TError>(Result<T, TError> result)
        where TError : struct, Enum =>
        result.IsOk
            ? result.Value
            : throw new HostException(
                ExitCode.Refused, $"A request of the bench was refused: {result.Error} {result.Detail}");
}
