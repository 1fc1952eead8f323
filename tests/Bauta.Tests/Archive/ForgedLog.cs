using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;
using Bauta.Protocol.Archive;

namespace Bauta.Tests.Archive;

/// <summary>A log whose operator writes what it likes: any leaves, any checkpoint, served as a real log does.</summary>
internal sealed class ForgedLog(INoteSigner signer) : ILog
{
    private readonly List<byte[]> leaves = [];
    private readonly List<INoteSigner> cosigners = [];

    public long Size => leaves.Count;

    public List<INoteSigner> Cosigners => cosigners;

    /// <summary>A bundle that is served instead of the real one.</summary>
    public Dictionary<string, byte[]?> Replaced { get; } = [];

    public SignedNote? Shown { get; set; }

    public ForgedLog With(params IReadOnlyList<LogEntry> entries)
    {
        leaves.AddRange(entries.Select(entry => entry.ToLeaf()));
        return this;
    }

    public ForgedLog With(byte[] leaf)
    {
        leaves.Add(leaf);
        return this;
    }

    public ForgedLog Without(int count)
    {
        leaves.RemoveRange(leaves.Count - count, count);
        return this;
    }

    public SignedNote Checkpoint() => new Checkpoint(
        signer.Verifier.Name, Size, MerkleTree.RootOf(Size, Node)).Sign(signer);

    public string AddCheckpoint(long oldSize, SignedNote? note = null) => Encoding.UTF8.GetString(
        new AddCheckpointRequest(oldSize, ConsistencyProof.Generate(oldSize, Size, Node), note ?? Checkpoint())
            .ToBytes());

    public Task<string> CheckpointAsync(CancellationToken cancellation)
    {
        var note = Shown ?? Checkpoint();
        note = note.WithSignatures(cosigners.Select(cosigner => cosigner.Sign(note.TextBytes)));
        return Task.FromResult(Encoding.UTF8.GetString(note.ToBytes()));
    }

    public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation)
    {
        if (Replaced.TryGetValue(path, out var replaced))
            return Task.FromResult(replaced);
        if (!TileAddress.TryParse(path, out var tile)
            || tile.Width > TileAddress.WidthAt(Math.Max(tile.Level, 0), tile.Index, Size))
            return Task.FromResult<byte[]?>(null);
        var start = (int)tile.Index * TileAddress.FullWidth;
        return Task.FromResult<byte[]?>(tile.IsEntries
            ? EntryBundle.Encode([.. leaves.Skip(start).Take(tile.Width).Select(leaf => (ReadOnlyMemory<byte>)leaf)])
            : [.. Enumerable.Range(start, tile.Width).SelectMany(i => Node(tile.Level * 8, i).ToArray())]);
    }

    private MerkleHash Node(int level, long index) => level == 0
        ? MerkleHash.Leaf(leaves[(int)index])
        : MerkleHash.Node(Node(level - 1, 2 * index), Node(level - 1, 2 * index + 1));
}
