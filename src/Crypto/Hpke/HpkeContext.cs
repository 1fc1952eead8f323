using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// What sender and recipient share after the key schedule of RFC 9180 section 5.1 (base mode): a cipher with a running
/// sequence number, and an exporter. Not thread-safe. Disposing zeroes the secrets.
/// </summary>
public abstract class HpkeContext : IDisposable
{
    private const byte BaseMode = 0;

    private readonly AeadKey aead;
    private readonly byte[] baseNonce = new byte[HpkeSuite.NonceSize];
    private readonly byte[] exporterSecret = new byte[LabeledHkdf.HashSize];
    private bool isDisposed;

    private protected HpkeContext(HpkeSuite suite, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info)
    {
        Suite = suite;
        // KeySchedule(mode_base, shared_secret, info, "", "")
        Span<byte> context = stackalloc byte[1 + 2 * LabeledHkdf.HashSize];
        Span<byte> secret = stackalloc byte[LabeledHkdf.HashSize];
        Span<byte> key = stackalloc byte[suite.KeySize];
        context[0] = BaseMode;
        suite.PskIdHash.CopyTo(context[1..]);
        LabeledHkdf.Extract(suite.SuiteId, [], "info_hash"u8, info, context[(1 + LabeledHkdf.HashSize)..]);
        LabeledHkdf.Extract(suite.SuiteId, sharedSecret, "secret"u8, [], secret);
        LabeledHkdf.Expand(suite.SuiteId, secret, "key"u8, context, key);
        LabeledHkdf.Expand(suite.SuiteId, secret, "base_nonce"u8, context, baseNonce);
        LabeledHkdf.Expand(suite.SuiteId, secret, "exp"u8, context, exporterSecret);
        aead = new AeadKey(suite.Aead, key);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>The algorithms in use.</summary>
    public HpkeSuite Suite { get; }

    /// <summary>
    /// The number of the next message. 64 bits instead of the 96 that the RFC allows: the limit lies lower, is never
    /// reached either, and is refused in the same way.
    /// </summary>
    internal ulong Sequence { get; set; }

    /// <summary>RFC 9180 section 5.3: a secret of <paramref name="length"/> bytes bound to this context.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than 8160 bytes are asked for.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public byte[] Export(ReadOnlySpan<byte> exporterContext, int length)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LabeledHkdf.MaxExpandSize);
        var secret = new byte[length];
        if (length > 0)
            LabeledHkdf.Expand(Suite.SuiteId, exporterSecret, "sec"u8, exporterContext, secret);
        return secret;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        aead.Dispose();
        CryptographicOperations.ZeroMemory(baseNonce);
        CryptographicOperations.ZeroMemory(exporterSecret);
        GC.SuppressFinalize(this);
    }

    private protected void SealNext(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> @sealed)
    {
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceSize];
        ComputeNonce(nonce);
        aead.Seal(nonce, associated, plaintext, @sealed);
        Sequence++;
    }

    private protected bool TryOpenNext(
        ReadOnlySpan<byte> associated, ReadOnlySpan<byte> @sealed, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceSize];
        ComputeNonce(nonce);
        if (!aead.TryOpen(nonce, associated, @sealed, plaintext))
            return false;
        Sequence++;
        return true;
    }

    // ComputeNonce(seq) = base_nonce xor I2OSP(seq, Nn). A number used twice would give both messages away, so the
    // last one is never used and the counter never wraps.
    private void ComputeNonce(Span<byte> nonce)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (Sequence == ulong.MaxValue)
            throw new InvalidOperationException("The message limit of this HPKE context is reached.");
        baseNonce.CopyTo(nonce);
        var tail = nonce[^sizeof(ulong)..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ Sequence);
    }

    /// <summary>ExtractAndExpand of RFC 9180 section 4.1.</summary>
    private protected static void DeriveSharedSecret(
        HpkeKem kem,
        ReadOnlySpan<byte> agreed,
        ReadOnlySpan<byte> encapsulatedKey,
        ReadOnlySpan<byte> recipient,
        Span<byte> sharedSecret)
    {
        Span<byte> suiteId = stackalloc byte[HpkePrivateKey.KemSuiteIdSize];
        HpkePrivateKey.WriteKemSuiteId(kem, suiteId);
        Span<byte> prk = stackalloc byte[LabeledHkdf.HashSize];
        Span<byte> context = stackalloc byte[encapsulatedKey.Length + recipient.Length];
        encapsulatedKey.CopyTo(context);
        recipient.CopyTo(context[encapsulatedKey.Length..]);
        LabeledHkdf.Extract(suiteId, [], "eae_prk"u8, agreed, prk);
        LabeledHkdf.Expand(suiteId, prk, "shared_secret"u8, context, sharedSecret);
        CryptographicOperations.ZeroMemory(prk);
    }
}
