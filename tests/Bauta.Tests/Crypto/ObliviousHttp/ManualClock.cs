namespace Bauta.Tests.Crypto.ObliviousHttp;

/// <summary>A clock that the test moves; wall clock and monotonic clock move apart when it is stepped.</summary>
internal sealed class ManualClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _ticks;

    internal void Advance(TimeSpan time)
    {
        _now += time;
        _ticks += time.Ticks;
    }

    internal void StepWallClock(TimeSpan time) => _now += time;
}
