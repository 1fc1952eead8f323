using System.Globalization;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// What strace does to a process. It counts the calls of each thread by itself; a party's database is written by one
/// thread, so that the k-th flush is the k-th durable write of that party since it started.
/// </summary>
internal sealed class Injection
{
    private const string Flushes = "fsync,fdatasync";

    private readonly string? log;

    private Injection(string? log, string[] arguments) => (this.log, Arguments) = (log, arguments);

    /// <summary>Of strace.</summary>
    public string[] Arguments { get; }

    /// <summary>Nothing; only counts.</summary>
    /// <param name="log">Where strace writes to.</param>
    /// <param name="calls">What is counted.</param>
    /// <param name="path">Only on this file.</param>
    public static Injection Count(string log, string calls = Flushes, string? path = null) =>
        new(log, ["-f", "--seccomp-bpf", "-qq", "-o", log, "-e", $"trace={calls}", .. On(path)]);

    /// <summary>SIGKILL when the k-th flush of a file, or of any file, begins.</summary>
    public static Injection Kill(int flush, string? path = null) => Of(Flushes, $"signal=KILL:when={flush}", path);

    /// <summary>From the k-th flush of a file on, all fail: a disk that is broken.</summary>
    public static Injection BrokenDisk(string path, int flush) => Of(Flushes, $"error=EIO:when={flush}+", path);

    /// <summary>From the k-th write to a file on, all fail: a disk that is full.</summary>
    public static Injection FullDisk(string path, int write) => Of("pwrite64", $"error=ENOSPC:when={write}+", path);

    /// <summary>How many calls each thread has made.</summary>
    public IReadOnlyDictionary<int, int> Counted() => File.ReadLines(log!)
        .Where(line => !line.Contains("resumed>", StringComparison.Ordinal) && line.Contains('('))
        .CountBy(line => int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture))
        .ToDictionary();

    // Strace does not send a signal where a seccomp filter stopped the call, so that there it stops at every call.
    private static Injection Of(string calls, string what, string? path = null) => new(
        null,
        [
            "-f", .. what.StartsWith("signal", StringComparison.Ordinal) ? (string[])[] : ["--seccomp-bpf"], "-qq",
            "-o", "/dev/null", "-e", $"trace={calls}", "-e", $"inject={calls}:{what}", .. On(path),
        ]);

    private static string[] On(string? path) => path is null ? [] : ["-P", path];
}
