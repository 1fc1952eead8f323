using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Simulation;
using Bauta.Simulation.Lies;

namespace Bauta.Host.SimulateVerb;

/// <summary><c>bauta simulate</c>: all parties in one process, under faults and lies that a seed chooses.</summary>
internal sealed class SimulateWorldsVerb : DoingVerb
{
    private const int MostPurchases = 2_000;

    private readonly Option<ulong> seed = new("--seed")
    {
        Description = "The first seed. The same seed, purchases and lie give the same world.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> seeds = Number("--seeds", 20, 10_000_000, "How many seeds, one after another.");

    private readonly Option<int> purchases = Number("--purchases", 200, MostPurchases, "Purchases in each world.");

    private readonly Option<int> workers = Number(
        "--workers", Environment.ProcessorCount, 256, "Worlds that run at the same time, each on one thread.");

    private readonly Option<string?> lie = new("--lie")
    {
        Description = "Who lies in all worlds, or none; without it every second world has a liar of its own.",
    };

    public SimulateWorldsVerb()
        : base("simulate", "Runs the real rules of all parties in one process, under a simulated clock, network and\n"
            + "disk that lose, delay, repeat, cut off, crash and fill up as a seed says, some with a party that lies.\n"
            + "After each step it looks at what must always hold. The full run is --seeds 10000 --purchases 200.",
            "bauta simulate --seed 1 --seeds 100 --purchases 200")
    {
        lie.AcceptOnlyFromAmong([.. LieNames.All.Keys]);
        Add(seed);
        Add(seeds);
        Add(purchases);
        Add(workers);
        Add(lie);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var (first, count, each) = (
            parsed.GetValue(seed), parsed.GetValue(seeds), parsed.GetValue(purchases));
        Lie? who = parsed.GetValue(lie) is { } name ? LieNames.All[name] : null;
        var watch = new Stopwatch();
        var report = await output.BarAsync("simulating", async bar =>
        {
            using var run = await Task.Run(() => new SimulationRun(each), cancellation);
            watch.Start();
            var done = 0;
            return await run.RunAsync(
                first, count, parsed.GetValue(workers), who,
                result =>
                {
                    bar.Report((double)++done / count);
                    if (!result.IsGood)
                        bar.Say(Replay(result, each, who));
                },
                cancellation);
        });
        watch.Stop();
        var idle = report.Idle(who);
        Show(report, idle, watch.Elapsed, output);
        output.Answer(Describe(report, idle, watch.Elapsed, each));
        return report.Failed.Count == 0 && idle.Count == 0 ? ExitCode.Ok : ExitCode.SimulationFailed;
    }

    private static string Replay(SeedResult failed, int purchases, Lie? who) =>
        $"Seed {failed.Seed} fails, {failed.Breaches[0]}\n"
        + $"Replay it: bauta simulate --seed {failed.Seed} --seeds 1 --purchases {purchases}"
        + (who is { } lie ? $" --lie {LieNames.Of(lie)}" : "");

    private static void Show(
        SimulationReport report, IReadOnlyList<string> idle, TimeSpan time, Output output)
    {
        output.Table(["what happened", "times"], report.Tally.Counts.Select(
            pair => (IReadOnlyList<string>)[pair.Key, $"{pair.Value:N0}"]));
        foreach (var failed in report.Failed.Take(10))
        {
            output.Line($"Seed {failed.Seed} (trace {failed.Trace}):");
            foreach (var breach in failed.Breaches)
                output.Line($"  {breach}");
        }

        foreach (var missing in idle)
            output.Line($"It did not happen once, so nothing was tested by it: {missing}");
        output.Line($"{report.Seeds:N0} seeds, {report.Purchases:N0} purchases, {report.Messages:N0} messages; the "
            + $"invariants were looked at after {report.Steps:N0} steps. {report.Failed.Count} seeds failed.");
        output.Line($"{report.Purchases / Math.Max(0.001, time.TotalSeconds):N0} purchases a second.");
    }

    private static JsonObject Describe(
        SimulationReport report, IReadOnlyList<string> idle, TimeSpan time, int purchases) => new()
        {
            ["seeds"] = report.Seeds,
            ["purchasesEach"] = purchases,
            ["purchases"] = report.Purchases,
            ["messages"] = report.Messages,
            ["steps"] = report.Steps,
            ["seconds"] = Math.Round(time.TotalSeconds, 3),
            ["counts"] = new JsonObject(report.Tally.Counts.Select(
                pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value))),
            ["idle"] = new JsonArray([.. idle.Select(one => (JsonNode)one)]),
            ["failed"] = new JsonArray([.. report.Failed.Select(failed => new JsonObject
            {
                ["seed"] = failed.Seed,
                ["trace"] = failed.Trace,
                ["breaches"] = new JsonArray([.. failed.Breaches.Select(one => (JsonNode)one)]),
            })]),
        };

    private static Option<int> Number(string name, int value, int most, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var number && (number < 1 || number > most))
                result.AddError($"{name} is a number from 1 to {most:N0}.");
        });
        return option;
    }
}
