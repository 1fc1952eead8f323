using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Bank;
using Bauta.Bank.Inspect;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.AuditVerb;

/// <summary><c>bauta audit</c>: a bank's database against itself, its signatures and the logs. It reads only.</summary>
internal sealed class AuditBankVerb : DoingVerb
{
    private readonly Option<string> config = new("--config")
    {
        Description = "The bank's configuration; its party file and those that it names lie beside it.",
        DefaultValueFactory = _ => "bank.json",
    };

    private readonly Option<string?> database = new("--database")
    {
        Description = "A copy to audit instead of the configuration's own database: a file, or Host=... for "
            + "PostgreSQL.",
    };

    private readonly Option<bool> isPublic = new("--public")
    {
        Description = "Read the archive's log alone, as any stranger can: what each bank states of its keys, by day.",
    };

    private readonly Option<string?> network = new("--network")
    {
        Description = "With --public: the network file that names the archive and its policy.",
    };

    public AuditBankVerb()
        : base("audit", "Recomputes a bank from its evidence and reports every row that does not agree: with the other "
            + "rows,\nwith what was signed, with the archive's log. The bank may run meanwhile; nothing is changed.\n"
            + "The report names rows, so it is for the bank's operator alone.",
            "bauta audit --config data/demo/bank/bank.json")
    {
        Add(config);
        Add(database);
        Add(isPublic);
        Add(network);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        if (parsed.GetValue(isPublic) || parsed.GetValue(network) is not null)
            return await PublicAuditText.RunAsync(
                parsed.GetValue(network) ?? throw new HostException(ExitCode.Usage,
                    "--public reads the log that a network file names: --network FILE"),
                output, cancellation);
        var path = Path.GetFullPath(parsed.GetRequiredValue(config));
        var bank = (BankConfig)ConfigFile.Read(PartyRoles.Bank, path);
        var copy = parsed.GetValue(database);
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        var clients = new List<HttpClient>();
        try
        {
            var scope = ScopeOf(bank, path, copy is null, party =>
            {
                clients.Add(transport.ClientFor(party.Address));
                return new ArchiveClient(clients[^1]);
            });
            await using var rows = await Database.OpenToReadAsync(
                copy ?? bank.Connection, BankSchema.Migrations, cancellation);
            var report = await output.BarAsync("reading the bank", bar => BankAudit.RunAsync(
                rows, scope, TimeProvider.System, bar, cancellation));
            Show(report, output);
            output.Answer(Describe(report));
            return report.Findings.Count == 0 ? ExitCode.Ok : ExitCode.AuditFound;
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static AuditScope ScopeOf(BankConfig bank, string path, bool isLive, Func<PartyFile, ILog> connect)
    {
        var own = PartyFile.Read(Path.ChangeExtension(path, null) + PartyFile.Extension, PartyRoles.Bank);
        // Before the rows are read, so that a bank that goes on is never behind it.
        var mark = isLive ? ForwardOnly.Open(bank.PathOf(bank.SecondPlace)).Latest?.Number : null;
        return new AuditScope(
            bank.Name, Currency.Parse(bank.Currency), own.Identity,
            [.. bank.Archives.Select(file => PartyFile.Read(bank.PathOf(file), PartyRoles.Archive))
                .Select(archive => new AuditedLog(archive.ReadPolicy(), connect(archive)))],
            Peer(bank, bank.Issuer), Peer(bank, bank.SpentAt), mark);
    }

    private static (string, Crypto.Jose.P256PublicKey)? Peer(BankConfig bank, string? file) =>
        file is null ? null : PartyFile.Read(bank.PathOf(file), PartyRoles.Bank) is var peer
            ? (peer.Name, peer.Identity)
            : null;

    private static void Show(AuditReport report, Output output)
    {
        var about = AuditKinds.All.ToDictionary(one => one.Kind, one => one.About);
        foreach (var found in report.Findings)
        {
            output.Line($"{AuditKinds.Code(found.Kind)} ({found.Count}): {about[found.Kind].Meaning}");
            foreach (var row in found.Rows)
                output.Line($"  {row.Table} {row.Row}: {row.Detail}");
            if (found.Count > found.Rows.Count)
                output.Line($"  and {found.Count - found.Rows.Count} more");
            output.Line($"  Next: {about[found.Kind].Next}");
        }

        var read = $"{report.Rows.Values.Sum()} rows and {report.LogSizes.Values.Sum()} log entries";
        output.Line(report.Findings.Count == 0
            ? $"{read}: all agree."
            : $"{read}: {report.Findings.Sum(found => found.Count)} do not agree.");
        if (report.Unjudged > 0)
            output.Line($"{report.Unjudged} decided locks are under archives that the configuration does not name; "
                + "their decisions were not compared.");
    }

    private static JsonObject Describe(AuditReport report)
    {
        var about = AuditKinds.All.ToDictionary(one => one.Kind, one => one.About);
        return new JsonObject
        {
            ["rows"] = Counts(report.Rows),
            ["logs"] = Counts(report.LogSizes),
            ["unjudged"] = report.Unjudged,
            ["findings"] = new JsonArray([.. report.Findings.Select(found => new JsonObject
            {
                ["kind"] = AuditKinds.Code(found.Kind),
                ["count"] = found.Count,
                ["meaning"] = about[found.Kind].Meaning,
                ["next"] = about[found.Kind].Next,
                ["rows"] = new JsonArray([.. found.Rows.Select(row => new JsonObject
                {
                    ["table"] = row.Table,
                    ["row"] = row.Row,
                    ["detail"] = row.Detail,
                })]),
            })]),
        };
    }

    private static JsonObject Counts(IReadOnlyDictionary<string, long> counts) =>
        new(counts.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
}
