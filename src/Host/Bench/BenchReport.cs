using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;

namespace Bauta.Host.Bench;

/// <summary>What a line is held against.</summary>
/// <param name="Reached">A ratio, or a number a second.</param>
/// <param name="Wanted">At least this.</param>
/// <param name="Of">Of what.</param>
internal sealed record Target(double Reached, double Wanted, string Of)
{
    public bool IsMet => Reached >= Wanted;
}

/// <summary>One line of the table.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Database">On which database.</param>
/// <param name="Masks">Through how many masks.</param>
/// <param name="Effort">How fast.</param>
/// <param name="Crypto">A second on one core, with the cryptography alone.</param>
/// <param name="AllIn">A second on one core, with every operation of the recipe.</param>
/// <param name="Target">What the line is to reach, if anything.</param>
internal sealed record Line(
    string Name, string Database, int Masks, Effort Effort, double? Crypto, double? AllIn, Target? Target = null)
{
    /// <summary>The customer's, for one.</summary>
    public double? Messages => Effort.Traffic is { } traffic ? (double)traffic.Messages / Effort.Count : null;

    /// <summary>In the bodies of these.</summary>
    public double? Bytes => Effort.Traffic is { } traffic ? (double)traffic.Bytes / Effort.Count : null;
}

/// <summary>What one role held in memory.</summary>
internal sealed record Memory(string Role, long BytesAfterFirst, long BytesAtEnd, long PeakBytes);

/// <summary>Purchases in one long run: whether they get dearer, and what the roles keep in memory.</summary>
internal sealed record LongRun(
    string Database, int Count, Effort First, Effort Last, Effort All, IReadOnlyList<Memory> Roles)
{
    public const long MaxBytes = 200L << 20;
}

/// <summary>A large file, sold and bought.</summary>
internal sealed record BigSale(long Bytes, TimeSpan Wall, long MerchantPeakBytes, long WalletPeakBytes);

/// <summary>All that a run found.</summary>
internal sealed class BenchReport
{
    public List<(string Database, OperationCosts Costs)> Costs { get; } = [];

    public List<Recipe> Recipes { get; } = [];

    public List<Line> Lines { get; } = [];

    public List<LongRun> LongRuns { get; } = [];

    /// <summary>For each database what the audit counted: funded, and what of it the merchant holds.</summary>
    public List<(string Database, long Funded, long Merchants, bool IsConserved)> Audits { get; } = [];

    public BigSale? BigSale { get; set; }

    /// <summary>What was to be reached and was not.</summary>
    public IReadOnlyList<string> Missed =>
    [
        .. Lines.Where(line => line.Target is { IsMet: false }).Select(line =>
            $"{line.Name} on {line.Database}: {Value(line.Target!.Reached)} {line.Target.Of}, wanted "
            + Value(line.Target.Wanted)),
        .. LongRuns.SelectMany(run => run.Roles.Where(role => role.PeakBytes >= LongRun.MaxBytes).Select(role =>
            $"{role.Role} on {run.Database}: {Mebibytes(role.PeakBytes)} MiB, wanted under "
            + Mebibytes(LongRun.MaxBytes))),
    ];

    public void Print(Output output)
    {
        foreach (var (database, costs) in Costs)
        {
            output.Line($"Operations on {database}, measured in this run: processor time on the servers' core");
            output.Table(["operation", "µs", "a second"], Enum.GetValues<Operation>().Select(one => (string[])
                [OperationCosts.TextOf(one), Number(costs[one], 1), Number(1e6 / costs[one])]));
            output.Line(costs.OpensslSign is { } openssl
                ? $"openssl speed rsa2048 on the same core: {Number(openssl, 1)} µs, {Number(1e6 / openssl)} "
                    + $"signatures a second; with the framework {Number(1e6 / costs[Operation.RsaSign])}."
                : "OpenSSL's command is not installed, so withdrawals are held against the framework's signature.");
        }

        if (Recipes.Count > 0)
            output.Line("What the all-in ceilings count, for all servers together:");
        foreach (var recipe in Recipes)
            output.Line($"  {recipe.Of}: " + string.Join(" + ", recipe.Parts.Select(part =>
                $"{Number(part.Count, 2)} {part.Operation}")));
        foreach (var lines in Lines.GroupBy(line => line.Database))
        {
            output.Line($"On {lines.Key}; /s is a second by the clock, /core one of processor time of the servers:");
            output.Table(
                ["what", "masks", "count", "/s", "/core", "crypto only", "ratio", "all-in", "ratio", "to reach",
                    "reached"],
                lines.Select(Row));
        }

        foreach (var variants in Lines.Where(line => line.Effort.Traffic is not null).GroupBy(line => line.Database))
        {
            output.Line($"Variants on {variants.Key}, side by side; messages and bytes are what the customer sends and "
                + "gets, processor time is that of all servers:");
            output.Table(
                ["variant", "masks", "messages", "bytes", "µs"],
                variants.Select(line => (string[])[
                    line.Name, Number(line.Masks), Number(line.Messages, 1), Number(line.Bytes),
                    Number(line.Effort.MicrosecondsEach)]));
        }

        foreach (var run in LongRuns)
            Print(run, output);
        foreach (var (database, funded, merchants, isConserved) in Audits)
            output.Line($"Conservation on {database}: funded {funded}, of it the merchant's {merchants}: "
                + (isConserved ? "every row agrees." : "NOT CONSERVED."));
        if (BigSale is { } sale)
            output.Line($"A file of {Mebibytes(sale.Bytes)} MiB sold in {Number(sale.Wall.TotalSeconds, 1)} s; most "
                + $"ever in memory: merchant {Mebibytes(sale.MerchantPeakBytes)} MiB, "
                + $"wallet {Mebibytes(sale.WalletPeakBytes)} MiB.");
    }

