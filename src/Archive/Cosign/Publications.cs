using Bauta.Archive.Log;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Archive.Cosign;

/// <summary>Checkpoints that reached the quorum, the last ones in memory; whoever needs the next one waits here.
/// Thread-safe.</summary>
internal sealed class Publications(IDatabase database, PublishedCheckpoint? latest)
{
    private const int Limit = 64;

    private readonly Lock gate = new();
    private readonly LinkedList<PublishedCheckpoint> recent = new(latest is null ? [] : [latest]);
    private PublishedCheckpoint? renewed;
    private TaskCompletionSource next = new(SideBySide.Elsewhere);

    public PublishedCheckpoint? Latest
    {
        get
        {
            lock (gate)
                return renewed ?? recent.Last?.Value;
        }
    }

    /// <summary>The latest one once more, cosigned anew. It is shown in its place; what was proven under that one stays
    /// so.</summary>
    public void Renew(PublishedCheckpoint checkpoint)
    {
        lock (gate)
        {
            if (recent.Last?.Value.Size == checkpoint.Size)
                renewed = checkpoint;
        }
    }

    public void Add(PublishedCheckpoint checkpoint)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            renewed = null;
            recent.AddLast(checkpoint);
            if (recent.Count > Limit)
                recent.RemoveFirst();
            waiting = next;
            next = new(SideBySide.Elsewhere);
        }

        waiting.SetResult();
    }

    /// <summary>Whether an entry is covered, now or within the time given.</summary>
    public async Task<bool> WaitAsync(long index, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        for (; ; )
        {
            Task changed;
            lock (gate)
            {
                if (recent.Last?.Value.Size > index)
                    return true;
                changed = next.Task;
            }

            var left = timeout - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                return false;
            try
            {
                await changed.WaitAsync(left, time, cancellation);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    /// <summary>The first published checkpoint that covers an entry: always the same one.</summary>
    public async ValueTask<PublishedCheckpoint?> CoveringAsync(long index, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (recent.Last is null || recent.Last.Value.Size <= index)
                return null;
            // The oldest in memory is the right one only if its forerunner is known not to cover the entry.
            for (var node = recent.Last; node.Previous is not null; node = node.Previous)
            {
                if (node.Previous.Value.Size <= index)
                    return node.Value;
            }
        }

        return await database.ReadAsync(tx => LogStore.CheckpointAfter(tx, index), cancellation);
    }
}
