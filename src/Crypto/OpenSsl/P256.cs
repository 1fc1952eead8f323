namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// ECDSA on NIST P-256 (FIPS 186-5) through libcrypto's EC functions. Each thread keeps one key object whose point is
/// overwritten for every verification: making a key object per one-time key costs more than the import itself.
/// </summary>
internal static class P256
{
    internal const int ScalarSize = 32;
    internal const int PointSize = 65;
    internal const int SignatureSize = 64;

    private static readonly EcGroup group = LibCrypto.Check(
        LibCrypto.EC_GROUP_new_by_curve_name(LibCrypto.NID_X9_62_prime256v1), "EC_GROUP_new_by_curve_name");

    private static readonly BigNumber order = MakeOrder();

    [ThreadStatic]
    private static Verifier? verifier;

    /// <summary>The curve; lives as long as the process, and libcrypto only reads it.</summary>
    internal static EcGroup Group => group;

    private static Verifier ThisThread => verifier ??= new Verifier();

    /// <summary>Whether the 65 bytes are an uncompressed point on the curve, P-256 having no others to fear.</summary>
    internal static bool IsPoint(ReadOnlySpan<byte> point) =>
        VerifiedBefore.Verify(point, default, default, static (key, _, _) => ThisThread.Load(key));

    internal static bool Verify(ReadOnlySpan<byte> point, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        VerifiedBefore.Verify(point, digest, signature, static (key, hash, pair) =>
        {
            var thread = ThisThread;
            return thread.Load(key) && thread.Verify(hash, pair);
        });

    /// <summary>A private key from a scalar in [1, order); null when it is outside.</summary>
    internal static EcKey? TryCreateKey(ReadOnlySpan<byte> scalar)
    {
        using var number = BigNumber.FromSecretBytes(scalar);
        return IsScalar(number) ? CreateKey(number) : null;
    }

    /// <summary>A private key from at least 48 uniform bytes.</summary>
    internal static EcKey CreateKeyFromWideBytes(ReadOnlySpan<byte> wide)
    {
        using var number = BigNumber.FromWideBytes(wide, order);
        return CreateKey(number);
    }

    internal static byte[] ExportScalar(EcKey key)
    {
        var scalar = new byte[ScalarSize];
        if (LibCrypto.EC_KEY_priv2oct(key, scalar, ScalarSize) != ScalarSize)
            throw LibCrypto.Failure("EC_KEY_priv2oct");
        return scalar;
    }

    /// <summary>The uncompressed point of a private key.</summary>
    internal static byte[] ExportPoint(EcKey key)
    {
        var point = Encode(LibCrypto.EC_KEY_get0_public_key(key));
        GC.KeepAlive(key);
        return point;
    }

    internal static byte[] Sign(EcKey key, ReadOnlySpan<byte> digest)
    {
        using var pair = LibCrypto.Check(LibCrypto.ECDSA_do_sign(digest, digest.Length, key), "ECDSA_do_sign");
        var signature = new byte[SignatureSize];
        if (LibCrypto.BN_bn2binpad(LibCrypto.ECDSA_SIG_get0_r(pair), signature, ScalarSize) != ScalarSize
            || LibCrypto.BN_bn2binpad(LibCrypto.ECDSA_SIG_get0_s(pair), signature.AsSpan(ScalarSize), ScalarSize)
                != ScalarSize)
            throw LibCrypto.Failure("BN_bn2binpad");
        return signature;
    }

    /// <summary>Whether a number lies in [1, order).</summary>
    internal static bool IsScalar(BigNumber number) => !number.IsZero && number.CompareTo(order) < 0;

    /// <summary>A point without a value yet.</summary>
    internal static EcPoint NewPoint() => LibCrypto.Check(LibCrypto.EC_POINT_new(group), "EC_POINT_new");

    /// <summary>scalar * G.</summary>
    internal static EcPoint Multiply(BigNumber scalar)
    {
        var point = NewPoint();
        LibCrypto.Check(LibCrypto.EC_POINT_mul(group, point, scalar, 0, 0, 0), "EC_POINT_mul");
        return point;
    }

    /// <summary>The 65 bytes of a point that the caller keeps alive.</summary>
    internal static byte[] Encode(nint point)
    {
        var bytes = new byte[PointSize];
        var written = LibCrypto.EC_POINT_point2oct(
            group, point, LibCrypto.POINT_CONVERSION_UNCOMPRESSED, bytes, PointSize, 0);
        return written == PointSize ? bytes : throw LibCrypto.Failure("EC_POINT_point2oct");
    }

    private static EcKey CreateKey(BigNumber scalar)
    {
        using var point = Multiply(scalar);
        var key = CreateEmptyKey();
        LibCrypto.Check(LibCrypto.EC_KEY_set_private_key(key, scalar), "EC_KEY_set_private_key");
        LibCrypto.Check(LibCrypto.EC_KEY_set_public_key(key, point), "EC_KEY_set_public_key");
        return key;
    }

    private static EcKey CreateEmptyKey()
    {
        var key = LibCrypto.Check(LibCrypto.EC_KEY_new(), "EC_KEY_new");
        LibCrypto.Check(LibCrypto.EC_KEY_set_group(key, group), "EC_KEY_set_group");
        return key;
    }

    private static BigNumber MakeOrder()
    {
        var number = BigNumber.Create();
        LibCrypto.Check(LibCrypto.EC_GROUP_get_order(group, number, 0), "EC_GROUP_get_order");
        return number;
    }

    /// <summary>One thread's reusable key and signature; finalizers free them after the thread.</summary>
    private sealed class Verifier
    {
        private readonly EcKey key = CreateEmptyKey();
        private readonly EcdsaSignature pair = LibCrypto.Check(LibCrypto.ECDSA_SIG_new(), "ECDSA_SIG_new");
        private readonly nint r;
        private readonly nint s;

        internal Verifier()
        {
            (r, s) = (BigNumber.Create().GiveAway(), BigNumber.Create().GiveAway());
            LibCrypto.Check(LibCrypto.ECDSA_SIG_set0(pair, r, s), "ECDSA_SIG_set0");
        }

        internal bool Load(ReadOnlySpan<byte> point)
        {
            if (point.Length == PointSize && point[0] == LibCrypto.POINT_CONVERSION_UNCOMPRESSED
                && LibCrypto.EC_KEY_oct2key(key, point, PointSize, 0) == 1)
                return true;
            LibCrypto.ForgetErrors();
            return false;
        }

        internal bool Verify(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
        {
            if (signature.Length != SignatureSize)
                return false;
            if (LibCrypto.BN_bin2bn(signature[..ScalarSize], ScalarSize, r) == 0
                || LibCrypto.BN_bin2bn(signature[ScalarSize..], ScalarSize, s) == 0)
                throw LibCrypto.Failure("BN_bin2bn");
            // -1 is a refusal too: crafted numbers reach it through the point at infinity.
            if (LibCrypto.ECDSA_do_verify(digest, digest.Length, pair, key) == 1)
                return true;
            LibCrypto.ForgetErrors();
            return false;
        }
    }
}
