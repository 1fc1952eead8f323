using System.Globalization;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Relay;

namespace Bauta.Tests.Linkability;

/// <summary>
/// Two masks with the batches of the real ones, passed as <c>Carrier</c> and <c>Opener</c> pass them: a request waits
/// in each on its way out, its answer on its way back. There is no HTTP and nothing is sealed.
/// </summary>
internal sealed class MaskPair
{
    // What Binary HTTP, its fields and the sealing add to a body, roughly.
    private const int AroundBody = 400;

    private readonly EventLoop loop;
    private long numbers;

    public MaskPair(EventLoop loop)
    {
        this.loop = loop;
        Use("", TimeSpan.Zero);
    }

    public List<Passage> Passages { get; } = [];

    private string Round { get; set; } = "";

    private Func<Task> FirstHolds { get; set; } = null!;

    private Func<Task> SecondHolds { get; set; } = null!;

    /// <summary>Both masks batch as a mask does with this <c>batchMilliseconds</c>.</summary>
    public void Use(string round, TimeSpan period)
    {
        var (first, second) = (new Batch(period, loop.Clock), new Batch(period, loop.Clock));
        (Round, FirstHolds, SecondHolds) = (round, () => first.WaitAsync(default), () => second.WaitAsync(default));
    }

    /// <summary>Both masks hold as long as a real one, and then let go in the order of arrival.</summary>
    public void UseUnshuffled(string round, TimeSpan period)
    {
        var (first, second) = (new OrderedBatch(period, loop.Clock), new OrderedBatch(period, loop.Clock));
        (Round, FirstHolds, SecondHolds) = (round, first.WaitAsync, second.WaitAsync);
    }

    /// <summary>One exchange.</summary>
    /// <param name="source">Who sends.</param>
    /// <param name="party">Who is called.</param>
    /// <param name="call">What is asked of it.</param>
    /// <param name="bodyLength">Bytes of the request's body.</param>
    /// <param name="describe">Fills in what the party sees in the request.</param>
    /// <param name="answer">The party.</param>
    /// <param name="learn">Fills in what the party knows from its own answer.</param>
    public async Task<T> SendAsync<T>(
        int source, string party, string call, int bodyLength, Action<SeenByParty> describe, Func<Task<T>> answer,
        Action<SeenByParty, T>? learn = null)
    {
        PaddingClasses.TrySizeFor(bodyLength + AroundBody, 1, out var size);
        var (outer, inner) = (Number("outer"), Number("inner"));
        var passage = new Passage(
            Round,
            new SeenByFirst { Source = source, Size = size, Sealed = outer, Arrived = loop.Mark() },
            new SeenBySecond { Sealed = outer, Size = size, Target = party, Inner = inner },
            new SeenByParty { Party = party, Call = call, Inner = inner });
        describe(passage.AtParty);
        var (first, second) = (FirstHolds, SecondHolds);
        await loop.IdleAsync(first());
        passage.AtFirst.Left = passage.AtSecond.Arrived = loop.Mark();
        await loop.IdleAsync(second());
        passage.AtSecond.Left = passage.AtParty.At = loop.Mark();
        Passages.Add(passage);
        // A party is a machine of its own: it works beside this thread, and what it leaves running goes on there.
        var answered = await Task.Run(answer);
        learn?.Invoke(passage.AtParty, answered);
        await loop.IdleAsync(second());
        await loop.IdleAsync(first());
        return answered;
    }

    private string Number(string kind) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{numbers++}");

    /// <summary>What a batch would be without its shuffle.</summary>
    private sealed class OrderedBatch(TimeSpan period, TimeProvider time)
    {
        private Task? running;

        public Task WaitAsync()
        {
            if (running is not { IsCompleted: false })
                running = Task.Delay(period, time);
            return running;
        }
    }
}
