using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bauta.Crypto.OpenSsl;

namespace Bauta.Crypto.BlindRsa;

/// <summary>
/// RSA blind signatures, RFC 9474, the client's half: RSABSSA-SHA384-PSS-Deterministic as it stands, and
/// RSABSSA-SHA384-PSS-Randomized when the message goes through <see cref="PrepareRandomized(ReadOnlySpan{byte})"/>
/// first. Salt 48 bytes, blind 256 bytes, blinded message and signature 256 bytes.
/// </summary>
public static class BlindRsa
{
    /// <summary>Bytes of the blind, a number in [1, n) that is coprime to n.</summary>
    public const int BlindSize = RsaPublicKey.ModulusSize;

    /// <summary>Bytes of the seed from which a salt and a blind can be derived.</summary>
    public const int SeedSize = 32;

    /// <summary>Bytes that randomized preparation puts before the message.</summary>
    public const int PrefixSize = 32;

    // 128 bits more than the modulus: the reduction is then as good as uniform.
    private const int WideBlindSize = BlindSize + 16;

    /// <summary>The blinded message that a blind signature answers, which is what RFC 9474 section 4.3 checks before a
    /// signature leaves the signer: <c>m = RSAVP1(pk, s)</c>, 256 bytes.</summary>
    /// <param name="key">The signer's key.</param>
    /// <param name="blindSignature">256 bytes.</param>
    /// <param name="blindedMessage">256 bytes, when there is one.</param>
    /// <returns>False when it is not a number below the modulus.</returns>
    public static bool TryOpen(
        RsaPublicKey key, ReadOnlySpan<byte> blindSignature, [NotNullWhen(true)] out byte[]? blindedMessage)
    {
        var opened = new byte[RsaPublicKey.ModulusSize];
        blindedMessage = blindSignature.Length == opened.Length && key.Raw.TryPublic(blindSignature, opened)
            ? opened
            : null;
        return blindedMessage is not null;
    }

    /// <summary>PrepareRandomize of RFC 9474 section 4.1: 32 random bytes, then the message.</summary>
    public static byte[] PrepareRandomized(ReadOnlySpan<byte> message) =>
        PrepareRandomized(message, RandomNumberGenerator.GetBytes(PrefixSize));

    /// <summary>Blinds with a random salt and a random blind.</summary>
    public static BlindingState Blind(RsaPublicKey key, ReadOnlySpan<byte> preparedMessage)
    {
        Span<byte> seed = stackalloc byte[SeedSize];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return Blind(key, preparedMessage, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>
    /// Blinds with a salt and a blind that follow from a secret seed of 32 bytes, by HKDF-Expand with SHA-256 under
    /// the labels "salt" and "blind", so that the same signature can be asked for again after a loss. A seed serves
    /// one message and one key only. Whoever is shown the seed can link the signature to the blinded message; only the
    /// recoup of a revoked key's tokens does that, to prove that they were issued.
    /// </summary>
    /// <exception cref="ArgumentException">The seed does not have 32 bytes.</exception>
    public static BlindingState Blind(
        RsaPublicKey key, ReadOnlySpan<byte> preparedMessage, ReadOnlySpan<byte> seed)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (seed.Length != SeedSize)
            throw new ArgumentException("A seed has 32 bytes.", nameof(seed));
        var salt = new byte[RsaPublicKey.SaltSize];
        using var blind = Derive(key, seed, salt);
        return Blind(key.Raw, preparedMessage, salt, blind);
    }

    /// <summary>Blinds with a given salt of 48 bytes and a given blind of 256 bytes.</summary>
    /// <exception cref="ArgumentException">
    /// The salt or the blind has another size, or the blind is not in [1, n).
    /// </exception>
    public static BlindingState Blind(
        RsaPublicKey key, ReadOnlySpan<byte> preparedMessage, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> blind)
    {
        ArgumentNullException.ThrowIfNull(key);
        return salt.Length == RsaPublicKey.SaltSize
            ? Blind(key.Raw, preparedMessage, salt, blind)
            : throw new ArgumentException("A salt has 48 bytes.", nameof(salt));
    }

    /// <summary>
    /// The signer's answer again, from the signature that was made of it and the seed of its blinding: 256 bytes. It
    /// shows that the blinded message was signed, and nothing of the signature.
    /// </summary>
    /// <exception cref="ArgumentException">Another size than 32 bytes of seed and 256 of signature.</exception>
    public static byte[] BlindSignatureOf(
        RsaPublicKey key, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> seed)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (seed.Length != SeedSize || !key.Raw.IsBelowModulus(signature))
            throw new ArgumentException("A seed has 32 bytes, a signature is a number below the modulus.");
        Span<byte> salt = stackalloc byte[RsaPublicKey.SaltSize];
        using var blind = Derive(key, seed, salt);
        using var context = BigNumberContext.Create();
        using var product = BigNumber.FromSecretBytes(signature);
        LibCrypto.Check(LibCrypto.BN_mod_mul(product, product, blind, key.Raw.Modulus, context), "BN_mod_mul");
        return product.ToBytes(key.Raw.Size);
    }

