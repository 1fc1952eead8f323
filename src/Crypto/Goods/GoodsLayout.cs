using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.Goods;

/// <summary>
/// How goods of a given size lie in chunks: 1 MiB of plaintext each (1,048,592 bytes of ciphertext with its tag), the
/// last one with what is left. Empty goods are one empty chunk. Everything follows from the plaintext's size.
/// </summary>
public sealed record GoodsLayout
{
    /// <summary>Plaintext bytes in a chunk that is not the last.</summary>
    public const int ChunkSize = 1 << 20;

    /// <summary>Bytes of the AES-GCM tag behind each chunk.</summary>
    public const int TagSize = 16;

    /// <summary>Ciphertext bytes in a chunk that is not the last.</summary>
    public const int CiphertextChunkSize = ChunkSize + TagSize;

    /// <summary>Largest goods in bytes: 1 TiB, 1,048,576 chunks.</summary>
    public const long MaxPlaintextSize = 1L << 40;

    /// <summary>The layout of goods of this size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or above 1 TiB.</exception>
    public GoodsLayout(long plaintextSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintextSize, MaxPlaintextSize);
        PlaintextSize = plaintextSize;
        ChunkCount = Math.Max(1, (plaintextSize + ChunkSize - 1) / ChunkSize);
        CiphertextSize = plaintextSize + ChunkCount * TagSize;
    }

    /// <summary>The layout of goods of a size that somebody else states.</summary>
    /// <returns>False when the size is negative or above 1 TiB.</returns>
    public static bool TryCreate(long plaintextSize, [NotNullWhen(true)] out GoodsLayout? layout)
    {
        layout = plaintextSize is >= 0 and <= MaxPlaintextSize ? new(plaintextSize) : null;
        return layout is not null;
    }

    /// <summary>Size of the goods in bytes.</summary>
    public long PlaintextSize { get; }

    /// <summary>Size of all chunks' ciphertext with their tags, in bytes.</summary>
    public long CiphertextSize { get; }

    /// <summary>Number of chunks, at least 1.</summary>
    public long ChunkCount { get; }

    /// <summary>Where the plaintext of a chunk starts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public long PlaintextOffset(long index) => Checked(index) * ChunkSize;

    /// <summary>Plaintext bytes in a chunk.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public int PlaintextLength(long index) => (int)Math.Min(ChunkSize, PlaintextSize - PlaintextOffset(index));

    /// <summary>Where the ciphertext of a chunk starts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public long CiphertextOffset(long index) => Checked(index) * CiphertextChunkSize;

    /// <summary>Ciphertext bytes in a chunk, tag included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public int CiphertextLength(long index) => PlaintextLength(index) + TagSize;

    /// <summary>Whether this is the last chunk.</summary>
    public bool IsLast(long index) => index == ChunkCount - 1;

    private long Checked(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ChunkCount);
        return index;
    }
}
