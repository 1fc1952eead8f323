using System.Security.Cryptography;

namespace Bauta.Relay;

/// <summary>
/// Holds what passes until the end of the running period, then lets all of it go in random order. Its size is bounded
/// by the connections of the host. Thread-safe.
/// </summary>
/// <param name="period">The length of a period; zero holds nothing.</param>
/// <param name="time">The clock.</param>
/// <param name="leave">Told how many leave together.</param>
public sealed class Batch(TimeSpan period, TimeProvider time, Action<int>? leave = null)
{
    private readonly Lock gate = new();
    private List<TaskCompletionSource>? waiting;

    /// <summary>Ends with the running period.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        if (period == TimeSpan.Zero)
            return Task.CompletedTask;
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (waiting is null)
            {
                waiting = [];
                _ = ReleaseLaterAsync();
            }

            waiting.Add(turn);
        }

        return turn.Task.WaitAsync(cancellation);
    }

    private async Task ReleaseLaterAsync()
    {
        await Task.Delay(period, time);
        TaskCompletionSource[] leaving;
        lock (gate)
        {
            leaving = [.. waiting!];
            waiting = null;
        }

        leave?.Invoke(leaving.Length);
        RandomNumberGenerator.Shuffle(leaving.AsSpan());
        foreach (var turn in leaving)
            turn.SetResult();
    }
}
