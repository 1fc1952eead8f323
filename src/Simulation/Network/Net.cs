using Bauta.Protocol;
using Bauta.Simulation.Disk;
using Bauta.Simulation.Time;
using Bauta.Storage;

namespace Bauta.Simulation.Network;

/// <summary>What is called, and what its answers are compared by.</summary>
/// <param name="Name">Party and method.</param>
/// <param name="Key">Names the request: equal requests have equal keys. Null when its answer may change.</param>
/// <param name="Text">The answer as it is compared; null when there is nothing to compare.</param>
internal readonly record struct Call<T>(string Name, string? Key = null, Func<T, string?>? Text = null);

/// <summary>
/// The network between all parties: it loses, delays, duplicates and reorders what is sent and cuts parties off from
/// each other, as the seed says. Whoever gets no answer in time is told so, and does not know what became of it.
/// </summary>
internal sealed class Net(EventLoop loop, Chance chance, Tally tally)
{
    private const int PatienceMs = 5_000;

    private readonly Dictionary<(string From, string To), long> cutUntil = [];
    private readonly Dictionary<string, string> answers = [];
    private long lastArrival;

    public FaultRates Rates { get; set; } = FaultRates.None;

    /// <summary>Told of each message that arrives, for the trace.</summary>
    public Action<string>? OnArrival { get; set; }

    /// <summary>Told of what must not be.</summary>
    public Action<string>? OnBreach { get; set; }

    /// <summary>Whose answers are not compared, since it lies.</summary>
    public string? Liar { get; set; }

    /// <summary>Told of an exception that no party answers with.</summary>
    public Action<Exception>? OnBug { get; set; }

    /// <summary>How many messages arrived.</summary>
    public long Messages { get; private set; }

    public async Task<T> CallAsync<T>(
        Node from, Node to, Call<T> call, Func<Task<T>> serve, CancellationToken cancellation)
    {
        var caller = from.Life;
        if (caller.IsOver)
            return await Life.Never<T>();
        var done = new TaskCompletionSource<T>();
        using var patience = loop.After(PatienceMs, () => done.TrySetException(
            new PartyUnreachableException($"{to.Name} did not answer in time.")));
        using var stop = cancellation.Register(() => done.TrySetCanceled(cancellation));
        var copies = chance.Happens(Rates.Duplicated) ? 2 : 1;
        if (copies == 2)
            tally.Add(nameof(Fault.Duplicated));
        for (var copy = 0; copy < copies; copy++)
            Send(from, to, call.Name, Fault.RequestLost, () => _ = ServeAsync(from, to, call, serve, done));
        T answer;
        try
        {
            answer = await done.Task;
        }
        catch (Exception) when (caller.IsOver)
        {
            return await Life.Never<T>();
        }

        return caller.IsOver ? await Life.Never<T>() : answer;
    }

    private async Task ServeAsync<T>(
        Node from, Node to, Call<T> call, Func<Task<T>> serve, TaskCompletionSource<T> done)
    {
        // A port on which nobody listens refuses; that is no answer to rely on either.
        if (!to.IsUp)
            return;
        var server = to.Life;
        T answer;
        try
        {
            answer = await serve();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // What a web host answers with 503.
            if (failure is StorageException { Failure: not StorageFailure.Retryable })
                OnBug?.Invoke(failure);
            if (!server.IsOver)
                Send(to, from, call.Name + " failed", Fault.AnswerLost, () => done.TrySetException(
                    new PartyUnreachableException($"{to.Name} could not answer: {failure.Message}")));
            return;
        }
        catch (Exception bug)
        {
            OnBug?.Invoke(bug);
            return;
        }

        if (server.IsOver)
            return;
        Compare(call, answer);
        Send(to, from, call.Name + " answered", Fault.AnswerLost, () => done.TrySetResult(answer));
    }

    private void Send(Node from, Node to, string what, Fault loss, Action arrive)
    {
        if (IsCut(from, to))
        {
            tally.Add(nameof(Fault.Partitioned));
            return;
        }

        if (chance.Happens(Rates.Lost))
        {
            tally.Add(loss.ToString());
            return;
        }

        var ms = chance.Between(1, 12);
        if (chance.Happens(Rates.Delayed))
        {
            tally.Add(nameof(Fault.Delayed));
            ms += chance.Between(100, 9_000);
        }

        var sent = loop.Ms;
        loop.After(ms, () =>
        {
            if (sent < lastArrival)
                tally.Add(nameof(Fault.Reordered));
            lastArrival = Math.Max(lastArrival, sent);
            Messages++;
            OnArrival?.Invoke($"{loop.Ms} {from.Name} {to.Name} {what}");
            arrive();
        });
    }

    private bool IsCut(Node from, Node to)
    {
        var pair = string.CompareOrdinal(from.Name, to.Name) < 0 ? (from.Name, to.Name) : (to.Name, from.Name);
        if (Rates.Partitioned == 0)
            return false;
        if (chance.Happens(Rates.Partitioned))
            cutUntil[pair] = loop.Ms + chance.Between(500, 20_000);
        return cutUntil.GetValueOrDefault(pair) > loop.Ms;
    }

    private void Compare<T>(Call<T> call, T answer)
    {
        if (call.Key is null || call.Name.Split(' ')[0] == Liar || call.Text?.Invoke(answer) is not { } text)
            return;
        if (!answers.TryAdd(call.Key, text) && answers[call.Key] != text)
            OnBreach?.Invoke($"{call.Name} answered an equal request in another way.");
    }
}
