using System.Diagnostics;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// SIGKILL at every message and at every durable write of a purchase, one at a time, of either side: restart, resume.
/// In the gate a sample; with BAUTA_KILL_POINTS=all every one of them, with and without masks.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class KillPointTests(SharedNetwork shared)
{
    private const long Price = 4096;
    private const int SampleMessages = 5;

    /// <summary>How many purchases one injection may take to come to pass.</summary>
    internal const int MostPurchases = 4;

    internal static readonly bool IsFull = Environment.GetEnvironmentVariable("BAUTA_KILL_POINTS") == "all";

    // Before and after a message, and in between, for the one who sends and the one who is asked.
    private static readonly (Moment Moment, bool IsCaller)[] points =
    [
        (Moment.Sent, true), (Moment.Sent, false), (Moment.Received, false), (Moment.Answered, false),
        (Moment.Answered, true), (Moment.Heard, true),
    ];

    // 128 and the number of SIGKILL.
    private const int Killed = 137;

    private sealed record Point(bool IsMasked, Link Link, int Index, Moment Moment, string Victim);

    [Fact]
    public async Task Whoever_dies_before_or_after_any_message_a_purchase_ends_once_and_value_is_conserved()
    {
        var network = await shared.UseAsync("kill-messages");
        var parties = network.Parties;
        var shop = await Shop.OpenAsync(network, Price);
        await Books.FundAsync(parties, Price * 4);
        var all = new List<Point>();
        foreach (var isMasked in new[] { false, true })
        {
            parties.IsMasked = isMasked;
            await network.CalmAsync();
            var clean = await shop.BuyAsync();
            Assert.True(clean.ExitCode == 0, clean.Errors);
            all.AddRange(network.Meddler.Seen.CountBy(seen => seen.Link).SelectMany(link =>
                Enumerable.Range(0, link.Value).SelectMany(index => points.Select(point => new Point(
                    isMasked, link.Key, index, point.Moment, Victim(link.Key, isMasked, point.IsCaller))))));
        }

        var order = SharedNetwork.Spread(all, point => point.Victim);
        var run = IsFull ? order : order[..SampleMessages];
        var (killed, watch) = (0, Stopwatch.StartNew());
        for (var at = 0; at < run.Length; at++)
        {
            if (at % 50 == 0)
                await Books.FundAsync(parties, Price * Math.Min(52, run.Length - at + 2));
            var before = at % 10 == 0 ? await Books.ValueAsync(parties) : (long?)null;
            try
            {
                parties.IsMasked = run[at].IsMasked;
                killed += await BuyAndKillAsync(network, shop, run[at]) ? 1 : 0;
                await EndsWellAsync(network, shop, before);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"{run[at]} (case {at}): {failure.Message}", failure);
            }

            if (IsFull)
                Console.Error.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss} {at + 1}/{run.Length} {run[at]}");
        }

        Assert.True(killed >= run.Length / 2, $"Only {killed} of {run.Length} kills came to pass.");
        await Books.EveryTokenIsGoodAsync(parties);
    }

    [Fact]
    public async Task Whoever_dies_at_any_durable_write_a_purchase_ends_once_and_value_is_conserved()
    {
        var network = await shared.UseAsync("kill-writes");
        var parties = network.Parties;
        var shop = await Shop.OpenAsync(network, Price);
        var watch = Stopwatch.StartNew();
        string[] victims = IsFull ? ["wallet", "bank", "archive", "merchant", "witness-1"] : ["wallet", "bank"];
        foreach (var victim in victims)
        {
            await Books.FundAsync(parties, Price * 2);
            var (first, last) = await FlushesAsync(network, shop, victim);
            Assert.True(last >= first, $"{victim} flushed nothing in a purchase.");
            // In full also those of other files, such as the mark in a second place: each thread's, as far as it comes.
            var log = LogOf(network, victim);
            (int Flush, string? Path)[] moments = IsFull
                ? [.. Enumerable.Range(1, last).SelectMany(k => new[] { (k, log), (k, (string?)null) })]
                : [(first + (new Random(SharedNetwork.Seed).Next(last - first + 1)), log)];
            await Books.FundAsync(parties, Price * (Math.Min(moments.Length, 20) + 1) * MostPurchases);
            var killed = 0;
            var before = await Books.ValueAsync(parties);
            foreach (var moment in moments)
            {
                try
                {
                    var said = await BuyUnderAsync(network, shop, victim, Injection.Kill(moment.Flush, moment.Path));
                    killed += said.ExitCode == Killed ? 1 : 0;
                    await EndsWellAsync(network, shop, moment == moments[^1] ? before : null);
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException(
                        $"{victim} at flush {moment.Flush}: {failure.Message}", failure);
                }

                if (IsFull)
                    Console.Error.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss} {victim} {moment}/{last}");
            }

            Assert.True(
                killed >= Math.Max(1, moments.Length / 3), $"{killed} of {moments.Length} kills of {victim} came.");
        }

        await Books.EveryTokenIsGoodAsync(parties);
    }

    internal static async Task EndsWellAsync(ProxiedNetwork network, Shop shop, long? valueBefore)
    {
        await network.CalmAsync();
        await network.Parties.StartMissingAsync();
        await Books.ResumeUntilNothingIsOpenAsync(network.Parties);
        await Books.NothingIsPendingAsync(network.Parties);
        await shop.EveryPurchaseEndedAsync();
        if (valueBefore is not null)
            Assert.Equal(valueBefore, await Books.ValueAsync(network.Parties));
    }

    /// <summary>
    /// Purchases while a role, or the wallet, runs under strace, until one meets what is injected: how often a role
    /// flushes when it starts is not the same each time.
    /// </summary>
    /// <param name="network">The parties.</param>
    /// <param name="shop">Where the purchases are made.</param>
    /// <param name="victim">Who runs under strace.</param>
    /// <param name="injection">What happens to it.</param>
    /// <param name="mayEnd">Whether the victim may be about to end by itself, and is waited for.</param>
    /// <param name="act">What is done instead of a purchase.</param>
    /// <returns>
    /// What the victim wrote to its standard error until it ended, or until it was stopped; -1 when it was stopped.
    /// </returns>
    internal static async Task<Said> BuyUnderAsync(
        ProxiedNetwork network, Shop shop, string victim, Injection injection, bool mayEnd = true,
        Func<Task<Said>>? act = null)
    {
        var parties = network.Parties;
        if (victim == "wallet")
        {
            using var buying = RealNetwork.LaunchTraced(
                injection.Arguments, parties.WalletArguments(shop.NextPurchase()));
            return await RealNetwork.EndAsync(buying, TimeSpan.FromMinutes(2));
        }

        parties.Kill(victim);
        // The injection may hit while the role starts; then it is simply not there for a while.
        await parties.StartTracedAsync(victim, injection.Arguments);
        Said said;
        var purchases = 0;
        do
        {
            said = await (act ?? shop.BuyAsync)();
            Books.ExitsAsDocumented(said, act is null ? "buy" : "what was done instead");
        }
        while (said.ExitCode == 0 && parties.IsRunning(victim) && ++purchases < MostPurchases);
        if (said.ExitCode != 0 && mayEnd)
            await parties.EndedAsync(victim, TimeSpan.FromSeconds(15));
        var (exitCode, log) = parties.Stop(victim);
        return new Said(exitCode ?? -1, said.Output, log);
    }

    /// <summary>The file that a commit is written to and flushed.</summary>
    internal static string LogOf(ProxiedNetwork network, string victim) => Directory.EnumerateFiles(
        Path.Combine(network.Parties.Folder, victim == "wallet" ? network.Parties.Wallet : victim), "*.db")
        .Single() + "-wal";

    /// <summary>Which of the writer's flushes belong to a purchase: the first and the last.</summary>
    private static async Task<(int First, int Last)> FlushesAsync(ProxiedNetwork network, Shop shop, string victim)
    {
        var parties = network.Parties;
        var counting = Injection.Count(
            Path.Combine(parties.Folder, $"flushes-{victim}"), path: LogOf(network, victim));
        if (victim == "wallet")
        {
            Assert.Equal(0, (await BuyUnderAsync(network, shop, victim, counting)).ExitCode);
            return (1, counting.Counted().Values.Max());
        }

        parties.Kill(victim);
        await parties.StartTracedAsync(victim, counting.Arguments);
        var before = counting.Counted();
        var bought = await shop.BuyAsync();
        Assert.True(bought.ExitCode == 0, bought.Errors);
        var (writer, last) = counting.Counted().MaxBy(thread => thread.Value - before.GetValueOrDefault(thread.Key));
        parties.Stop(victim);
        await parties.StartMissingAsync();
        return (before.GetValueOrDefault(writer) + 1, last);
    }

    private static async Task<bool> BuyAndKillAsync(ProxiedNetwork network, Shop shop, Point point)
    {
        var parties = network.Parties;
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var buying = parties.StartWallet(shop.NextPurchase());
        network.Meddler.Act(point.Link, point.Moment, point.Index, () =>
        {
            if (point.Victim == "wallet")
                buying.Kill();
            else
                parties.Kill(point.Victim);
            killed.SetResult();
            return Task.CompletedTask;
        });
        var ended = buying.WaitForExitAsync();
        await Task.WhenAny(killed.Task, ended);
        // Back while the wallet still tries, as with an operator whose service restarts by itself.
        await parties.StartMissingAsync();
        await ended;
        if (killed.Task.IsCompleted && point.Victim == "wallet")
            return true;
        Assert.Contains(buying.ExitCode, new[] { 0, 12, 14, 15, 17, 40 });
        return killed.Task.IsCompleted;
    }

    private static string Victim(Link link, bool isMasked, bool isCaller) => (isCaller, link.From) switch
    {
        (false, _) => link.To,
        (true, ProxiedNetwork.Customer) => isMasked && link.To != "mask-1" ? "mask-2" : "wallet",
        (true, _) => link.From,
    };
}
