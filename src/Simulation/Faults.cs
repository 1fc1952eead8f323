namespace Bauta.Simulation;

/// <summary>What can go wrong in a simulated world. Each is counted when it really did.</summary>
public enum Fault
{
    RequestLost,
    AnswerLost,
    Delayed,
    Duplicated,
    Reordered,
    Partitioned,
    CrashBeforeCommit,
    CrashAfterCommit,
    TornCommit,
    DiskFull,
    Killed,
}

/// <summary>How often each fault happens, in a million chances.</summary>
internal sealed record FaultRates(
    int Lost = 0, int Delayed = 0, int Duplicated = 0, int Partitioned = 0, int CrashBefore = 0, int CrashAfter = 0,
    int Torn = 0, int Full = 0, int Killed = 0)
{
    public static FaultRates None { get; } = new();

    /// <summary>Calm and stormy worlds, each with its own mixture.</summary>
    public static FaultRates Draw(Chance chance)
    {
        // One in eight is calm, so that what only luck hides comes to light as well.
        var storm = chance.Below(8);
        return storm == 0
            ? None
            : new FaultRates(
                Lost: Rate(12_000), Delayed: Rate(40_000), Duplicated: Rate(40_000), Partitioned: Rate(2_000),
                CrashBefore: Rate(2_000), CrashAfter: Rate(2_000), Torn: Rate(2_000), Full: Rate(6_000),
                Killed: Rate(1_000));

        int Rate(int usual) => chance.Below(3) == 0 ? 0 : usual * chance.Between(1, storm) / 4;
    }
}

/// <summary>Counts by name, for a report in which an idle simulation shows.</summary>
public sealed class Tally
{
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>How many there were.</summary>
    public long this[string name] => counts.GetValueOrDefault(name);

    internal void Add(string name, long count = 1) => counts[name] = counts.GetValueOrDefault(name) + count;

    internal void Add(Tally other)
    {
        foreach (var (name, count) in other.counts)
            Add(name, count);
    }
}
