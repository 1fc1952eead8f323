using Bauta.Protocol;

namespace Bauta.Archive.Log;

/// <summary>
/// Tells a clock that runs from one that was set ahead: its time is compared with the monotonic one. A leaf with a time
/// ahead of the witnesses' clocks cannot be taken back and stops the log until that date, so nothing is ordered until
/// the clock was put right, or has run evenly for so long that it is believed: a machine that slept looks the same.
/// Not safe for concurrent use.
/// </summary>
internal sealed class ClockWatch(TimeProvider clock, long toleranceSeconds, TimeSpan hold)
{
    private UnixTime time = UnixTime.Now(clock);
    private long mark = clock.GetTimestamp();
    private long lead;
    private long? noticed;

    /// <summary>Whether leaves may be dated by the clock now; to be asked before each.</summary>
    public bool IsTrusted()
    {
        var (now, stamp) = (UnixTime.Now(clock), clock.GetTimestamp());
        var ahead = now.Seconds - time.Seconds - (long)clock.GetElapsedTime(mark, stamp).TotalSeconds;
        if (ahead > toleranceSeconds)
        {
            if (noticed is null || Math.Abs(ahead - lead) > toleranceSeconds)
                (noticed, lead) = (stamp, ahead);
            if (clock.GetElapsedTime(noticed.Value, stamp) < hold)
                return false;
        }

        // One that stands behind the log is the sequencer's to judge.
        (time, mark, noticed) = (now, stamp, null);
        return true;
    }
}
