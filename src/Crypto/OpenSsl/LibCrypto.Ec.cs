using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>A curve; shared by all threads once made.</summary>
internal sealed class EcGroup : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public EcGroup() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EC_GROUP_free(handle);
        return true;
    }
}

/// <summary>A point on a curve. Not thread-safe while being written.</summary>
internal sealed class EcPoint : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public EcPoint() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EC_POINT_clear_free(handle);
        return true;
    }
}

/// <summary>A key on a curve; its private part is zeroed when freed. Signing with one is thread-safe.</summary>
internal sealed class EcKey : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public EcKey() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EC_KEY_free(handle);
        return true;
    }
}

/// <summary>An ECDSA signature: the pair r and s. Not thread-safe while being written.</summary>
internal sealed class EcdsaSignature : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public EcdsaSignature() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.ECDSA_SIG_free(handle);
        return true;
    }
}

internal static partial class LibCrypto
{
    internal const int NID_X9_62_prime256v1 = 415;
    internal const int POINT_CONVERSION_UNCOMPRESSED = 4;

    [LibraryImport(Library)]
    internal static partial EcGroup EC_GROUP_new_by_curve_name(int curve);

    [LibraryImport(Library)]
    internal static partial void EC_GROUP_free(nint group);

    [LibraryImport(Library)]
    internal static partial int EC_GROUP_get_order(EcGroup group, BigNumber order, nint context);

    [LibraryImport(Library)]
    internal static partial EcPoint EC_POINT_new(EcGroup group);

    [LibraryImport(Library)]
    internal static partial void EC_POINT_clear_free(nint point);

    [LibraryImport(Library)]
    internal static partial int EC_POINT_mul(
        EcGroup group, EcPoint result, BigNumber generatorScalar, nint point, nint pointScalar, nint context);

    [LibraryImport(Library)]
    internal static partial int EC_POINT_mul(
        EcGroup group, EcPoint result, nint generatorScalar, EcPoint point, BigNumber scalar, nint context);

    [LibraryImport(Library)]
    internal static partial int EC_POINT_get_affine_coordinates(
        EcGroup group, EcPoint point, BigNumber x, nint y, nint context);

    [LibraryImport(Library)]
    internal static partial int EC_POINT_oct2point(
        EcGroup group, EcPoint point, ReadOnlySpan<byte> bytes, nuint length, nint context);

    [LibraryImport(Library)]
    internal static partial nuint EC_POINT_point2oct(
        EcGroup group, nint point, int form, Span<byte> bytes, nuint length, nint context);

    [LibraryImport(Library)]
    internal static partial EcKey EC_KEY_new();

    [LibraryImport(Library)]
    internal static partial void EC_KEY_free(nint key);

    [LibraryImport(Library)]
    internal static partial int EC_KEY_set_group(EcKey key, EcGroup group);

    [LibraryImport(Library)]
    internal static partial int EC_KEY_set_private_key(EcKey key, BigNumber scalar);

    [LibraryImport(Library)]
    internal static partial int EC_KEY_set_public_key(EcKey key, EcPoint point);

    [LibraryImport(Library)]
    internal static partial int EC_KEY_oct2key(EcKey key, ReadOnlySpan<byte> bytes, nuint length, nint context);

    // The point stays the key's.
    [LibraryImport(Library)]
    internal static partial nint EC_KEY_get0_public_key(EcKey key);

    [LibraryImport(Library)]
    internal static partial nuint EC_KEY_priv2oct(EcKey key, Span<byte> bytes, nuint length);

    [LibraryImport(Library)]
    internal static partial EcdsaSignature ECDSA_SIG_new();

    [LibraryImport(Library)]
    internal static partial void ECDSA_SIG_free(nint signature);

    [LibraryImport(Library)]
    internal static partial int ECDSA_SIG_set0(EcdsaSignature signature, nint r, nint s);

    [LibraryImport(Library)]
    internal static partial nint ECDSA_SIG_get0_r(EcdsaSignature signature);

    [LibraryImport(Library)]
    internal static partial nint ECDSA_SIG_get0_s(EcdsaSignature signature);

    [LibraryImport(Library)]
    internal static partial EcdsaSignature ECDSA_do_sign(ReadOnlySpan<byte> digest, int length, EcKey key);

    [LibraryImport(Library)]
    internal static partial int ECDSA_do_verify(
        ReadOnlySpan<byte> digest, int length, EcdsaSignature signature, EcKey key);
}
