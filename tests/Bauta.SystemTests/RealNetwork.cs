using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Bauta.SystemTests;

/// <summary>What a finished `bauta` process said.</summary>
internal sealed record Said(int ExitCode, string Output, string Errors)
{
    public JsonNode Json => JsonNode.Parse(Output) ?? throw new InvalidDataException($"No JSON: {Output} {Errors}");
}

/// <summary>What the copies of networks are made of; deleted after the last test.</summary>
public sealed class Originals : IDisposable
{
    public void Dispose() => RealNetwork.Forget();
}

/// <summary>
/// A whole network of real processes, one for each role, on real ports and real files, made by `bauta demo` and then
/// run by `bauta serve`, so that each can be killed and started again.
/// </summary>
internal sealed partial class RealNetwork : IDisposable
{
    public static readonly string[] Roles = ["witness-1", "witness-2", "archive", "acquirer", "bank", "merchant"];

    public static readonly string[] Masks = ["mask-2", "mask-1"];

    private static readonly string binary = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../../src/Host/bin", Path.GetFileName(Path.GetDirectoryName(
            AppContext.BaseDirectory.TrimEnd('/'))!), "net10.0/bauta"));

    private static int lastPorts = Environment.ProcessId % 500 * 20;

    // A network takes long to make, and one that was just made is like any other: most tests get a copy of one of
    // these, as many as run at once. A copy is on the ports of its original.
    private static readonly ConcurrentBag<RealNetwork> originals = [];

    private readonly Dictionary<string, Role> running = [];
    private readonly int portBase;

    private RealNetwork? original;

    private RealNetwork(string folder, int portBase) => (Folder, this.portBase) = (folder, portBase);

    public string Folder { get; }

    /// <summary>A network with one purchase done, stopped.</summary>
    /// <param name="settings">Values to put into the configuration of a role.</param>
    public static Task<RealNetwork> PrepareAsync(params (string Role, string Name, string Value)[] settings) =>
        PrepareAsync(isMasked: false, settings);

    /// <summary>A network with one purchase done, stopped.</summary>
    /// <param name="isMasked">Whether the wallet goes through both masks.</param>
    /// <param name="settings">Values to put into the configuration of a role.</param>
    public static async Task<RealNetwork> PrepareAsync(
        bool isMasked, params (string Role, string Name, string Value)[] settings)
    {
        if (!originals.TryTake(out var original))
            original = await MakeAsync();
        var folder = Directory.CreateTempSubdirectory("bauta-system-").FullName;
        using (var copying = Start("cp", ["-a", Path.Combine(original.Folder, "."), folder]))
        {
            var said = await EndAsync(copying, TimeSpan.FromMinutes(1), "cp");
            if (said.ExitCode != 0)
                throw new InvalidOperationException($"The network was not copied: {said}");
        }

        var network = new RealNetwork(folder, original.portBase) { IsMasked = isMasked, original = original };
        foreach (var (role, name, value) in settings)
            network.Set(role, name, value);
        return network;
    }

    /// <summary>Makes a network on ports of its own, with one purchase done, and leaves it stopped.</summary>
    public static async Task<RealNetwork> MakeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("bauta-system-").FullName;
        var network = new RealNetwork(folder, FreePortBase());
        var said = await BautaAsync(TimeSpan.FromMinutes(3),
            "demo", "--once", "--direct", "--json", "--data", folder, "--port-base", $"{network.portBase}");
        return said.ExitCode == 0 ? network : throw new InvalidOperationException($"The demo failed: {said}");
    }

    /// <summary>Deletes what the copies are made of.</summary>
    public static void Forget()
    {
        while (originals.TryTake(out var original))
            original.Dispose();
    }

    public async Task StartAsync(params string[] roles)
    {
        foreach (var role in roles.Length > 0 ? roles : Roles)
            running[role] = new Role(Launch("serve", KindOf(role), "--config", ConfigOf(role)));
        foreach (var role in roles.Length > 0 ? roles : Roles)
            await WaitUntilHealthyAsync(role);
    }

    /// <summary>Starts every role and mask that does not run.</summary>
    public Task StartMissingAsync()
    {
        string[] missing =
            [.. Roles.Concat(Masks).Where(role => !IsRunning(role))];
        return missing.Length == 0 ? Task.CompletedTask : StartAsync(missing);
    }

    /// <summary>Starts a role under strace, which may end it at any time.</summary>
    public async Task StartTracedAsync(string role, string[] strace)
    {
        running[role] = new Role(LaunchTraced(strace, "serve", KindOf(role), "--config", ConfigOf(role)));
        try
        {
            await WaitUntilHealthyAsync(role);
        }
        catch (InvalidOperationException) when (running[role].HasExited)
        {
            // It met what was injected while it started.
        }
    }

    /// <summary>Starts the shop as one that sells a site by the request.</summary>
    public async Task StartPayProxyAsync(params string[] arguments)
    {
        running[Shop] = new Role(Launch(["pay-proxy", "--config", ConfigOf(Shop), .. arguments]));
        await WaitUntilHealthyAsync(Shop);
    }

    public bool IsRunning(string role) => running.TryGetValue(role, out var process) && !process.HasExited;

    /// <summary>Gives a role that ends by itself the time that it takes.</summary>
    public async Task EndedAsync(string role, TimeSpan limit)
    {
        for (var waited = TimeSpan.Zero; IsRunning(role) && waited < limit; waited += TimeSpan.FromMilliseconds(200))
            await Task.Delay(200);
    }

    /// <summary>The process of a role that runs.</summary>
    public int ProcessOf(string role) => running[role].Id;

    /// <summary>SIGKILL: nothing is flushed, nothing is said.</summary>
    /// <returns>What the process had written to its output and log.</returns>
    public string Kill(string role) => Stop(role).Log;

    /// <summary>SIGKILL, unless it has ended by itself; then with its exit code.</summary>
    public (int? ExitCode, string Log) Stop(string role)
    {
        return running.Remove(role, out var process) ? process.Stop() : (null, "");
    }

    /// <summary>SIGTERM: the role stops as its operator stops it.</summary>
    /// <returns>What the process had written to its output and log.</returns>
    public async Task<string> EndAsync(string role)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{ProcessOf(role)}"]))
            await kill.WaitForExitAsync();
        await EndedAsync(role, TimeSpan.FromSeconds(30));
        var (exitCode, log) = Stop(role);
        return exitCode == 0 ? log : throw new InvalidOperationException($"{role} did not stop: {exitCode} {log}");
    }

    /// <summary>All that a role keeps on disk.</summary>
    public IEnumerable<(string Path, byte[] Content)> FilesOf(string role) =>
        Directory.EnumerateFiles(Path.Combine(Folder, role), "*", SearchOption.AllDirectories)
            .Select(path => (path, File.ReadAllBytes(path)));

    /// <summary>Whether the wallet goes through both masks; otherwise it calls the parties directly.</summary>
    public bool IsMasked { get; set; }

    /// <summary>What the shop had paid out so far, in minor units.</summary>
    public long PaidOut { get; set; }

    /// <summary>The wallet that the verbs work on: the demo's own, or another below the network's folder.</summary>
    public string Wallet { get; set; } = "wallet";

    /// <summary>The place of the merchant that the shop's verbs are for.</summary>
    public string Shop { get; set; } = "merchant";

    /// <summary>A port of the network's own that no role of the demo has.</summary>
    public int SparePort(int number) => portBase + 10 + number;

    /// <summary>One more role, made by `bauta init` in a folder of its own: <c>bank-two</c> is a bank.</summary>
    /// <returns>Its address for wallets.</returns>
    public async Task<string> AddAsync(string role, int port, params string[] more)
    {
        var said = await BautaAsync(TimeSpan.FromMinutes(1),
        [
            "init", KindOf(role), "--config", ConfigOf(role), "--name", $"{role}.demo", "--url",
            $"http://127.0.0.1:{port}", "--archive", "../archive/archive.party.json", "--json", .. more,
        ]);
        if (said.ExitCode != 0)
            throw new InvalidOperationException($"{role} was not made: {said}");
        Set(role, "unlimitedSources", "[\"127.0.0.1\"]");
        return (string)said.Json["address"]!;
    }

    /// <summary>A `bauta wallet` verb on the network's wallet.</summary>
    public Task<Said> WalletAsync(params string[] arguments) =>
        BautaAsync(TimeSpan.FromMinutes(2), WalletArguments(arguments));

    /// <summary>`bauta fetch` with the network's wallet.</summary>
    public Task<Said> FetchAsync(params string[] arguments) =>
        BautaAsync(TimeSpan.FromMinutes(2), [.. FetchArguments(arguments), "--json"]);

    public Process StartWallet(params string[] arguments) => Launch(WalletArguments(arguments));

    public Task<Said> ShopAsync(params string[] arguments) => BautaAsync(
        TimeSpan.FromMinutes(1), ["shop", .. arguments, "--config", ConfigOf(Shop), "--json"]);

    /// <summary>A `bauta bank` verb of a bank's operator.</summary>
    public Task<Said> BankAsync(string bank, params string[] arguments) => BautaAsync(
        TimeSpan.FromMinutes(1), ["bank", .. arguments, "--config", ConfigOf(bank), "--json"]);

    public static async Task<Said> BautaAsync(TimeSpan limit, params string[] arguments)
    {
        using var process = Launch(arguments);
        return await EndAsync(process, limit, string.Join(' ', arguments));
    }

    /// <summary>Waits until a process ends and reads all that it says.</summary>
    public static async Task<Said> EndAsync(Process process, TimeSpan limit, string what = "a verb")
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"bauta {what}: {await output} {await errors}");
        }

        return new Said(process.ExitCode, await output, await errors);
    }

    public void Dispose()
    {
        foreach (var role in running.Keys.ToArray())
            Kill(role);
        Directory.Delete(Folder, recursive: true);
        if (original is not null)
            originals.Add(original);
    }

    public string[] WalletArguments(params string[] arguments) => ["wallet", .. arguments, .. WalletOptions, "--json"];

    /// <summary>`bauta fetch` with the network's wallet.</summary>
    public string[] FetchArguments(params string[] arguments) => ["fetch", .. arguments, .. WalletOptions];

    private string[] WalletOptions =>
    [
        "--wallet", Path.Combine(Folder, Wallet), "--password-file", Path.Combine(Folder, "wallet.password"),
        .. IsMasked ? Array.Empty<string>() : ["--direct"],
    ];

    internal static Process Launch(params string[] arguments) => Start(binary, arguments);

    /// <summary>A `bauta` process that works in a folder.</summary>
    internal static Process LaunchIn(string folder, params string[] arguments) => Start(binary, arguments, folder);

    /// <summary>A file of the repository.</summary>
    internal static string SourcePath(string path) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../..", path));

    /// <summary>A `bauta` process under strace.</summary>
    internal static Process LaunchTraced(string[] strace, params string[] arguments) =>
        Start("strace", [.. strace, "--", binary, .. arguments]);

    private static Process Start(string program, string[] arguments, string folder = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.StandardInput.Close();
        return process;
    }

    /// <summary>The address that a role listens on, such as <c>127.0.0.1:20003</c>.</summary>
    public string ListenOf(string role) => ListenLine().Match(File.ReadAllText(ConfigOf(role))).Groups[1].Value;

    /// <summary>What a role's operator hands to the others.</summary>
    public JsonNode PartyFile(string role) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, role, $"{KindOf(role)}.party.json")))!;

    /// <summary>A party's address as wallets know it: origin and thumbprint (RFC 7638) of its identity key.</summary>
    public string AddressOf(string role)
    {
        var file = PartyFile(role);
        var key = Bauta.Crypto.Jose.P256PublicKey.FromSpki(
            System.Buffers.Text.Base64Url.DecodeFromChars((string)file["key"]!));
        return $"{file["url"]}#{key.Thumbprint}";
    }

    public static string KindOf(string role) => role.Split('-')[0];

    public string ConfigOf(string role) => Path.Combine(Folder, role, $"{KindOf(role)}.json");

    private async Task WaitUntilHealthyAsync(string role)
    {
        var scheme = CertificateLine().IsMatch(await File.ReadAllTextAsync(ConfigOf(role))) ? "https" : "http";
        var sockets = new SocketsHttpHandler();
        sockets.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var http = new HttpClient(sockets) { Timeout = TimeSpan.FromSeconds(2) };
        for (var tries = 0; tries < 1200; tries++)
        {
            if (running[role].HasExited)
                throw new InvalidOperationException(
                    $"{role} stopped: {running[role].Stop().Log}");
            try
            {
                using var answer = await http.GetAsync(new Uri($"{scheme}://{ListenOf(role)}/health"));
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet; the loop is bounded.
            }

            await Task.Delay(25);
        }

        throw new TimeoutException($"{role} did not become healthy.");
    }

    public void Set(string role, string name, string value)
    {
        var path = ConfigOf(role);
        var text = File.ReadAllText(path);
        // A commented line is left as it is.
        var line = new Regex($"^(\\s*\\{{?\\s*)\"{name}\":\\s*(\\[[^\\]]*\\]|[^,\\n}}]+)", RegexOptions.Multiline);
        text = line.IsMatch(text)
            ? line.Replace(text, $"$1\"{name}\": {value}", 1)
            : text.Insert(text.IndexOf('{', StringComparison.Ordinal) + 1, $"\n  \"{name}\": {value},");
        File.WriteAllText(path, text);
    }

    /// <summary>The first of twenty ports below the ephemeral range that nobody listens on, each time others.</summary>
    internal static int FreePortBase()
    {
        while (true)
        {
            var candidate = 20_000 + (Interlocked.Add(ref lastPorts, 20) % 11_000);
            var taken = System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties()
                .GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
            if (!Enumerable.Range(candidate, 20).Any(taken.Contains))
                return candidate;
        }
    }

    [GeneratedRegex("^\\s*\"certificate\"", RegexOptions.Multiline)]
    private static partial Regex CertificateLine();

    /// <summary>A running process, whose output is read all the time: a full pipe would stop it.</summary>
    private sealed class Role(Process process)
    {
        private readonly Task<string> output = process.StandardOutput.ReadToEndAsync();
        private readonly Task<string> errors = process.StandardError.ReadToEndAsync();

        public int Id => process.Id;

        public bool HasExited => process.HasExited;

        public (int? ExitCode, string Log) Stop()
        {
            int? exitCode = process.HasExited ? process.ExitCode : null;
            // With strace, the process that it runs too.
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return (exitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
        }
    }

    [GeneratedRegex("\"listen\":\\s*\"([^\"]+)\"")]
    private static partial Regex ListenLine();
}
