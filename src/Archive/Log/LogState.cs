using System.Text;
using Bauta.Archive.Cosign;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>
/// What an archive starts from. The tiles must give the root that the head states, and the checkpoint in the second
/// place must be one of this log's: a database that was put back to an older state, or replaced, is refused.
/// </summary>
internal sealed record LogState(
    LogHead Head, TileBuilder Tree, SignedHead? Signed, MerkleTree SignedTree, UnixTime SignedAt,
    PublishedCheckpoint? Published, BankList Banks, KeyWindows Keys, DecisionIndex Decisions)
{
    public static async Task<LogState> LoadAsync(
        IDatabase database, ForwardOnly secondPlace, NoteVerifier key, int mergeAt, CancellationToken cancellation)
    {
        var head = await database.ReadAsync(LogStore.Head, cancellation);
        if (head is null)
        {
            await database.WriteAsync(tx =>
            {
                LogStore.CreateHead(tx);
                return true;
            }, cancellation);
        }

        return await database.ReadAsync(tx => Load(tx, secondPlace.Latest, key, mergeAt), cancellation);
    }

    private static LogState Load(IReadTransaction tx, ForwardOnly.Mark? mark, NoteVerifier key, int mergeAt)
    {
        var head = LogStore.Head(tx)!;
        var published = LogStore.LatestCheckpoint(tx);
        if (mark is null && published is not null)
            throw Refused("its second place is missing. Put the file back from where it was kept.");
        var signed = mark is null ? null : Read(mark, key);
        if (signed is not null && signed.Size > head.Size)
            throw Refused($"it has {head.Size} entries, and a checkpoint over {signed.Size} was signed: it was put " +
                "back to an older state. Restore the newest backup.");
        if (published is not null && published.Size > signed!.Size)
            throw Refused("a checkpoint was published that the second place does not know: the file was put back.");

        var source = new LogStore.TileSource(tx);
        var tree = TileBuilder.Restore(head.Size, source);
        if (tree.Root != head.Root)
            throw Refused("its tiles do not give the root that it states.");
        var signedSize = signed?.Size ?? 0;
        var signedTree = MerkleTree.FromNodes(signedSize, new TileHashReader(source, signedSize).Read);
        if (signed is not null && Checkpoint.TryParse(signed.Note.TextBytes, out var checkpoint)
            && checkpoint.Root != signedTree.Root)
            throw Refused("it is not the log that the signed checkpoint in the second place is about.");

        var banks = new BankList();
        foreach (var index in LogStore.StatementsOf(tx, LogEntry.Bank))
            banks.AddLeaf(LogStore.Leaf(tx, index));
        return new LogState(head, tree, signed, signedTree, TimeOf(tx, signedSize - 1), published, banks,
            KeysOf(tx, head.LastAt), DecisionIndex.Load(tx, mergeAt));
    }

    private static KeyWindows KeysOf(IReadTransaction tx, UnixTime lastAt)
    {
        var keys = new KeyWindows(lastAt);
        foreach (var kind in (string[])[LogEntry.Denomination, LogEntry.Revocation])
        {
            foreach (var index in LogStore.StatementsOf(tx, kind))
            {
                if (LogEntry.TryParse(LogStore.Leaf(tx, index), out var entry))
                    keys.Add(entry, LeafRules.SubjectOf(entry));
            }
        }

        return keys;
    }

    private static SignedHead Read(ForwardOnly.Mark mark, NoteVerifier key) =>
        SignedNote.TryParse(Encoding.UTF8.GetBytes(mark.Text), out var note)
        && note.TryVerify([key], out _)
        && Checkpoint.TryParse(note.TextBytes, out var checkpoint)
        && checkpoint.Origin == key.Name && checkpoint.Size == mark.Number
            ? new SignedHead(mark.Number, note)
            : throw Refused("its second place holds no checkpoint of this log.");

    private static UnixTime TimeOf(IReadTransaction tx, long index) =>
        index >= 0 && LogEntry.TryParse(LogStore.Leaf(tx, index), out var entry) ? entry.At : default;

    private static StorageException Refused(string why) =>
        new(StorageFailure.Refused, $"The log is not served: {why}");
}
