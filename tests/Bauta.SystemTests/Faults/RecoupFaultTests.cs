using Bauta.SystemTests.Banks;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// An issuer revokes a key of which another bank locks the tokens. Whatever one message suffers, and whoever dies at
/// one, each token is closed once and recouped once. In the gate a sample; with BAUTA_FAULTS=all every fault at either
/// request, with BAUTA_KILL_POINTS=all every moment of either.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class RecoupFaultTests(SharedNetwork shared)
{
    private const string Closing = "POST /closings";
    private const string Recoup = "POST /recoups";

    // Withdrawn as 2, 1 and 1, of which the first is revoked: one token.
    private const long Held = 4;
    private const string Sum = "0.04";
    private const long Revoked = 2;

    private static readonly (Fault Fault, string Request)[] faults =
        [.. Enum.GetValues<Fault>().SelectMany(fault => new[] { (fault, Closing), (fault, Recoup) })];

    private static readonly (Moment Moment, string Victim, string Request)[] kills =
    [
        .. new[] { (BankPair.Locker, Closing), (BankPair.Issuer, Recoup) }.SelectMany(to => new[]
        {
            (Moment.Sent, "wallet", to.Item2), (Moment.Sent, to.Item1, to.Item2),
            (Moment.Received, to.Item1, to.Item2), (Moment.Answered, to.Item1, to.Item2),
            (Moment.Answered, "wallet", to.Item2), (Moment.Heard, "wallet", to.Item2),
        }),
    ];

    [Fact]
    public async Task Whatever_a_closing_or_its_recoup_suffers_a_token_is_recouped_once()
    {
        var network = await shared.UseAsync("recoup-faults");
        var order = SharedNetwork.Spread(faults, one => one.Request);
        var run = order.Take(MutationTests.Limit ?? 2).ToArray();
        await RecoupEachAsync(network, "recoup-fault", run, async one =>
        {
            network.Meddler.First(one.Request, one.Fault);
            Books.ExitsAsDocumented(await RefreshAsync(network.Parties), $"{one}");
            Assert.True(network.Meddler.Hits == 1, $"{one} did not come to pass.");
        });
    }

    [Fact]
    public async Task Whoever_dies_at_a_closing_or_its_recoup_a_token_is_recouped_once()
    {
        var network = await shared.UseAsync("recoup-kills");
        var order = SharedNetwork.Spread(kills, one => one.Request);
        var run = KillPointTests.IsFull ? order : order[..2];
        await RecoupEachAsync(network, "recoup-kill", run, one => RefreshAndKillAsync(network, one));
    }

    /// <summary>One wallet with one token of the revoked key for each case.</summary>
    private static async Task RecoupEachAsync<T>(
        ProxiedNetwork network, string prefix, T[] cases, Func<T, Task> act)
    {
        var parties = network.Parties;
        await network.StartBanksAsync();
        for (var at = 0; at < cases.Length; at++)
        {
            await network.MakeBanksWalletAsync($"{prefix}-{at}");
            await BankPair.FundAsync(parties, Sum);
        }

        await BankPair.RevokeAsync(parties, Revoked);
        for (var at = 0; at < cases.Length; at++)
        {
            parties.Wallet = $"{prefix}-{at}";
            var before = Recouped.Of(parties);
            await act(cases[at]);
            await network.CalmAsync();
            await network.StartBanksAsync();
            await Books.ResumeUntilNothingIsOpenAsync(parties);
            Assert.True(
                await BankPair.HeldAsync(parties) == Held, $"{cases[at]} (seed {SharedNetwork.Seed}) lost a token.");
            Recouped.Of(parties).IsMoreThan(before, 1, Revoked);
        }
    }

    private static async Task RefreshAndKillAsync(
        ProxiedNetwork network, (Moment Moment, string Victim, string Request) one)
    {
        var killed = false;
        using var wallet = network.Parties.StartWallet("refresh", "--days", "0", "--pause", "0");
        network.Meddler.Act(one.Request, one.Moment, () =>
        {
            if (one.Victim == "wallet")
                wallet.Kill();
            else
                network.Parties.Kill(one.Victim);
            killed = true;
            return Task.CompletedTask;
        });
        await RealNetwork.EndAsync(wallet, TimeSpan.FromMinutes(2));
        Assert.True(killed, $"{one} did not come to pass.");
    }

    private static Task<Said> RefreshAsync(RealNetwork network) =>
        network.WalletAsync("refresh", "--days", "0", "--pause", "0");
}
