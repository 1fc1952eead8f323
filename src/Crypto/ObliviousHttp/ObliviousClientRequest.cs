using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// The client's side of one exchange (RFC 9458 sections 4.3 and 4.4): a sealed request, and the only object that can
/// open its response, once. Each request has a fresh HPKE context; to send again, seal again. Not thread-safe.
/// </summary>
public sealed class ObliviousClientRequest : IDisposable
{
    private readonly HpkeSuite suite;
    private readonly byte[] encapsulated;
    private readonly byte[] secret;
    private bool spent;

    private ObliviousClientRequest(HpkeSuite suite, byte[] encapsulated, byte[] secret)
    {
        this.suite = suite;
        this.encapsulated = encapsulated;
        this.secret = secret;
    }

    /// <summary>What to POST as <c>message/ohttp-req</c>.</summary>
    public ReadOnlyMemory<byte> Encapsulated => encapsulated;

    /// <summary>Seals an encoded request as it is: its size shows.</summary>
    public static ObliviousClientRequest Seal(KeyConfiguration configuration, ReadOnlySpan<byte> message)
    {
        var encapsulated = NewBuffer(configuration, message.Length, out var suite);
        message.CopyTo(encapsulated.AsSpan(Encapsulation.HeaderSize + suite.EncapsulatedKeySize));
        using var ephemeral = HpkePrivateKey.Generate(suite.Kem);
        return SealBuffer(configuration, suite, encapsulated, ephemeral);
    }

    /// <summary>
    /// Seals a request padded so that <see cref="Encapsulated"/> has the size of a class of
    /// <see cref="PaddingClasses"/>.
    /// </summary>
    /// <param name="configuration">The gateway's.</param>
    /// <param name="request">The request.</param>
    /// <param name="layer">
    /// How many sealed requests are nested inside: 0 for the party called, 1 for the mask before it.
    /// </param>
    /// <exception cref="ArgumentException">The request is larger than the largest class.</exception>
    public static ObliviousClientRequest Seal(KeyConfiguration configuration, BinaryRequest request, int layer = 0)
    {
        var suite = configuration.Suites[0];
        var overhead = Encapsulation.RequestOverhead(suite);
        if (!PaddingClasses.TrySizeFor(overhead + request.EncodedSize, layer, out var size))
            throw new ArgumentException("The request is larger than the largest size class.", nameof(request));
        var encapsulated = NewBuffer(configuration, size - overhead, out _);
        request.Encode(encapsulated.AsSpan(
            Encapsulation.HeaderSize + suite.EncapsulatedKeySize, size - overhead));
        using var ephemeral = HpkePrivateKey.Generate(suite.Kem);
        return SealBuffer(configuration, suite, encapsulated, ephemeral);
    }

    /// <summary>With a given ephemeral key: only for published vectors, an ephemeral key serves once.</summary>
    internal static ObliviousClientRequest Seal(
        KeyConfiguration configuration, ReadOnlySpan<byte> message, HpkePrivateKey ephemeral)
    {
        var encapsulated = NewBuffer(configuration, message.Length, out var suite);
        message.CopyTo(encapsulated.AsSpan(Encapsulation.HeaderSize + suite.EncapsulatedKeySize));
        return SealBuffer(configuration, suite, encapsulated, ephemeral);
    }

    /// <summary>Opens the response. One try, whatever its outcome.</summary>
    /// <returns>False when it is too short or does not authenticate.</returns>
    /// <exception cref="InvalidOperationException">A response was already given to this object.</exception>
    public bool TryOpen(ReadOnlySpan<byte> encapsulatedResponse, [NotNullWhen(true)] out byte[]? message)
    {
        if (spent)
            throw new InvalidOperationException("This request's response was already opened, or the request disposed.");
        spent = true;
        message = null;
        try
        {
            var nonceSize = Encapsulation.NonceSize(suite);
            if (encapsulatedResponse.Length < nonceSize + HpkeSuite.TagSize)
                return false;
            Span<byte> nonce = stackalloc byte[HpkeSuite.NonceSize];
            using var key = Encapsulation.DeriveResponseKey(
                suite,
                secret,
                encapsulated.AsSpan(Encapsulation.HeaderSize, suite.EncapsulatedKeySize),
                encapsulatedResponse[..nonceSize],
                nonce);
            var ciphertext = encapsulatedResponse[nonceSize..];
            var plaintext = new byte[ciphertext.Length - HpkeSuite.TagSize];
            if (!key.TryOpen(nonce, [], ciphertext, plaintext))
                return false;
            message = plaintext;
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Opens and decodes the response. One try, whatever its outcome.</summary>
    /// <returns>False when it does not authenticate or the message inside is malformed.</returns>
    /// <exception cref="InvalidOperationException">A response was already given to this object.</exception>
    public bool TryOpen(
        ReadOnlySpan<byte> encapsulatedResponse,
        BinaryHttpLimits limits,
        [NotNullWhen(true)] out BinaryResponse? response)
    {
        response = null;
        return TryOpen(encapsulatedResponse, out var message)
            && BinaryResponse.TryDecode(message, limits, out response, out _);
    }

    /// <summary>Forgets the secret: no response can be opened any more.</summary>
    public void Dispose()
    {
        spent = true;
        CryptographicOperations.ZeroMemory(secret);
    }

    // Encapsulated Request {
    //   Key Identifier (8), HPKE KEM ID (16), HPKE KDF ID (16), HPKE AEAD ID (16),
    //   Encapsulated KEM Shared Secret (8 * Nenc),
    //   HPKE-Protected Request (..),
    // }
    private static byte[] NewBuffer(KeyConfiguration configuration, int messageSize, out HpkeSuite suite)
    {
        suite = configuration.Suites[0];
        var encapsulated = new byte[Encapsulation.RequestOverhead(suite) + messageSize];
        Encapsulation.WriteHeader(encapsulated, configuration.KeyId, suite);
        return encapsulated;
    }

    // The message already stands where its ciphertext will.
    private static ObliviousClientRequest SealBuffer(
        KeyConfiguration configuration, HpkeSuite suite, byte[] encapsulated, HpkePrivateKey ephemeral)
    {
        Span<byte> info = stackalloc byte[Encapsulation.InfoSize];
        Encapsulation.WriteInfo(info, encapsulated.AsSpan(0, Encapsulation.HeaderSize));
        using var sender = HpkeSender.Setup(suite, configuration.PublicKey, info, ephemeral);
        sender.EncapsulatedKey.Span.CopyTo(encapsulated.AsSpan(Encapsulation.HeaderSize));
        var ciphertext = encapsulated.AsSpan(Encapsulation.HeaderSize + suite.EncapsulatedKeySize);
        sender.Seal([], ciphertext[..^HpkeSuite.TagSize], ciphertext);
        return new ObliviousClientRequest(suite, encapsulated, Encapsulation.ExportResponseSecret(sender));
    }
}
