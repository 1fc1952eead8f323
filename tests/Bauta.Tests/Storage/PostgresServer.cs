using System.Diagnostics;
using System.Security.Cryptography;
using Bauta.Tests.Storage;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Bauta.Tests.Storage;

/// <summary>A real PostgreSQL of our own, in a temporary directory, on a Unix socket. It is started by the first test
/// that asks for a database and ends with the test process, however that ends.</summary>
/// <remarks>As a fixture it runs with fsync off, since the tests kill processes and not the kernel. Make one with
/// fsync on to measure.</remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Prefix = "bauta-postgres-";

    // Runs as a user PostgreSQL accepts. The server is stopped when our end of the pipe closes.
    private const string Script = """
        umask 077
        mkdir "$1" || exit 1
        trap '' INT
        if "$2/initdb" -D "$1/data" -A trust -U bauta -E UTF8 --locale=C --no-sync >"$1/log" 2>&1; then
          "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync="$3" -c max_connections=300 \
            -c shared_buffers=64MB -c max_wal_size=1GB >>"$1/log" 2>&1 &
          server=$!
          read -r _
          kill -INT $server
          wait $server
        else
          cat "$1/log"
        fi
        rm -rf "$1"
        """;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly string _directory = Path.Combine(
        "/tmp", $"{Prefix}{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
    private Process? _server;
    private int _databases;

    /// <summary>To be set before the first database is asked for.</summary>
    public bool Fsync { get; init; }

    /// <summary>A new, empty database; returns its connection string (<c>Host=...</c>).</summary>
    public async Task<string> CreateDatabaseAsync(string name = "test")
    {
        await StartAsync();
        name = $"{name}_{Interlocked.Increment(ref _databases)}";
        await RunAsync($"CREATE DATABASE \"{name}\"");
        return ConnectionString(name);
    }

    /// <summary>Ends every session of a database, as a server that is restarted would.</summary>
    public Task TerminateAsync(string connectionString) => RunAsync(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = " +
        $"'{new NpgsqlConnectionStringBuilder(connectionString).Database}'");

    public async ValueTask DisposeAsync()
    {
        if (_server is not { } process)
            return;
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private string ConnectionString(string database) =>
        $"Host={_directory};Username=bauta;Database={database}";

    private async Task StartAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_server is not null)
                return;
            RemoveStale();
            var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
            string[] command = ["-c", Script, "sh", _directory, FindPrograms(), Fsync ? "on" : "off"];
            if (Environment.IsPrivilegedProcess)
            {
                start.FileName = "runuser";
                foreach (var argument in (string[])["-u", "postgres", "--", "sh"])
                    start.ArgumentList.Add(argument);
            }
            foreach (var argument in command)
                start.ArgumentList.Add(argument);
            start.WorkingDirectory = "/tmp";
            var process = Process.Start(start)!;
            await WaitUntilReadyAsync(process);
            _server = process;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task WaitUntilReadyAsync(Process process)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await RunAsync("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (!process.HasExited && waited.Elapsed < TimeSpan.FromMinutes(2))
            {
                await Task.Delay(50);
            }
            catch (NpgsqlException e)
            {
                process.StandardInput.Close();
                var said = await process.StandardOutput.ReadToEndAsync();
                throw new InvalidOperationException("PostgreSQL did not start. " + said, e);
            }
        }
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string FindPrograms() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(static path => int.TryParse(Path.GetFileName(path), out var version) ? version : 0)
                .Select(static path => Path.Combine(path, "bin"))
                .FirstOrDefault(static path => File.Exists(Path.Combine(path, "initdb")))
                ?? throw Missing()
            : throw Missing();

    private static InvalidOperationException Missing() =>
        new("PostgreSQL is not installed; ./test installs what the tests need.");

    // The script removes its directory; only one that was killed itself leaves it behind.
    private static void RemoveStale()
    {
        foreach (var path in Directory.GetDirectories("/tmp", Prefix + "*"))
        {
            var owner = Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (Directory.Exists("/proc/" + owner))
                continue;
            try
            {
                StopStale(path);
                Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It belongs to somebody else, or is going away by itself.
            }
        }
    }

    private static void StopStale(string path)
    {
        var file = Path.Combine(path, "data", "postmaster.pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadLines(file).First(), out var id))
            return;
        var commandLine = $"/proc/{id}/cmdline";
        if (!File.Exists(commandLine) || !File.ReadAllText(commandLine).Contains(path, StringComparison.Ordinal))
            return;
        using var process = Process.GetProcessById(id);
        process.Kill();
        process.WaitForExit(TimeSpan.FromSeconds(10));
    }
}
