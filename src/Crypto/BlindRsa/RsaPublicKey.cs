using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.BlindRsa;

/// <summary>
/// The public key of a blind signer, as RFC 9578 section 6.5 writes it: modulus 2048 bits, e = 65537,
/// SubjectPublicKeyInfo of 342 bytes under id-RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes; key
/// ID 32 bytes; signature 256 bytes. Immutable and thread-safe.
/// </summary>
public sealed class RsaPublicKey : IEquatable<RsaPublicKey>
{
    /// <summary>Bytes of the modulus, and of every signature and blinded message.</summary>
    public const int ModulusSize = 256;

    /// <summary>Bytes of the SubjectPublicKeyInfo.</summary>
    public const int SpkiSize = 342;

    /// <summary>Bytes of the salt of every signature.</summary>
    public const int SaltSize = 48;

    private readonly byte[] spki;
    private readonly byte[] keyId;

    private RsaPublicKey(byte[] spki)
    {
        this.spki = spki;
        keyId = SHA256.HashData(spki);
        Raw = RawRsa.FromModulus(ModulusOf(spki));
    }

    /// <summary>SubjectPublicKeyInfo, 342 bytes, a copy.</summary>
    public byte[] Spki => (byte[])spki.Clone();

    /// <summary>SHA-256 of <see cref="Spki"/>, 32 bytes, a copy: token_key_id of RFC 9578.</summary>
    public byte[] KeyId => (byte[])keyId.Clone();

    /// <summary>The last byte of <see cref="KeyId"/>: truncated_token_key_id of RFC 9578.</summary>
    public byte TruncatedKeyId => keyId[^1];

    /// <summary>The bare key for this project's own operations; lives as long as this object.</summary>
    internal RawRsa Raw { get; }

    internal ReadOnlySpan<byte> KeyIdBytes => keyId;

    // SEQUENCE { SEQUENCE { id-RSASSA-PSS, { [0] sha384, [1] { mgf1, sha384 }, [2] 48 } },
    //            BIT STRING { SEQUENCE { INTEGER n, INTEGER 65537 } } }
    private static ReadOnlySpan<byte> SpkiPrefix =>
    [
        0x30, 0x82, 0x01, 0x52, 0x30, 0x3d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
        0x30, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0xa1, 0x1a,
        0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0b, 0x06, 0x09, 0x60,
        0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0xa2, 0x03, 0x02, 0x01, 0x30, 0x03, 0x82, 0x01, 0x0f, 0x00,
        0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
    ];

    private static ReadOnlySpan<byte> SpkiSuffix => [0x02, 0x03, 0x01, 0x00, 0x01];

    /// <summary>
    /// Reads a SubjectPublicKeyInfo in exactly the form above: another size, exponent, hash, salt or a modulus that is
    /// even or below 2^2047 is refused.
    /// </summary>
    public static bool TryFromSpki(ReadOnlySpan<byte> spki, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        if (spki.Length != SpkiSize || !spki.StartsWith(SpkiPrefix) || !spki.EndsWith(SpkiSuffix)
            || !IsModulus(ModulusOf(spki)))
            return false;
        key = new RsaPublicKey(spki.ToArray());
        return true;
    }

    /// <summary>Reads a SubjectPublicKeyInfo as <see cref="TryFromSpki"/> does.</summary>
    /// <exception cref="FormatException">It is not a key in that form.</exception>
    public static RsaPublicKey FromSpki(ReadOnlySpan<byte> spki) =>
        TryFromSpki(spki, out var key) ? key : throw new FormatException("Not the SPKI of a blind signer's key.");

    /// <summary>
    /// Whether <paramref name="signature"/> (256 bytes) is RSASSA-PSS with SHA-384 and 48 bytes of salt over
    /// <paramref name="message"/>.
    /// </summary>
    public bool VerifyPss(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Raw.VerifyPss(message, signature, SaltSize);

    /// <summary>Whether <paramref name="blindSignature"/> (256 bytes) is this key's answer to a blinded message (256
    /// bytes): its e-th power modulo n is that message (RFC 9474 section 4.3).</summary>
    public bool IsBlindSignature(ReadOnlySpan<byte> blindedMessage, ReadOnlySpan<byte> blindSignature)
    {
        if (blindedMessage.Length != ModulusSize || !Raw.IsBelowModulus(blindSignature))
            return false;
        var power = blindSignature.ToArray();
        return Raw.TryPublic(power, power) && blindedMessage.SequenceEqual(power);
    }

    /// <inheritdoc/>
    public bool Equals(RsaPublicKey? other) => other is not null && spki.AsSpan().SequenceEqual(other.spki);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RsaPublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(keyId);

    /// <summary>The key ID in lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(keyId);

    internal static bool IsModulus(ReadOnlySpan<byte> modulus) =>
        modulus.Length == ModulusSize && modulus[0] >= 0x80 && (modulus[^1] & 1) == 1;

    internal static RsaPublicKey FromModulus(ReadOnlySpan<byte> modulus) => IsModulus(modulus)
        ? new RsaPublicKey([.. SpkiPrefix, .. modulus, .. SpkiSuffix])
        : throw new FormatException("The modulus is not an odd number of 2048 bits.");

    private static ReadOnlySpan<byte> ModulusOf(ReadOnlySpan<byte> spki) => spki.Slice(SpkiPrefix.Length, ModulusSize);
}
