using System.Security.Cryptography;

namespace Bauta.Storage;

/// <summary>Seals secrets before they are stored, so that a copy of the database without the key file reveals none.
/// AES-256-GCM (NIST SP 800-38D): key 32 bytes, nonce 12, tag 16; a sealed secret is 29 bytes longer.</summary>
/// <remarks>Each secret has a key of its own, derived from what it is bound to, so that random nonces never run into
/// the limit of one key. Thread-safe.</remarks>
public sealed class SealingKey : IDisposable
{
    public const int Size = 32;

    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = 1 + NonceSize + TagSize;

    private const byte Version = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[] key;

    private SealingKey(byte[] key) => this.key = key;

    /// <summary>Reads the key from its file, or makes key and file (mode 0600) when there is none.</summary>
    /// <exception cref="StorageException">Refused: the file is not a key, or others may read it.</exception>
    public static SealingKey OpenOrCreate(string path)
    {
        if (DurableFile.ReadSecret(path, Size) is { } stored)
            return stored.Length == Size
                ? new SealingKey(stored)
                : throw new StorageException(StorageFailure.Refused, $"{path} is not a sealing key of {Size} bytes.");
        var key = RandomNumberGenerator.GetBytes(Size);
        DurableFile.CreateSecret(path, key);
        return new SealingKey(key);
    }

    /// <summary>Seals a secret to what it belongs to: it opens only with the same bytes.</summary>
    /// <param name="secret">Any length.</param>
    /// <param name="boundTo">Names the record; two secrets under the same name are still safe.</param>
    public byte[] Seal(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> boundTo)
    {
        // struct {
        //   uint8  version = 1;
        //   opaque nonce[12];
        //   opaque ciphertext[length of the secret];
        //   opaque tag[16];
        // }
        var @sealed = new byte[secret.Length + Overhead];
        @sealed[0] = Version;
        var nonce = @sealed.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = KeyFor(boundTo);
        aes.Encrypt(nonce, secret, @sealed.AsSpan(1 + NonceSize, secret.Length), @sealed.AsSpan(^TagSize..));
        return @sealed;
    }

    /// <summary>Opens what <see cref="Seal"/> made. The caller zeroes the result.</summary>
    /// <exception cref="CryptographicException">Sealed under another key, to another record, or changed.</exception>
    public byte[] Open(ReadOnlySpan<byte> @sealed, ReadOnlySpan<byte> boundTo)
    {
        if (@sealed.Length < Overhead || @sealed[0] != Version)
            throw new CryptographicException("Not a sealed secret.");
        var secret = new byte[@sealed.Length - Overhead];
        using var aes = KeyFor(boundTo);
        aes.Decrypt(@sealed.Slice(1, NonceSize), @sealed[(1 + NonceSize)..^TagSize], @sealed[^TagSize..], secret);
        return secret;
    }

    /// <summary>A keyed hash (HMAC-SHA-256, 32 bytes) of what must be compared later but not be guessed from a copy of
    /// the database.</summary>
    /// <param name="label">Keeps uses apart.</param>
    /// <param name="message">What is hashed.</param>
    public byte[] KeyedHash(ReadOnlySpan<byte> label, ReadOnlySpan<byte> message)
    {
        Span<byte> derived = stackalloc byte[Size];
        Derive("hash"u8, label, derived);
        try
        {
            return HMACSHA256.HashData(derived, message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(key);

    private AesGcm KeyFor(ReadOnlySpan<byte> boundTo)
    {
        Span<byte> derived = stackalloc byte[Size];
        Derive("seal"u8, boundTo, derived);
        try
        {
            return new AesGcm(derived, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    // HKDF-Expand (RFC 5869 section 2.3): the stored key is uniform, so nothing is to be extracted.
    private void Derive(ReadOnlySpan<byte> use, ReadOnlySpan<byte> context, Span<byte> derived) =>
        HKDF.Expand(HashAlgorithmName.SHA256, key, derived, [.. "bauta "u8, .. use, .. " v1"u8, .. context]);
}
