using Bauta.Archive.Log;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Archive.Follow;

/// <summary>A point up to which a log was read: its compact range and the time of the last leaf.</summary>
internal sealed record LogPoint(long Size, IReadOnlyList<MerkleHash> Peaks, UnixTime LastAt)
{
    public static LogPoint Start { get; } = new(0, [], default);

    public MerkleTree Tree() => MerkleTree.FromPeaks(Size, Peaks);

    public byte[] PeakBytes() => [.. Peaks.SelectMany(peak => peak.ToArray())];

    public static LogPoint Of(MerkleTree tree, UnixTime lastAt) => new(tree.Size, [.. tree.Peaks], lastAt);

    public static LogPoint Read(long size, byte[] peaks, long lastAt) => new(
        size, [.. peaks.Chunk(MerkleHash.Size).Select(peak => MerkleHash.FromBytes(peak))],
        UnixTime.FromSeconds(lastAt));
}

/// <summary>What a leaf was about, to be remembered.</summary>
internal sealed record LeafFact(long Index, LogEntry Entry, byte[] Subject, MerkleHash Hash, KnownBank? NewBank)
{
    public Subject Key => Entry.IsDecision
        ? Log.Subject.OfDecision(Subject)
        : Log.Subject.OfStatement(Entry.Kind, Subject);

    public LeafFault Double => Entry.IsDecision ? LeafFault.SecondDecision : LeafFault.SecondStatement;
}

/// <summary>The SQL of a reader's memory.</summary>
internal static class LogMemory
{
    public sealed record State(string Origin, LogPoint Accepted, LogPoint Read);

    public static State? Load(IReadTransaction tx) => tx.QuerySingleOrDefault(
        "SELECT origin, size, peaks, last_at, read_size, read_peaks, read_at FROM followed WHERE id = 1",
        static row => new State(
            row.GetString(0), LogPoint.Read(row.GetInt64(1), row.GetBytes(2), row.GetInt64(3)),
            LogPoint.Read(row.GetInt64(4), row.GetBytes(5), row.GetInt64(6))));

    public static void Create(IWriteTransaction tx, string origin) => tx.Execute(
        """
        INSERT INTO followed (id, origin, size, peaks, last_at, read_size, read_peaks, read_at)
        VALUES (1, $1, 0, $2, 0, 0, $2, 0)
        """, origin, Array.Empty<byte>());

    public static void MoveRead(IWriteTransaction tx, LogPoint from, LogPoint to) => tx.ExecuteExpecting(
        1, "UPDATE followed SET read_size = $1, read_peaks = $2, read_at = $3 WHERE id = 1 AND read_size = $4",
        to.Size, to.PeakBytes(), to.LastAt.Seconds, from.Size);

    /// <summary>Accepts all that was read.</summary>
    public static void Accept(IWriteTransaction tx, LogPoint read) => tx.ExecuteExpecting(
        1,
        "UPDATE followed SET size = read_size, peaks = read_peaks, last_at = read_at WHERE id = 1 AND read_size = $1",
        read.Size);

    /// <summary>Forgets what was read beyond the accepted part.</summary>
    public static void Forget(IWriteTransaction tx, LogPoint accepted)
    {
        tx.Execute("DELETE FROM decided WHERE idx >= $1", accepted.Size);
        tx.Execute("DELETE FROM stated WHERE idx >= $1", accepted.Size);
        tx.Execute("DELETE FROM announced WHERE idx >= $1", accepted.Size);
        tx.ExecuteExpecting(
            1, "UPDATE followed SET read_size = size, read_peaks = peaks, read_at = last_at WHERE id = 1 AND size = $1",
            accepted.Size);
    }

    public static void Remember(IWriteTransaction tx, LeafFact fact)
    {
        if (fact.Entry.Kind == LogEntry.Denomination)
            tx.Execute("INSERT INTO announced (subject, statement, idx) VALUES ($1, $2, $3)",
                fact.Subject, fact.Entry.Statement!, fact.Index);
        if (fact.Entry.IsDecision)
            tx.Execute("INSERT INTO decided (subject, idx, kind, leaf_hash) VALUES ($1, $2, $3, $4)",
                fact.Subject, fact.Index, fact.Entry.Kind, fact.Hash.ToArray());
        else
            tx.Execute("INSERT INTO stated (kind, subject, name, bank_key, idx) VALUES ($1, $2, $3, $4, $5)",
                fact.Entry.Kind, fact.Subject, LeafRules.IssuerOf(fact.Entry)!, fact.NewBank?.Key.Spki, fact.Index);
    }

    public static (long Index, string Name)? FindStatement(IReadTransaction tx, string kind, byte[] subject) =>
        tx.QuerySingleOrDefault(
            "SELECT idx, name FROM stated WHERE kind = $1 AND subject = $2",
            static row => ((long, string)?)(row.GetInt64(0), row.GetString(1)), kind, subject);

    /// <summary>The keys that were announced, not revoked, and had not ended by the last leaf.</summary>
    public static KeyWindows Keys(IReadTransaction tx, UnixTime lastAt)
    {
        var keys = new KeyWindows(lastAt);
        foreach (var (subject, statement) in tx.Query(
            """
            SELECT a.subject, a.statement FROM announced a
            WHERE NOT EXISTS (SELECT 1 FROM stated s WHERE s.kind = $1 AND s.subject = a.subject) ORDER BY a.idx
            """,
            static row => (row.GetBytes(0), row.GetString(1)), LogEntry.Revocation))
            keys.Add(subject, Signed<Denomination>.TryParse(statement, out var key)
                ? key.Content
                : throw new StorageException(
                    StorageFailure.InvariantViolation, "A denomination that was remembered does not parse."));
        return keys;
    }

    public static IReadOnlyList<KnownBank> Banks(IReadTransaction tx) => tx.Query(
        "SELECT name, bank_key FROM stated WHERE kind = $1 ORDER BY idx",
        static row => new KnownBank(row.GetString(0), P256PublicKey.FromSpki(row.GetBytes(1))), LogEntry.Bank);
}
