using System.Diagnostics;

namespace Bauta.Host.Bench;

/// <summary>A process of this executable on cores of its own, and what it has used of them.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;
    private bool isDisposed;

    private ServerProcess(string name, Process process)
    {
        (Name, this.process) = (name, process);
        _ = process.StandardOutput.ReadToEndAsync();
        errors = process.StandardError.ReadToEndAsync();
    }

    public string Name { get; }

    /// <summary>Processor time used so far, of user and kernel.</summary>
    public TimeSpan Cpu => Fresh().TotalProcessorTime;

    /// <summary>Bytes in memory now.</summary>
    public long Resident => Fresh().WorkingSet64;

    /// <summary>The most bytes ever in memory.</summary>
    public long PeakResident => Fresh().PeakWorkingSet64;

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    public static ServerProcess Start(string name, string cores, params string[] arguments)
    {
        var start = new ProcessStartInfo("taskset")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in (string[])["-c", cores, Environment.ProcessPath!, .. arguments])
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)
            ?? throw new HostException(Host.ExitCode.Unexpected, "taskset is missing. Install util-linux.");
        process.StandardInput.Close();
        return new ServerProcess(name, process);
    }

    /// <summary>Waits until it answers.</summary>
    public async Task WaitUntilHealthyAsync(HttpClient http, Uri root, CancellationToken cancellation)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            if (process.HasExited)
                throw new HostException(Host.ExitCode.Unexpected, $"{Name} stopped: {(await errors).Trim()}");
            try
            {
                using var answer = await http.GetAsync(new Uri(root, "health"), cancellation);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet; the loop is bounded.
            }

            await Task.Delay(100, cancellation);
        }

        throw new HostException(Host.ExitCode.Unexpected, $"{Name} did not start.");
    }

    public async Task<string> ErrorsAsync(CancellationToken cancellation)
    {
        await process.WaitForExitAsync(cancellation);
        return await errors;
    }

    /// <summary>Kills it: every role survives that, and nothing here is kept.</summary>
    public void Dispose()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private Process Fresh()
    {
        process.Refresh();
        return process;
    }
}
