using System.Buffers;
using System.Security.Cryptography;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Goods;

/// <summary>
/// Encrypts the goods of one sale: first the whole to learn the root, then chunk by chunk when asked for, so that no
/// ciphertext is stored. Memory is constant. Thread-safe until disposed.
/// </summary>
public sealed class GoodsEncryptor : IDisposable
{
    private readonly ChunkCipher cipher;

    /// <summary>Encrypts under a key, which may be disposed afterwards.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public GoodsEncryptor(GoodsKey key) => cipher = new(key);

    /// <summary>Reads the goods once, encrypts and hashes them, and keeps the hashes only.</summary>
    /// <exception cref="InvalidDataException">More than 1 TiB.</exception>
    public async Task<GoodsTree> ComputeTreeAsync(Stream plaintext, CancellationToken cancellationToken = default)
    {
        using var batch = new ChunkBatch(GoodsLayout.ChunkSize);
        var tree = new GoodsTree.Builder();
        long size = 0;
        while (await batch.ReadAsync(plaintext, cancellationToken).ConfigureAwait(false))
        {
            batch.ForEach(chunk =>
            {
                var bytes = chunk.Buffer.AsSpan(0, chunk.Length + GoodsLayout.TagSize);
                cipher.Encrypt(chunk.Index, chunk.IsLast, bytes);
                chunk.Leaf = MerkleHash.Leaf(bytes);
            });
            for (var i = 0; i < batch.Count; i++)
            {
                tree.Append(batch.Chunks[i].Leaf);
                size += batch.Chunks[i].Length;
            }

            if (size > GoodsLayout.MaxPlaintextSize)
                throw new InvalidDataException("Goods have at most 1 TiB.");
        }

        return tree.Build(new(size));
    }

    /// <summary>The same for goods in memory that fit one chunk, at the cost of little more than their size.</summary>
    /// <param name="plaintext">At most 1 MiB.</param>
    /// <exception cref="ArgumentException">More than one chunk.</exception>
    public GoodsTree ComputeTree(ReadOnlySpan<byte> plaintext)
    {
        if (plaintext.Length > GoodsLayout.ChunkSize)
            throw new ArgumentException("Goods of more than one chunk are read from a stream.", nameof(plaintext));
        var chunk = ArrayPool<byte>.Shared.Rent(plaintext.Length + GoodsLayout.TagSize);
        try
        {
            var bytes = chunk.AsSpan(0, plaintext.Length + GoodsLayout.TagSize);
            plaintext.CopyTo(bytes);
            cipher.Encrypt(0, isLast: true, bytes);
            var tree = new GoodsTree.Builder();
            tree.Append(MerkleHash.Leaf(bytes));
            return tree.Build(new(plaintext.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>
    /// Encrypts one chunk. False, and nothing comes out, when the plaintext is not the one that the tree was made of:
    /// two texts under one nonce would give both away.
    /// </summary>
    /// <param name="tree">The tree of this sale.</param>
    /// <param name="index">Number of the chunk.</param>
    /// <param name="plaintext">The chunk's plaintext.</param>
    /// <param name="ciphertext">Receives the ciphertext and tag: 16 bytes more than the plaintext.</param>
    /// <exception cref="ArgumentException">Lengths that the layout does not give.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public bool TryEncryptChunk(GoodsTree tree, long index, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        if (plaintext.Length != tree.Layout.PlaintextLength(index)
            || ciphertext.Length != tree.Layout.CiphertextLength(index))
            throw new ArgumentException("The layout gives the length of a chunk.");
        plaintext.CopyTo(ciphertext);
        cipher.Encrypt(index, tree.Layout.IsLast(index), ciphertext);
        if (MerkleHash.Leaf(ciphertext) == tree.Leaves[(int)index])
            return true;
        CryptographicOperations.ZeroMemory(ciphertext);
        return false;
    }

    /// <summary>Reads one chunk's plaintext from a seekable stream and encrypts it.</summary>
    /// <returns>The chunk, or null when the stream no longer holds what the tree was made of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such chunk.</exception>
    public async Task<byte[]?> EncryptChunkAsync(
        GoodsTree tree, long index, Stream plaintext, CancellationToken cancellationToken = default)
    {
        var length = tree.Layout.PlaintextLength(index);
        var text = new byte[length];
        plaintext.Position = tree.Layout.PlaintextOffset(index);
        var read = await plaintext.ReadAtLeastAsync(text, length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        var chunk = new byte[length + GoodsLayout.TagSize];
        return read == length && TryEncryptChunk(tree, index, text, chunk) ? chunk : null;
    }

    /// <inheritdoc/>
    public void Dispose() => cipher.Dispose();
}
