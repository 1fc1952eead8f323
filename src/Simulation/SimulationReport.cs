using Bauta.Simulation.Lies;

namespace Bauta.Simulation;

/// <summary>What many seeds came to.</summary>
public sealed class SimulationReport
{
    // Below this, luck alone may have kept a rare fault away.
    private const long EnoughPurchases = 5_000;

    private static readonly string[] endings =
        ["purchases returned", "purchases abandoned", "verdict Complete", "verdict Aborted"];

    private readonly List<SeedResult> failed = [];

    /// <summary>How many worlds were run.</summary>
    public int Seeds { get; private set; }

    /// <summary>How many purchases were begun in them.</summary>
    public long Purchases { get; private set; }

    /// <summary>After how many steps the invariants were looked at.</summary>
    public long Steps { get; private set; }

    /// <summary>How many messages arrived.</summary>
    public long Messages { get; private set; }

    /// <summary>The worlds in which something was that must not be, lowest seed first.</summary>
    public IReadOnlyList<SeedResult> Failed => [.. failed.OrderBy(one => one.Seed)];

    /// <summary>Faults that happened, lies that were told, and how purchases ended.</summary>
    public Tally Tally { get; } = new();

    /// <summary>What should have happened by now and did not, so that nothing was tested by it.</summary>
    /// <param name="lie">The lie that every world was to hold; null for what the seeds say.</param>
    public IReadOnlyList<string> Idle(Lie? lie)
    {
        var missing = new List<string>();
        if (Tally["purchases opened"] == 0)
            missing.Add("purchases opened");
        if (lie is { } told && told is not (Lie.None or Lie.CustomerReplays) && Tally[$"lie {LieNames.Of(told)}"] == 0)
            missing.Add($"lie {LieNames.Of(told)}");
        if (Purchases >= EnoughPurchases)
        {
            missing.AddRange(Enum.GetNames<Fault>().Where(fault => Tally[fault] == 0));
            missing.AddRange(endings.Where(name => Tally[name] == 0));
        }

        return missing;
    }

    internal void Add(SeedResult result)
    {
        Seeds++;
        Purchases += result.Purchases;
        Steps += result.Steps;
        Messages += result.Messages;
        Tally.Add(result.Tally);
        if (!result.IsGood)
            failed.Add(result);
    }
}
