using Bauta.Storage;
using Bauta.Storage.Sqlite;

namespace Bauta.Simulation.Disk;

/// <summary>What becomes of a commit.</summary>
internal enum CommitFate
{
    Done,
    CrashBefore,
    CrashAfter,
    Torn,
    Full,
}

/// <summary>A real SQLite connection to a database whose disk and process can fail at a commit.</summary>
internal sealed class SimulatedSession(string path) : SqliteSession(path)
{
    private readonly string log = path + "-wal";
    private long kept;
    private long acknowledged;

    /// <summary>What becomes of the next commit.</summary>
    public CommitFate Fate { get; set; }

    /// <summary>Whether the process that had it open is gone.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Whether the commit before the last work is lost with the process although it was
    /// acknowledged.</summary>
    public bool IsLying { get; set; }

    protected override void Begin()
    {
        if (IsLying)
            (kept, acknowledged) = (acknowledged, LogLength());
        base.Begin();
        if (Fate == CommitFate.Full)
            Script("PRAGMA max_page_count = 1");
    }

    public override void Commit()
    {
        switch (Fate)
        {
            case CommitFate.CrashBefore:
                Go();
                throw new SimulatedCrashException();
            case CommitFate.CrashAfter:
                base.Commit();
                Go();
                throw new SimulatedCrashException();
            case CommitFate.Torn:
                var before = LogLength();
                base.Commit();
                Go();
                Tear(before);
                throw new SimulatedCrashException();
            default:
                base.Commit();
                break;
        }
    }

    public override void Rollback()
    {
        if (!IsGone)
            base.Rollback();
    }

    public override void Maintain()
    {
        if (!IsGone)
            base.Maintain();
    }

    /// <summary>Reads what is committed.</summary>
    public T Look<T>(Func<IReadTransaction, T> work)
    {
        // A statement that failed in the last work does not spoil a reading after it.
        (Spoiled, Culprit) = (null, null);
        T? result = default;
        Run(null, transaction => result = work(transaction));
        return result!;
    }

    /// <summary>There is room again.</summary>
    public void MakeRoom()
    {
        Fate = CommitFate.Done;
        if (!IsGone)
            Script("PRAGMA max_page_count = 1073741823");
    }

    /// <summary>The process is gone: what was not committed is lost, and the log stays as it lies.</summary>
    public void Go()
    {
        if (IsGone)
            return;
        IsGone = true;
        KeepLog();
        Dispose();
        if (IsLying && LogLength() > kept)
            Tear(kept);
    }

    private long LogLength() => File.Exists(log) ? new FileInfo(log).Length : 0;

    // Only the first half of what the commit appended reached the disk.
    private void Tear(long before)
    {
        using var file = new FileStream(log, FileMode.Open, FileAccess.Write);
        if (file.Length > before)
            file.SetLength(before + ((file.Length - before) / 2) + 1);
        else
            // The log had started over, so the commit lies within it: its last frame is spoilt.
            file.SetLength(Math.Max(0, file.Length - 100));
    }
}

/// <summary>Ends a work at the moment at which its process is gone. It never reaches a party.</summary>
internal sealed class SimulatedCrashException : Exception;
