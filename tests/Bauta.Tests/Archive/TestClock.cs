namespace Bauta.Tests.Archive;

/// <summary>A clock that stands where the test puts it. Timers still run in real time.</summary>
internal sealed class TestClock : TimeProvider
{
    private long seconds = 1_800_000_000;

    public long Seconds
    {
        get => Interlocked.Read(ref seconds);
        set => Interlocked.Exchange(ref seconds, value);
    }

    /// <summary>Seconds by which somebody set the clock, which the monotonic one knows nothing of.</summary>
    public long SetBy { get; set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Seconds + SetBy);

    /// <summary>Time that passes passes on the monotonic clock too.</summary>
    public override long GetTimestamp() =>
        base.GetTimestamp() + ((Seconds - 1_800_000_000) * TimestampFrequency);
}
