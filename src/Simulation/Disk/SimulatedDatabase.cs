using Bauta.Storage;

namespace Bauta.Simulation.Disk;

/// <summary>A process that may be gone. What it still waits for never comes.</summary>
internal sealed class Life
{
    private readonly List<Action> onEnd = [];

    public bool IsOver { get; private set; }

    public static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;

    public void OnEnd(Action work) => onEnd.Add(work);

    public void End()
    {
        if (IsOver)
            return;
        IsOver = true;
        foreach (var work in onEnd)
            work();
    }
}

/// <summary>
/// One party's database in a simulated world: real SQLite, and each write is a transaction of its own on the caller's
/// thread. A commit on which the process dies answers nobody.
/// </summary>
internal sealed class SimulatedDatabase : IDatabase
{
    private readonly SimulatedSession session;
    private readonly Committer committer;
    private readonly Life life;
    private readonly Func<CommitFate> fate;
    private readonly Action onFull;

    public SimulatedDatabase(string path, DatabaseOptions options, Life life, Func<CommitFate> fate, Action onFull)
    {
        session = new SimulatedSession(path);
        committer = new Committer(session, options);
        (this.life, this.fate, this.onFull) = (life, fate, onFull);
        life.OnEnd(session.Go);
    }

    /// <summary>Whether it acknowledges what it does not keep.</summary>
    public bool IsLying
    {
        set => session.IsLying = value;
    }

    public DatabaseHealth Health => committer.Failed is null ? DatabaseHealth.Healthy : DatabaseHealth.Failed;

    public Task<StorageException> Failure => committer.Failure;

    public DatabaseCounters Counters => committer.Counters;

    public Task<T> WriteAsync<T>(Func<IWriteTransaction, T> work, CancellationToken ct = default)
    {
        if (life.IsOver)
            return Life.Never<T>();
        if (ct.IsCancellationRequested)
            return Task.FromCanceled<T>(ct);
        session.Fate = fate();
        var commits = committer.Counters.Commits;
        var item = new WorkItem<T>(work, ct);
        try
        {
            committer.Run([item]);
        }
        finally
        {
            if (session.Fate == CommitFate.Full)
            {
                if (committer.Counters.Commits == commits)
                    onFull();
                session.MakeRoom();
            }
        }

        if (session.IsGone)
        {
            life.End();
            return Life.Never<T>();
        }

        return item.Task;
    }

    public Task<T> ReadAsync<T>(Func<IReadTransaction, T> work, CancellationToken ct = default)
    {
        if (life.IsOver)
            return Life.Never<T>();
        try
        {
            return Task.FromResult(Look(work));
        }
        catch (Exception failed)
        {
            return Task.FromException<T>(failed);
        }
    }

    /// <summary>Reads what is committed, for whoever watches the world.</summary>
    public T Look<T>(Func<IReadTransaction, T> work) => session.Look(work);

    public ValueTask DisposeAsync()
    {
        session.Go();
        return ValueTask.CompletedTask;
    }
}