    public JsonObject Describe() => new()
    {
        ["operations"] = new JsonArray([.. Costs.Select(one => new JsonObject
        {
            ["database"] = one.Database,
            ["microseconds"] = new JsonObject([.. Enum.GetValues<Operation>().Select(operation =>
                KeyValuePair.Create(operation.ToString(), (JsonNode?)one.Costs[operation]))]),
            ["opensslSignMicroseconds"] = one.Costs.OpensslSign,
        })]),
        ["recipes"] = new JsonArray([.. Recipes.Select(recipe => new JsonObject
        {
            ["of"] = recipe.Of,
            ["parts"] = new JsonObject([.. recipe.Parts.Select(part =>
                KeyValuePair.Create(part.Operation.ToString(), (JsonNode?)part.Count))]),
        })]),
        ["lines"] = new JsonArray([.. Lines.Select(Describe)]),
        ["missed"] = new JsonArray([.. Missed.Select(one => JsonValue.Create(one))]),
        ["longRuns"] = new JsonArray([.. LongRuns.Select(Describe)]),
        ["audits"] = new JsonArray([.. Audits.Select(audit => new JsonObject
        {
            ["database"] = audit.Database,
            ["funded"] = audit.Funded,
            ["merchants"] = audit.Merchants,
            ["isConserved"] = audit.IsConserved,
        })]),
        ["bigSale"] = BigSale is not { } sale ? null : new JsonObject
        {
            ["bytes"] = sale.Bytes,
            ["seconds"] = sale.Wall.TotalSeconds,
            ["merchantPeakBytes"] = sale.MerchantPeakBytes,
            ["walletPeakBytes"] = sale.WalletPeakBytes,
        },
    };

    private static string[] Row(Line line) =>
    [
        line.Name, Number(line.Masks), Number(line.Effort.Count), Number(line.Effort.PerWallSecond),
        Number(line.Effort.PerCoreSecond), Number(line.Crypto), Share(line.Effort.PerCoreSecond / line.Crypto),
        Number(line.AllIn), Share(line.Effort.PerCoreSecond / line.AllIn),
        line.Target is { } wanted ? $"{Value(wanted.Wanted)} {wanted.Of}" : "",
        line.Target is { } target ? $"{Value(target.Reached)} {(target.IsMet ? "met" : "MISSED")}" : "",
    ];

    private static JsonObject Describe(Line line) => new()
    {
        ["name"] = line.Name,
        ["database"] = line.Database,
        ["masks"] = line.Masks,
        ["count"] = line.Effort.Count,
        ["wallSeconds"] = line.Effort.Wall.TotalSeconds,
        ["serverCpuSeconds"] = line.Effort.Cpu.TotalSeconds,
        ["messagesEach"] = line.Messages,
        ["bytesEach"] = line.Bytes,
        ["perWallSecond"] = line.Effort.PerWallSecond,
        ["perCoreSecond"] = line.Effort.PerCoreSecond,
        ["cryptoPerSecond"] = line.Crypto,
        ["allInPerSecond"] = line.AllIn,
        ["target"] = line.Target is not { } target ? null : new JsonObject
        {
            ["reached"] = target.Reached,
            ["wanted"] = target.Wanted,
            ["of"] = target.Of,
            ["isMet"] = target.IsMet,
        },
    };

    private static void Print(LongRun run, Output output)
    {
        output.Line($"{run.Count} purchases in a row on {run.Database}: the first {run.First.Count} cost the servers "
            + $"{Number(run.First.MicrosecondsEach)} µs each, the last {run.Last.Count} "
            + $"{Number(run.Last.MicrosecondsEach)} µs; all {Number(run.All.PerCoreSecond)} a second and core.");
        output.Table(["role", "MiB after the first", "MiB at the end", "most ever", "to stay under"], run.Roles.Select(
            role => (string[])[role.Role, Mebibytes(role.BytesAfterFirst), Mebibytes(role.BytesAtEnd),
                Mebibytes(role.PeakBytes), Mebibytes(LongRun.MaxBytes)]));
    }

    private static JsonObject Describe(LongRun run) => new()
    {
        ["database"] = run.Database,
        ["count"] = run.Count,
        ["firstMicroseconds"] = run.First.MicrosecondsEach,
        ["lastMicroseconds"] = run.Last.MicrosecondsEach,
        ["perCoreSecond"] = run.All.PerCoreSecond,
        ["roles"] = new JsonArray([.. run.Roles.Select(role => new JsonObject
        {
            ["role"] = role.Role,
            ["bytesAfterFirst"] = role.BytesAfterFirst,
            ["bytesAtEnd"] = role.BytesAtEnd,
            ["peakBytes"] = role.PeakBytes,
        })]),
    };

    private static string Value(double value) => value > 10 ? Number(value) : Share(value);

    private static string Share(double? share) => share is null ? "" : Number(100 * share) + "%";

    private static string Mebibytes(long bytes) => Number(bytes / (double)(1 << 20));

    private static string Number(double? number, int decimals = 0) => number is null
        ? ""
        : Math.Round(number.Value, decimals).ToString("#,0.##", CultureInfo.InvariantCulture);
}
