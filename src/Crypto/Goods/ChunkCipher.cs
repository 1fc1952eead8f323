using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.Goods;

/// <summary>
/// The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) with AES-256-GCM: a chunk's nonce is its number
/// and whether it is the last, so chunks can neither be moved nor cut off at the end. Nonce 12 bytes, tag 16 bytes.
/// </summary>
/// <remarks>
/// <code>
/// stream key = HKDF-SHA256(ikm = k, salt = none, info = "bauta goods v1", 32 bytes)
/// nonce      = uint88 chunk number (big-endian) || uint8 last (1 for the last chunk, otherwise 0)
/// chunk      = AES-256-GCM ciphertext || tag[16]                          // no additional data
/// </code>
/// </remarks>
internal sealed class ChunkCipher : IDisposable
{
    private const int NonceSize = 12;

    private readonly byte[] streamKey = new byte[32];

    public ChunkCipher(GoodsKey key) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Span, streamKey, [], "bauta goods v1"u8);

    /// <summary>Encrypts in place: <paramref name="chunk"/> is the plaintext with 16 bytes of room behind it.</summary>
    public void Encrypt(long index, bool isLast, Span<byte> chunk)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(index, isLast, nonce);
        var text = chunk[..^GoodsLayout.TagSize];

        // An instance is not thread-safe and costs microseconds, little beside a chunk.
        using var aes = new AesGcm(streamKey, GoodsLayout.TagSize);
        aes.Encrypt(nonce, text, text, chunk[^GoodsLayout.TagSize..]);
    }

    /// <summary>Decrypts one chunk; the plaintext may be the chunk's own start.</summary>
    public bool TryDecrypt(long index, bool isLast, ReadOnlySpan<byte> chunk, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(index, isLast, nonce);
        using var aes = new AesGcm(streamKey, GoodsLayout.TagSize);
        try
        {
            aes.Decrypt(nonce, chunk[..^GoodsLayout.TagSize], chunk[^GoodsLayout.TagSize..], plaintext);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(streamKey);

    private static void WriteNonce(long index, bool isLast, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[3..], index);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
    }
}
