using System.Buffers;
using System.Security.Cryptography;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Goods;

/// <summary>
/// Buffers for a few chunks that are worked on at once, one a processor: memory stays the same whatever is read, and
/// what has one chunk takes one buffer.
/// Reads one chunk ahead, because only the end of the stream tells which chunk is the last.
/// </summary>
internal sealed class ChunkBatch(int chunkSize) : IDisposable
{
    private const int MaxParallel = 8;

    private readonly Chunk[] chunks = [.. Enumerable
        .Range(0, Math.Clamp(Environment.ProcessorCount, 1, MaxParallel) + 1).Select(_ => new Chunk())];

    private bool hasAhead;
    private bool isEnd;
    private long next;

    /// <summary>The chunks of the batch read last; only the first <see cref="Count"/> count.</summary>
    public IReadOnlyList<Chunk> Chunks => chunks;

    public int Count { get; private set; }

    /// <summary>Reads the next batch; false after the last one. An empty stream has one empty chunk.</summary>
    public async Task<bool> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (isEnd)
            return false;
        var filled = 0;
        if (hasAhead)
        {
            // What was read ahead becomes the first of this batch.
            (chunks[0], chunks[^1]) = (chunks[^1], chunks[0]);
            filled = 1;
        }

        while (filled < chunks.Length && !isEnd)
        {
            var chunk = chunks[filled];
            chunk.Take(await stream.ReadAtLeastAsync(
                chunk.Buffer.AsMemory(0, chunkSize), chunkSize, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false));
            isEnd = chunk.Length < chunkSize;
            if (chunk.Length == 0 && next + filled > 0)
                break;
            filled++;
        }

        hasAhead = !isEnd;
        Count = isEnd ? filled : filled - 1;
        for (var i = 0; i < Count; i++)
        {
            chunks[i].Index = next++;
            chunks[i].IsLast = isEnd && i == Count - 1;
        }

        return Count > 0;
    }

    /// <summary>Works on every chunk of the batch, in parallel when there are several.</summary>
    public void ForEach(Action<Chunk> work)
    {
        if (Count == 1)
            work(chunks[0]);
        else
            Parallel.For(0, Count, i => work(chunks[i]));
    }

    public void Dispose()
    {
        foreach (var chunk in chunks)
            chunk.Dispose();
    }

    internal sealed class Chunk : IDisposable
    {
        private byte[]? buffer;
        private int used;

        public byte[] Buffer => buffer ??= ArrayPool<byte>.Shared.Rent(GoodsLayout.CiphertextChunkSize);

        /// <summary>Bytes read into the buffer.</summary>
        public int Length { get; private set; }

        public void Take(int length)
        {
            Length = length;
            // Working on a chunk may put its tag behind it.
            used = Math.Max(used, Math.Min(length + GoodsLayout.TagSize, Buffer.Length));
        }

        public void Dispose()
        {
            if (buffer is null)
                return;
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, used));
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = null;
        }

        public long Index { get; set; }

        public bool IsLast { get; set; }

        public MerkleHash Leaf { get; set; }

        public bool IsGood { get; set; }
    }
}
