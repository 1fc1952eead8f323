using System.Runtime.CompilerServices;
using System.Text;
using Bauta.Crypto.Merkle;
using Bauta.Crypto.Notes;

namespace Bauta.Protocol.Archive;

/// <summary>A state of a log that its policy's quorum has cosigned; only <see cref="LogReader"/> makes one.</summary>
public sealed class LogView
{
    internal LogView(SignedNote note, Checkpoint checkpoint) => (Note, Checkpoint) = (note, checkpoint);

    /// <summary>The checkpoint with its signatures.</summary>
    public SignedNote Note { get; }

    /// <summary>Size and root.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>Number of leaves.</summary>
    public long Size => Checkpoint.Size;
}

/// <summary>An entry that was verified to stand in the log.</summary>
/// <param name="Index">Its place.</param>
/// <param name="Leaf">Its bytes.</param>
/// <param name="Entry">The same, parsed and well formed; signatures inside are for the reader to check.</param>
public sealed record ReadEntry(long Index, byte[] Leaf, LogEntry Entry);

/// <summary>
/// Reads a log that it does not trust: every entry is verified through its tiles up to the cosigned root. It reads
/// about 8 KiB of hashes for 256 entries. Thread-safe.
/// </summary>
/// <param name="log">Where checkpoint, tiles and bundles are.</param>
/// <param name="policy">Whose signatures count.</param>
public sealed class LogReader(ILog log, ArchivePolicy policy)
{
    /// <summary>The latest state that the quorum has cosigned.</summary>
    /// <exception cref="ProtocolViolationException">The checkpoint does not satisfy the policy.</exception>
    /// <exception cref="PartyUnreachableException">The log does not answer.</exception>
    public async Task<LogView> LatestAsync(CancellationToken cancellation)
    {
        var text = await log.CheckpointAsync(cancellation);
        if (SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var note)
            && policy.Policy.IsSatisfied(note, out var verified))
            return new LogView(note, verified.Checkpoint);
        throw new ProtocolViolationException("The log's checkpoint does not satisfy its policy.");
    }

    /// <summary>The entries from one index up to another, exclusive, in order.</summary>
    /// <exception cref="ProtocolViolationException">What the log gave is not under the root, or is no entry.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the view.</exception>
    public async IAsyncEnumerable<ReadEntry> ReadAsync(
        LogView view, long from, long to, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, view.Size);
        if (from == to)
            yield break;
        var tiles = await OpenAsync(view, cancellation);
        for (var index = from; index < to;)
        {
            var leaves = await tiles.BundleAsync(index / TileAddress.FullWidth, cancellation);
            var start = index / TileAddress.FullWidth * TileAddress.FullWidth;
            for (; index < Math.Min(to, start + leaves.Length); index++)
                yield return Parse(index, leaves[index - start]);
        }
    }

    /// <summary>One entry with its proof under this view's checkpoint, also one that breaks the rules.</summary>
    /// <exception cref="ProtocolViolationException">What the log gave is not under the root.</exception>
    public async Task<LoggedEntry> ProveAsync(LogView view, long index, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, view.Size);
        var tiles = await OpenAsync(view, cancellation);
        var leaves = await tiles.BundleAsync(index / TileAddress.FullWidth, cancellation);
        foreach (var address in TileHashReader.TilesForInclusion(index, view.Size))
            await tiles.TileAsync(address.Level, address.Index, cancellation);
        var path = InclusionProof.Generate(index, view.Size, new TileHashReader(tiles, view.Size).Read);
        var proof = new TlogProof(index, path, view.Note);
        var leaf = leaves[(int)(index % TileAddress.FullWidth)].ToArray();
        return new LoggedEntry(leaf, Encoding.UTF8.GetString(proof.ToBytes()));
    }

    private async Task<VerifiedTiles> OpenAsync(LogView view, CancellationToken cancellation)
    {
        var tiles = new VerifiedTiles(log, view.Checkpoint);
        await tiles.ReadEdgeAsync(cancellation);
        return tiles;
    }

    private static ReadEntry Parse(long index, ReadOnlyMemory<byte> leaf) =>
        LogEntry.TryParse(leaf.Span, out var entry)
            ? new ReadEntry(index, leaf.ToArray(), entry)
            : throw new ProtocolViolationException($"Leaf {index} of the log is no entry.");
}

/// <summary>
/// Tiles of one tree, each verified before it is used: those at the right edge by the root, every full one by its hash
/// in the tile above.
/// </summary>
internal sealed class VerifiedTiles(ILog log, Checkpoint checkpoint) : ITileSource
{
    private const int MaxTiles = 256;

    private readonly Dictionary<(int Level, long Index), byte[]> tiles = [];

    public async Task ReadEdgeAsync(CancellationToken cancellation)
    {
        foreach (var address in TileHashReader.TilesForRoot(checkpoint.Size))
            tiles[(address.Level, address.Index)] = await FetchAsync(address, cancellation);
        if (MerkleTree.RootOf(checkpoint.Size, new TileHashReader(this, checkpoint.Size).Read) != checkpoint.Root)
            throw Violation();
    }

    public async Task<byte[]> TileAsync(int level, long index, CancellationToken cancellation)
    {
        if (tiles.TryGetValue((level, index), out var known))
            return known;
        var width = TileAddress.WidthAt(level, index, checkpoint.Size);
        // Partial tiles are all at the edge, which was read first.
        if (width != TileAddress.FullWidth)
            throw Violation();
        var tile = await FetchAsync(TileAddress.Tree(level, index), cancellation);
        var above = await TileAsync(level + 1, index / TileAddress.FullWidth, cancellation);
        var expected = above.AsSpan((int)(index % TileAddress.FullWidth) * MerkleHash.Size, MerkleHash.Size);
        if (!RootOf(tile).Span.SequenceEqual(expected))
            throw Violation();
        if (tiles.Count < MaxTiles || level > 0)
            tiles[(level, index)] = tile;
        return tile;
    }

    public async Task<ReadOnlyMemory<byte>[]> BundleAsync(long index, CancellationToken cancellation)
    {
        var tile = await TileAsync(0, index, cancellation);
        var address = TileAddress.Entries(index, tile.Length / MerkleHash.Size);
        var bundle = await log.ReadAsync(address.Path, cancellation);
        return bundle is not null && EntryBundle.TryDecodeVerified(bundle, tile, out var entries)
            ? entries
            : throw Violation();
    }

    public ReadOnlyMemory<byte> Read(TileAddress tile) => tiles[(tile.Level, tile.Index)];

    private async Task<byte[]> FetchAsync(TileAddress address, CancellationToken cancellation)
    {
        var bytes = await log.ReadAsync(address.Path, cancellation);
        return bytes is not null && bytes.Length == address.Width * MerkleHash.Size ? bytes : throw Violation();
    }

    private static MerkleHash RootOf(ReadOnlySpan<byte> tile)
    {
        var tree = new MerkleTree();
        for (var i = 0; i < tile.Length; i += MerkleHash.Size)
            tree.Append(MerkleHash.FromBytes(tile.Slice(i, MerkleHash.Size)));
        return tree.Root;
    }

    private static ProtocolViolationException Violation() =>
        new("The log's tiles or entries are not under the root of its checkpoint.");
}
