using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Goods;

/// <summary>What is to be said of ciphertext: the closed list.</summary>
public enum GoodsVerdict
{
    /// <summary>It is what the contract's root names, and it decrypts.</summary>
    Good,

    /// <summary>It has not the length that the plaintext's size asks for.</summary>
    WrongLength,

    /// <summary>It is not what the contract's root names: damaged, moved or exchanged on its way.</summary>
    NotUnderRoot,

    /// <summary>It is what the root names but does not decrypt under the key: whoever signed the root is at fault.
    /// </summary>
    DoesNotDecrypt,
}

/// <summary>
/// Checks ciphertext against the root and size that a contract signs, without the key: what a customer does before
/// paying. Immutable and thread-safe.
/// </summary>
public sealed class GoodsVerifier(GoodsLayout layout, MerkleHash root)
{
    /// <summary>Sizes and number of chunks.</summary>
    public GoodsLayout Layout { get; } = layout;

    /// <summary>The signed root.</summary>
    public MerkleHash Root { get; } = root;

    /// <summary>Whether this is chunk <paramref name="index"/> under the root. Never throws.</summary>
    public bool VerifyChunk(long index, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<MerkleHash> proof) =>
        index >= 0 && index < Layout.ChunkCount && ciphertext.Length == Layout.CiphertextLength(index)
        && InclusionProof.Verify(MerkleHash.Leaf(ciphertext), index, Layout.ChunkCount, proof, Root);

    /// <summary>Whether the stream holds all chunks in their order and nothing else.</summary>
    public async Task<GoodsVerdict> VerifyAsync(Stream ciphertext, CancellationToken cancellationToken = default)
    {
        using var batch = new ChunkBatch(GoodsLayout.CiphertextChunkSize);
        var tree = new MerkleTree();
        while (await batch.ReadAsync(ciphertext, cancellationToken).ConfigureAwait(false))
        {
            if (!HasLengths(batch))
                return GoodsVerdict.WrongLength;
            batch.ForEach(chunk => chunk.Leaf = MerkleHash.Leaf(chunk.Buffer.AsSpan(0, chunk.Length)));
            for (var i = 0; i < batch.Count; i++)
                tree.Append(batch.Chunks[i].Leaf);
        }

        return Judge(tree);
    }

    /// <summary>Whether each chunk just read lies within the layout, with its length and place.</summary>
    internal bool HasLengths(ChunkBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var chunk = batch.Chunks[i];
            if (chunk.Index >= Layout.ChunkCount || chunk.IsLast != Layout.IsLast(chunk.Index)
                || chunk.Length != Layout.CiphertextLength(chunk.Index))
                return false;
        }

        return true;
    }

    internal GoodsVerdict Judge(MerkleTree tree) =>
        tree.Size != Layout.ChunkCount ? GoodsVerdict.WrongLength
        : tree.Root != Root ? GoodsVerdict.NotUnderRoot
        : GoodsVerdict.Good;
}

/// <summary>
/// Opens goods with the key that the archive released, against the root and size that the contract signs. Memory is
/// constant. Thread-safe until disposed.
/// </summary>
public sealed class GoodsDecryptor : IDisposable
{
    private readonly ChunkCipher cipher;
    private readonly GoodsVerifier verifier;

    /// <summary>Decrypts under a key, which may be disposed afterwards.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public GoodsDecryptor(GoodsKey key, GoodsLayout layout, MerkleHash root)
    {
        cipher = new(key);
        verifier = new(layout, root);
    }

    /// <summary>Verifies one chunk by its inclusion proof and decrypts it.</summary>
    /// <param name="index">Number of the chunk.</param>
    /// <param name="ciphertext">Ciphertext and tag.</param>
    /// <param name="proof">Inclusion proof of the chunk.</param>
    /// <param name="plaintext">Receives the plaintext, 16 bytes less; worthless unless good.</param>
    /// <exception cref="ArgumentException">No room of exactly that length for the plaintext.</exception>
    public GoodsVerdict DecryptChunk(
        long index, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<MerkleHash> proof, Span<byte> plaintext)
    {
        var layout = verifier.Layout;
        if (index < 0 || index >= layout.ChunkCount || ciphertext.Length != layout.CiphertextLength(index))
            return GoodsVerdict.WrongLength;
        if (plaintext.Length != layout.PlaintextLength(index))
            throw new ArgumentException("The layout gives the length of a chunk.", nameof(plaintext));
        if (!verifier.VerifyChunk(index, ciphertext, proof))
            return GoodsVerdict.NotUnderRoot;
        return cipher.TryDecrypt(index, layout.IsLast(index), ciphertext, plaintext)
            ? GoodsVerdict.Good
            : GoodsVerdict.DoesNotDecrypt;
    }

    /// <summary>
    /// Decrypts all chunks from one stream to another. Every chunk is authenticated by its tag before it is written;
    /// the root is known at the end only, so keep what was written only when the verdict is good.
    /// </summary>
    public async Task<GoodsVerdict> DecryptAsync(
        Stream ciphertext, Stream plaintext, CancellationToken cancellationToken = default)
    {
        using var batch = new ChunkBatch(GoodsLayout.CiphertextChunkSize);
        var tree = new MerkleTree();
        var decrypts = true;
        while (await batch.ReadAsync(ciphertext, cancellationToken).ConfigureAwait(false))
        {
            if (!verifier.HasLengths(batch))
                return GoodsVerdict.WrongLength;

            // After a chunk that does not decrypt the rest is still hashed: the root tells whose fault it is.
            var isWanted = decrypts;
            batch.ForEach(chunk =>
            {
                var bytes = chunk.Buffer.AsSpan(0, chunk.Length);
                chunk.Leaf = MerkleHash.Leaf(bytes);
                chunk.IsGood = isWanted
                    && cipher.TryDecrypt(chunk.Index, chunk.IsLast, bytes, bytes[..^GoodsLayout.TagSize]);
            });
            for (var i = 0; i < batch.Count; i++)
            {
                var chunk = batch.Chunks[i];
                tree.Append(chunk.Leaf);
                decrypts &= chunk.IsGood;
                if (decrypts)
                {
                    await plaintext.WriteAsync(
                        chunk.Buffer.AsMemory(0, chunk.Length - GoodsLayout.TagSize), cancellationToken)
                        .ConfigureAwait(false);
                }
            }
        }

        var verdict = verifier.Judge(tree);
        return verdict == GoodsVerdict.Good && !decrypts ? GoodsVerdict.DoesNotDecrypt : verdict;
    }

    /// <inheritdoc/>
    public void Dispose() => cipher.Dispose();
}
