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

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Seconds);
}
