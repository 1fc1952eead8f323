using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Bauta.Simulation;

/// <summary>
/// Lets libcrypto draw from a world's seed on the thread that runs the world, so that keys, signatures and ids are the
/// same when it is run again; every other thread draws as ever. In a process that simulates nothing it is never put in
/// place.
/// </summary>
internal static unsafe partial class SeededKeys
{
    private const string Library = "libcrypto.so.3";

    private static readonly nint usual = RAND_OpenSSL();
    private static readonly delegate* unmanaged[Cdecl]<byte*, int, int> usualBytes = ((RandMethod*)usual)->Bytes;
    private static readonly bool isInPlace = Install();

    [ThreadStatic]
    private static Chance? current;

    /// <summary>From here on this thread's keys come from this; null for true randomness.</summary>
    /// <returns>What was there before.</returns>
    public static Chance? Use(Chance? chance)
    {
        if (!isInPlace)
            throw new InvalidOperationException("libcrypto does not take another source of randomness.");
        var before = current;
        current = chance;
        return before;
    }

    private static bool Install()
    {
        // Lives as long as the process: libcrypto keeps the address.
        var method = (RandMethod*)NativeMemory.AllocZeroed((nuint)sizeof(RandMethod));
        *method = *(RandMethod*)usual;
        method->Bytes = &Draw;
        method->PseudoRand = &Draw;
        return RAND_set_rand_method((nint)method) == 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Draw(byte* bytes, int count)
    {
        if (current is not { } chance)
            return usualBytes(bytes, count);
        chance.Fill(new Span<byte>(bytes, count));
        return 1;
    }

    // struct rand_meth_st of openssl/rand.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct RandMethod
    {
        public nint Seed;
        public delegate* unmanaged[Cdecl]<byte*, int, int> Bytes;
        public nint Cleanup;
        public nint Add;
        public delegate* unmanaged[Cdecl]<byte*, int, int> PseudoRand;
        public nint Status;
    }

    [LibraryImport(Library)]
    private static partial nint RAND_OpenSSL();

    [LibraryImport(Library)]
    private static partial int RAND_set_rand_method(nint method);
}
