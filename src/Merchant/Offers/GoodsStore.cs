using System.Buffers;
using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Storage;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Merchant.Offers;

/// <summary>A file in the store: its SHA-256 is its name, so it never changes under that name.</summary>
/// <param name="ContentHash">SHA-256 of the plain file, 32 bytes.</param>
/// <param name="SizeBytes">Its size.</param>
public sealed record StoredFile(byte[] ContentHash, long SizeBytes);

/// <summary>
/// The merchant's own copies of what it sells, named by their hashes and readable by their owner only. A file is
/// whole and on disk before its name exists.
/// </summary>
internal sealed class GoodsStore
{
    private const int BufferBytes = 1024 * 1024;

    private readonly string directory;
    private readonly TimeProvider clock;

    public GoodsStore(string directory, TimeProvider clock)
    {
        (this.directory, this.clock) = (Path.GetFullPath(directory), clock);
        DurableFile.CreateDirectory(this.directory);
        // Nothing else writes here, so what a killed process left behind is nobody's.
        foreach (var left in Directory.EnumerateFiles(this.directory, "*.incoming"))
            File.Delete(left);
    }

    /// <summary>Copies a file in, hashing as it passes; null when it is longer than allowed.</summary>
    public async Task<StoredFile?> AddAsync(Stream content, long maxBytes, CancellationToken cancellation)
    {
        var incoming = Path.Combine(
            directory, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + ".incoming");
        try
        {
            if (await CopyAsync(content, incoming, maxBytes, cancellation) is not { } stored)
                return null;
            // By the clock that says later how long it has been here.
            File.SetLastWriteTimeUtc(incoming, clock.GetUtcNow().UtcDateTime);
            DurableFile.Adopt(incoming, PathOf(stored.ContentHash));
            return stored;
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    /// <summary>The size of a stored file, or null when there is none.</summary>
    public long? SizeOf(byte[] contentHash)
    {
        var file = new FileInfo(PathOf(contentHash));
        return file.Exists ? file.Length : null;
    }

    /// <summary>The files that were stored before a time.</summary>
    public IEnumerable<byte[]> StoredBefore(UnixTime time)
    {
        foreach (var path in Directory.EnumerateFiles(directory))
            if (Path.GetFileName(path) is { Length: 2 * SHA256.HashSizeInBytes } name
                && name.All(char.IsAsciiHexDigitLower) && WasStoredBefore(path, time))
                yield return Convert.FromHexString(name);
    }

    /// <summary>Removes a file, unless it was stored again meanwhile.</summary>
    public void Delete(byte[] contentHash, UnixTime storedBefore)
    {
        var path = PathOf(contentHash);
        if (File.Exists(path) && WasStoredBefore(path, storedBefore))
            DurableFile.Delete(path);
    }

    /// <summary>Opens a file whose size was recorded at its sale; another size is a damaged store.</summary>
    public SafeFileHandle Open(byte[] contentHash, long sizeBytes)
    {
        var file = File.OpenHandle(PathOf(contentHash), FileMode.Open, FileAccess.Read, FileShare.Read);
        if (RandomAccess.GetLength(file) == sizeBytes)
            return file;
        file.Dispose();
        throw new InvalidDataException("A stored file has changed its size.");
    }

    /// <summary>The same as a stream.</summary>
    public FileStream OpenStream(byte[] contentHash, long sizeBytes) =>
        new(Open(contentHash, sizeBytes), FileAccess.Read, bufferSize: 0);

    /// <summary>Fills the buffer from an offset on.</summary>
    public static void Read(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        for (var done = 0; done < buffer.Length;)
        {
            var count = RandomAccess.Read(file, buffer[done..], offset + done);
            if (count == 0)
                throw new InvalidDataException("A stored file has changed its size.");
            done += count;
        }
    }

    private static bool WasStoredBefore(string path, UnixTime time) =>
        new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeSeconds() < time.Seconds;

    private string PathOf(byte[] contentHash) => contentHash.Length == SHA256.HashSizeInBytes
        ? Path.Combine(directory, Convert.ToHexStringLower(contentHash))
        : throw new ArgumentException("A content hash has 32 bytes.", nameof(contentHash));

    private static async Task<StoredFile?> CopyAsync(
        Stream content, string path, long maxBytes, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            DurableFile.CreateSecret(path, []);
            await using var file = new FileStream(
                path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
            long size = 0;
            for (int count; (count = await content.ReadAsync(buffer, cancellation)) > 0;)
            {
                size += count;
                if (size > maxBytes)
                    return null;
                hash.AppendData(buffer, 0, count);
                await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }

            return new StoredFile(hash.GetHashAndReset(), size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
