using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// One key of one of the two ciphers. Output is ciphertext followed by the 16-byte tag. Not thread-safe.
/// </summary>
internal sealed class AeadKey : IDisposable
{
    private readonly AesGcm? aes;
    private readonly ChaCha20Poly1305? chaCha;

    internal AeadKey(HpkeAead aead, ReadOnlySpan<byte> key)
    {
        if (aead == HpkeAead.Aes128Gcm)
            aes = new AesGcm(key, HpkeSuite.TagSize);
        else
            chaCha = new ChaCha20Poly1305(key);
    }

    /// <summary><paramref name="plaintext"/> may be the beginning of <paramref name="sealed"/> itself.</summary>
    internal void Seal(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> @sealed)
    {
        if (@sealed.Length != plaintext.Length + HpkeSuite.TagSize)
            throw new ArgumentException("The output is the plaintext and 16 bytes.", nameof(@sealed));
        var ciphertext = @sealed[..plaintext.Length];
        var tag = @sealed[plaintext.Length..];
        if (aes is not null)
            aes.Encrypt(nonce, plaintext, ciphertext, tag, associated);
        else
            chaCha!.Encrypt(nonce, plaintext, ciphertext, tag, associated);
    }

    /// <summary>False, and <paramref name="plaintext"/> zeroed, when the tag does not fit.</summary>
    internal bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> @sealed, Span<byte> plaintext)
    {
        if (@sealed.Length != plaintext.Length + HpkeSuite.TagSize)
            throw new ArgumentException("The input is the plaintext and 16 bytes.", nameof(@sealed));
        var ciphertext = @sealed[..plaintext.Length];
        var tag = @sealed[plaintext.Length..];
        try
        {
            if (aes is not null)
                aes.Decrypt(nonce, ciphertext, tag, plaintext, associated);
            else
                chaCha!.Decrypt(nonce, ciphertext, tag, plaintext, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    public void Dispose()
    {
        aes?.Dispose();
        chaCha?.Dispose();
    }
}
