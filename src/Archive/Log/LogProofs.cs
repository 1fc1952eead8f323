using Bauta.Crypto.Merkle;
using Bauta.Storage;

namespace Bauta.Archive.Log;

/// <summary>Proofs about the log at any size it had, from cached tiles or the database. Thread-safe.</summary>
internal sealed class LogProofs(IDatabase database)
{
    private const int WarmLimit = 64;

    private readonly TileCache cache = new();

    /// <summary>Reads the tiles that proofs about the newest leaves of a tree need.</summary>
    public Task WarmAsync(long from, long to, CancellationToken cancellation) => database.ReadAsync(tx =>
    {
        for (var level = 0; level < TileAddress.Height && to >> (TileAddress.Height * level) > 0; level++)
        {
            var shift = TileAddress.Height * (level + 1);
            var last = shift < 63 ? (to - 1) >> shift : 0;
            var first = Math.Max(shift < 63 ? from >> shift : 0, last - WarmLimit);
            for (var index = first; index <= last; index++)
            {
                if (LogStore.Tile(tx, level, index) is { } hashes)
                    cache.Put(level, index, hashes);
            }
        }

        return true;
    }, cancellation);

    public ValueTask<MerkleHash[]> InclusionAsync(long index, long size, CancellationToken cancellation) =>
        ProveAsync(size, reader => InclusionProof.Generate(index, size, reader), cancellation);

    public ValueTask<MerkleHash[]> ConsistencyAsync(long oldSize, long newSize, CancellationToken cancellation) =>
        ProveAsync(newSize, reader => ConsistencyProof.Generate(oldSize, newSize, reader), cancellation);

    private async ValueTask<MerkleHash[]> ProveAsync(
        long size, Func<NodeReader, MerkleHash[]> question, CancellationToken cancellation)
    {
        // What is missing is noted while the question runs on; it is asked again once all is there.
        for (Dictionary<(int, long), ExpandedTile> held = []; ;)
        {
            var reader = new Reader(cache, held, size);
            var proof = question(reader.Read);
            if (reader.Missing.Count == 0)
                return proof;
            await database.ReadAsync(tx =>
            {
                foreach (var tile in reader.Missing)
                {
                    var hashes = new LogStore.TileSource(tx).Read(tile);
                    // Held here too, since the cache may drop it before the question is asked again.
                    held[(tile.Level, tile.Index)] = cache.Put(tile.Level, tile.Index, hashes.Span);
                }

                return true;
            }, cancellation);
        }
    }

    private sealed class Reader(TileCache cache, Dictionary<(int, long), ExpandedTile> held, long size)
    {
        public HashSet<TileAddress> Missing { get; } = [];

        public MerkleHash Read(int level, long index)
        {
            var (tileLevel, height) = (level / TileAddress.Height, level % TileAddress.Height);
            var tileIndex = index >> (TileAddress.Height - height);
            var within = (int)(index & ((1L << (TileAddress.Height - height)) - 1));
            if (held.TryGetValue((tileLevel, tileIndex), out var own) && own.TryRead(height, within, out var hash))
                return hash;
            if (cache.Find(tileLevel, tileIndex) is { } tile && tile.TryRead(height, within, out hash))
                return hash;
            Missing.Add(TileAddress.OfNode(level, index, size));
            return default;
        }
    }
}
