using System.Security.Cryptography;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// The bare RSA permutation (RFC 8017 section 5.2) with e = 65537 through libcrypto's RSA functions, which cache the
/// Montgomery form of the key and keep its base blinding across calls. Thread-safe.
/// </summary>
internal sealed class RawRsa : IDisposable
{
    internal const int PublicExponent = 65537;
    private const int NoBlinding = 0x80; // RSA_FLAG_NO_BLINDING
    internal const int DigestSize = SHA384.HashSizeInBytes;

    private static readonly DigestHandle sha384 =
        LibCrypto.Check(LibCrypto.EVP_MD_fetch(0, "SHA384", null), "EVP_MD_fetch");

    private readonly RsaHandle key;

    private RawRsa(RsaHandle key, BigNumber modulus)
    {
        this.key = key;
        Modulus = modulus;
        ModulusBytes = modulus.ToBytes((modulus.BitCount + 7) / 8);
    }

    /// <summary>Bytes of the modulus, and of every input and output.</summary>
    internal int Size => ModulusBytes.Length;

    internal BigNumber Modulus { get; }

    /// <summary>Whether libcrypto blinds the private operation, so that its time tells nothing of the key.</summary>
    internal bool IsBlinded => LibCrypto.RSA_test_flags(key, NoBlinding) == 0;

    internal byte[] ModulusBytes { get; }

    /// <summary>A public key.</summary>
    internal static RawRsa FromModulus(ReadOnlySpan<byte> modulus)
    {
        var key = LibCrypto.Check(LibCrypto.RSA_new(), "RSA_new");
        var n = BigNumber.FromBytes(modulus);
        var copy = BigNumber.FromBytes(modulus);
        LibCrypto.Check(LibCrypto.RSA_set0_key(key, copy.GiveAway(), Exponent().GiveAway(), 0), "RSA_set0_key");
        return new RawRsa(key, n);
    }

    /// <summary>A private key: everything else follows from two primes, so no part can contradict another.</summary>
    internal static RawRsa FromPrimes(ReadOnlySpan<byte> firstPrime, ReadOnlySpan<byte> secondPrime)
    {
        using var context = BigNumberContext.Create();
        var (p, q) = (BigNumber.FromSecretBytes(firstPrime), BigNumber.FromSecretBytes(secondPrime));
        var n = BigNumber.Create();
        LibCrypto.Check(LibCrypto.BN_mul(n, p, q, context), "BN_mul");
        using var pMinus1 = Minus1(p);
        using var qMinus1 = Minus1(q);
        using var order = BigNumber.Create();
        LibCrypto.Check(LibCrypto.BN_mul(order, pMinus1, qMinus1, context), "BN_mul");
        order.MarkSecret();
        using var e = Exponent();
        // d is the inverse of e modulo (p-1)(q-1), its two parts are the inverses modulo p-1 and q-1.
        var (d, dp, dq) = (Inverse(e, order, context), Inverse(e, pMinus1, context), Inverse(e, qMinus1, context));
        var qInverse = Inverse(q, p, context);
        var key = LibCrypto.Check(LibCrypto.RSA_new(), "RSA_new");
        var copy = LibCrypto.Check(LibCrypto.BN_dup(n), "BN_dup");
        LibCrypto.Check(
            LibCrypto.RSA_set0_key(key, copy.GiveAway(), Exponent().GiveAway(), d.GiveAway()), "RSA_set0_key");
        LibCrypto.Check(LibCrypto.RSA_set0_factors(key, p.GiveAway(), q.GiveAway()), "RSA_set0_factors");
        LibCrypto.Check(
            LibCrypto.RSA_set0_crt_params(key, dp.GiveAway(), dq.GiveAway(), qInverse.GiveAway()),
            "RSA_set0_crt_params");
        return new RawRsa(key, n);
    }

    /// <summary>A new private key; takes some tenths of a second.</summary>
    internal static RawRsa Generate(int bits)
    {
        var key = LibCrypto.Check(LibCrypto.RSA_new(), "RSA_new");
        using var e = Exponent();
        LibCrypto.Check(LibCrypto.RSA_generate_key_ex(key, bits, e, 0), "RSA_generate_key_ex");
        return new RawRsa(key, BigNumber.FromBytes(Export(LibCrypto.RSA_get0_n(key), (bits + 7) / 8)));
    }

