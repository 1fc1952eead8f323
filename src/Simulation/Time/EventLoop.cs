namespace Bauta.Simulation.Time;

/// <summary>
/// Runs a whole world on one thread and by its own clock: what is ready runs in the order in which it became ready, and
/// when nothing is, the clock goes to the next thing that is due. Time stands still while a party works.
/// </summary>
internal sealed class EventLoop : SynchronizationContext
{
    // So late that no expiry or certificate of the product lies before it.
    private const long Epoch = 1_900_000_000_000;

    private readonly Queue<(SendOrPostCallback Work, object? State)> ready = new();
    private readonly PriorityQueue<Alarm, (long Ms, long Order)> alarms = new();
    private readonly int thread = Environment.CurrentManagedThreadId;
    private volatile string? stray;
    private long orders;

    public EventLoop() => Clock = new LoopClock(this);

    /// <summary>The world's clock.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Milliseconds since the world began.</summary>
    public long Ms { get; private set; }

    /// <summary>How many pieces of work have run.</summary>
    public long Steps { get; private set; }

    /// <summary>Run after each piece of work.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Runs until a task has ended; other work goes on meanwhile.</summary>
    public void Run(Func<Task> start)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var task = start();
            while (!task.IsCompleted)
                Step();
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Does something later.</summary>
    public IDisposable After(long ms, Action work) => new Alarm(this, work, ms);

    public Task DelayAsync(long ms) => Task.Delay(TimeSpan.FromMilliseconds(ms), Clock);

    /// <summary>Moves the clock on to this time, once.</summary>
    public void StartAt(long ms) => Ms = Math.Max(Ms, ms);

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == thread)
            ready.Enqueue((d, state));
        else
            stray ??= Environment.StackTrace;
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    private void Step()
    {
        // What goes on elsewhere comes back when it likes, and no seed replays that.
        if (stray is { } trace)
            throw new InvalidOperationException($"A simulated world has left its thread:\n{trace}");
        if (ready.TryDequeue(out var next))
            next.Work(next.State);
        else if (!Ring())
            throw new InvalidOperationException("Everybody waits and nothing is due.");
        Steps++;
        AfterStep?.Invoke();
    }

    private bool Ring()
    {
        while (alarms.TryDequeue(out var alarm, out var due))
        {
            if (alarm.IsOff)
                continue;
            Ms = Math.Max(Ms, due.Ms);
            alarm.Ring();
            return true;
        }

        return false;
    }

    private sealed class LoopClock(EventLoop loop) : TimeProvider
    {
        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => loop.Ms;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(Epoch + loop.Ms);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Alarm(loop, () => callback(state), dueTime == Timeout.InfiniteTimeSpan
                ? -1
                : (long)Math.Ceiling(dueTime.TotalMilliseconds));
    }

    private sealed class Alarm : ITimer
    {
        private readonly EventLoop loop;
        private Action? work;

        public Alarm(EventLoop loop, Action work, long ms)
        {
            (this.loop, this.work) = (loop, work);
            if (ms >= 0)
                loop.alarms.Enqueue(this, (loop.Ms + ms, loop.orders++));
        }

        public bool IsOff => work is null;

        public void Ring()
        {
            var ringing = work;
            work = null;
            ringing?.Invoke();
        }

        // The framework sets a new time only on timers that repeat, and none of these does.
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            dueTime == Timeout.InfiniteTimeSpan ? true : throw new NotSupportedException();

        public void Dispose() => work = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
