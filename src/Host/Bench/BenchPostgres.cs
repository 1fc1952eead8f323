using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Bauta.Host.Bench;

/// <summary>A PostgreSQL of the bench's own: durable, on a Unix socket in a temporary folder, on the servers' core. It
/// ends with this process, however that ends, because it watches the pipe between them.</summary>
internal sealed class BenchPostgres : IDisposable
{
    // PostgreSQL refuses root, so this may run as another user.
    private const string Script = """
        umask 077
        mkdir "$1" || exit 1
        trap '' INT
        "$2/initdb" -D "$1/data" -A trust -U bauta -E UTF8 --locale=C >"$1/log" 2>&1 || { cat "$1/log"; exit 1; }
        "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=200 -c shared_buffers=64MB \
          -c max_wal_size=2GB >>"$1/log" 2>&1 &
        server=$!
        until "$2/pg_isready" -q -h "$1" -U bauta -d postgres; do kill -0 $server || exit 1; sleep 0.1; done
        shift 2
        for name in "$@"; do
          "$programs/psql" -q -h "$folder" -U bauta -d postgres -c "CREATE DATABASE \"$name\"" || exit 1
        done
        echo "$server"
        read -r _
        kill -INT $server
        wait $server
        rm -rf "$folder"
        """;

    private readonly Process shell;
    private readonly string folder;
    private readonly int server;

    private BenchPostgres(Process shell, string folder, int server) =>
        (this.shell, this.folder, this.server) = (shell, folder, server);

    /// <summary>Processor time of the server and all its sessions, those that have ended too.</summary>
    public TimeSpan Cpu
    {
        get
        {
            long ticks = 0;
            foreach (var entry in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(entry), CultureInfo.InvariantCulture, out var id)
                    || FieldsOf(entry) is not { } fields)
                    continue;
                if (id == server)
                    ticks += fields[11] + fields[12] + fields[13] + fields[14];
                else if (fields[1] == server)
                    ticks += fields[11] + fields[12];
            }

            // Linux counts 100 ticks a second for every program.
            return TimeSpan.FromMilliseconds(ticks * 10);
        }
    }

    /// <summary>Whether there is one to start.</summary>
    public static bool IsInstalled => FindPrograms() is not null;

    public static async Task<BenchPostgres> StartAsync(
        string cores, IEnumerable<string> databases, CancellationToken cancellation)
    {
        var folder = Path.Combine(
            Path.GetTempPath(), $"bauta-bench-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
        var start = new ProcessStartInfo("taskset")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        string[] user = Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--"] : [];
        foreach (var argument in (string[])["-c", cores, .. user, "sh", "-c", "folder=$1 programs=$2\n" + Script, "sh",
            folder, FindPrograms()!, .. databases])
            start.ArgumentList.Add(argument);
        var shell = Process.Start(start)!;
        var said = await shell.StandardOutput.ReadLineAsync(cancellation);
        return int.TryParse(said, CultureInfo.InvariantCulture, out var server)
            ? new BenchPostgres(shell, folder, server)
            : throw new HostException(ExitCode.Unexpected,
                $"PostgreSQL did not start: {said} {await shell.StandardOutput.ReadToEndAsync(cancellation)}");
    }

    /// <summary>How a role reaches one of the databases.</summary>
    public string ConnectionOf(string database) => $"Host={folder};Username=bauta;Database={database}";

    public void Dispose()
    {
        shell.StandardInput.Close();
        shell.WaitForExit();
        shell.Dispose();
    }

    // From the state on: the name before it may hold anything but a closing bracket.
    private static long[]? FieldsOf(string entry)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(entry, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return [0, .. fields.Skip(1).Take(14).Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? FindPrograms() => !Directory.Exists("/usr/lib/postgresql")
        ? null
        : Directory.GetDirectories("/usr/lib/postgresql").Select(path => Path.Combine(path, "bin"))
            .Where(path => File.Exists(Path.Combine(path, "initdb"))).Max(StringComparer.Ordinal);
}
