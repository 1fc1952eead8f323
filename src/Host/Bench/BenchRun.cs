using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.Bench;

/// <summary>How much of each.</summary>
/// <param name="Folder">Where the networks go; deleted afterwards.</param>
/// <param name="Count">Of each line.</param>
/// <param name="Purchases">Of the long run.</param>
/// <param name="Items">Of the one session that is long.</param>
/// <param name="Appends">Of the archive in process.</param>
internal sealed record BenchPlan(string Folder, int Count, int Purchases, int Items, int Appends);

/// <summary>The whole table on one database after the other.</summary>
internal sealed class BenchRun(BenchPlan plan, Cores cores, Bar bar, CancellationToken cancellation)
{
    private const string Sqlite = "SQLite";
    private const string Postgres = "PostgreSQL";
    private const int Batch = 16;
    private const int ManyTokens = 6;
    private const int ArchiveAtOnce = 256;
    private const int EchoLength = 1200;
    private const int WarmUpRound = 1000;
    private const int Segment = 1000;
    private const int GoodsLength = 4096;

    // The servers' work for a two-sided purchase is at most so many times that for a one-sided.
    private const double TwoSidedAtMost = 1.3;

    private readonly int warmUp = Math.Min(WarmUpRound, Math.Max(Batch, plan.Count));
    private readonly Dictionary<bool, Effort> oneSided = [];
    private double done;

    public BenchReport Report { get; } = new();

    /// <summary>Runs all lines.</summary>
    public async Task RunAsync(bool withSqlite, bool withPostgres)
    {
        Cores.Stay(cores.Load);
        Report.Recipes.AddRange([
            Recipe.Withdrawal(Batch), Recipe.Withdrawal(1), Recipe.Lock(1), Recipe.Lock(ManyTokens),
            Recipe.Purchase(1), Recipe.Purchase(1, isTwoSided: true), Recipe.Purchase(ManyTokens), Recipe.Item(false),
            Recipe.Item(true), Recipe.Decision(1),
            Recipe.Decision(2)]);
        if (withSqlite)
            await RunAsync(Sqlite, null, withPostgres ? 2 : 1);
        if (!withPostgres)
            return;
        using var postgres = await BenchPostgres.StartAsync(
            cores.Servers, [.. BenchNetwork.Places, "probe", "log"], cancellation);
        await RunAsync(Postgres, postgres, withSqlite ? 2 : 1);
    }

    private async Task RunAsync(string database, BenchPostgres? postgres, int of)
    {
        var folder = Path.Combine(plan.Folder, database);
        DurableFile.CreateDirectory(folder);
        Step("starting", database, of);
        await using var site = await BenchSite.StartAsync(cancellation);
        var exponent = SessionBench.ExponentOf(plan, warmUp);
        using var network = await BenchNetwork.StartAsync(
            Path.Combine(folder, "network"), cores, postgres, exponent, site, cancellation);
        var verifying = await ProbeAsync(database, folder, postgres);
        Step("single operations", database, of);
        using var purse = await Purse.OpenAsync(network, 1, cancellation);
        await WithdrawAsync(database, network, purse);
        Step("withdrawals", database, of);
        await LockAsync(database, network, purse);
        Step("locks", database, of);
        var offers = await OfferAsync(network, folder);
        var bought = await BuyAsync(database, network, purse, offers);
        Step("purchases", database, of);
        bought += await MeterAsync(database, network, exponent);
        Step("sessions", database, of);
        await DecideAsync(database, network, verifying);
        Step("archive", database, of);
        bought += await BuyManyAsync(database, network, purse, offers[0]);
        Step("long run", database, of);
        var totals = await network.AuditAsync(cancellation);
        var isConserved = totals.IsConserved && totals.Merchants == bought;
        Report.Audits.Add((database, totals.Funded, totals.Merchants, isConserved));
    }

