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
    private Func<Link, string, Moment, bool> isTarget = (_, _, _) => false;
    private Func<Task> act = () => Task.CompletedTask;
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
            (choose, isTarget, passed, Hits) = ((_, _) => null, (_, _, _) => false, 0, 0);
            seen.Clear();
            twice.Clear();
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

    /// <summary>A fault at the first of some messages, whatever else is chosen.</summary>
    public void First(string request, Fault fault)
    {
        lock (gate)
        {
            var (isOver, before) = (false, choose);
            choose = (at, text) =>
            {
                if (isOver || !text.StartsWith(request, StringComparison.Ordinal))
                    return before(at, text);
                isOver = true;
                return fault;
            };
        }
    }

    /// <summary>Every message twice; on some links only, if they are named.</summary>
    public void Double(params Link[] links)
    {
        Calm();
        lock (gate)
            choose = (at, _) => links.Length == 0 || links.Contains(at) ? Fault.Double : null;
    }

    /// <summary>An action at one moment of one message of one link.</summary>
    public void Act(Link link, Moment moment, int index, Func<Task> action)
    {
        Calm();
        lock (gate)
            (isTarget, act) = ((at, _, when) => at == link && when == moment && passed++ == index, action);
    }

    /// <summary>An action at one moment of the first of some messages; what else is chosen stays.</summary>
    public void Act(string request, Moment moment, Func<Task> action)
    {
        lock (gate)
        {
            (isTarget, act) = (
                (_, text, when) => when == moment && text.StartsWith(request, StringComparison.Ordinal)
                    && passed++ == 0,
                action);
        }
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
            if (!isTarget(link, request, moment))
                return Task.CompletedTask;
            Hits++;
            return act();
        }
    }

    public void Doubled(Twice exchange)
    {
        lock (gate)
            twice.Add(exchange);
    }
}
