using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// The recipient's side of an HPKE context (RFC 9180 sections 5.1.1 and 5.2, base mode). Not thread-safe.
/// </summary>
public sealed class HpkeRecipient : HpkeContext
{
    private HpkeRecipient(HpkeSuite suite, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info)
        : base(suite, sharedSecret, info)
    {
    }

    /// <summary>SetupBaseR.</summary>
    /// <returns>
    /// False when <paramref name="encapsulatedKey"/> has the wrong length, is no point of the curve, or agrees on an
    /// all-zero secret.
    /// </returns>
    /// <exception cref="ArgumentException">Suite and key are of different mechanisms.</exception>
    public static bool TrySetup(
        HpkeSuite suite,
        HpkePrivateKey recipient,
        ReadOnlySpan<byte> encapsulatedKey,
        ReadOnlySpan<byte> info,
        [NotNullWhen(true)] out HpkeRecipient? context)
    {
        if (recipient.Kem != suite.Kem)
            throw new ArgumentException("The key is of another mechanism than the suite.", nameof(recipient));
        context = null;
        var peer = HpkePublicKey.FromPeer(suite.Kem, encapsulatedKey);
        if (peer is null)
            return false;
        Span<byte> agreed = stackalloc byte[HpkePrivateKey.SharedSecretSize];
        Span<byte> sharedSecret = stackalloc byte[LabeledHkdf.HashSize];
        try
        {
            if (!recipient.TryAgree(peer, agreed))
                return false;
            DeriveSharedSecret(suite.Kem, agreed, encapsulatedKey, recipient.PublicKey.Bytes.Span, sharedSecret);
            context = new HpkeRecipient(suite, sharedSecret, info);
            return true;
        }
        finally
        {
            peer.Free();
            CryptographicOperations.ZeroMemory(agreed);
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }

    /// <summary>Opens the next message. The sequence number moves only when it opens.</summary>
    /// <returns>False when it is shorter than a tag or does not authenticate.</returns>
    /// <exception cref="InvalidOperationException">The message limit of the context is reached.</exception>
    public bool TryOpen(
        ReadOnlySpan<byte> associated, ReadOnlySpan<byte> @sealed, [NotNullWhen(true)] out byte[]? plaintext)
    {
        plaintext = null;
        if (@sealed.Length < HpkeSuite.TagSize)
            return false;
        var output = new byte[@sealed.Length - HpkeSuite.TagSize];
        if (!TryOpenNext(associated, @sealed, output))
            return false;
        plaintext = output;
        return true;
    }
}
