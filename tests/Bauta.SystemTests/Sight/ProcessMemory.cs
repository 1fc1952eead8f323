using System.Buffers.Binary;
using System.Globalization;

namespace Bauta.SystemTests.Sight;

/// <summary>All that a running process could write to: its heaps, its stacks, its data.</summary>
internal static class ProcessMemory
{
    private const int PageSize = 4096;
    private const int ChunkSize = 4 << 20;
    private const ulong Present = 1UL << 63;
    private const ulong Swapped = 1UL << 62;

    /// <summary>Adds what stands in the memory.</summary>
    /// <returns>How many bytes were looked at.</returns>
    public static long Search(int process, CanarySearch search, ISet<Canary> found)
    {
        using var memory = File.OpenHandle($"/proc/{process}/mem", share: FileShare.ReadWrite);
        using var pages = File.OpenHandle($"/proc/{process}/pagemap", share: FileShare.ReadWrite);
        var chunk = new byte[ChunkSize];
        var all = 0L;
        foreach (var (from, to) in Runs(process, pages))
        {
            // What lies across the border of two chunks is found in the second.
            for (var at = from; at < to; at += ChunkSize - search.LongestForm)
            {
                var wanted = (int)Math.Min(ChunkSize, to - at);
                int count;
                try
                {
                    count = RandomAccess.Read(memory, chunk.AsSpan(0, wanted), at);
                }
                catch (IOException)
                {
                    // The process has given this memory back meanwhile.
                    break;
                }

                search.Find(chunk.AsSpan(0, count), found);
                all += count;
                if (wanted < ChunkSize)
                    break;
            }
        }

        return all;
    }

    /// <summary>Stretches of writable pages that were ever used; the rest of what is mapped is zeros.</summary>
    private static IEnumerable<(long From, long To)> Runs(
        int process, Microsoft.Win32.SafeHandles.SafeFileHandle pages)
    {
        foreach (var line in File.ReadAllLines($"/proc/{process}/maps"))
        {
            // 7f0c5c000000-7f0c5c021000 rw-p 00000000 00:00 0
            var (range, access) = (line.Split(' ')[0].Split('-'), line.Split(' ')[1]);
            if (!access.StartsWith("rw", StringComparison.Ordinal))
                continue;
            var (from, to) = (
                long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            var entries = new byte[(to - from) / PageSize * sizeof(ulong)];
            var read = RandomAccess.Read(pages, entries, from / PageSize * sizeof(ulong)) / sizeof(ulong);
            for (var page = 0; page < read; page++)
            {
                var first = page;
                while (page < read && IsUsed(entries, page))
                    page++;
                if (page > first)
                    yield return (from + ((long)first * PageSize), from + ((long)page * PageSize));
            }
        }
    }

    private static bool IsUsed(byte[] entries, int page) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(page * sizeof(ulong))) & (Present | Swapped)) != 0;
}
