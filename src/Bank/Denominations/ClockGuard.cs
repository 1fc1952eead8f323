using Bauta.Protocol;

namespace Bauta.Bank.Denominations;

/// <summary>
/// Tells a clock that runs from one that was set: its time is compared with the monotonic one. What cannot be taken
/// back, such as destroying a key by its date, waits until the clock has run evenly for a while, so that an operator
/// has the time to put a wrong clock right. Not safe for concurrent use.
/// </summary>
internal sealed class ClockGuard
{
    private const long ToleranceSeconds = 60;

    private readonly TimeProvider clock;
    private readonly TimeSpan hold;
    private UnixTime time;
    private long mark;
    private bool hasJumped;

    public ClockGuard(TimeProvider clock, long holdSeconds)
    {
        (this.clock, hold) = (clock, TimeSpan.FromSeconds(holdSeconds));
        (time, mark) = (UnixTime.Now(clock), clock.GetTimestamp());
    }

    /// <summary>Whether the clock has run evenly for the whole hold, since the start or since it jumped.</summary>
    public bool IsProven => clock.GetElapsedTime(mark) >= hold;

    /// <summary>Whether nothing speaks against the clock: it was not seen to jump, or that is long ago.</summary>
    public bool IsCredible => !hasJumped || IsProven;

    /// <summary>Compares; to be called often.</summary>
    /// <returns>Whether the clock has jumped since the last time.</returns>
    public bool HasJumped()
    {
        var now = UnixTime.Now(clock);
        var passed = (long)clock.GetElapsedTime(mark).TotalSeconds;
        if (Math.Abs(now.Seconds - time.Seconds - passed) <= ToleranceSeconds)
            return false;
        (time, mark, hasJumped) = (now, clock.GetTimestamp(), true);
        return true;
    }
}
