using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Wallet.Purchase;

/// <summary>
/// The ciphertext of one purchase on disk, in chunks that each matched the root in P1. It can be fetched again until
/// the purchase is paid, so it is not written through; what opens is checked as a whole, and is written through.
/// </summary>
internal sealed class GoodsFile
{
    private readonly string path;
    private readonly Merchandise promise;
    private readonly GoodsLayout layout;
    private readonly MerkleHash root;
    private readonly GoodsVerifier verifier;

    // What is made to order has its size behind it, and no hash of it was promised.
    private readonly bool isMade;

    /// <param name="folder">The wallet's.</param>
    /// <param name="purchase">Whose goods.</param>
    /// <param name="promise">P1.</param>
    /// <param name="made">With goods made to order, E4.</param>
    public GoodsFile(string folder, RequestId purchase, Merchandise promise, MadeGoods? made = null)
    {
        (this.promise, isMade) = (promise, made is not null);
        path = PathOf(folder, purchase);
        layout = made?.Layout ?? new GoodsLayout(promise.Contract.SizeBytes);
        root = MerkleHash.FromBytes(made?.GoodsRoot ?? promise.GoodsRoot);
        verifier = new GoodsVerifier(layout, root);
    }

    public long ChunkCount => layout.ChunkCount;

    public void Delete() => File.Delete(path);

    public static void Delete(string folder, RequestId purchase)
    {
        if (File.Exists(PathOf(folder, purchase)))
            File.Delete(PathOf(folder, purchase));
    }

    public static string PathOf(string folder, RequestId purchase) =>
        Path.Combine(folder, "goods", purchase.ToString());

    public FileStream OpenForWriting()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>How many whole chunks a fetch that was cut off left behind; they are checked again when
    /// opened.</summary>
    public long ChunksKept(FileStream file)
    {
        var kept = Math.Min(file.Length / GoodsLayout.CiphertextChunkSize, layout.ChunkCount - 1);
        file.SetLength(kept * GoodsLayout.CiphertextChunkSize);
        file.Position = file.Length;
        return kept;
    }

    public bool Matches(long index, GoodsChunk chunk) => verifier.VerifyChunk(
        index, chunk.Ciphertext, [.. chunk.Path.Select(hash => MerkleHash.FromBytes(hash))]);

    public static Task AppendAsync(FileStream file, GoodsChunk chunk, CancellationToken cancellation) =>
        file.WriteAsync(chunk.Ciphertext, cancellation).AsTask();

    /// <summary>Whether the file as kept is, whole, what P1 names; a chunk kept from before may have been
    /// damaged.</summary>
    public async Task<bool> IsWholeAsync(IProgress<double> progress, CancellationToken cancellation)
    {
        await using var file = new MeteredStream(path, progress);
        return await verifier.VerifyAsync(file, cancellation) == GoodsVerdict.Good;
    }

    /// <summary>Once the customer has said that the goods are here, they are.</summary>
    public void Sync() => Keep(() => DurableFile.SyncFile(path), path);

