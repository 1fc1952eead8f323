using Bauta.Acquirer;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Wallet;
using Xunit;
using CustomerWallet = Bauta.Wallet.Wallet;

namespace Bauta.Tests.Wallet;

/// <summary>Payments that are refused, or decided late.</summary>
public class FundingTests
{
    [Fact]
    public async Task Declined_cards_use_up_no_reserve_that_a_restore_would_look_for()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.JoinAsync(network);
        for (var sums = 1; sums <= 2; sums++)
        {
            for (var tries = 0; tries < 5; tries++)
                await DeclinedAsync(lost);
            await lost.FundAsync(10);
        }

        await lost.Wallet.WithdrawAsync(Amount.FromMinorUnits(15), default);
        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        Assert.Equal(15, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
        var has = await found.AgreesWithBankAsync();
        Assert.Equal((15, 5), (has.Spendable.MinorUnits, has.InReserves.MinorUnits));
    }

    [Fact]
    public async Task Payments_that_are_open_are_too_few_to_hide_a_later_one_from_a_restore()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.JoinAsync(network);
        var wallet = Hasty(lost, network);
        for (var i = 0; i < 3; i++)
            Assert.False(await wallet.FundAsync(Amount.FromMinorUnits(5), TestCards.Delayed, default));
        Assert.Equal(WalletError.Refused,
            (await Assert.ThrowsAsync<WalletException>(() => lost.FundAsync(5))).Error);
        Assert.Equal(3, (await wallet.ResumeAsync(null, default)).Count);
        network.Clock.Advance(5);
        Assert.Empty(await wallet.ResumeAsync(null, default));
        await lost.FundAsync(5);
        Assert.Equal(20, (await lost.AgreesWithBankAsync()).InReserves.MinorUnits);
    }

    [Fact]
    public async Task A_payment_that_is_decided_late_is_credited_once()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        Assert.False(await Hasty(customer, network).FundAsync(Amount.FromMinorUnits(9), TestCards.Delayed, default));
        Assert.Equal(0, (await customer.AgreesWithBankAsync()).InReserves.MinorUnits);

        await customer.RestartAsync();
        Assert.Contains("acquirer", Assert.Single(await Hasty(customer, network).ResumeAsync(null, default)));
        Assert.Equal(0, (await network.AuditAsync()).Funded);

        network.Clock.Advance(5);
        // The bank credits it, and its answer is lost: card of the bank, acquirer, bank.
        network.Wire.Reset();
        network.Wire.Reset(lostCall: 1, isAnswerLost: true);
        Assert.Single(await customer.ResumeAsync());
        Assert.Equal("IBank.FundAsync", network.Wire.Log[^1]);
        network.Wire.Reset();
        for (var i = 0; i < 2; i++)
        {
            await customer.RestartAsync();
            Assert.Empty(await customer.ResumeAsync());
            Assert.Equal(9, (await customer.AgreesWithBankAsync()).InReserves.MinorUnits);
            Assert.Equal(9, (await network.AuditAsync()).Funded);
        }

        Assert.DoesNotContain("IAcquirer.TakeInAsync", network.Wire.Log);
    }

    [Fact]
    public async Task One_payment_that_fails_does_not_hold_up_another()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        foreach (var card in new[] { TestCards.Declined, TestCards.Approved })
        {
            network.Wire.Silent.Add(typeof(IAcquirer));
            await Assert.ThrowsAsync<PartyUnreachableException>(
                () => customer.Wallet.FundAsync(Amount.FromMinorUnits(9), card, default));
        }

        network.Wire.Silent.Clear();
        Assert.Contains("declined", Assert.Single(await customer.ResumeAsync()));
        Assert.Equal(9, (await customer.AgreesWithBankAsync()).InReserves.MinorUnits);
        Assert.Empty(await customer.ResumeAsync());
    }

    [Fact]
    public async Task A_restore_looks_for_tokens_when_it_finds_no_reserve()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 7);
        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        using var key = lost.Wallet.Store.Seed.ReserveKey(0);
        network.BankWire.HiddenReserves.Add(Convert.ToHexString(key.PublicKey.Spki));
        Assert.Equal(7, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
    }

    private static async Task DeclinedAsync(Customer customer) => Assert.Equal(
        WalletError.Declined,
        (await Assert.ThrowsAsync<WalletException>(() => customer.Wallet.FundAsync(
            Amount.FromMinorUnits(5), TestCards.Declined, default))).Error);

    /// <summary>The same wallet, which does not wait between two questions.</summary>
    private static CustomerWallet Hasty(Customer customer, InProcessNetwork network) =>
        new(customer.Wallet.Store, network, new PauseClock(network)) { MaxPause = TimeSpan.Zero };
}
