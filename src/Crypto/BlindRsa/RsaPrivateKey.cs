using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.BlindRsa;

/// <summary>
/// A blind signer's private key (RFC 9474): modulus 2048 bits, e = 65537. It has no operation but the blind signature,
/// so that what it signed is a token and nothing else. Thread-safe; its numbers are zeroed when it is disposed.
/// </summary>
public sealed class RsaPrivateKey : IBlindSigner
{
    private const int Bits = 8 * RsaPublicKey.ModulusSize;
    private const int PrimeSize = RsaPublicKey.ModulusSize / 2;
    private const string RsaEncryption = "1.2.840.113549.1.1.1";

    private readonly RawRsa raw;

    private const int MaxDerSize = 2048;

    private RsaPrivateKey(RawRsa raw)
    {
        this.raw = raw;
        PublicKey = RsaPublicKey.FromModulus(raw.ModulusBytes);
    }

    /// <inheritdoc/>
    public RsaPublicKey PublicKey { get; }

    /// <summary>Makes a key; takes some tenths of a second.</summary>
    public static RsaPrivateKey Generate() => new(RawRsa.Generate(Bits));

    /// <summary>Reads an unencrypted PKCS#8 key in PEM (rsaEncryption, RFC 8017 appendix A.1.2, two primes).</summary>
    /// <exception cref="FormatException">It is another kind or size of key, or its numbers disagree.</exception>
    public static RsaPrivateKey FromPkcs8Pem(ReadOnlySpan<char> pem) => FromPkcs8Zeroing(Pkcs8Pem.Decode(pem));

    /// <summary>Reads the same from ASCII, as it stands in a file.</summary>
    /// <exception cref="FormatException">It is another kind or size of key, or its numbers disagree.</exception>
    public static RsaPrivateKey FromPkcs8Pem(ReadOnlySpan<byte> pem) => FromPkcs8Zeroing(Pkcs8Pem.Decode(pem));

    private static RsaPrivateKey FromPkcs8Zeroing(byte[] der)
    {
        try
        {
            return FromPkcs8(der);
        }
        catch (Exception error) when (error is AsnContentException or CryptographicException)
        {
            throw new FormatException("Not an RSA private key in PKCS#8.", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Writes PKCS#8 in PEM as <c>openssl genpkey</c> does, in ASCII: at most 2,048 bytes, a secret that the
    /// caller zeroes.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public byte[] ToPkcs8Pem()
    {
        var numbers = raw.ExportPrivate();
        // Long enough never to grow, which would leave a copy behind; a reset zeroes them.
        var inner = new AsnWriter(AsnEncodingRules.DER, MaxDerSize);
        using (inner.PushSequence())
        {
            inner.WriteInteger(0);
            inner.WriteIntegerUnsigned(raw.ModulusBytes);
            inner.WriteInteger(RawRsa.PublicExponent);
            foreach (var number in numbers)
            {
                inner.WriteIntegerUnsigned(number.AsSpan().TrimStart((byte)0));
                CryptographicOperations.ZeroMemory(number);
            }
        }

        var key = inner.Encode();
        inner.Reset();
        var outer = new AsnWriter(AsnEncodingRules.DER, MaxDerSize);
        using (outer.PushSequence())
        {
            outer.WriteInteger(0);
            using (outer.PushSequence())
            {
                outer.WriteObjectIdentifier(RsaEncryption);
                outer.WriteNull();
            }

            outer.WriteOctetString(key);
        }

        var der = outer.Encode();
        outer.Reset();
        var pem = Pkcs8Pem.Encode(der);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(der);
        return pem;
    }

    /// <inheritdoc/>
    public byte[] BlindSign(ReadOnlySpan<byte> blindedMessage) =>
        TryBlindSign(blindedMessage, out var signature, out var refusal)
            ? signature
            : throw new BlindedMessageException(refusal);

    /// <summary>BlindSign of RFC 9474 section 4.3; false with the reason for an input not to be signed.</summary>
    /// <exception cref="CryptographicException">The operation failed; nothing was released.</exception>
    public bool TryBlindSign(
        ReadOnlySpan<byte> blindedMessage,
        [NotNullWhen(true)] out byte[]? signature,
        out BlindedMessageRefusal refusal)
    {
        refusal = Check(blindedMessage);
        signature = refusal == BlindedMessageRefusal.None ? raw.Private(blindedMessage) : null;
        return signature is not null;
    }

    /// <summary>Zeroes the key; signing afterwards throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => raw.Dispose();

    private static RsaPrivateKey FromPkcs8(byte[] der)
    {
        var reader = new AsnReader(der, AsnEncodingRules.DER);
        var outer = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        var version = outer.ReadInteger();
        var algorithm = outer.ReadSequence();
        var isRsa = algorithm.ReadObjectIdentifier() == RsaEncryption;
        algorithm.ReadNull();
        algorithm.ThrowIfNotEmpty();
        var key = new AsnReader(outer.ReadOctetString(), AsnEncodingRules.DER);
        outer.ThrowIfNotEmpty();
        var inner = key.ReadSequence();
        key.ThrowIfNotEmpty();
        var innerVersion = inner.ReadInteger();
        var modulus = inner.ReadIntegerBytes().Span.TrimStart((byte)0);
        var exponent = inner.ReadInteger();
        inner.ReadIntegerBytes();
        var p = inner.ReadIntegerBytes().Span.TrimStart((byte)0);
        var q = inner.ReadIntegerBytes().Span.TrimStart((byte)0);
        for (var count = 0; count < 3; count++)
            inner.ReadIntegerBytes();
        inner.ThrowIfNotEmpty();
        if (!isRsa || version != BigInteger.Zero || innerVersion != BigInteger.Zero
            || exponent != RawRsa.PublicExponent || !RsaPublicKey.IsModulus(modulus)
            || p.Length != PrimeSize || q.Length != PrimeSize)
            throw new FormatException("Not an RSA key of 2048 bits with e = 65537.");
        var raw = RawRsa.FromPrimes(p, q);
        if (!raw.ModulusBytes.AsSpan().SequenceEqual(modulus))
            throw new FormatException("The primes do not make the modulus.");
        // Throws unless the two halves undo each other, as they do only when both factors are prime.
        raw.Private([.. new byte[RsaPublicKey.ModulusSize - 1], 2]);
        return new RsaPrivateKey(raw);
    }

    private BlindedMessageRefusal Check(ReadOnlySpan<byte> blindedMessage)
    {
        if (blindedMessage.Length != RsaPublicKey.ModulusSize)
            return BlindedMessageRefusal.WrongSize;
        if (!raw.IsBelowModulus(blindedMessage))
            return BlindedMessageRefusal.NotBelowModulus;
        var modulus = raw.ModulusBytes.AsSpan();
        var isZeroOrOne = blindedMessage[^1] <= 1 && !blindedMessage[..^1].ContainsAnyExcept((byte)0);
        // The modulus is odd, so only the last byte differs.
        var isMinusOne = blindedMessage[^1] == modulus[^1] - 1 && blindedMessage[..^1].SequenceEqual(modulus[..^1]);
        return isZeroOrOne || isMinusOne ? BlindedMessageRefusal.Trivial : BlindedMessageRefusal.None;
    }
}