    /// <summary>The public operation; false when <paramref name="input"/> is not a number below the modulus.</summary>
    internal bool TryPublic(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (IsBelowModulus(input) && output.Length == Size
            && LibCrypto.RSA_public_encrypt(Size, input, output, key, LibCrypto.RSA_NO_PADDING) == Size)
            return true;
        LibCrypto.ForgetErrors();
        return false;
    }

    /// <summary>
    /// The private operation on a number below the modulus: Chinese remainders under base blinding. The result is
    /// released only when the public operation leads back from it, since one faulty remainder would give away the
    /// primes.
    /// </summary>
    internal byte[] Private(ReadOnlySpan<byte> input)
    {
        var result = new byte[Size];
        if (!IsBlinded || !IsBelowModulus(input)
            || LibCrypto.RSA_private_encrypt(Size, input, result, key, LibCrypto.RSA_NO_PADDING) != Size)
            throw LibCrypto.Failure("RSA_private_encrypt");
        var back = new byte[Size];
        if (TryPublic(result, back) && input.SequenceEqual(back))
            return result;
        CryptographicOperations.ZeroMemory(result);
        throw new CryptographicException("The private RSA operation gave a wrong result, which was withheld.");
    }

    /// <summary>RSASSA-PSS (RFC 8017 section 8.1.2), SHA-384 also in MGF1, a salt of exactly that size.</summary>
    internal bool VerifyPss(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, int saltSize)
    {
        Span<byte> digest = stackalloc byte[DigestSize];
        SHA384.HashData(message, digest);
        Span<byte> encoded = stackalloc byte[Size];
        if (TryPublic(signature, encoded)
            && LibCrypto.RSA_verify_PKCS1_PSS_mgf1(key, digest, sha384, sha384, encoded, saltSize) == 1)
            return true;
        LibCrypto.ForgetErrors();
        return false;
    }

    /// <summary>Whether these are as many bytes as the modulus has and a smaller number.</summary>
    internal bool IsBelowModulus(ReadOnlySpan<byte> number) =>
        number.Length == Size && number.SequenceCompareTo(ModulusBytes) < 0;

    /// <summary>d, p, q, d mod p-1, d mod q-1, 1/q mod p: all secret, the caller zeroes them.</summary>
    internal byte[][] ExportPrivate() =>
    [
        Export(LibCrypto.RSA_get0_d(key), Size), Export(LibCrypto.RSA_get0_p(key), Size / 2),
        Export(LibCrypto.RSA_get0_q(key), Size / 2), Export(LibCrypto.RSA_get0_dmp1(key), Size / 2),
        Export(LibCrypto.RSA_get0_dmq1(key), Size / 2), Export(LibCrypto.RSA_get0_iqmp(key), Size / 2),
    ];

    public void Dispose()
    {
        key.Dispose();
        Modulus.Dispose();
    }

    private static byte[] Export(nint number, int size)
    {
        var bytes = new byte[size];
        return LibCrypto.BN_bn2binpad(number, bytes, size) == size ? bytes : throw LibCrypto.Failure("BN_bn2binpad");
    }

    private static BigNumber Exponent()
    {
        var e = BigNumber.Create();
        LibCrypto.Check(LibCrypto.BN_set_word(e, PublicExponent), "BN_set_word");
        return e;
    }

    private static BigNumber Minus1(BigNumber prime)
    {
        var result = LibCrypto.Check(LibCrypto.BN_dup(prime), "BN_dup");
        result.MarkSecret();
        LibCrypto.Check(LibCrypto.BN_sub_word(result, 1), "BN_sub_word");
        return result;
    }

    private static BigNumber Inverse(BigNumber number, BigNumber modulus, BigNumberContext context)
    {
        var result = BigNumber.Create();
        result.MarkSecret();
        return LibCrypto.BN_mod_inverse(result, number, modulus, context) != 0
            ? result
            : throw LibCrypto.Failure("BN_mod_inverse");
    }
}
