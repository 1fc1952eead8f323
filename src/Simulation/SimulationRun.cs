using Bauta.Crypto.OpenSsl;
using Bauta.Protocol.Merchant;
using Bauta.Simulation.Lies;
using Bauta.Simulation.World;
using Bauta.Wallet.Purchase;

namespace Bauta.Simulation;

/// <summary>What one seed came to.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Purchases">How many were begun.</param>
/// <param name="Breaches">What must not have been; none when all held.</param>
/// <param name="Trace">A hash of all that happened; equal when it is run again.</param>
/// <param name="Steps">After how many steps the invariants were looked at.</param>
/// <param name="Messages">How many arrived.</param>
/// <param name="Tally">Faults that happened, and how purchases ended.</param>
public sealed record SeedResult(
    ulong Seed, long Purchases, IReadOnlyList<string> Breaches, string Trace, long Steps, long Messages, Tally Tally)
{
    /// <summary>Whether all held.</summary>
    public bool IsGood => Breaches.Count == 0;
}

/// <summary>Runs worlds, each from its seed.</summary>
public sealed class SimulationRun : IDisposable
{
    private const int Customers = 8;
    private const long LongestMs = 3_600_000;

    private readonly Template template;
    private readonly int purchases;

    /// <param name="purchases">How many purchases each world sees.</param>
    public SimulationRun(int purchases) =>
        (this.purchases, template) = (purchases, Template.Make(Customers, purchases));

    /// <summary>Runs one world from its beginning to its end, on this thread.</summary>
    /// <param name="seed">Of all that is left to chance.</param>
    /// <param name="lie">Who lies; null for what the seed says.</param>
    public SeedResult Run(ulong seed, Lie? lie = null) => Run(seed, lie, Sabotage.None);

    internal SeedResult Run(ulong seed, Lie? lie, Sabotage sabotage)
    {
        var world = template.Open(seed);
        VerifiedBefore.Remember(true);
        try
        {
            var chance = new Chance(seed, 5);
            var rates = FaultRates.Draw(chance);
            world.Liar = lie ?? Draw(chance);
            world.Net.Liar = LieNames.Of(world.Liar).Split('-')[0];
            if (world.Liar == Lie.CustomerReplays)
                rates = rates with { Duplicated = 400_000 };
            if (world.Liar == Lie.CustomerDoubleSpends)
            {
                world.Customers[1].Clone(world.Customers[0]);
                world.Cheats.UnionWith([0, 1]);
                world.Tally.Add("lie " + LieNames.Of(world.Liar));
            }

            new Liar(world, world.Liar, new Chance(seed, 6)).TakePlace();
            Saboteur.TakePlace(world, sabotage);
            // What brings the broken rule to light.
            rates = sabotage switch
            {
                Sabotage.ForgedAbort => new FaultRates(Lost: 60_000),
                Sabotage.FreshNotes => new FaultRates(Duplicated: 400_000),
                Sabotage.LyingDisk => new FaultRates(CrashBefore: 30_000),
                _ => rates,
            };
            try
            {
                world.Loop.Run(() => LiveAsync(world, rates, chance));
            }
            catch (Exception bug) when (bug is not OutOfMemoryException)
            {
                world.Report(bug);
            }

            if (world.Bug is { } found)
                world.Breach($"A party failed by a bug: {found}");
            return new SeedResult(
                seed, world.Customers.Sum(one => one.Begun), [.. world.Breaches], world.Trace, world.Loop.Steps,
                world.Net.Messages, world.Tally);
        }
        finally
        {
            VerifiedBefore.Remember(false);
            Template.Close(world);
        }
    }

    /// <summary>Runs many worlds, several at a time, each on a thread of its own.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="workers">How many at a time.</param>
    /// <param name="lie">Who lies in all of them; null for what the seeds say.</param>
    /// <param name="ended">Told of each when it is over, one at a time.</param>
    /// <param name="cancellation">Begins no more.</param>
    public async Task<SimulationReport> RunAsync(
        ulong first, int count, int workers, Lie? lie, Action<SeedResult> ended, CancellationToken cancellation)
    {
        var report = new SimulationReport();
        var gate = new Lock();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) < count && !cancellation.IsCancellationRequested;)
                {
                    var result = Run(unchecked(first + (ulong)i), lie);
                    lock (gate)
                    {
                        report.Add(result);
                        ended(result);
                    }
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        cancellation.ThrowIfCancellationRequested();
        return report;
    }

    // In every second world somebody lies.
    private static Lie Draw(Chance chance) =>
        chance.Below(2) == 0 ? Lie.None : (Lie)chance.Between(1, Enum.GetValues<Lie>().Length - 1);

    /// <inheritdoc/>
    public void Dispose() => template.Dispose();

    private async Task LiveAsync(SimulatedWorld world, FaultRates rates, Chance chance)
    {
        var quota = (purchases + Customers - 1) / Customers;
        foreach (var customer in world.Customers)
        {
            var limit = Math.Min(quota, purchases - (customer.Number * quota));
            customer.Habit = one => ShopAsync(world, one, chance, limit);
        }

        await world.StartAllAsync();
        world.Unleash(rates);
        while (world.Customers.Any(IsBuying) && world.Loop.Ms < LongestMs && world.Bug is null)
            await world.Loop.DelayAsync(200);
        world.Calm();
        await SettleAsync(world);
        // What a wallet does not know the worth of, the bank tells when it is refreshed.
        if (world.Liar == Lie.ShopReplaysTransaction || chance.Below(8) == 0)
            foreach (var customer in world.Customers)
                await Customer.TryAsync(() => customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default));
        if (world.Bug is null)
            await world.JudgeAsync();

        bool IsBuying(Customer one) => one.Begun < Math.Min(quota, purchases - (one.Number * quota));
    }

    /// <summary>Once nothing fails any more, all must be over within expiry and grace.</summary>
    private static async Task SettleAsync(SimulatedWorld world)
    {
        // Who was down is back after seconds; a retry waits at most its longest pause.
        var until = world.Loop.Ms
            + (1000L * (SimulatedWorld.LifetimeSeconds + SimulatedWorld.GraceSeconds + 30));
        while (world.Loop.Ms < until && world.Bug is null)
        {
            await world.Loop.DelayAsync(5_000);
            if (!world.IsAllUp || world.IsAnyLockOpen)
                continue;
            var isOver = true;
            foreach (var customer in world.Customers)
                isOver &= await customer.ResumeAsync();
            if (isOver && await world.IsShopDoneAsync())
                return;
        }
    }

    /// <summary>What customers do all day. It begins anew whenever the wallet starts.</summary>
    private async Task ShopAsync(SimulatedWorld world, Customer customer, Chance chance, int limit)
    {
        await customer.ResumeAsync();
        while (customer.Begun < limit)
        {
            await world.Loop.DelayAsync(chance.Between(1, 400));
            var offer = template.Offers[chance.Below(template.Offers.Count)];
            var wanted = new CustomerTerms(chance.Below(4) == 0 ? DeliveryProof.TwoSided : null);
            var number = customer.Begun++;
            if (!await Customer.TryAsync(() => customer.Wallet.BuyAsync(
                world.ShopAddress, offer, customer.FileFor(number), wanted, TimeSpan.FromSeconds(2), null,
                CancellationToken.None)))
                world.Tally.Add("purchases cut off");
            if (chance.Below(8) == 0)
                await customer.ResumeAsync();
        }
    }
}
