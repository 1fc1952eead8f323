using Bauta.Protocol;

namespace Bauta.Tests.Bank;

/// <summary>A clock that stands until it is moved, also backwards. When it is moved forward the monotonic time, which
/// runs, moves with it; when it jumps it does not.</summary>
public sealed class HandClock : TimeProvider
{
    private long seconds = 1_800_000_000;
    private long passed;

    public UnixTime Now => UnixTime.Now(this);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Interlocked.Read(ref seconds));

    public override long GetTimestamp() =>
        base.GetTimestamp() + (Interlocked.Read(ref passed) * TimestampFrequency);

    public void Advance(long by)
    {
        Interlocked.Add(ref passed, Math.Max(0, by));
        Interlocked.Add(ref seconds, by);
    }

    public void SetTo(UnixTime time) => Advance(time.Seconds - Interlocked.Read(ref seconds));

    /// <summary>Somebody sets the clock.</summary>
    public void Jump(long by) => Interlocked.Add(ref seconds, by);
}
