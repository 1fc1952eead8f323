using System.Net;
using Bauta.Http;
using Xunit;

namespace Bauta.Tests.Http;

public sealed class SourceLimiterTests
{
    private static readonly IPAddress Source = IPAddress.Parse("192.0.2.1");

    [Fact]
    public void Gives_the_burst_at_once_and_the_rate_afterwards()
    {
        var time = new ManualTime();
        var limiter = new SourceLimiter(10, 5, [], time);
        for (var i = 0; i < 5; i++)
            Assert.Equal(TimeSpan.Zero, limiter.Take(Source));
        Assert.Equal(TimeSpan.FromMilliseconds(100), limiter.Take(Source));
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.NotEqual(TimeSpan.Zero, limiter.Take(Source));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.Zero, limiter.Take(Source));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => limiter.Take(Source) == TimeSpan.Zero));
    }

    [Fact]
    public void Counts_an_IPv6_network_of_64_bits_as_one_source_and_tells_others_apart()
    {
        var limiter = new SourceLimiter(1, 1, [], new ManualTime());
        Assert.Equal(TimeSpan.Zero, limiter.Take(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.NotEqual(TimeSpan.Zero, limiter.Take(IPAddress.Parse("2001:db8:0:1:ffff::2")));
        // A slot may be shared by chance, so that one other network in a hundred may be refused, but not ten.
        var free = Enumerable.Range(2, 100)
            .Count(i => limiter.Take(IPAddress.Parse($"2001:db8:0:{i}::1")) == TimeSpan.Zero);
        Assert.InRange(free, 90, 100);
    }

    [Fact]
    public void Counts_an_IPv4_address_in_either_form_as_one_source()
    {
        var limiter = new SourceLimiter(1, 1, [], new ManualTime());
        Assert.Equal(TimeSpan.Zero, limiter.Take(Source));
        Assert.NotEqual(TimeSpan.Zero, limiter.Take(Source.MapToIPv6()));
    }

    [Fact]
    public void Leaves_named_sources_and_a_rate_of_zero_alone()
    {
        var named = new SourceLimiter(1, 1, [Source], new ManualTime());
        var none = new SourceLimiter(0, 1, [], new ManualTime());
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, named.Take(Source));
            Assert.Equal(TimeSpan.Zero, none.Take(Source));
        }
    }
}
