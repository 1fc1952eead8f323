using System.Collections.Concurrent;
using Bauta.Archive.Log;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Cosign;

/// <summary>
/// Reads every leaf back from the database before a checkpoint over it is signed, and computes the root anew. A leaf
/// that this process verified and ordered must be, bit for bit, that leaf; any other (after a restart) is verified in
/// full. Used by one task at a time.
/// </summary>
internal sealed class Auditor(
    IDatabase database, DecisionIndex decisions, BankList banks, MerkleTree tree, UnixTime lastAt)
{
    private readonly ConcurrentQueue<NewEntry> ordered = new();
    private MerkleTree tree = tree;
    private UnixTime lastAt = lastAt;

    public void Expect(IReadOnlyList<NewEntry> entries)
    {
        foreach (var entry in entries)
            ordered.Enqueue(entry);
    }

    /// <summary>Returns when all leaves up to the head are in order; throws when one is not.</summary>
    /// <exception cref="StorageException">InvariantViolation: the log must not be signed.</exception>
    public async Task VerifyAsync(LogHead head, CancellationToken cancellation)
    {
        // A failure half way must not leave the tree ahead of what was verified.
        var next = MerkleTree.FromPeaks(tree.Size, tree.Peaks);
        while (next.Size < head.Size)
        {
            var from = next.Size;
            var to = Math.Min(head.Size, from + LogStore.ChunkLength);
            var leaves = await database.ReadAsync(tx => LogStore.Leaves(tx, from, to), cancellation);
            foreach (var leaf in leaves)
            {
                if (FindOrdered(next.Size, leaf) is { } entry)
                {
                    next.Append(entry.Hash);
                    continue;
                }

                await VerifyFullyAsync(next.Size, leaf, cancellation);
                next.Append(MerkleHash.Leaf(leaf.Span));
            }
        }

        if (next.Root != head.Root)
            throw Corrupt(head.Size, "the root over its leaves is another");
        tree = next;
    }

    private NewEntry? FindOrdered(long index, ReadOnlyMemory<byte> leaf)
    {
        while (ordered.TryPeek(out var entry) && entry.Index <= index)
        {
            ordered.TryDequeue(out _);
            if (entry.Index == index)
                return leaf.Span.SequenceEqual(entry.Leaf)
                    ? entry
                    : throw Corrupt(index, "it is not the leaf that was ordered");
        }

        return null;
    }

    private async Task VerifyFullyAsync(long index, ReadOnlyMemory<byte> leaf, CancellationToken cancellation)
    {
        if (!LogEntry.TryParse(leaf.Span, out var entry))
            throw Corrupt(index, "it is no entry");
        if (!LeafRules.TryFindSigner(entry, banks.Find, out var signer) || !entry.IsSignedBy(signer!.Key))
            throw Corrupt(index, "a signature does not verify");
        var subject = LeafRules.SubjectOf(entry);
        var known = entry.IsDecision
            ? await decisions.FindAsync(database, subject, cancellation)
            : await database.ReadAsync(tx => LogStore.FindStatement(tx, entry.Kind, subject), cancellation);
        if (known != index)
            throw Corrupt(index, "another entry is about the same");
        if (entry.At < lastAt)
            throw Corrupt(index, "it is older than the one before");
        lastAt = entry.At;
    }

    private static StorageException Corrupt(long index, string why) =>
        new(StorageFailure.InvariantViolation, $"Entry {index} must not be signed: {why}.");
}