    /// <summary>Single operations, and what the host answers to a POST that verifies one signature.</summary>
    private async Task<Effort> ProbeAsync(
        string database, string folder, BenchPostgres? postgres)
    {
        var port = BenchNetwork.FreePorts();
        var root = new Uri($"http://127.0.0.1:{port}/");
        string Connection(string name) => postgres?.ConnectionOf(name) ?? Path.Combine(folder, $"{name}.db");
        string[] arguments = ["bench", "probe", "--database", Connection("probe"), "--log", Connection("log"),
            "--port", port.ToString(CultureInfo.InvariantCulture)];
        using var sockets = PartyTransport.NewSockets();
        using var http = new HttpClient(sockets, disposeHandler: false) { BaseAddress = root };
        http.Timeout = Timeout.InfiniteTimeSpan;
        Effort verifying;
        using (var probe = ServerProcess.Start("the probe", cores.Servers, arguments))
        {
            await probe.WaitUntilHealthyAsync(http, root, cancellation);
            var costs = await CostsAsync(http, () => probe.Cpu, () => probe.Cpu + (postgres?.Cpu ?? TimeSpan.Zero));
            Report.Costs.Add((database, costs));
            var statement = await http.GetByteArrayAsync(ProbeVerb.StatementPath, cancellation);
            Task Verify(int _) => PostAsync(http, ProbeVerb.VerifyPath, statement, JsonBody.JoseMediaType);
            Task<Effort> RunAsync(int count) => Load.MeasureAsync(
                count, () => probe.Cpu, () => Load.RunAsync(count, ArchiveAtOnce, Verify));
            await Load.WarmUpAsync(4 * warmUp, RunAsync);
            verifying = await RunAsync(plan.Count);
            Add(new Line("POST that verifies 1 signature", database, 0, verifying,
                1e6 / costs[Operation.EcdsaVerify], 1e6 / (costs[Operation.EcdsaVerify] + costs[Operation.Serve])));
        }

        // In process the archive has the whole machine, and nothing else runs on it.
        using var whole = ServerProcess.Start("the probe", cores.All, arguments);
        await whole.WaitUntilHealthyAsync(http, root, cancellation);
        var answer = await PostAsync(http, $"{ProbeVerb.AppendsPath}/{plan.Appends}", [], JsonBody.JsonMediaType);
        var appended = JsonNode.Parse(answer)!;
        var effort = new Effort(plan.Appends, TimeSpan.FromSeconds((double)appended["wallSeconds"]!),
            TimeSpan.FromSeconds((double)appended["cpuSeconds"]!));
        Add(new Line("archive: append in process", database, 0, effort, null, null,
            new Target(effort.PerWallSecond, 50_000, "a second")));
        return verifying;
    }

    private async Task<OperationCosts> CostsAsync(HttpClient http, Func<TimeSpan> probe, Func<TimeSpan> withDatabase)
    {
        var costs = new OperationCosts();
        var measured = JsonNode.Parse(await http.GetByteArrayAsync(ProbeVerb.OperationsPath, cancellation))!.AsObject();
        foreach (var (name, microseconds) in measured)
            costs[Enum.Parse<Operation>(name)] = (double)microseconds!;
        costs.OpensslSign = (double?)JsonNode.Parse(
            await http.GetByteArrayAsync(ProbeVerb.OpensslPath, cancellation))!["microseconds"];

        var body = new byte[EchoLength];
        Task Echo(int _) => PostAsync(http, ProbeVerb.EchoPath, body, JsonBody.JsonMediaType);
        var requests = Math.Max(plan.Count, 4 * warmUp);
        Task<Effort> ServeAsync(int count) =>
            Load.MeasureAsync(count, probe, () => Load.RunAsync(count, Customers.AtOnce, Echo));
        await Load.WarmUpAsync(4 * warmUp, ServeAsync);
        var own = Environment.CpuUsage.TotalTime;
        costs[Operation.Serve] = (await ServeAsync(requests)).MicrosecondsEach;
        costs[Operation.Call] = (Environment.CpuUsage.TotalTime - own).TotalMicroseconds / requests;

        Task<Effort> WriteAsync(int rows) => Load.MeasureAsync(
            rows, withDatabase, () => PostAsync(http, $"{ProbeVerb.WritesPath}/{rows}", [], JsonBody.JsonMediaType));
        await Load.WarmUpAsync(4 * requests, WriteAsync);
        costs[Operation.Write] = (await WriteAsync(4 * requests)).MicrosecondsEach;
        return costs;
    }

