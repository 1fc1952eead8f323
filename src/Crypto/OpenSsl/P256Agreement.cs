namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// Diffie-Hellman on P-256 (SP 800-56A section 5.7.1.2) straight on libcrypto's curve arithmetic, whose
/// multiplication by a secret takes constant time. Scalar 32 bytes, point 65 bytes uncompressed, secret 32 bytes.
/// </summary>
internal static class P256Agreement
{
    internal const int PointSize = P256.PointSize;

    /// <summary>The scalar as a secret number; null when it is zero or not below the order of the curve.</summary>
    internal static BigNumber? Scalar(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != P256.ScalarSize)
            return null;
        var scalar = BigNumber.FromSecretBytes(bytes);
        if (P256.IsScalar(scalar))
            return scalar;
        scalar.Dispose();
        return null;
    }

    /// <summary>The point of 65 uncompressed bytes; null for any other form and for what is not on the curve.</summary>
    internal static EcPoint? Point(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != PointSize || bytes[0] != LibCrypto.POINT_CONVERSION_UNCOMPRESSED)
            return null;
        var point = P256.NewPoint();
        if (LibCrypto.EC_POINT_oct2point(P256.Group, point, bytes, (nuint)bytes.Length, 0) == 1)
            return point;
        LibCrypto.ForgetErrors();
        point.Dispose();
        return null;
    }

    /// <summary>scalar * G, 65 bytes.</summary>
    internal static byte[] PublicPoint(BigNumber scalar)
    {
        using var point = P256.Multiply(scalar);
        return P256.Encode(point.DangerousGetHandle());
    }

    /// <summary>
    /// The x-coordinate of scalar * peer, 32 bytes. Never zero: the order is prime and peer on the curve.
    /// </summary>
    internal static void Agree(BigNumber scalar, EcPoint peer, Span<byte> secret)
    {
        if (secret.Length != P256.ScalarSize)
            throw new ArgumentException("A P-256 shared secret is 32 bytes.", nameof(secret));
        using var product = P256.NewPoint();
        LibCrypto.Check(LibCrypto.EC_POINT_mul(P256.Group, product, 0, peer, scalar, 0), "EC_POINT_mul");
        using var x = BigNumber.Create();
        LibCrypto.Check(
            LibCrypto.EC_POINT_get_affine_coordinates(P256.Group, product, x, 0, 0), "EC_POINT_get_affine_coordinates");
        x.CopyTo(secret);
    }
}
