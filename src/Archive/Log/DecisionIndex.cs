using System.Buffers.Binary;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>The next decisions to be moved into the sorted table.</summary>
/// <param name="Rows">In the order of their subjects.</param>
/// <param name="EndsBelow">With the last of a merge: what is below this index is all there; else null.</param>
internal sealed record DecisionMerge(IReadOnlyList<(byte[] Subject, long Index)> Rows, long? EndsBelow);

/// <summary>
/// Which leaf decides what. The newest decisions are in memory, with a row a batch in <c>recent</c> for the next start;
/// when they are many, they move on into <c>decisions</c> in the order of their subjects, a few with each batch.
/// </summary>
/// <remarks>
/// Subjects are hashes. Put into the table one by one, nearly each would change a page of its own, and writing that
/// page twice costs more than all else about an append. For the same reason a subject that is new is not looked up
/// there: a filter over all that the table holds, read once after a start, says that it is not there. Thread-safe, but
/// for what the sequencer alone calls.
/// </remarks>
internal sealed class DecisionIndex
{
    private const int SubjectSize = 16;
    private const int RecordSize = sizeof(long) + SubjectSize;
    private const int LeastMerge = 64;
    private const int PageLength = 4096;

    // A merge is over before as many decisions are new again.
    private const int MergedForEach = 2;

    private readonly int mergeAt;
    private readonly Lock gate = new();

    // Under the gate. A subject that leaves the memory is in it before.
    private readonly SubjectFilter table = new();
    private bool isTableRead;
    private Dictionary<UInt128, long> recent;
    private Dictionary<UInt128, long> merging = [];
    private (UInt128[] Subjects, long[] Indexes) sorted = ([], []);
    private int merged;
    private long endsBelow;

    private DecisionIndex(int mergeAt) => (this.mergeAt, recent) = (mergeAt, NewRecent(mergeAt));

    public static DecisionIndex Load(IReadTransaction tx, int mergeAt)
    {
        var index = new DecisionIndex(mergeAt);
        foreach (var row in LogStore.RecentDecisions(tx))
        {
            for (var record = row.AsSpan(); record.Length >= RecordSize; record = record[RecordSize..])
            {
                if (!index.recent.TryAdd(Key(record[sizeof(long)..]), BinaryPrimitives.ReadInt64BigEndian(record)))
                    throw new StorageException(
                        StorageFailure.InvariantViolation, "The log has two decisions about the same.");
            }
        }

        return index;
    }

    /// <summary>The decisions among new entries as <see cref="Load"/> reads them.</summary>
    public static byte[] Encode(IReadOnlyList<NewEntry> decisions)
    {
        var bytes = new byte[decisions.Count * RecordSize];
        var record = bytes.AsSpan();
        foreach (var decision in decisions)
        {
            BinaryPrimitives.WriteInt64BigEndian(record, decision.Index);
            decision.From.Subject.CopyTo(record[sizeof(long)..]);
            record = record[RecordSize..];
        }

        return bytes;
    }

    /// <summary>Reads into the filter what the table holds; until then each subject is looked up in the
    /// table.</summary>
    public async Task ReadTableAsync(IDatabase database, CancellationToken cancellation)
    {
        byte[]? after = [];
        while (after is not null)
        {
            var from = after;
            var page = await database.ReadAsync(tx => LogStore.DecisionsAfter(tx, from, PageLength), cancellation);
            lock (gate)
            {
                foreach (var subject in page)
                    table.Add(Key(subject));
                isTableRead = page.Count < PageLength;
            }

            after = page.Count == PageLength ? page[^1] : null;
        }
    }

    /// <summary>For the sequencer: whether the table holds one of these.</summary>
    public bool AnyInTable(IReadTransaction tx, IEnumerable<NewEntry> entries)
    {
        var subjects = entries.Where(entry => entry.From.IsDecision).Select(entry => entry.From.Subject);
        byte[][] possible;
        lock (gate)
            possible = [.. subjects.Where(subject => MayBeInTable(Key(subject)))];
        return SubjectQuery.Decisions.Find(tx, possible).Count > 0;
    }

    /// <summary>The leaf that decides a subject, if it is among the newest; else the table knows.</summary>
    public long? FindRecent(ReadOnlySpan<byte> subject)
    {
        var key = Key(subject);
        lock (gate)
            return recent.TryGetValue(key, out var index) || merging.TryGetValue(key, out index) ? index : null;
    }

    /// <summary>The leaf that decides a subject.</summary>
    public async Task<long?> FindAsync(IDatabase database, byte[] subject, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (FindRecent(subject) is { } index)
                return index;
            if (!MayBeInTable(Key(subject)))
                return null;
        }

        // What leaves the memory meanwhile is in the table before.
        return await database.ReadAsync(tx => LogStore.FindDecision(tx, subject), cancellation);
    }

    /// <summary>For the sequencer: what to merge in the transaction of the next batch; null when nothing is
    /// due.</summary>
    public DecisionMerge? NextMerge(int entries)
    {
        var left = sorted.Subjects.Length - merged;
        if (left == 0)
            return null;
        var rows = new (byte[] Subject, long Index)[Math.Min(left, Math.Max(LeastMerge, MergedForEach * entries))];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = (Bytes(sorted.Subjects[merged + i]), sorted.Indexes[merged + i]);
        return new DecisionMerge(rows, rows.Length == left ? endsBelow : null);
    }

    /// <summary>For the sequencer: a batch and its merge are durable.</summary>
    public void Committed(IReadOnlyList<NewEntry> entries, DecisionMerge? merge, long size)
    {
        lock (gate)
        {
            foreach (var entry in entries)
            {
                if (entry.From.IsDecision)
                    recent.Add(Key(entry.From.Subject), entry.Index);
            }

            if (merge is not null)
            {
                foreach (var subject in sorted.Subjects.AsSpan(merged, merge.Rows.Count))
                    table.Add(subject);
                if ((merged += merge.Rows.Count) == sorted.Subjects.Length)
                    (merging, sorted, merged) = ([], ([], []), 0);
            }

            if (merging.Count > 0 || recent.Count < mergeAt)
                return;
            (merging, recent, endsBelow) = (recent, NewRecent(mergeAt), size);
        }

        // On the database's writer, but once in so many decisions, and then some milliseconds.
        sorted = ([.. merging.Keys], [.. merging.Values]);
        Array.Sort(sorted.Subjects, sorted.Indexes);
    }

    private bool MayBeInTable(UInt128 subject) => !isTableRead || table.MayHold(subject);

    // One that grows while it fills up would hold up the batch that it grows in.
    private static Dictionary<UInt128, long> NewRecent(int mergeAt) => new(mergeAt);

    private static UInt128 Key(ReadOnlySpan<byte> subject) => BinaryPrimitives.ReadUInt128BigEndian(subject);

    private static byte[] Bytes(UInt128 key)
    {
        var subject = new byte[SubjectSize];
        BinaryPrimitives.WriteUInt128BigEndian(subject, key);
        return subject;
    }
}
