using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// A point of P-256 inside libcrypto, on the curve and not at infinity. Immutable once made, thread-safe.
/// </summary>
internal sealed class NistP256Point : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller; use the methods of <see cref="NistP256"/>.</summary>
    public NistP256Point() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        NistP256.EC_POINT_clear_free(handle);
        return true;
    }
}

/// <summary>
/// Diffie-Hellman on P-256 (SP 800-56A section 5.7.1.2) straight on libcrypto's curve arithmetic, whose
/// multiplication by a secret takes constant time. Scalar 32 bytes, point 65 bytes uncompressed, secret 32 bytes.
/// </summary>
internal static partial class NistP256
{
    internal const int ScalarSize = 32;
    internal const int PointSize = 65;

    private const int CurveName = 415; // NID_X9_62_prime256v1
    private const int UncompressedForm = 4;

    // Lives as long as the process; libcrypto only reads it.
    private static readonly nint Group = NewGroup();

    private static readonly BigNumber Order = BigNumber.FromBytes(Convert.FromHexString(
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));

    /// <summary>The scalar as a secret number; null when it is zero or not below the order of the curve.</summary>
    internal static BigNumber? Scalar(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != ScalarSize)
            return null;
        var scalar = BigNumber.FromSecretBytes(bytes);
        if (!scalar.IsZero && scalar.CompareTo(Order) < 0)
            return scalar;
        scalar.Dispose();
        return null;
    }

    /// <summary>The point of 65 uncompressed bytes; null for any other form and for what is not on the curve.</summary>
    internal static NistP256Point? Point(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != PointSize || bytes[0] != UncompressedForm)
            return null;
        var point = NewPoint();
        if (EC_POINT_oct2point(Group, point, bytes, (nuint)bytes.Length, 0) == 1)
            return point;
        LibCrypto.ForgetErrors();
        point.Dispose();
        return null;
    }

    /// <summary>scalar * G, 65 bytes.</summary>
    internal static byte[] PublicPoint(BigNumber scalar)
    {
        using var point = NewPoint();
        LibCrypto.Check(EC_POINT_mul(Group, point, scalar, 0, 0, 0), nameof(EC_POINT_mul));
        var bytes = new byte[PointSize];
        var length = EC_POINT_point2oct(Group, point, UncompressedForm, bytes, PointSize, 0);
        return length == PointSize ? bytes : throw LibCrypto.Failure(nameof(EC_POINT_point2oct));
    }

    /// <summary>
    /// The x-coordinate of scalar * peer, 32 bytes. Never zero: the order is prime and peer on the curve.
    /// </summary>
    internal static void Agree(BigNumber scalar, NistP256Point peer, Span<byte> secret)
    {
        if (secret.Length != ScalarSize)
            throw new ArgumentException("A P-256 shared secret is 32 bytes.", nameof(secret));
        using var product = NewPoint();
        LibCrypto.Check(EC_POINT_mul(Group, product, 0, peer, scalar, 0), nameof(EC_POINT_mul));
        using var x = BigNumber.Create();
        LibCrypto.Check(
            EC_POINT_get_affine_coordinates(Group, product, x, 0, 0), nameof(EC_POINT_get_affine_coordinates));
        x.CopyTo(secret);
    }

    private static NistP256Point NewPoint() => LibCrypto.Check(EC_POINT_new(Group), nameof(EC_POINT_new));

    private static nint NewGroup()
    {
        var group = EC_GROUP_new_by_curve_name(CurveName);
        return group != 0 ? group : throw LibCrypto.Failure(nameof(EC_GROUP_new_by_curve_name));
    }

    [LibraryImport(LibCrypto.Library)]
    internal static partial void EC_POINT_clear_free(nint point);

    [LibraryImport(LibCrypto.Library)]
    private static partial nint EC_GROUP_new_by_curve_name(int name);

    [LibraryImport(LibCrypto.Library)]
    private static partial NistP256Point EC_POINT_new(nint group);

    [LibraryImport(LibCrypto.Library)]
    private static partial int EC_POINT_oct2point(
        nint group, NistP256Point point, ReadOnlySpan<byte> bytes, nuint length, nint context);

    [LibraryImport(LibCrypto.Library)]
    private static partial nuint EC_POINT_point2oct(
        nint group, NistP256Point point, int form, Span<byte> bytes, nuint length, nint context);

    [LibraryImport(LibCrypto.Library)]
    private static partial int EC_POINT_mul(
        nint group, NistP256Point result, BigNumber generatorScalar, nint point, nint pointScalar, nint context);

    [LibraryImport(LibCrypto.Library)]
    private static partial int EC_POINT_mul(
        nint group, NistP256Point result, nint generatorScalar, NistP256Point point, BigNumber scalar, nint context);

    [LibraryImport(LibCrypto.Library)]
    private static partial int EC_POINT_get_affine_coordinates(
        nint group, NistP256Point point, BigNumber x, nint y, nint context);
}
