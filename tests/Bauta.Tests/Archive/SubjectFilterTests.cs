using Bauta.Archive.Log;
using Xunit;

namespace Bauta.Tests.Archive;

public sealed class SubjectFilterTests
{
    private const int LayerBits = 12;
    private const int PerLayer = 1 << LayerBits;

    [Fact]
    public void Never_denies_what_was_added_and_seldom_claims_what_was_not()
    {
        var filter = new SubjectFilter(LayerBits, maxLayers: 2);
        Assert.False(filter.MayHold(Subject(0)));
        for (var i = 0; i < 2 * PerLayer; i++)
            filter.Add(Subject(i));

        Assert.All(Enumerable.Range(0, 2 * PerLayer), i => Assert.True(filter.MayHold(Subject(i))));
        var wrong = Enumerable.Range(2 * PerLayer, 100_000).Count(i => filter.MayHold(Subject(i)));
        Assert.InRange(wrong, 1, 1_000);
    }

    [Fact]
    public void Claims_everything_when_it_was_given_more_than_it_holds()
    {
        var filter = new SubjectFilter(LayerBits, maxLayers: 1);
        for (var i = 0; i < PerLayer; i++)
            filter.Add(Subject(i));
        Assert.False(filter.IsFull);

        filter.Add(Subject(PerLayer));
        Assert.True(filter.IsFull);
        Assert.All(Enumerable.Range(0, 3 * PerLayer), i => Assert.True(filter.MayHold(Subject(i))));
    }

    // What SHA-256 gives, without its cost: SplitMix64 on a counter.
    private static UInt128 Subject(int number) =>
        new(Mix(2 * (ulong)number), Mix((2 * (ulong)number) + 1));

    private static ulong Mix(ulong state)
    {
        unchecked
        {
            state = (state + 1) * 0x9E3779B97F4A7C15;
            state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
            return state ^ (state >> 31);
        }
    }
}
