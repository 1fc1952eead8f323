using System.Security.Cryptography;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Xunit;

namespace Bauta.Tests.Crypto.ObliviousHttp;

public class ReplayTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    [Fact]
    public void Remembers_for_the_window_and_at_most_an_eighth_longer()
    {
        for (var offset = TimeSpan.Zero; offset < 3 * Window; offset += TimeSpan.FromSeconds(7))
        {
            var clock = new ManualClock();
            var cache = new ReplayCache(clock, Window);
            clock.Advance(offset);
            Assert.Equal(ReplayVerdict.Fresh, cache.Add([1]));
            clock.Advance(Window - TimeSpan.FromTicks(1));
            Assert.Equal(ReplayVerdict.Replayed, cache.Add([1]));
            Assert.True(cache.Contains([1]));
            clock.Advance(Window / 8 + TimeSpan.FromTicks(1));
            Assert.False(cache.Contains([1]));
            Assert.Equal(ReplayVerdict.Fresh, cache.Add([1]));
        }
    }

    [Fact]
    public void Looking_often_does_not_shorten_the_memory()
    {
        var clock = new ManualClock();
        var cache = new ReplayCache(clock, Window);
        Assert.Equal(ReplayVerdict.Fresh, cache.Add([1]));
        for (var second = 0; second < 59; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(cache.Contains([1]));
            Assert.Equal(ReplayVerdict.Fresh, cache.Add([2, (byte)second]));
        }
    }

    [Fact]
    public void A_stepped_wall_clock_does_not_open_the_window()
    {
        var clock = new ManualClock();
        var cache = new ReplayCache(clock, Window);
        cache.Add([1]);
        clock.StepWallClock(TimeSpan.FromDays(-1));
        Assert.Equal(ReplayVerdict.Replayed, cache.Add([1]));
        clock.StepWallClock(TimeSpan.FromDays(2));
        Assert.Equal(ReplayVerdict.Replayed, cache.Add([1]));
    }

    [Fact]
    public void Is_bounded_and_when_full_refuses_rather_than_forgets()
    {
        var clock = new ManualClock();
        var cache = new ReplayCache(clock, Window, capacity: 100);
        for (byte index = 0; index < 100; index++)
            Assert.Equal(ReplayVerdict.Fresh, cache.Add([index]));
        Assert.Equal(ReplayVerdict.Full, cache.Add([100]));
        Assert.Equal(ReplayVerdict.Replayed, cache.Add([0]));
        clock.Advance(Window / 2);
        Assert.Equal(ReplayVerdict.Full, cache.Add([100]));
        Assert.Equal(ReplayVerdict.Replayed, cache.Add([0]));
        clock.Advance(Window / 2 + Window / 8);
        for (byte index = 100; index < 200; index++)
            Assert.Equal(ReplayVerdict.Fresh, cache.Add([index]));
        Assert.Equal(ReplayVerdict.Full, cache.Add([0]));
    }

    [Fact]
    public void Ten_thousand_different_keys_are_all_fresh()
    {
        var cache = new ReplayCache(TimeProvider.System, Window);
        for (var count = 0; count < 10_000; count++)
            Assert.Equal(ReplayVerdict.Fresh, cache.Add(RandomNumberGenerator.GetBytes(32)));
    }

    [Theory]
    [InlineData(0, RequestAge.Fresh)]
    [InlineData(120, RequestAge.Fresh)]
    [InlineData(121, RequestAge.OutOfRange)]
    [InlineData(-120, RequestAge.Fresh)]
    [InlineData(-121, RequestAge.OutOfRange)]
    public void A_date_is_fresh_within_the_tolerance(int lateSeconds, RequestAge expected)
    {
        var clock = new ManualClock();
        var request = Request(RequestDate.Coarse(clock));
        clock.StepWallClock(TimeSpan.FromSeconds(lateSeconds));
        Assert.Equal(expected, RequestDate.Check(request, clock, TimeSpan.FromMinutes(2)));
    }

    [Theory]
    [InlineData("Sun, 01 Mar 2026 12:00:00 GMT", RequestAge.Fresh)]
    [InlineData("Mon, 01 Mar 2026 12:00:00 GMT", RequestAge.Malformed)]
    [InlineData("Sun, 1 Mar 2026 12:00:00 GMT", RequestAge.Malformed)]
    [InlineData("Sunday, 01-Mar-26 12:00:00 GMT", RequestAge.Malformed)]
    [InlineData("2026-03-01T12:00:00Z", RequestAge.Malformed)]
    [InlineData("", RequestAge.Malformed)]
    public void A_date_is_an_imf_fixdate(string text, RequestAge expected) =>
        Assert.Equal(expected, RequestDate.Check(
            Request(BinaryField.Create("date", text)), new ManualClock(), TimeSpan.FromMinutes(2)));

    [Fact]
    public void A_missing_date_is_told_from_a_repeated_one()
    {
        var clock = new ManualClock();
        var date = RequestDate.Coarse(clock);
        Assert.Equal(RequestAge.Undated, RequestDate.Check(Request(), clock, Window));
        Assert.Equal(RequestAge.Malformed, RequestDate.Check(Request(date, date), clock, Window));
    }

    [Fact]
    public void Own_dates_show_no_seconds()
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromSeconds(59.9));
        Assert.Equal("Sun, 01 Mar 2026 12:00:00 GMT", RequestDate.Coarse(clock).Value);
    }

    private static BinaryRequest Request(params BinaryField[] headers) =>
        new("GET", "https", "shop.example", "/", headers);
}
