namespace Bauta.Tests.Wallet;

/// <summary>Writes each pause down between the calls, and ends it at once.</summary>
internal sealed class PauseClock(InProcessNetwork network) : TimeProvider
{
    public List<TimeSpan> Pauses { get; } = [];

    public override DateTimeOffset GetUtcNow() => network.Clock.GetUtcNow();

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Pauses.Add(dueTime);
        network.Wire.Log.Add("pause");
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
