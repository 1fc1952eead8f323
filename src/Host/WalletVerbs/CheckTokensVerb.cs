using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet check</c>.</summary>
internal sealed class CheckTokensVerb : WalletVerb
{
    private readonly Option<string> folder = new("--out")
    {
        Description = "A folder for the evidence of each token that the bank signed and does not count.",
        DefaultValueFactory = _ => "alarms",
    };

    public CheckTokensVerb()
        : base("check", "Checks that the bank counts each of this wallet's tokens in the totals that it states in the\n"
            + "archive's log. A token is stated at the end of its day, so look again the day after.",
            "bauta wallet check")
    {
        Add(folder);
        Add(Pause);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var report = await open.Output.BarAsync(
            "asking", bar => open.Wallet.CheckIssuesAsync(bar, cancellation));
        var written = new JsonArray();
        foreach (var (number, alarm) in report.Alarms.Index())
        {
            var path = NewPath(open.Parsed.GetRequiredValue(folder), number);
            DurableFile.Create(path, StrictJson.Write(alarm, ProtocolJson.Default.IssueEvidence));
            written.Add(path);
            open.Output.Line($"ALARM: the bank signed a token that it does not count. Evidence: {path}");
        }

        open.Output.Line($"{report.Counted} counted, {report.Waiting} not stated yet, {report.Alarms.Count} missing.");
        if (report.Alarms.Count > 0)
            open.Output.Line("Show the evidence to others who use this bank, and withdraw nothing more from it.");
        open.Output.Answer(new JsonObject
        {
            ["counted"] = report.Counted,
            ["waiting"] = report.Waiting,
            ["missing"] = report.Alarms.Count,
            ["evidence"] = written,
        });
        return report.Alarms.Count == 0 ? ExitCode.Ok : ExitCode.Distrusted;
    }

    private static string NewPath(string folder, int number)
    {
        Directory.CreateDirectory(folder);
        for (; ; number++)
        {
            var path = Path.GetFullPath(Path.Combine(
                folder, string.Create(CultureInfo.InvariantCulture, $"issue-{number}.json")));
            if (!File.Exists(path))
                return path;
        }
    }
}
