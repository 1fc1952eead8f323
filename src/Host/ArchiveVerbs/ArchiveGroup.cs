using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Archive.Follow;
using Bauta.Host.JudgeVerb;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Bauta.Wallet.Network;

namespace Bauta.Host.ArchiveVerbs;

/// <summary><c>bauta archive</c>.</summary>
internal static class ArchiveGroup
{
    public static Verb Build() => new VerbGroup("archive",
        "Checks an archive's log as any stranger can.",
        "bauta archive verify --network data/demo/network.json",
        new VerifyVerb(), new MonitorVerb());
}

/// <summary>A verb that reads a log.</summary>
internal abstract class LogVerb : DoingVerb
{
    private const int MaxKept = 256;

    private readonly Option<string> network = new("--network")
    {
        Description = "The network file that names the archive and its policy.",
        Required = true,
    };

    private readonly Option<bool> masked = new("--masked")
    {
        Description = "Read through the masks of the network file, so that the archive does not learn who watches.",
    };

    private readonly Option<string?> leaves = new("--out")
    {
        Description = "A folder for the leaves that raise an alarm, each in a file with its proof. They are evidence: "
            + "bauta wallet evidence --other FILE.",
    };

    protected LogVerb(string name, string description, string example)
        : base(name, description, example)
    {
        Add(network);
        Add(masked);
        Add(leaves);
    }

    /// <summary>Keeps the leaves that raised an alarm, with those that they contradict.</summary>
    protected async Task KeepAsync(
        ParseResult parsed, HttpNetwork network, MonitorReport report, Output output, CancellationToken cancellation)
    {
        long[] wanted = [.. report.Findings.Select(finding => finding.Leaf).OfType<BadLeaf>()
            .SelectMany(leaf => (long[])(leaf.Other is { } first ? [first, leaf.Index] : [leaf.Index]))
            .Distinct().Order().Take(MaxKept)];
        if (parsed.GetValue(leaves) is not { } folder || wanted.Length == 0)
            return;
        try
        {
            var reader = new LogReader(network.Log, network.Policy);
            var view = await reader.LatestAsync(cancellation);
            Directory.CreateDirectory(folder);
            foreach (var index in wanted)
                output.Line($"Kept {EvidenceFile.WriteLeaf(
                    folder, index, await reader.ProveAsync(view, index, cancellation))}");
        }
        catch (Exception failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            output.Line($"The leaves could not be kept: {failure.Message}");
        }
    }

    protected HttpNetwork Connect(ParseResult parsed)
    {
        var file = WalletPlace.ReadNetwork(parsed.GetRequiredValue(network));
        var route = parsed.GetValue(masked) && file.Routes.Count > 0 ? file.RouteAt(0) : MaskRoute.Direct;
        return new HttpNetwork(file, route, TimeProvider.System);
    }

    protected static JsonObject Describe(MonitorReport report) => new()
    {
        ["size"] = report.Size,
        ["checked"] = report.Checked,
        ["alarms"] = new JsonArray([.. report.Findings.Select(finding => new JsonObject
        {
            ["kind"] = finding.Kind.ToString(),
            ["size"] = finding.Size,
            ["leaf"] = finding.Leaf?.Index,
            ["detail"] = finding.Detail,
        })]),
    };

    protected static void Show(MonitorReport report, Output output)
    {
        foreach (var finding in report.Findings)
            output.Line(finding.Kind == FindingKind.Unreadable
                ? $"The log could not be read: {finding.Detail} That is no alarm; try again later."
                : $"ALARM {finding.Kind}: {finding.Detail}");
        var alarms = report.Findings.Count(finding => finding.Kind != FindingKind.Unreadable);
        if (report.Findings.Count == 0)
            output.Line($"{report.Size} entries, {report.Checked} of them checked now: all well.");
        else if (alarms > 0)
            output.Line($"{alarms} alarm(s) at {report.Size} entries.");
    }
}

/// <summary><c>bauta archive verify</c>.</summary>
internal sealed class VerifyVerb() : LogVerb(
    "verify", "Reads the whole log once and checks it: signatures, quorum, every leaf, each transaction decided once.",
    "bauta archive verify --network data/demo/network.json")
{
    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var network = Connect(parsed);
        var folder = Directory.CreateTempSubdirectory("bauta-verify-");
        try
        {
            await using var database = Database.Open(
                Path.Combine(folder.FullName, "log.db"), FollowSchema.Migrations);
            var monitor = await LogMonitor.OpenAsync(
                database, network.Log, network.Policy, TimeProvider.System, cancellation: cancellation);
            var report = await output.BarAsync("reading the log", bar => monitor.CheckAsync(bar, cancellation));
            Show(report, output);
            await KeepAsync(parsed, network, report, output, cancellation);
            output.Answer(Describe(report));
            return report.Findings.Count == 0 ? ExitCode.Ok
                : report.Findings.All(finding => finding.Kind == FindingKind.Unreadable) ? ExitCode.StillOpen
                : ExitCode.LogAlarm;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

/// <summary><c>bauta archive monitor</c>.</summary>
internal sealed class MonitorVerb : LogVerb
{
    private readonly Option<string> data = new("--data")
    {
        Description = "Where the monitor remembers what it saw: a file, or Host=... for PostgreSQL.",
        DefaultValueFactory = _ => "monitor.db",
    };

    private readonly Option<int> interval = new("--interval")
    {
        Description = "Seconds between two looks.",
        DefaultValueFactory = _ => 30,
    };

    private readonly Option<bool> once = new("--once") { Description = "Look once, then end." };

    public MonitorVerb()
        : base("monitor", "Follows a log, checks every append and that nothing is decided twice, and raises alarms.\n"
            + "It remembers, so a history that is rewritten between two looks is found. Ends with exit code 30 at the "
            + "first alarm.",
            "bauta archive monitor --network data/demo/network.json --data monitor.db --interval 10 --out alarms")
    {
        Add(data);
        Add(interval);
        Add(once);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var network = Connect(parsed);
        await using var database = Database.Open(parsed.GetRequiredValue(data), FollowSchema.Migrations);
        var monitor = await LogMonitor.OpenAsync(
            database, network.Log, network.Policy, TimeProvider.System, cancellation: cancellation);
        var pause = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(interval), 1, 86_400));
        while (true)
        {
            var report = await output.BarAsync(
                "reading the log", bar => monitor.CheckAsync(bar, cancellation));
            var isAlarm = report.Findings.Any(finding => finding.Kind != FindingKind.Unreadable);
            Show(report, output);
            await KeepAsync(parsed, network, report, output, cancellation);
            if (isAlarm || parsed.GetValue(once))
            {
                output.Answer(Describe(report));
                return isAlarm ? ExitCode.LogAlarm
                    : report.Findings.Count > 0 ? ExitCode.StillOpen
                    : ExitCode.Ok;
            }

            await Task.Delay(pause, TimeProvider.System, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellation.IsCancellationRequested)
                continue;
            output.Answer(Describe(report));
            return ExitCode.Ok;
        }
    }
}
