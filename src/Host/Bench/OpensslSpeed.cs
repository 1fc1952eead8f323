using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Bauta.Host.Bench;

/// <summary><c>openssl speed rsa2048</c>, on the cores of this process.</summary>
internal static class OpensslSpeed
{
    // Of the machine-readable lines: size of the key, then seconds of processor time for a signature in some versions
    // of OpenSSL and signatures a second in others. None takes a second for one, or makes less than one in a second.
    private const string Line = "+F2:";
    private const string Size = "2048";

    /// <summary>Microseconds of processor time for one signature; null when OpenSSL's command is not
    /// installed.</summary>
    public static async Task<double?> SignMicrosecondsAsync(CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("openssl", ["speed", "-mr", "-seconds", "2", "rsa2048"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            var text = await process.StandardOutput.ReadToEndAsync(cancellation);
            await errors;
            await process.WaitForExitAsync(cancellation);
            return Read(text);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Reads what it prints: <c>+F2:2:2048:0.000558:0.000017</c> or
    /// <c>+F2:2:2048:1792.000000:58823.000000</c>.</summary>
    internal static double? Read(string text)
    {
        foreach (var line in text.Split('\n').Where(line => line.StartsWith(Line, StringComparison.Ordinal)))
        {
            var parts = line.Trim().Split(':');
            if (parts.Length > 3 && parts[2] == Size
                && double.TryParse(parts[3], NumberStyles.Float, CultureInfo.InvariantCulture, out var told)
                && told > 0)
                return 1e6 * (told < 1 ? told : 1 / told);
        }

        return null;
    }
}
