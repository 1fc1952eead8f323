using System.Diagnostics;
using System.Runtime.InteropServices;
using Bauta.Storage;

namespace Bauta.Tests.Storage;

/// <summary>This test program started once more as a process that stores, to be killed or to have its disk
/// fail.</summary>
/// <remarks>
/// It reads commands and answers each with a line, always after the call has returned:
/// <code>
/// insert N SIZE   -> stored N | failed FAILURE
/// file N          -> stored N | failed FAILURE
/// flood           -> stored N, for ever
/// </code>
/// </remarks>
internal sealed partial class StorageChild : IDisposable
{
    private const string Variable = "BAUTA_STORAGE_CHILD";
    private const int AllowTracer = 0x59616d61;

    public static readonly IReadOnlyList<Migration> Schema =
        [new(1, "items", "CREATE TABLE items (id {bigint} PRIMARY KEY, body {blob} NOT NULL) {strict};")];

    private readonly Process _process;

    private StorageChild(Process process) => _process = process;

    public static async Task<StorageChild> StartAsync(string target)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[Variable] = target;
        var child = new StorageChild(Process.Start(start)!);
        if (await child.ReadAsync() is not "ready" and var said)
            throw new InvalidOperationException("The child did not start: " + said);
        return child;
    }

    public async Task<string> AskAsync(string command)
    {
        await SendAsync(command);
        return await ReadAsync();
    }

    public async Task SendAsync(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
    }

    public async Task<string> ReadAsync() => await _process.StandardOutput.ReadLineAsync() ?? "ended";

    /// <summary>SIGKILL; returns what it had said by then.</summary>
    public async Task<string> KillAsync()
    {
        _process.Kill();
        var rest = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return rest;
    }

    /// <summary>Makes system calls of this child fail until disposed.</summary>
    /// <param name="calls">As strace names them, such as <c>fsync,fdatasync</c>.</param>
    /// <param name="path">Only calls on this file.</param>
    public Task<IDisposable> FailAsync(string calls, string error, string? path = null) =>
        FailAsync(_process.Id, calls, error, path);

    /// <summary>Makes system calls of this very process on one file fail until disposed.</summary>
    public static Task<IDisposable> FailOwnAsync(string calls, string error, string path)
    {
        _ = Prctl(AllowTracer, -1, 0, 0, 0);
        return FailAsync(Environment.ProcessId, calls, error, path);
    }

    private static async Task<IDisposable> FailAsync(int process, string calls, string error, string? path)
    {
        var start = new ProcessStartInfo("strace") { RedirectStandardError = true };
        string[] arguments =
        [
            "-f", "-p", $"{process}", "-o", "/dev/null",
            "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}",
            .. path is null ? (string[])[] : ["-P", path],
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var strace = Process.Start(start)!;
        // It names the threads it holds in one line, or one line each; none runs untraced after the first attach.
        var line = await strace.StandardError.ReadLineAsync();
        if (line?.Contains("attached", StringComparison.Ordinal) != true)
            throw new InvalidOperationException("strace did not attach: " + line);
        return new Tracer(strace);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private sealed class Tracer(Process strace) : IDisposable
    {
        public void Dispose()
        {
            // It lets go of the child when asked to end, and not when killed.
            _ = Kill(strace.Id, 15);
            strace.WaitForExit();
            strace.Dispose();
        }
    }

    /// <summary>What to do instead of running tests; null when this process is to run tests.</summary>
    public static string? Target => Environment.GetEnvironmentVariable(Variable);

    public static async Task ServeAsync(string target)
    {
        _ = Prctl(AllowTracer, -1, 0, 0, 0);
        var database = target.StartsWith("file:", StringComparison.Ordinal) ? null : Database.Open(target, Schema);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            try
            {
                switch (words[0])
                {
                    case "insert":
                        await InsertAsync(database!, long.Parse(words[1]), int.Parse(words[2]));
                        break;
                    case "file":
                        DurableFile.Write(target["file:".Length..], System.Text.Encoding.UTF8.GetBytes(words[1]));
                        break;
                    case "flood":
                        await Task.WhenAll(Enumerable.Range(0, 8).Select(lane => FloodAsync(database!, lane)));
                        break;
                    default:
                        throw new ArgumentException(line);
                }
                Console.WriteLine("stored " + words[1]);
            }
            catch (StorageException e)
            {
                Console.WriteLine("failed " + e.Failure);
            }
        }
    }

    private static Task InsertAsync(IDatabase database, long id, int size) => database.WriteAsync(transaction =>
        transaction.Execute("INSERT INTO items (id, body) VALUES ($1, $2)", id, new byte[size]));

    private static async Task FloodAsync(IDatabase database, int lane)
    {
        for (long id = lane; ; id += 8)
        {
            await InsertAsync(database, id, 1000);
            Console.WriteLine($"stored {id}");
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nint second, nint third, nint fourth, nint fifth);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
