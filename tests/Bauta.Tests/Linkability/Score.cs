using System.Globalization;
using System.Security.Cryptography;

namespace Bauta.Tests.Linkability;

/// <summary>
/// How many sales an adversary gave to the customer who made them, beside what somebody would who draws, for each sale,
/// one of those that the adversary could not rule out.
/// </summary>
internal sealed class Score(string name)
{
    // With few hits the tail is longer than the deviation tells, so that it is summed; many scores are looked at in
    // each run, and none may fail by luck.
    private const double Tail = 1e-6;

    private double variance;
    private long candidates;

    public string Name => name;

    public int Sales { get; private set; }

    public int Hits { get; private set; }

    /// <summary>The hits of one who draws.</summary>
    public double Chance { get; private set; }

    /// <summary>Among how many each sale is hidden, on average.</summary>
    public double Crowd => (double)candidates / Math.Max(1, Sales);

    /// <summary>More hits than this are no luck: four standard deviations above chance.</summary>
    public double Limit => Math.Max(Chance + 4 * Math.Sqrt(variance), PoissonLimit(Chance));

    /// <summary>Counts one guess.</summary>
    /// <param name="possible">The owners of what the adversary cannot rule out, each as often as he is in it.</param>
    /// <param name="guess">The owner of what it chose; null draws.</param>
    /// <param name="buyer">Who it was.</param>
    public void Add(IReadOnlyList<int> possible, int? guess, int buyer)
    {
        Sales++;
        candidates += possible.Count;
        if (possible.Count == 0)
            return;
        guess ??= possible[RandomNumberGenerator.GetInt32(possible.Count)];
        if (guess == buyer)
            Hits++;
        var chance = (double)possible.Count(one => one == buyer) / possible.Count;
        Chance += chance;
        variance += chance * (1 - chance);
    }

    public void Add(Score other)
    {
        (Sales, Hits, Chance) = (Sales + other.Sales, Hits + other.Hits, Chance + other.Chance);
        (variance, candidates) = (variance + other.variance, candidates + other.candidates);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{name,-58} {Hits,5} of {Sales,5}   chance {Chance,7:F1}   limit {Limit,7:F1}   crowd {Crowd,7:F1}");

    private static double PoissonLimit(double mean)
    {
        var term = Math.Exp(-mean);
        var rest = 1 - term;
        var count = 0;
        while (rest > Tail && count < 10_000)
        {
            count++;
            term *= mean / count;
            rest -= term;
        }

        return count;
    }
}
