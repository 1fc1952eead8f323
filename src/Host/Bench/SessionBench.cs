using System.Numerics;

namespace Bauta.Host.Bench;

/// <summary>What an item of a session costs: in many sessions at once, acknowledged by itself or with the request for
/// the next one; and very many in one session, on one lock.</summary>
internal sealed class SessionBench(BenchPlan plan, int warmUp, BenchNetwork network, CancellationToken cancellation)
{
    /// <summary>An item takes the servers at most a tenth of a whole purchase.</summary>
    public const double TimesAPurchase = 10;

    private const int MaxWarmUps = 16;

    /// <summary>The price of an item is a cent, so this many of them use up a session's sum.</summary>
    public static int ExponentOf(BenchPlan plan, int warmUp)
    {
        var sessions = SessionsOf(plan);
        var each = 2 * (((MaxWarmUps * warmUp) + plan.Count) / sessions + MaxWarmUps + 1);
        return BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(each, plan.Items)));
    }

    /// <summary>Runs the lines of one database.</summary>
    /// <param name="purse">Of tokens that cover a session each.</param>
    /// <param name="add">Takes a line's recipe, its number of masks, its effort and traffic.</param>
    /// <returns>What the merchant was paid, in cents.</returns>
    public async Task<long> RunAsync(Purse purse, Action<Recipe, bool, Effort> add)
    {
        var sum = 0L;
        foreach (var isMasked in (bool[])[false, true])
        {
            using var customers = await OpenAsync(purse, SessionsOf(plan), isMasked);
            foreach (var isTogether in (bool[])[false, true])
            {
                await Load.WarmUpAsync(warmUp, count => customers.BuyAsync(count, isTogether));
                add(Recipe.Item(isTogether), isMasked, await customers.BuyAsync(plan.Count, isTogether));
            }

            sum += await customers.CloseAsync();
        }

        using var one = await OpenAsync(purse, 1, isMasked: false);
        add(Recipe.Item(isTogether: false) with { Of = $"session of {plan.Items} items on one lock" }, false,
            await one.BuyAsync(plan.Items, isTogether: false));
        return sum + await one.CloseAsync();
    }

    private static int SessionsOf(BenchPlan plan) => Math.Min(Customers.AtOnce, plan.Count);

    private async Task<MeteredCustomers> OpenAsync(Purse purse, int sessions, bool isMasked)
    {
        await purse.FillAsync(sessions, network.Direct.Bank, cancellation);
        var customers = new MeteredCustomers(network, network.Way(isMasked), cancellation);
        try
        {
            await customers.OpenAsync(purse.Take(sessions));
            return customers;
        }
        catch
        {
            customers.Dispose();
            throw;
        }
    }
}
