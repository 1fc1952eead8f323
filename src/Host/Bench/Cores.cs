using System.Diagnostics;
using System.Globalization;

namespace Bauta.Host.Bench;

/// <summary>Which cores serve and which make the load: the first one and all others.</summary>
internal sealed record Cores(string Servers, string Load, string All)
{
    /// <summary>Splits what this process may run on.</summary>
    public static Cores Split()
    {
        const string allowed = "Cpus_allowed_list:";
        var list = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(allowed, StringComparison.Ordinal));
        var cores = list[allowed.Length..].Trim().Split(',').SelectMany(Range).ToArray();
        return new Cores(cores[0], string.Join(',', cores.Length > 1 ? cores[1..] : cores), string.Join(',', cores));
    }

    /// <summary>Moves all threads of this process.</summary>
    public static void Stay(string cores)
    {
        var start = new ProcessStartInfo("taskset") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-a", "-p", "-c", cores, Text(Environment.ProcessId)])
            start.ArgumentList.Add(argument);
        using var moved = Process.Start(start)
            ?? throw new HostException(ExitCode.Unexpected, "taskset is missing. Install util-linux.");
        moved.StandardOutput.ReadToEnd();
        moved.WaitForExit();
    }

    private static IEnumerable<string> Range(string text)
    {
        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1).Select(Text);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
