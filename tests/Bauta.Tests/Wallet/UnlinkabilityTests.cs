using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Wallet;
using Bauta.Wallet.Tokens;
using Xunit;
using CustomerWallet = Bauta.Wallet.Wallet;

namespace Bauta.Tests.Wallet;

/// <summary>What the bank sees of exchanges that must not be told to belong together.</summary>
public class UnlinkabilityTests
{
    private static readonly TimeSpan longest = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task The_reserves_of_a_refresh_are_emptied_with_a_pause_before_each()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var clock = new PauseClock(network);
        network.Wire.Reset();
        Assert.Equal(5, await Over(customer, network, clock).RefreshAsync(TimeSpan.FromDays(1), null, default));
        Assert.Equal(5, network.Wire.Log.Count(call => call == "IBank.WithdrawAsync"));
        AssertPausedBefore(network, "IBank.WithdrawAsync");
        AssertPausedBefore(network, "IBank.RefreshAsync");
        AssertRandom(clock);
    }

    [Fact]
    public async Task Reserves_are_read_with_a_pause_between_and_never_one_whose_refresh_is_under_way()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.FundAsync(1);
        await customer.FundAsync(2);
        network.BankWire.RefuseRefresh = BankError.TooMany;
        await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default));
        Assert.Equal(5, await customer.CountAsync(TokenState.Refreshing));

        network.Wire.Reset();
        network.BankWire.ReservesRead.Clear();
        var balance = await Over(customer, network, new PauseClock(network)).BalanceAsync(default);
        Assert.Equal((3, 31), (balance.InReserves.MinorUnits, balance.ToRefresh.MinorUnits));
        Assert.Equal(
            ["IBank.ReserveAsync", "pause", "IBank.ReserveAsync"],
            network.Wire.Log.Where(entry => entry is "IBank.ReserveAsync" or "pause"));
        network.Wire.Reset();
        await Over(customer, network, new PauseClock(network)).WithdrawAsync(Amount.FromMinorUnits(3), default);
        Assert.Equal(
            ["IBank.ReserveAsync", "pause", "IBank.ReserveAsync"],
            network.Wire.Log.Where(entry => entry is "IBank.ReserveAsync" or "pause").Take(3));
    }

    [Fact]
    public async Task A_restore_asks_in_random_order_with_a_random_pause_before_each_question()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 31);
        await using var first = await Customer.JoinAsync(network, "first", lost.Phrase);
        await using var second = await Customer.JoinAsync(network, "second", lost.Phrase);
        var clock = new PauseClock(network);
        network.Wire.Reset();
        network.BankWire.KeysAsked.Clear();
        await Over(first, network, clock).RestoreAsync(null, default);
        AssertPausedBefore(network, "IBank.WithdrawAsync");
        AssertPausedBefore(network, "IBank.RefreshAsync");
        Assert.Equal("pause", network.Wire.Log[network.Wire.Log.IndexOf("IBank.ReserveAsync") - 1]);
        AssertRandom(clock);
        var order = network.BankWire.KeysAsked.Take(20).ToArray();

        network.BankWire.KeysAsked.Clear();
        await Over(second, network, clock).RestoreAsync(null, default);
        // The same twenty among six keys come about once in 10^15 times.
        Assert.NotEqual(order, network.BankWire.KeysAsked.Take(20));
    }

    [Fact]
    public async Task A_restore_shows_neither_the_order_of_tokens_nor_which_reserves_belong_together()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.JoinAsync(network);
        for (var i = 0; i < 6; i++)
            await lost.FundAsync(32 * 8);
        network.BankWire.TokensAsked.Clear();
        await lost.Wallet.WithdrawAsync(Amount.FromMinorUnits(6 * 32 * 8), default);
        var issued = network.BankWire.TokensAsked.GroupBy(asked => asked.Key).MaxBy(key => key.Count())!.ToList();
        Assert.Equal(42, issued.Count);

        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        network.Wire.Reset();
        network.BankWire.TokensAsked.Clear();
        network.BankWire.ReservesRead.Clear();
        await found.Wallet.RestoreAsync(null, default);
        var places = network.BankWire.TokensAsked.Select(asked => issued.IndexOf(asked))
            .Where(place => place >= 0).Take(issued.Count).ToArray();
        Assert.Equal(issued.Count, places.Distinct().Count());
        // How far each is from where it was issued: a third of all when nothing is known, and nothing in order.
        Assert.True(
            places.Select((place, asked) => Math.Abs(place - asked)).Average() > issued.Count / 6.0,
            string.Join(' ', places));

        var search = network.Wire.Log.TakeWhile(call => call != "IBank.RefreshAsync").ToList();
        var reads = search.Count(call => call == "IBank.ReserveAsync");
        Assert.True(reads >= 6 + 4, $"{reads} reserves were read.");
        Assert.True(
            search[search.IndexOf("IBank.ReserveAsync")..search.LastIndexOf("IBank.ReserveAsync")]
                .Count(call => call == "IBank.WithdrawAsync") > reads);
        var keys = Enumerable.Range(0, 32).Select(number =>
        {
            using var key = lost.Wallet.Store.Seed.ReserveKey(number);
            return Convert.ToHexString(key.PublicKey.Spki);
        }).ToList();
        var read = network.BankWire.ReservesRead.Take(reads).Select(key => keys.IndexOf(key)).ToArray();
        Assert.NotEqual(read.Order(), read);
    }

    [Fact]
    public async Task A_batch_that_is_refused_for_good_leaves_no_gap_that_a_restore_stops_at()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(32 * 70 + 63);
        var refusals = 1;
        network.BankWire.RefuseWithdrawal = requests =>
            requests.Count == TokenBatch.MaxRequests && refusals-- > 0 ? BankError.KeyExpired : null;
        await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(32 * 70 + 63), default));
        Assert.Empty(await customer.ResumeAsync());
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal((31, 32 * 71), (balance.Spendable.MinorUnits, balance.InReserves.MinorUnits));
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(32), default);

        await using var found = await Customer.JoinAsync(network, "again", customer.Phrase);
        Assert.Equal(63, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
    }

    [Fact]
    public async Task A_key_that_is_refused_does_not_take_the_others_of_its_batch_with_it()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(63);
        var sixteen = (await customer.Wallet.DenominationsAsync(default)).All
            .Single(key => key.Terms.Value.MinorUnits == 16).Key.KeyId[^1];
        network.BankWire.RefuseWithdrawal = requests =>
            requests.Any(request => request.TruncatedKeyId == sixteen) ? BankError.KeyRevoked : null;
        await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(63), default));
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal((47, 16), (balance.Spendable.MinorUnits, balance.InReserves.MinorUnits));
        Assert.Equal(0, await customer.CountAsync(TokenState.Planned));
        Assert.Empty(await customer.ResumeAsync());
    }

    private static CustomerWallet Over(Customer customer, InProcessNetwork network, TimeProvider clock) =>
        new(customer.Wallet.Store, network, clock) { MaxPause = longest };

    /// <summary>Between a call and the one of its kind before it lies a pause.</summary>
    private static void AssertPausedBefore(InProcessNetwork network, string call)
    {
        var seen = network.Wire.Log.Where(entry => entry == call || entry == "pause").ToArray();
        Assert.Contains(call, seen);
        for (var i = 0; i < seen.Length; i++)
            Assert.True(seen[i] == "pause" || (i > 0 && seen[i - 1] == "pause"), $"{call} is not preceded by a pause.");
    }

    private static void AssertRandom(PauseClock clock)
    {
        Assert.All(clock.Pauses, pause => Assert.InRange(pause, TimeSpan.FromTicks(1), longest));
        Assert.True(clock.Pauses.Distinct().Count() > 3);
    }
}
