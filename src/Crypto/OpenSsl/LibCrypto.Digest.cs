using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>A hash function, fetched once; shared by all threads.</summary>
internal sealed class DigestHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public DigestHandle() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MD_free(handle);
        return true;
    }
}

/// <summary>The state of a hash, or of a signature over one. Not thread-safe.</summary>
internal sealed class DigestContext : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public DigestContext() : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MD_CTX_free(handle);
        return true;
    }
}

internal static partial class LibCrypto
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial DigestHandle EVP_MD_fetch(nint context, string name, string? properties);

    [LibraryImport(Library)]
    internal static partial void EVP_MD_free(nint digest);

    [LibraryImport(Library)]
    internal static partial DigestContext EVP_MD_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestInit_ex2(DigestContext context, DigestHandle digest, nint parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestInit_ex2(DigestContext context, nint sameDigest, nint parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestUpdate(DigestContext context, ReadOnlySpan<byte> data, nuint length);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestFinal_ex(DigestContext context, Span<byte> digest, nint length);
}
