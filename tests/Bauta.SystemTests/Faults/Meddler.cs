namespace Bauta.SystemTests.Faults;

/// <summary>
/// Chooses what happens on all links: nothing, one fault at one message, a fault now and then, or everything twice; and
/// runs a test's action at one moment of one message. All from a seed.
/// </summary>
internal sealed class Meddler(int seed) : IMeddler
{
    private static readonly Fault[] all = Enum.GetValues<Fault>();

    private readonly Lock gate = new();
    private readonly List<(Link, string)> seen = [];
    private readonly List<Twice> twice = [];
    private readonly Random dice = new(seed);
    private Func<Link, string, Fault?> choose = (_, _) => null;
    private Func<Link, Moment, Task>? act;
    private (Link Link, Moment Moment, int Index)? target;
    private int passed;

    public Random Random { get; } = new(seed);

    /// <summary>How many faults there were since the last <see cref="Calm"/>.</summary>
    public int Hits { get; private set; }

    /// <summary>Every exchange since the last <see cref="Calm"/>.</summary>
    public IReadOnlyList<(Link Link, string Request)> Seen
    {
        get
        {
            lock (gate)
                return [.. seen];
        }
    }

    public IReadOnlyList<Twice> Twice
    {
        get
        {
            lock (gate)
                return [.. twice];
        }
    }

    /// <summary>No fault from here on.</summary>
    public void Calm()
    {
        lock (gate)
        {
            (choose, act, target, passed, Hits) = ((_, _) => null, null, null, 0, 0);
            seen.Clear();
        }
    }

    /// <summary>One fault, at one message of one link.</summary>
    public void One(Link link, Fault fault, int index)
    {
        Calm();
        lock (gate)
            choose = (at, _) => at == link && passed++ == index ? fault : null;
    }

    /// <summary>A fault in one of so many messages, wherever.</summary>
    public void Storm(int oneIn)
    {
        Calm();
        lock (gate)
            choose = (_, _) => dice.Next(oneIn) == 0 ? all[dice.Next(all.Length)] : null;
    }

    /// <summary>Every message twice.</summary>
    public void Double()
    {
        Calm();
        lock (gate)
            choose = (_, _) => Fault.Double;
    }

    /// <summary>An action at one moment of one message of one link.</summary>
    public void Act(Link link, Moment moment, int index, Func<Task> action)
    {
        Calm();
        lock (gate)
            (target, act) = ((link, moment, index), (_, _) => action());
    }

    public Fault? Choose(Link link, string request)
    {
        lock (gate)
        {
            seen.Add((link, request));
            var fault = choose(link, request);
            Hits += fault is null ? 0 : 1;
            return fault;
        }
    }

    public Task AtAsync(Link link, string request, Moment moment)
    {
        lock (gate)
        {
            if (target is not var (at, when, index) || at != link || when != moment || passed++ != index)
                return Task.CompletedTask;
            Hits++;
            return act!(link, moment);
        }
    }

    public void Doubled(Twice exchange)
    {
        lock (gate)
            twice.Add(exchange);
    }
}
