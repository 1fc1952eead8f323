using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// A request that a gateway opened, and the only object that can seal its response, once (RFC 9458 section 4.4). Not
/// thread-safe.
/// </summary>
public sealed class ObliviousRequest : IDisposable
{
    private readonly HpkeSuite suite;
    private readonly byte[] message;
    private readonly byte[] encapsulatedKey;
    private readonly byte[] secret;
    private bool spent;

    internal ObliviousRequest(
        HpkeSuite suite, byte[] message, int encapsulatedSize, byte[] encapsulatedKey, byte[] secret)
    {
        this.suite = suite;
        this.message = message;
        EncapsulatedSize = encapsulatedSize;
        this.encapsulatedKey = encapsulatedKey;
        this.secret = secret;
    }

    /// <summary>The binary HTTP request, with its padding.</summary>
    public ReadOnlyMemory<byte> Message => message;

    /// <summary>Bytes of the encapsulated request as it came.</summary>
    public int EncapsulatedSize { get; }

    /// <summary>
    /// The layer of the request's size (<see cref="PaddingClasses.LayerOf"/>), or 0 when it has the size of no class.
    /// The response is padded to a class of the same layer.
    /// </summary>
    public int Layer => Math.Max(0, PaddingClasses.LayerOf(EncapsulatedSize));

    /// <summary>
    /// Bytes of the longest <see cref="BinaryMessage.EncodedSize"/> that <see cref="Seal(BinaryResponse)"/> takes.
    /// </summary>
    public int MaxResponseSize => PaddingClasses.LargestOf(Layer) - Encapsulation.ResponseOverhead(suite);

    /// <summary>
    /// Decodes the request. Besides what binary HTTP refuses, <c>expect</c> is refused, since nothing can be sent back
    /// before the response (RFC 9458 section 5.1). A refusal is answered with a sealed 4xx.
    /// </summary>
    public bool TryDecode(
        BinaryHttpLimits limits, [NotNullWhen(true)] out BinaryRequest? request, out BinaryHttpError error)
    {
        if (!BinaryRequest.TryDecode(message, limits, out request, out error))
            return false;
        if (!request.Headers.Any(f => f.Name == "expect"))
            return true;
        request = null;
        error = BinaryHttpError.Expectation;
        return false;
    }

    /// <summary>Seals an encoded response as it is: its size shows.</summary>
    /// <exception cref="InvalidOperationException">A response was already sealed.</exception>
    public byte[] Seal(ReadOnlySpan<byte> message)
    {
        var encapsulated = NewBuffer(message.Length);
        message.CopyTo(encapsulated.AsSpan(Encapsulation.NonceSize(suite)));
        return SealBuffer(encapsulated);
    }

    /// <summary>
    /// Seals a response padded so that the result has the size of a class (<see cref="PaddingClasses"/>).
    /// </summary>
    /// <exception cref="ArgumentException">The response is larger than <see cref="MaxResponseSize"/>.</exception>
    /// <exception cref="InvalidOperationException">A response was already sealed.</exception>
    public byte[] Seal(BinaryResponse response)
    {
        var overhead = Encapsulation.ResponseOverhead(suite);
        if (!PaddingClasses.TrySizeFor(overhead + response.EncodedSize, Layer, out var size))
            throw new ArgumentException("The response is larger than the largest size class.", nameof(response));
        var encapsulated = NewBuffer(size - overhead);
        response.Encode(encapsulated.AsSpan(Encapsulation.NonceSize(suite), size - overhead));
        return SealBuffer(encapsulated);
    }

    /// <summary>With a given response nonce: only for published vectors.</summary>
    internal byte[] Seal(ReadOnlySpan<byte> message, ReadOnlySpan<byte> responseNonce)
    {
        var encapsulated = NewBuffer(message.Length);
        responseNonce.CopyTo(encapsulated);
        message.CopyTo(encapsulated.AsSpan(Encapsulation.NonceSize(suite)));
        return SealBuffer(encapsulated);
    }

    /// <summary>Forgets the secret: no response can be sealed any more.</summary>
    public void Dispose()
    {
        spent = true;
        CryptographicOperations.ZeroMemory(secret);
    }

    // Encapsulated Response { Nonce (8 * max(Nn, Nk)), AEAD-Protected Response (..) }
    private byte[] NewBuffer(int messageSize)
    {
        if (spent)
            throw new InvalidOperationException("The response was already sealed, or the request disposed.");
        var encapsulated = new byte[Encapsulation.ResponseOverhead(suite) + messageSize];
        RandomNumberGenerator.Fill(encapsulated.AsSpan(0, Encapsulation.NonceSize(suite)));
        return encapsulated;
    }

    // The message already stands where its ciphertext will.
    private byte[] SealBuffer(byte[] encapsulated)
    {
        spent = true;
        var responseNonce = encapsulated.AsSpan(0, Encapsulation.NonceSize(suite));
        var ciphertext = encapsulated.AsSpan(Encapsulation.NonceSize(suite));
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceSize];
        using var key = Encapsulation.DeriveResponseKey(suite, secret, encapsulatedKey, responseNonce, nonce);
        key.Seal(nonce, [], ciphertext[..^HpkeSuite.TagSize], ciphertext);
        CryptographicOperations.ZeroMemory(secret);
        return encapsulated;
    }
}