    private async Task WithdrawAsync(string database, BenchNetwork network, Purse purse)
    {
        foreach (var isMasked in (bool[])[false, true])
        {
            var bank = network.Way(isMasked).Bank;
            foreach (var (size, wanted) in ((int, double)[])[(Batch, 0.85), (1, 0.65)])
            {
                Task<Effort> RunAsync(int batches) => purse.WithdrawAsync(
                    batches, size, bank, work => Load.MeasureAsync(batches, network.Cpu, work), cancellation);
                await Load.WarmUpAsync(Math.Max(1, warmUp / size), RunAsync);
                var effort = (await RunAsync(Math.Max(1, plan.Count / (size == 1 ? 1 : 4)))).Times(size);
                Add(Line(database, isMasked, Recipe.Withdrawal(size), 1.0 / size, effort, (rate, costs, _) =>
                    new Target(rate * costs.SignYardstick / 1e6, wanted, "of " + costs.SignedBy)));
            }
        }
    }

    private async Task LockAsync(string database, BenchNetwork network, Purse purse)
    {
        foreach (var isMasked in (bool[])[false, true])
        {
            var customers = new Customers(network, network.Way(isMasked), cancellation);
            foreach (var tokens in (int[])[1, ManyTokens])
            {
                async Task<Effort> RunAsync(int count)
                {
                    await purse.FillAsync(tokens * count, network.Direct.Bank, cancellation);
                    return await customers.LockAsync(count, tokens, purse);
                }

                await Load.WarmUpAsync(warmUp, RunAsync);
                var effort = await RunAsync(plan.Count);
                Add(Line(database, isMasked, Recipe.Lock(tokens), 1, effort, null));
            }
        }
    }

    /// <returns>What the merchant was paid, in cents.</returns>
    private async Task<long> BuyAsync(string database, BenchNetwork network, Purse purse, OfferTerms[] offers)
    {
        const int customerRequests = 4;
        var sum = 0L;
        oneSided.Clear();
        foreach (var isMasked in (bool[])[false, true])
        {
            var customers = new Customers(network, network.Way(isMasked), cancellation);
            foreach (var (offer, isTwoSided) in
                ((OfferTerms, bool)[])[(offers[0], false), (offers[0], true), (offers[1], false)])
            {
                var tokens = (int)offer.Price.MinorUnits;
                async Task<Effort> RunAsync(int count)
                {
                    sum += (long)tokens * count;
                    return await BuyAsync(customers, network, purse, offer, count, isTwoSided);
                }

                await Load.WarmUpAsync(warmUp, RunAsync);
                var effort = await RunAsync(plan.Count);
                Add(Line(database, isMasked, Recipe.Purchase(tokens, isTwoSided), customerRequests, effort,
                    (rate, _, allIn) => isTwoSided
                        ? new Target(rate / oneSided[isMasked].PerCoreSecond, 1 / TwoSidedAtMost, "of one-sided")
                        : new Target(rate / allIn, 0.5, "of all-in")));
                oneSided.TryAdd(isMasked, effort);
            }
        }

        return sum;
    }

    /// <returns>What the merchant was paid, in cents.</returns>
    private async Task<long> MeterAsync(string database, BenchNetwork network, int exponent)
    {
        using var purse = await Purse.OpenAsync(network, 1L << exponent, cancellation);
        return await new SessionBench(plan, warmUp, network, cancellation).RunAsync(purse, (recipe, isMasked, effort) =>
            Add(Line(database, isMasked, recipe, recipe.Parts.First(part => part.Operation == Operation.Serve).Count,
                effort, (rate, _, _) => new Target(
                    rate / oneSided[isMasked].PerCoreSecond, SessionBench.TimesAPurchase, "of a purchase"))));
    }

    /// <summary>Decisions at the archive alone; what its witnesses do is theirs.</summary>
    private async Task DecideAsync(string database, BenchNetwork network, Effort verifying)
    {
        foreach (var isMasked in (bool[])[false, true])
        {
            var archive = network.Way(isMasked).Archive;
            foreach (var signatures in (int[])[1, 2])
            {
                Task<Effort> RunAsync(int count)
                {
                    var requests = new DecisionRequest[count];
                    Parallel.For(0, count, i => requests[i] = signatures == 1
                        ? Sales.Abort(network.BankKey, network.Archive)
                        : Sales.Commit(network.BankKey, network.Archive));
                    return Load.MeasureAsync(count, () => network.CpuOf(PartyRoles.Archive), () => Load.RunAsync(
                        count, ArchiveAtOnce, i => archive.DecideAsync(requests[i], cancellation)));
                }

                await Load.WarmUpAsync(warmUp, RunAsync);
                var effort = await RunAsync(plan.Count);
                var recipe = Recipe.Decision(signatures);
                var costs = Report.Costs[^1].Costs;
                // Through masks it is the party's own part: one layer to open, and no requests but its own.
                var masked = recipe with { Parts = [.. recipe.Parts, (Operation.Oblivious, 1)] };
                Add(new Line("archive: " + recipe.Of, database, isMasked ? 2 : 0, effort,
                    (isMasked ? masked : recipe).CryptoPerSecond(costs), (isMasked ? masked : recipe).PerSecond(costs),
                    isMasked ? null : new Target(
                        effort.PerCoreSecond / verifying.PerCoreSecond, 0.6, "of the POST")));
            }
        }
    }

