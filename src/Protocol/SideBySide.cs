namespace Bauta.Protocol;

/// <summary>
/// Work that a party does side by side: on the thread pool. Where the caller's thread has a context of its own, as in
/// the simulation of a whole network on one thread, it is done there, one after another, so that it can be repeated
/// exactly.
/// </summary>
public static class SideBySide
{
    /// <summary>For a promise whose keeper must not run the code of those who wait for it.</summary>
    public static TaskCreationOptions Elsewhere =>
        StaysHere ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously;

    private static bool StaysHere => SynchronizationContext.Current is not null;

    /// <summary>Runs the body for each, so many at once, and completes when all have ended.</summary>
    /// <typeparam name="T">What the body is run for.</typeparam>
    /// <param name="items">For each of these.</param>
    /// <param name="atOnce">How many bodies run at the same time; -1 for as many as there are processors.</param>
    /// <param name="body">Its first failure ends the rest.</param>
    /// <param name="cancellation">Starts no more.</param>
    public static async Task ForEachAsync<T>(
        IEnumerable<T> items, int atOnce, Func<T, CancellationToken, ValueTask> body, CancellationToken cancellation)
    {
        if (!StaysHere)
        {
            await Parallel.ForEachAsync(
                items, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation }, body);
            return;
        }

        foreach (var item in items)
        {
            cancellation.ThrowIfCancellationRequested();
            await body(item, cancellation);
        }
    }

    /// <summary>Runs the body for each and returns when all have ended.</summary>
    /// <typeparam name="T">What the body is run for.</typeparam>
    /// <param name="items">For each of these.</param>
    /// <param name="body">Computes; it must not wait.</param>
    public static void ForEach<T>(IReadOnlyList<T> items, Action<T> body)
    {
        if (items.Count > 1 && !StaysHere)
        {
            Parallel.ForEach(items, body);
            return;
        }

        foreach (var item in items)
            body(item);
    }

    /// <summary>Starts a loop that runs beside its caller.</summary>
    /// <param name="loop">The loop.</param>
    /// <returns>Its end.</returns>
    public static Task Start(Func<Task> loop)
    {
        return StaysHere ? StartHereAsync() : Task.Run(loop, CancellationToken.None);

        async Task StartHereAsync()
        {
            await Task.Yield();
            await loop();
        }
    }
}
