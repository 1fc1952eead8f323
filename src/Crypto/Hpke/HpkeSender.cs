using System.Security.Cryptography;

namespace Bauta.Crypto.Hpke;

/// <summary>
/// The sender's side of an HPKE context (RFC 9180 sections 5.1.1 and 5.2, base mode). Not thread-safe.
/// </summary>
public sealed class HpkeSender : HpkeContext
{
    private HpkeSender(
        HpkeSuite suite, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info, byte[] encapsulatedKey)
        : base(suite, sharedSecret, info) => EncapsulatedKey = encapsulatedKey;

    /// <summary>enc, which travels in front of the first message: 32 bytes for X25519, 65 for P-256.</summary>
    public ReadOnlyMemory<byte> EncapsulatedKey { get; }

    /// <summary>SetupBaseS with a fresh ephemeral key.</summary>
    /// <param name="suite">The algorithms; the mechanism is that of <paramref name="recipient"/>.</param>
    /// <param name="recipient">The key to seal to.</param>
    /// <param name="info">What both sides bind the context to.</param>
    /// <exception cref="ArgumentException">Suite and key are of different mechanisms.</exception>
    public static HpkeSender Setup(HpkeSuite suite, HpkePublicKey recipient, ReadOnlySpan<byte> info)
    {
        using var ephemeral = HpkePrivateKey.Generate(suite.Kem);
        return Setup(suite, recipient, info, ephemeral);
    }

    /// <summary>
    /// SetupBaseS with a given ephemeral key: only for published vectors, an ephemeral key serves once.
    /// </summary>
    internal static HpkeSender Setup(
        HpkeSuite suite, HpkePublicKey recipient, ReadOnlySpan<byte> info, HpkePrivateKey ephemeral)
    {
        if (recipient.Kem != suite.Kem)
            throw new ArgumentException("The key is of another mechanism than the suite.", nameof(recipient));
        Span<byte> agreed = stackalloc byte[HpkePrivateKey.SharedSecretSize];
        Span<byte> sharedSecret = stackalloc byte[LabeledHkdf.HashSize];
        try
        {
            if (!ephemeral.TryAgree(recipient, agreed))
                throw new CryptographicException("The recipient's key is of small order.");
            var encapsulatedKey = ephemeral.PublicKey.Bytes;
            DeriveSharedSecret(suite.Kem, agreed, encapsulatedKey.Span, recipient.Bytes.Span, sharedSecret);
            return new HpkeSender(suite, sharedSecret, info, encapsulatedKey.ToArray());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(agreed);
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }

    /// <summary>Seals the next message: as long as the plaintext and 16 bytes.</summary>
    /// <exception cref="InvalidOperationException">The message limit of the context is reached.</exception>
    public byte[] Seal(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext)
    {
        var output = new byte[plaintext.Length + HpkeSuite.TagSize];
        SealNext(associated, plaintext, output);
        return output;
    }

    /// <summary>
    /// Seals the next message into <paramref name="output"/>, which is 16 bytes longer than the plaintext and may begin
    /// with it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The message limit of the context is reached.</exception>
    public void Seal(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> output) =>
        SealNext(associated, plaintext, output);
}