    /// <summary>Finds out, before anything is paid, whether a file can be made there.</summary>
    /// <exception cref="WalletException">It exists, or it cannot.</exception>
    public static void CheckPlace(string outputPath, byte[] contentHash)
    {
        if (Path.Exists(outputPath))
            throw new WalletException(WalletError.Exists, $"{outputPath} exists. Name a new file with --out.");
        try
        {
            MakeFolderOf(outputPath);
            var part = PartOf(outputPath, contentHash);
            new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None).Dispose();
            File.Delete(part);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new WalletException(WalletError.Refused,
                $"No file can be made at {outputPath} ({failed.Message.TrimEnd('.')}). Nothing was done. Name another "
                + "with --out.", failed);
        }
    }

    /// <summary>Opens the goods.</summary>
    /// <param name="maskedKey"><c>k xor r</c> as published.</param>
    /// <param name="outputPath">Where to; written aside and then moved there.</param>
    /// <param name="progress">Told how much was opened.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Whether the file has the hash that the contract names; null when the ciphertext was lost or damaged on
    /// this disk.</returns>
    /// <exception cref="WalletException">Another file lies there already.</exception>
    public async Task<bool?> OpenIntoAsync(
        byte[] maskedKey, string outputPath, IProgress<double> progress, CancellationToken cancellation)
    {
        var exists = File.Exists(outputPath);
        if (exists && !isMade && await IsPromisedAsync(outputPath, cancellation))
        {
            // A run before may have been cut off between giving the name and flushing it.
            Keep(() => DurableFile.SyncFile(outputPath), outputPath);
            return true;
        }

        if (!File.Exists(path))
            return exists && !isMade ? throw IsAnother(outputPath) : null;
        using var mask = GoodsMask.FromBytes(promise.Mask);
        using var key = MaskedKey.FromBytes(maskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(key, layout, root);
        var part = PartOf(outputPath, isMade ? promise.GoodsRoot : promise.Contract.ContentHash);
        GoodsVerdict verdict;
        var isWhole = true;
        try
        {
            MakeFolderOf(outputPath);
            await using var ciphertext = new MeteredStream(path, progress);
            using var plain = new FileStream(part, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
            verdict = await decryptor.DecryptAsync(ciphertext, plain, cancellation);
            if (isMade && verdict == GoodsVerdict.Good)
                isWhole = CutPadding(plain);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Discard(part);
            throw CannotStore(outputPath, failed);
        }

        if (verdict is GoodsVerdict.WrongLength or GoodsVerdict.NotUnderRoot)
        {
            File.Delete(part);
            return null;
        }

        if (exists)
        {
            // A run before may have been cut off after it gave the name to these goods. Those of a file would have
            // the promised hash if they were as promised.
            var isOwn = await AreSameAsync(part, outputPath, cancellation);
            Discard(part);
            if (!isOwn)
                throw IsAnother(outputPath);
            Keep(() => DurableFile.SyncFile(outputPath), outputPath);
            return isMade && verdict == GoodsVerdict.Good && isWhole;
        }

        // The ciphertext is deleted next, so the plain file must outlive a power cut from here on.
        Keep(() => DurableFile.AdoptNew(part, outputPath), outputPath);
        return verdict == GoodsVerdict.Good && isWhole && (isMade || await IsPromisedAsync(outputPath, cancellation));
    }

    /// <summary>Takes the padding off; false when there is none that says how long the goods are.</summary>
    private bool CutPadding(FileStream plain)
    {
        Span<byte> trailer = stackalloc byte[MadeGoods.TrailerSize];
        plain.Flush();
        RandomAccess.Read(plain.SafeFileHandle, trailer, layout.PlaintextSize - trailer.Length);
        if (MadeGoods.SizeOf(trailer, layout.PlaintextSize) is not { } size)
            return false;
        plain.SetLength(size);
        return true;
    }

    private static WalletException IsAnother(string outputPath) => new(WalletError.Refused,
        $"The goods are paid for, and {outputPath} is another file. Move it away and run bauta wallet "
        + "resume, or name another file: bauta wallet resume PURCHASE --out FILE");

    /// <summary>What is half written is plain text, and the next try may go elsewhere.</summary>
    private static void Discard(string part)
    {
        try
        {
            File.Delete(part);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // Where nothing can be written, there may be nothing to delete.
        }
    }

    private static void Keep(Action write, string outputPath)
    {
        try
        {
            write();
        }
        catch (StorageException failed)
        {
            throw CannotStore(outputPath, failed);
        }
    }

    private static WalletException CannotStore(string outputPath, Exception failed) => new(WalletError.Refused,
        $"The goods are paid for and cannot be stored as {outputPath} ({failed.Message.TrimEnd('.')}). The wallet "
        + "keeps them. Mend that and run bauta wallet resume, or name another file: bauta wallet resume PURCHASE "
        + "--out FILE", failed);

    /// <summary>Named for these goods, so that what a run before left is overwritten and no file of the user's is.
    /// </summary>
    private static string PartOf(string outputPath, byte[] contentHash) =>
        $"{outputPath}.{Convert.ToHexStringLower(contentHash.AsSpan(0, 8))}.part";

    private static void MakeFolderOf(string outputPath)
    {
        if (Path.GetDirectoryName(outputPath) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
    }

    private async Task<bool> IsPromisedAsync(string file, CancellationToken cancellation) =>
        (await HashAsync(file, cancellation)).AsSpan().SequenceEqual(promise.Contract.ContentHash);

    private static async Task<bool> AreSameAsync(string one, string other, CancellationToken cancellation)
    {
        var hash = await HashAsync(one, cancellation);
        return (await HashAsync(other, cancellation)).AsSpan().SequenceEqual(hash);
    }

    private static async Task<byte[]> HashAsync(string file, CancellationToken cancellation)
    {
        await using var opened = new MeteredStream(file, null);
        return await SHA256.HashDataAsync(opened, cancellation);
    }
}
