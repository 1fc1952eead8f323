using Bauta.Protocol;

namespace Bauta.Tests.Bank;

/// <summary>A clock that stands until it is moved, also backwards.</summary>
public sealed class HandClock : TimeProvider
{
    private long seconds = 1_800_000_000;

    public UnixTime Now => UnixTime.Now(this);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Interlocked.Read(ref seconds));

    public void Advance(long by) => Interlocked.Add(ref seconds, by);

    public void SetTo(UnixTime time) => Interlocked.Exchange(ref seconds, time.Seconds);
}
