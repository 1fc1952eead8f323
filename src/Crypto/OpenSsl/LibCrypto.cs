using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Bauta.Crypto.OpenSsl;

/// <summary>
/// libcrypto 3 (OpenSSL), which .NET on Linux loads anyway: the few functions that the framework does not expose or
/// exposes slowly. One partial file per primitive; this one holds what they share.
/// </summary>
internal static partial class LibCrypto
{
    internal const string Library = "libcrypto.so.3";

    private const ulong InitNoAtExit = 0x00080000;
    private const int MaxQueuedErrors = 16;

    // Without this, libcrypto frees its tables in atexit while pool threads may still be inside it.
    static LibCrypto()
    {
        if (OPENSSL_init_crypto(InitNoAtExit, 0) != 1)
            throw new CryptographicException("libcrypto did not initialise.");
    }

    /// <summary>Throws with libcrypto's own reasons unless <paramref name="result"/> is 1.</summary>
    internal static void Check(int result, string operation)
    {
        if (result != 1)
            throw Failure(operation);
    }

    /// <summary>Returns the handle, or throws with libcrypto's own reasons when it is empty.</summary>
    internal static T Check<T>(T handle, string operation) where T : SafeHandle
    {
        if (!handle.IsInvalid)
            return handle;
        handle.Dispose();
        throw Failure(operation);
    }

    /// <summary>Empties this thread's error queue into an exception to throw.</summary>
    internal static CryptographicException Failure(string operation)
    {
        var text = new StringBuilder(operation).Append(" failed");
        Span<byte> line = stackalloc byte[256];
        for (var count = 0; count < MaxQueuedErrors; count++)
        {
            var code = ERR_get_error();
            if (code == 0)
                break;
            ERR_error_string_n(code, line, (nuint)line.Length);
            text.Append(count == 0 ? ": " : "; ").Append(Encoding.ASCII.GetString(line[..line.IndexOf((byte)0)]));
        }

        ERR_clear_error();
        return new CryptographicException(text.ToString());
    }

    /// <summary>Forgets this thread's queued errors: call after a refusal that is an answer and no fault.</summary>
    internal static void ForgetErrors() => ERR_clear_error();

    [LibraryImport(Library)]
    private static partial int OPENSSL_init_crypto(ulong options, nint settings);

    [LibraryImport(Library)]
    private static partial nuint ERR_get_error();

    [LibraryImport(Library)]
    private static partial void ERR_error_string_n(nuint code, Span<byte> text, nuint length);

    [LibraryImport(Library)]
    private static partial void ERR_clear_error();
}