    private static BigNumber Derive(RsaPublicKey key, ReadOnlySpan<byte> seed, Span<byte> salt)
    {
        Span<byte> wide = stackalloc byte[WideBlindSize];
        HKDF.Expand(HashAlgorithmName.SHA256, seed, salt, "salt"u8);
        HKDF.Expand(HashAlgorithmName.SHA256, seed, wide, "blind"u8);
        var blind = BigNumber.FromWideBytes(wide, key.Raw.Modulus);
        CryptographicOperations.ZeroMemory(wide);
        return blind;
    }

    internal static byte[] PrepareRandomized(ReadOnlySpan<byte> message, ReadOnlySpan<byte> prefix) =>
        [.. prefix, .. message];

    /// <summary>Any modulus and a salt of 48 or 0 bytes: the published vectors have 4096 bits and both salts.</summary>
    internal static BlindingState Blind(
        RawRsa key, ReadOnlySpan<byte> preparedMessage, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> blind)
    {
        if (!key.IsBelowModulus(blind) || !blind.ContainsAnyExcept((byte)0))
            throw new ArgumentException("The blind is not a number in [1, n) of full size.", nameof(blind));
        using var number = BigNumber.FromSecretBytes(blind);
        return Blind(key, preparedMessage, salt, number);
    }

    // Blind of RFC 9474 section 4.2.
    private static BlindingState Blind(
        RawRsa key, ReadOnlySpan<byte> preparedMessage, ReadOnlySpan<byte> salt, BigNumber blind)
    {
        using var context = BigNumberContext.Create();

        // 1, 2. encoded_msg = EMSA-PSS-ENCODE(msg, bit_len(n) - 1)
        var encoded = EmsaPss.Encode(preparedMessage, salt, key.Modulus.BitCount);

        // 3. m = bytes_to_int(encoded_msg)
        using var message = BigNumber.FromSecretBytes(encoded);

        // 4 to 7. inv = inverse_mod(r, n), or raise "invalid input" when m or r has a factor in common with n.
        var inverse = Invert(blind, message, key.Modulus, context);

        // 8. x = RSAVP1(pk, r)
        var power = blind.ToBytes(key.Size);
        if (!key.TryPublic(power, power))
            throw new CryptographicException("The public RSA operation failed.");

        // 9, 10. blinded_msg = int_to_bytes(m * x mod n, modulus_len)
        using var product = BigNumber.FromSecretBytes(power);
        CryptographicOperations.ZeroMemory(power);
        LibCrypto.Check(LibCrypto.BN_mod_mul(product, message, product, key.Modulus, context), "BN_mod_mul");
        return new BlindingState(key, preparedMessage, salt.Length, inverse, product.ToBytes(key.Size));
    }

    // 1/r = m * b / (m * r * b) for a random b: one inversion, which fails when m or r is not coprime to n. It may take
    // the fast path whose time depends on its input, since b makes that input random and tells nothing of m and r.
    private static BigNumber Invert(BigNumber blind, BigNumber message, BigNumber modulus, BigNumberContext context)
    {
        var wide = RandomNumberGenerator.GetBytes(((modulus.BitCount + 7) / 8) + 16);
        using var mask = BigNumber.FromWideBytes(wide, modulus);
        using var masked = BigNumber.Create();
        LibCrypto.Check(LibCrypto.BN_mod_mul(mask, mask, message, modulus, context), "BN_mod_mul");
        LibCrypto.Check(LibCrypto.BN_mod_mul(masked, mask, blind, modulus, context), "BN_mod_mul");
        if (LibCrypto.BN_mod_inverse(masked, masked, modulus, context) == 0)
            throw LibCrypto.Failure("BN_mod_inverse");
        var inverse = BigNumber.Create();
        inverse.MarkSecret();
        LibCrypto.Check(LibCrypto.BN_mod_mul(inverse, masked, mask, modulus, context), "BN_mod_mul");
        return inverse;
    }
}
