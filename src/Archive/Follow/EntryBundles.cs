using Bauta.Crypto.Merkle;
using Bauta.Protocol.Archive;

namespace Bauta.Archive.Follow;

/// <summary>Reads leaves by range through entry bundles. Whether they are the log's is for the root to tell.</summary>
internal static class EntryBundles
{
    /// <returns>Null when a bundle is not there or does not read.</returns>
    public static async Task<List<ReadOnlyMemory<byte>>?> ReadAsync(
        ILog log, long from, long to, long size, CancellationToken cancellation)
    {
        var leaves = new List<ReadOnlyMemory<byte>>((int)(to - from));
        for (var index = from; index < to;)
        {
            var address = TileAddress.OfEntry(index, size);
            var start = address.Index * TileAddress.FullWidth;
            if (await log.ReadAsync(address.Path, cancellation) is not { } bytes
                || !EntryBundle.TryDecode(bytes, address.Width, out var entries))
                return null;
            var until = Math.Min(to, start + address.Width);
            for (; index < until; index++)
                leaves.Add(entries[index - start]);
        }

        return leaves;
    }
}
