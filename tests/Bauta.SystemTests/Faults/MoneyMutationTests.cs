using System.Diagnostics;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Messages that are changed, lost, doubled, late or cut while money goes in, becomes tokens, fresh tokens, and goes
/// out. In the gate one for each of the links; with BAUTA_FAULTS=all every fault at every message.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class MoneyMutationTests(SharedNetwork shared)
{
    // One token, so that a step is few messages.
    private const long Sum = 4096;
    private const string Card = "4242424242424242";

    private enum Step
    {
        Fund,
        Withdraw,
        Refresh,
        PayOut,
    }

    private sealed record Case(Step Step, bool IsMasked, Link Link, Fault Fault, int Index);

    // A payout travels from the shop to the bank at once, and from there to the acquirer when the bank's turn comes.
    private static readonly (Step Step, string From, string To)[] gate =
    [
        (Step.Fund, ProxiedNetwork.Customer, "acquirer"), (Step.Fund, ProxiedNetwork.Customer, "bank"),
        (Step.Withdraw, ProxiedNetwork.Customer, "bank"), (Step.Refresh, ProxiedNetwork.Customer, "bank"),
        (Step.PayOut, "merchant", "bank"), (Step.PayOut, "bank", "acquirer"),
    ];

    [Fact]
    public async Task Whatever_one_message_suffers_money_goes_in_and_out_once()
    {
        var network = await shared.UseAsync("money");
        var parties = network.Parties;
        var shop = await Shop.OpenAsync(network, Sum);
        await Books.FundAsync(parties, 2 * Sum);
        var bought = await shop.BuyAsync();
        Assert.True(bought.ExitCode == 0, bought.Errors);
        await Books.ValueAsync(parties);
        var cases = await CasesAsync(network);
        var watch = Stopwatch.StartNew();
        var (hits, failures) = (0, new List<string>());
        for (var at = 0; at < cases.Length; at++)
        {
            try
            {
                hits += await RunAsync(network, cases[at]);
            }
            catch (Exception failure)
            {
                failures.Add($"{cases[at]} (seed {SharedNetwork.Seed}, case {at}): {failure.Message}");
                Console.Error.WriteLine(failures[^1]);
            }

            if (MutationTests.IsFull)
                Console.Error.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss} {at + 1}/{cases.Length} {cases[at]}");
        }

        Assert.Empty(failures);
        Assert.True(hits >= cases.Length / 2, $"Only {hits} of {cases.Length} faults came to pass.");
        await Books.EveryTokenIsGoodAsync(parties);
        parties.PaidOut = PaidOutOfShop(parties);
        await Books.ValueAsync(parties);
    }

    /// <summary>Goes through every step once and notes each message.</summary>
    private static async Task<Case[]> CasesAsync(ProxiedNetwork network)
    {
        var all = new List<Case>();
        foreach (var isMasked in MutationTests.IsFull ? (bool[])[false, true] : [false])
        {
            foreach (var step in Enum.GetValues<Step>())
            {
                await network.CalmAsync();
                network.Parties.IsMasked = isMasked;
                var said = await TakeAsync(network.Parties, step);
                Assert.True(said.ExitCode == 0, $"{step}: {said.Errors}");
                await PayoutsEndAsync(network.Parties);
                all.AddRange(network.Meddler.Seen.CountBy(seen => seen.Link).SelectMany(link =>
                    Enumerable.Range(0, link.Value).SelectMany(index => Enum.GetValues<Fault>().Select(
                        fault => new Case(step, isMasked, link.Key, fault, index)))));
            }
        }

        var random = new Random(SharedNetwork.Seed);
        var order = all.OrderBy(_ => random.Next()).ToArray();
        return MutationTests.Limit is { } limit
            ? [.. order.Take(limit)]
            : [.. gate.Select(one => order.First(it => it.Step == one.Step && it.Link == new Link(one.From, one.To)))];
    }

    private static async Task<int> RunAsync(ProxiedNetwork network, Case one)
    {
        var parties = network.Parties;
        // What the step needs is there before the fault.
        await network.CalmAsync();
        parties.IsMasked = false;
        if (one.Step != Step.Fund && await HeldInAsync(parties, one.Step) < Sum)
            await Books.FundAsync(parties, Sum);
        if (one.Step == Step.Withdraw)
            await DoneAsync(parties, Step.Fund);
        var before = State.Of(parties, await HeldAsync(parties));

        parties.IsMasked = one.IsMasked;
        network.Meddler.One(one.Link, one.Fault, one.Index);
        Books.ExitsAsDocumented(await TakeAsync(parties, one.Step), $"{one.Step}");
        if (one.Step == Step.PayOut)
            await PayoutsEndAsync(parties);
        var hits = network.Meddler.Hits;
        await network.CalmAsync();
        await Books.ResumeUntilNothingIsOpenAsync(parties);
        await PayoutsEndAsync(parties);

        var after = State.Of(parties, await HeldAsync(parties));
        // What the acquirer took in is in the bank's books and the wallet's hands; what it paid out is in neither.
        Assert.Equal(after.TakenIn - before.TakenIn, after.Funded - before.Funded);
        Assert.Equal(after.TakenIn - before.TakenIn, after.Held - before.Held);
        Assert.True(one.Step == Step.Fund || after.TakenIn == before.TakenIn, "Money came in that nobody sent.");
        Assert.InRange(after.TakenIn - before.TakenIn, 0, Sum);
        Assert.Equal(after.PaidByAcquirer - before.PaidByAcquirer, after.PaidByBank - before.PaidByBank);
        Assert.InRange(after.PaidByBank - before.PaidByBank, 0, one.Step == Step.PayOut ? 1 : 0);
        Assert.Equal(after.PaidByBank, LiveRows.Number(
            parties, "merchant", "SELECT COALESCE(SUM(amount), 0) FROM payouts WHERE state IN ('ordered', 'paid')"));
        return hits;
    }

    private static Task<Said> TakeAsync(RealNetwork network, Step step) => step switch
    {
        Step.Fund => network.WalletAsync("fund", "40.96", "--card", Card),
        Step.Withdraw => network.WalletAsync("withdraw", "40.96"),
        Step.Refresh => network.WalletAsync("refresh", "--days", "10000", "--pause", "0"),
        // The smallest sum, so that one sale pays for many.
        _ => network.ShopAsync("payout", "0.01"),
    };

    private static async Task DoneAsync(RealNetwork network, Step step)
    {
        var said = await TakeAsync(network, step);
        Assert.True(said.ExitCode == 0, $"{step}: {said.Errors}");
    }

    /// <summary>No order waits at the bank, and none at the shop that the bank has not answered.</summary>
    private static async Task PayoutsEndAsync(RealNetwork network)
    {
        for (var tries = 0; ; tries++)
        {
            var open = LiveRows.Number(network, "bank", "SELECT COUNT(*) FROM payouts WHERE state = 0")
                + LiveRows.Number(network, "merchant", "SELECT COUNT(*) FROM payouts WHERE state = 'sending'");
            if (open == 0)
                return;
            Assert.True(tries < 240, $"{open} payouts do not end.");
            await Task.Delay(250);
        }
    }

    private static long PaidOutOfShop(RealNetwork network) =>
        LiveRows.Number(network, "bank", "SELECT COALESCE(SUM(paid_out), 0) FROM accounts");

    private static async Task<long> HeldInAsync(RealNetwork network, Step step) =>
        step == Step.Refresh ? (long)(await network.WalletAsync("balance")).Json["spendable"]! : Sum;

    private static async Task<long> HeldAsync(RealNetwork network)
    {
        var balance = (await network.WalletAsync("balance")).Json;
        return (long)balance["spendable"]! + (long)balance["setAside"]! + (long)balance["toRefresh"]!
            + (long)balance["inReserves"]!;
    }

    /// <summary>What the wallet says it has, and what stands in the books of bank and acquirer.</summary>
    private sealed record State(long Held, long TakenIn, long Funded, long PaidByBank, long PaidByAcquirer)
    {
        public static State Of(RealNetwork network, long held) => new(
            held,
            LiveRows.Number(
                network, "acquirer", "SELECT COALESCE(SUM(amount), 0) FROM takings WHERE state = 'approved'"),
            LiveRows.Number(network, "bank", "SELECT funded FROM bank_totals"),
            PaidOutOfShop(network),
            LiveRows.Number(network, "acquirer", "SELECT COALESCE(SUM(amount), 0) FROM payouts WHERE paid = 1"));
    }
}