    /// <returns>What the merchant was paid, in cents.</returns>
    private async Task<long> BuyManyAsync(string database, BenchNetwork network, Purse purse, OfferTerms offer)
    {
        var segment = Math.Min(Segment, plan.Purchases);
        var customers = new Customers(network, network.Direct, cancellation);
        var efforts = new List<Effort>();
        var residentFirst = Array.Empty<long>();
        for (var left = plan.Purchases; left > 0; left -= segment)
        {
            segment = Math.Min(segment, left);
            efforts.Add(await BuyAsync(customers, network, purse, offer, segment, isTwoSided: false));
            if (efforts.Count == 1)
                residentFirst = [.. network.Servers.Select(server => server.Resident)];
            bar.Say($"{database}: {plan.Purchases - left + segment} of {plan.Purchases} purchases, "
                + $"{efforts[^1].MicrosecondsEach:F0} µs each");
        }

        var all = new Effort(
            plan.Purchases, Sum(efforts, one => one.Wall), Sum(efforts, one => one.Cpu));
        Report.LongRuns.Add(new LongRun(database, plan.Purchases, efforts[0], efforts[^1], all,
            [.. network.Servers.Select((server, i) =>
                new Memory(server.Name, residentFirst[i], server.Resident, server.PeakResident))]));
        return plan.Purchases;
    }

    private async Task<OfferTerms[]> OfferAsync(BenchNetwork network, string folder)
    {
        var goods = new FileInfo(Path.Combine(folder, "goods.bin"));
        await File.WriteAllBytesAsync(goods.FullName, new byte[GoodsLength], cancellation);
        return
        [
            await network.OfferAsync(goods, 1, cancellation),
            await network.OfferAsync(goods, ManyTokens, cancellation),
        ];
    }

    private Line Line(
        string database, bool isMasked, Recipe plain, double requests, Effort effort,
        Func<double, OperationCosts, double, Target>? target)
    {
        var costs = Report.Costs[^1].Costs;
        var recipe = isMasked ? plain.Masked(requests) : plain;
        var allIn = recipe.PerSecond(costs);
        return new Line(plain.Of, database, isMasked ? 2 : 0, effort, recipe.CryptoPerSecond(costs), allIn,
            target?.Invoke(effort.PerCoreSecond, costs, allIn));
    }

    private async Task<Effort> BuyAsync(
        Customers customers, BenchNetwork network, Purse purse, OfferTerms offer, int count, bool isTwoSided)
    {
        var tokens = (int)offer.Price.MinorUnits;
        await purse.FillAsync(tokens * count, network.Direct.Bank, cancellation);
        return await customers.BuyAsync(
            count, [.. Enumerable.Range(0, count).Select(_ => purse.Take(tokens))], offer, isTwoSided);
    }

    private static TimeSpan Sum(List<Effort> efforts, Func<Effort, TimeSpan> part) =>
        efforts.Aggregate(TimeSpan.Zero, (sum, one) => sum + part(one));

    private async Task<byte[]> PostAsync(HttpClient http, string path, byte[] body, string mediaType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new(mediaType);
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content, cancellation);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync(cancellation);
    }

    private void Add(Line line)
    {
        Report.Lines.Add(line);
        bar.Say($"{line.Database}: {line.Name}, {line.Masks} masks: {line.Effort.PerCoreSecond:F0} a second and core");
    }

    private void Step(string what, string database, int of)
    {
        const int steps = 8;
        done += 1.0 / (steps * of);
        bar.Report(Math.Min(1, done));
        bar.Say($"{database}: {what} done");
    }
}
