using System.Globalization;
using System.Diagnostics;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Messages that are changed, lost, doubled, late or cut, on every link between two real processes. In the gate a
/// sample; with BAUTA_FAULTS=all every fault at every message of a purchase, with and without masks; with a number so
/// many, and as many storms up to a hundred.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class MutationTests(SharedNetwork shared)
{
    // In one token, so that each purchase costs exactly one and nothing has to be refreshed in between.
    private const long Price = 4096;
    private const int SampleFaults = 6;
    private const int SampleStorms = 3;

    /// <summary>The most faults of a loop: <c>BAUTA_FAULTS</c>, a number or <c>all</c>; null for the sample.</summary>
    internal static readonly int? Limit = Environment.GetEnvironmentVariable("BAUTA_FAULTS") switch
    {
        null or "" => null,
        "all" => int.MaxValue,
        var number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture) is > 0 and var limit
            ? limit
            : throw new FormatException("BAUTA_FAULTS is a number above 0, or all."),
    };

    internal static readonly bool IsFull = Limit is not null;

    private sealed record Case(bool IsMasked, Link Link, Fault Fault, int Index);

    [Fact]
    public async Task Whatever_one_message_suffers_a_purchase_ends_once_and_value_is_conserved()
    {
        var network = await shared.UseAsync("mutations");
        var shop = await Shop.OpenAsync(network, Price);
        await Books.FundAsync(network.Parties, Price * 4);
        var cases = new List<Case>();
        foreach (var isMasked in new[] { false, true })
        {
            network.Parties.IsMasked = isMasked;
            await network.CalmAsync();
            var clean = await shop.BuyAsync();
            Assert.True(clean.ExitCode == 0, clean.Errors);
            cases.AddRange(network.Meddler.Seen.Select(seen => seen.Link).CountBy(link => link).SelectMany(link =>
                Enumerable.Range(0, link.Value).SelectMany(index => Enum.GetValues<Fault>().Select(
                    fault => new Case(isMasked, link.Key, fault, index)))));
        }

        var order = SharedNetwork.Spread(cases, one => (one.Link, one.IsMasked));
        var run = order.Take(Limit ?? SampleFaults).ToArray();
        await RunAsync(network, shop, run);
        TestContext.Current.SendDiagnosticMessage($"{run.Length} of {cases.Count} faults");
    }

    [Fact]
    public async Task Purchases_in_a_storm_of_faults_end_once_and_conserve_value()
    {
        var network = await shared.UseAsync("storm");
        var shop = await Shop.OpenAsync(network, Price);
        var purchases = Math.Min(100, Limit ?? SampleStorms);
        await Books.FundAsync(network.Parties, Price * (purchases + 2));
        var before = await Books.ValueAsync(network.Parties);
        for (var round = 0; round < purchases; round++)
        {
            network.Parties.IsMasked = round % 2 == 1;
            network.Meddler.Storm(oneIn: 8);
            Books.ExitsAsDocumented(await shop.BuyAsync(), $"purchase {round}");
            Books.ExitsAsDocumented(await network.Parties.WalletAsync("resume"), $"resume {round}");
            await network.CalmAsync();
            await Books.ResumeUntilNothingIsOpenAsync(network.Parties);
            await Books.NothingIsPendingAsync(network.Parties);
            await shop.EveryPurchaseEndedAsync();
        }

        Assert.Equal(before, await Books.ValueAsync(network.Parties));
        await Books.EveryTokenIsGoodAsync(network.Parties);
        Assert.Equal(before, await Books.ValueAsync(network.Parties));
    }

    private static async Task RunAsync(ProxiedNetwork network, Shop shop, Case[] cases)
    {
        var watch = Stopwatch.StartNew();
        var hits = 0;
        // A long run goes on after a failure, to find all there are.
        var failures = new List<string>();
        for (var at = 0; at < cases.Length; at++)
        {
            if (at % 50 == 0)
                await Books.FundAsync(network.Parties, Price * Math.Min(52, cases.Length - at + 2));
            var before = at % 10 == 0 || cases.Length < 10 ? await Books.ValueAsync(network.Parties) : (long?)null;
            var one = cases[at];
            network.Parties.IsMasked = one.IsMasked;
            network.Meddler.One(one.Link, one.Fault, one.Index);
            try
            {
                Books.ExitsAsDocumented(await shop.BuyAsync(), "buy");
                hits += network.Meddler.Hits;
                await network.CalmAsync();
                await Books.ResumeUntilNothingIsOpenAsync(network.Parties);
                await Books.NothingIsPendingAsync(network.Parties);
                await shop.EveryPurchaseEndedAsync();
                if (before is not null)
                    Assert.Equal(before, await Books.ValueAsync(network.Parties));
            }
            catch (Exception failure)
            {
                failures.Add($"{one} (seed {SharedNetwork.Seed}, case {at}): {failure.Message}");
                Console.Error.WriteLine(failures[^1]);
            }

            if (IsFull)
                Console.Error.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss} {at + 1}/{cases.Length} {one}");
        }

        Assert.Empty(failures);
        // A fault at a message that only sometimes is sent may not come to pass; most must.
        Assert.True(hits >= cases.Length / 2, $"Only {hits} of {cases.Length} faults came to pass.");
        await Books.EveryTokenIsGoodAsync(network.Parties);
    }
}
