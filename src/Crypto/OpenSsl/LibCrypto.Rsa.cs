using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>An RSA key; private numbers are zeroed when freed. Operations on one are thread-safe.</summary>
internal sealed class RsaHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public RsaHandle() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.RSA_free(handle);
        return true;
    }
}

internal static partial class LibCrypto
{
    internal const int RSA_NO_PADDING = 3;

    [LibraryImport(Library)]
    internal static partial RsaHandle RSA_new();

    [LibraryImport(Library)]
    internal static partial void RSA_free(nint key);

    [LibraryImport(Library)]
    internal static partial int RSA_generate_key_ex(RsaHandle key, int bits, BigNumber exponent, nint progress);

    [LibraryImport(Library)]
    internal static partial int RSA_set0_key(RsaHandle key, nint n, nint e, nint d);

    [LibraryImport(Library)]
    internal static partial int RSA_set0_factors(RsaHandle key, nint p, nint q);

    [LibraryImport(Library)]
    internal static partial int RSA_set0_crt_params(RsaHandle key, nint dp, nint dq, nint qInverse);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_n(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_d(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_p(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_q(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_dmp1(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_dmq1(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial nint RSA_get0_iqmp(RsaHandle key);

    [LibraryImport(Library)]
    internal static partial int RSA_test_flags(RsaHandle key, int flags);

    [LibraryImport(Library)]
    internal static partial int RSA_public_encrypt(
        int length, ReadOnlySpan<byte> from, Span<byte> to, RsaHandle key, int padding);

    [LibraryImport(Library)]
    internal static partial int RSA_private_encrypt(
        int length, ReadOnlySpan<byte> from, Span<byte> to, RsaHandle key, int padding);

    [LibraryImport(Library)]
    internal static partial int RSA_verify_PKCS1_PSS_mgf1(
        RsaHandle key, ReadOnlySpan<byte> digest, DigestHandle hash, DigestHandle maskHash,
        ReadOnlySpan<byte> encoded, int saltSize);
}
