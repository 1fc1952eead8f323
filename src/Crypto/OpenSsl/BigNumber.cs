using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// A libcrypto BIGNUM, unsigned big-endian on the outside, zeroed when freed. Not thread-safe while being written;
/// any number of threads may read one.
/// </summary>
internal sealed class BigNumber : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller; use <see cref="Create"/> or <see cref="FromBytes"/>.</summary>
    public BigNumber() : base(ownsHandle: true)
    {
    }

    /// <summary>Bits of the value; 0 for zero.</summary>
    internal int BitCount => LibCrypto.BN_num_bits(this);

    internal bool IsZero => LibCrypto.BN_is_zero(this) == 1;

    /// <summary>A new zero.</summary>
    internal static BigNumber Create() => LibCrypto.Check(LibCrypto.BN_new(), "BN_new");

    /// <summary>A public value.</summary>
    internal static BigNumber FromBytes(ReadOnlySpan<byte> bigEndian)
    {
        var number = Create();
        number.Set(bigEndian);
        return number;
    }

    /// <summary>A secret value: libcrypto takes its constant-time paths for it.</summary>
    internal static BigNumber FromSecretBytes(ReadOnlySpan<byte> bigEndian)
    {
        var number = FromBytes(bigEndian);
        number.MarkSecret();
        return number;
    }

    internal void MarkSecret() => LibCrypto.BN_set_flags(this, LibCrypto.BN_FLG_CONSTTIME);

    internal void Set(ReadOnlySpan<byte> bigEndian)
    {
        if (LibCrypto.BN_bin2bn(bigEndian, bigEndian.Length, this) == 0)
            throw LibCrypto.Failure("BN_bin2bn");
    }

    /// <summary>Fills <paramref name="destination"/>, zeros first; throws when the value needs more bytes.</summary>
    internal void CopyTo(Span<byte> destination)
    {
        if (LibCrypto.BN_bn2binpad(this, destination, destination.Length) != destination.Length)
            throw LibCrypto.Failure("BN_bn2binpad");
    }

    internal byte[] ToBytes(int size)
    {
        var bytes = new byte[size];
        CopyTo(bytes);
        return bytes;
    }

    internal int CompareTo(BigNumber other) => LibCrypto.BN_cmp(this, other);

    /// <summary>The bare number, for a structure of libcrypto that owns it from now on.</summary>
    internal nint GiveAway()
    {
        var number = handle;
        SetHandleAsInvalid();
        return number;
    }

    /// <summary>
    /// A secret in [1, modulus): <paramref name="wide"/> mod (modulus - 1) + 1 (FIPS 186-5 A.2.1). Near enough to
    /// uniform when <paramref name="wide"/> is at least 16 bytes longer than the modulus.
    /// </summary>
    internal static BigNumber FromWideBytes(ReadOnlySpan<byte> wide, BigNumber modulus)
    {
        using var context = BigNumberContext.Create();
        using var range = LibCrypto.Check(LibCrypto.BN_dup(modulus), "BN_dup");
        LibCrypto.Check(LibCrypto.BN_sub_word(range, 1), "BN_sub_word");
        using var value = FromSecretBytes(wide);
        var result = Create();
        result.MarkSecret();
        LibCrypto.Check(LibCrypto.BN_nnmod(result, value, range, context), "BN_nnmod");
        LibCrypto.Check(LibCrypto.BN_add_word(result, 1), "BN_add_word");
        return result;
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.BN_clear_free(handle);
        return true;
    }
}

/// <summary>Scratch numbers for one calculation. Not thread-safe.</summary>
internal sealed class BigNumberContext : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For the marshaller; use <see cref="Create"/>.</summary>
    public BigNumberContext() : base(ownsHandle: true)
    {
    }

    internal static BigNumberContext Create() => LibCrypto.Check(LibCrypto.BN_CTX_secure_new(), "BN_CTX_secure_new");

    protected override bool ReleaseHandle()
    {
        LibCrypto.BN_CTX_free(handle);
        return true;
    }
}

internal static partial class LibCrypto
{
    internal const int BN_FLG_CONSTTIME = 4;

    [LibraryImport(Library)]
    internal static partial BigNumber BN_new();

    [LibraryImport(Library)]
    internal static partial BigNumber BN_dup(BigNumber number);

    [LibraryImport(Library)]
    internal static partial void BN_clear_free(nint number);

    [LibraryImport(Library)]
    internal static partial void BN_set_flags(BigNumber number, int flags);

    [LibraryImport(Library)]
    internal static partial nint BN_bin2bn(ReadOnlySpan<byte> bytes, int length, BigNumber result);

    [LibraryImport(Library)]
    internal static partial nint BN_bin2bn(ReadOnlySpan<byte> bytes, int length, nint result);

    [LibraryImport(Library)]
    internal static partial int BN_bn2binpad(BigNumber number, Span<byte> bytes, int length);

    [LibraryImport(Library)]
    internal static partial int BN_bn2binpad(nint number, Span<byte> bytes, int length);

    [LibraryImport(Library)]
    internal static partial int BN_num_bits(BigNumber number);

    [LibraryImport(Library)]
    internal static partial int BN_is_zero(BigNumber number);

    [LibraryImport(Library)]
    internal static partial int BN_cmp(BigNumber left, BigNumber right);

    [LibraryImport(Library)]
    internal static partial int BN_set_word(BigNumber number, nuint word);

    [LibraryImport(Library)]
    internal static partial int BN_add_word(BigNumber number, nuint word);

    [LibraryImport(Library)]
    internal static partial int BN_sub_word(BigNumber number, nuint word);

    [LibraryImport(Library)]
    internal static partial int BN_mul(BigNumber result, BigNumber left, BigNumber right, BigNumberContext context);

    [LibraryImport(Library)]
    internal static partial int BN_nnmod(
        BigNumber result, BigNumber number, BigNumber modulus, BigNumberContext context);

    [LibraryImport(Library)]
    internal static partial int BN_mod_mul(
        BigNumber result, BigNumber left, BigNumber right, BigNumber modulus, BigNumberContext context);

    [LibraryImport(Library)]
    internal static partial nint BN_mod_inverse(
        BigNumber result, BigNumber number, BigNumber modulus, BigNumberContext context);

    [LibraryImport(Library)]
    internal static partial BigNumberContext BN_CTX_secure_new();

    [LibraryImport(Library)]
    internal static partial void BN_CTX_free(nint context);
}
