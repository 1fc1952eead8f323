using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;

namespace Bauta.Host.Bench;

/// <summary><c>bauta bench</c>: what this machine does a second, and how near that is to what its processor
/// allows.</summary>
internal sealed class BenchVerb : DoingVerb
{
    private const string Sqlite = "sqlite";
    private const string Postgres = "postgresql";
    private const int Mebibyte = 1 << 20;

    private readonly Option<int> count = Number("--count", 1000, "How many of each line.");
    private readonly Option<int> purchases = Number("--purchases", 2000, "Purchases in the long run; 100000 in full.");
    private readonly Option<int> items = Number("--items", 500, "Items metered on one lock; 10000 in full.");
    private readonly Option<int> appends = Number("--appends", 50_000, "Leaves appended to the archive in process.");
    private readonly Option<int?> bigFile = new("--big-file")
    {
        Description = "Sell a file of this many MiB instead, and show what merchant and wallet keep in memory.",
    };

    private readonly Option<string[]> database = new("--database")
    {
        Description = "Only this database; once for each.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> data = new("--data")
    {
        Description = "A folder to work in, on the disk to be measured; what is made there is deleted.",
        DefaultValueFactory = _ => Path.Combine("data", "bench"),
    };

    private readonly Option<bool> strict = new("--strict")
    {
        Description = "End with exit code 50 when something misses what it is to reach.",
    };

    public BenchVerb()
        : base("bench", "Measures withdrawals, locks, purchases, sessions and the archive, each role in a\n"
            + "process of its own on one core, the load on the others. Beside each: what the\n"
            + "processor would allow, measured in the same run.",
            "bauta bench --count 1000 --purchases 10000 --database sqlite")
    {
        database.AcceptOnlyFromAmong(Sqlite, Postgres);
        Add(count);
        Add(purchases);
        Add(items);
        Add(appends);
        Add(bigFile);
        Add(database);
        Add(data);
        Add(strict);
        Add(new ProbeVerb());
    }

    protected override async Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var wanted = parsed.GetValue(database) is { Length: > 0 } chosen ? chosen : [Sqlite, Postgres];
        var withPostgres = wanted.Contains(Postgres) && BenchPostgres.IsInstalled;
        if (wanted.Contains(Postgres) && !withPostgres)
            output.Note("PostgreSQL is not installed, so its half is left out: apt-get install postgresql-15");
        var folder = Path.Combine(
            Path.GetFullPath(parsed.GetRequiredValue(data)), $"run-{Environment.ProcessId}");
        var cores = Cores.Split();
        var before = await File.ReadAllTextAsync("/proc/loadavg", cancellation);
        try
        {
            var report = parsed.GetValue(bigFile) is { } size
                ? await output.BarAsync("selling a large file", _ => BigFileBench.RunAsync(
                    folder, (long)size * Mebibyte, cores, cancellation))
                : await output.BarAsync("measuring", async bar =>
                {
                    var plan = new BenchPlan(
                        folder, parsed.GetValue(count), parsed.GetValue(purchases), parsed.GetValue(items),
                        parsed.GetValue(appends));
                    var run = new BenchRun(plan, cores, bar, cancellation);
                    await run.RunAsync(wanted.Contains(Sqlite), withPostgres);
                    return run.Report;
                });
            output.Line(
                $"Servers on core {cores.Servers}, load on {cores.Load}; load average at the start {before.Trim()}");
            report.Print(output);
            var answer = report.Describe();
            answer["cores"] = new JsonObject { ["servers"] = cores.Servers, ["load"] = cores.Load };
            answer["loadAverage"] = before.Trim();
            output.Answer(answer);
            return report.Audits.Any(audit => !audit.IsConserved) ? ExitCode.Unexpected
                : parsed.GetValue(strict) && report.Missed.Count > 0 ? ExitCode.TargetMissed
                : ExitCode.Ok;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static Option<int> Number(string name, int value, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 10_000_000)
                result.AddError($"{name} is a number from 1 to 10,000,000.");
        });
        return option;
    }
}
