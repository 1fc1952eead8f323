using System.Collections.Concurrent;
using Bauta.Protocol;
using Bauta.Tests.Bank;

namespace Bauta.Tests.Linkability;

/// <summary>When something was seen: the time, and its place among all that was seen at that time.</summary>
internal readonly record struct Moment(long Ms, long Order);

/// <summary>
/// Runs many lives on one thread, each until it waits; when all of them wait, the clock goes to the next thing that is
/// due. What is woken runs in the order in which it was woken, so that the order in which a batch is let go is the
/// order in which the next hop sees it. Time stands still while a party works.
/// </summary>
internal sealed class EventLoop(HandClock wall) : SynchronizationContext, IDisposable
{
    private static readonly TimeSpan longestWork = TimeSpan.FromMinutes(2);

    private readonly BlockingCollection<(SendOrPostCallback Work, object? State)> queue = [];
    private readonly PriorityQueue<Alarm, (long Ms, long Order)> alarms = new();
    private readonly List<Exception> failures = [];
    private long now = wall.Now.Seconds * 1000;
    private long orders;
    private int living;
    private int waiting;

    /// <summary>A clock that this loop moves.</summary>
    public TimeProvider Clock => new LoopClock(this, 0, isOfLife: false);

    public long Ms => now;

    /// <summary>The present, later than any moment before.</summary>
    public Moment Mark() => new(now, Interlocked.Increment(ref orders));

    /// <summary>The clock of one life, wrong by so much. Whoever waits on it waits, and works on nothing.</summary>
    public TimeProvider ClockOfLife(long errorMs) => new LoopClock(this, errorMs, isOfLife: true);

    /// <summary>Waits for what only the clock can bring.</summary>
    public async Task IdleAsync(Task wait)
    {
        if (wait.IsCompleted)
            return;
        waiting++;
        await wait;
        waiting--;
    }

    /// <summary>Waits until a time.</summary>
    public Task UntilAsync(long ms) => IdleAsync(Task.Delay(TimeSpan.FromMilliseconds(Math.Max(0, ms - now)), Clock));

    /// <summary>Runs all lives to their ends; blocks.</summary>
    public void Run(IEnumerable<Func<Task>> lives)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            foreach (var life in lives)
                _ = LiveAsync(life);
            while (living > 0)
                Step();
        }
        finally
        {
            SetSynchronizationContext(before);
        }

        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    public override void Post(SendOrPostCallback d, object? state) => queue.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    public void Dispose() => queue.Dispose();

    private async Task LiveAsync(Func<Task> life)
    {
        living++;
        try
        {
            await life();
        }
#pragma warning disable CA1031 // Whatever it is, it is told at the end; the other lives go on.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            failures.Add(failure);
        }

        living--;
    }

    private void Step()
    {
        if (!queue.TryTake(out var next))
        {
            if (waiting == living)
            {
                Ring();
                return;
            }

            if (!queue.TryTake(out next, longestWork))
                throw new TimeoutException("A party does not answer.");
        }

        next.Work(next.State);
    }

    private void Ring()
    {
        while (alarms.TryDequeue(out var alarm, out var due))
        {
            if (alarm.IsOff)
                continue;
            now = Math.Max(now, due.Ms);
            if (now / 1000 > wall.Now.Seconds)
                wall.SetTo(UnixTime.FromSeconds(now / 1000));
            alarm.Ring();
            return;
        }

        throw new InvalidOperationException("Everybody waits and nothing is due.");
    }

    private sealed class LoopClock(EventLoop loop, long errorMs, bool isOfLife) : TimeProvider
    {
        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => loop.now;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(loop.now + errorMs);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var alarm = new Alarm(loop, () => callback(state), isOfLife);
            loop.alarms.Enqueue(
                alarm,
                (loop.now + (long)Math.Ceiling(dueTime.TotalMilliseconds), Interlocked.Increment(ref loop.orders)));
            return alarm;
        }
    }

    private sealed class Alarm : ITimer
    {
        private readonly EventLoop loop;
        private readonly Action callback;
        private readonly bool isOfLife;

        public Alarm(EventLoop loop, Action callback, bool isOfLife)
        {
            (this.loop, this.callback, this.isOfLife) = (loop, callback, isOfLife);
            if (isOfLife)
                loop.waiting++;
        }

        public bool IsOff { get; private set; }

        public void Ring()
        {
            Dispose();
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose()
        {
            if (IsOff)
                return;
            IsOff = true;
            if (isOfLife)
                loop.waiting--;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
