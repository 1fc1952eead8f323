using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>One bank issues the wallet's tokens, another one locks them, and the issuer revokes a key.</summary>
public class RecoupAcrossBanksTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Fact]
    public async Task What_is_left_of_tokens_of_revoked_keys_is_exchanged_through_both_banks()
    {
        await using var network = await InProcessNetwork.StartAsync(hasLocker: true);
        await using var customer = await Customer.WithTokensAsync(network, 7);
        await customer.RevokeAllAsync();
        network.Wire.Reset();
        Assert.Equal(3, await customer.Wallet.RecoupAsync(null, default));
        Assert.Equal(3, network.Wire.Log.Count(call => call == "IBank.CloseAsync"));
        Assert.Equal(3, network.Wire.Log.Count(call => call == "IBank.RecoupAsync"));
        // A refresh would tell the locking bank the reserve.
        Assert.DoesNotContain("IBank.RefreshAsync", network.Wire.Log);
        Assert.Equal(7, (await BalanceAsync(customer)).Spendable.MinorUnits);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "a"));
        await network.BackgroundAsync();
        var (issued, locked) = (await network.AuditAsync(), await network.TheLocker!.AuditAsync());
        Assert.Equal((7, 0, 7), (issued.Funded, issued.Reserves, issued.Unspent));
        Assert.Equal((7, 7, 0), (locked.Funded, locked.Merchants, locked.PaidOut));
    }

    [Fact]
    public async Task The_rest_of_a_partly_spent_token_is_exchanged_and_the_locked_one_after_its_abort()
    {
        await using var network = await InProcessNetwork.StartAsync(hasLocker: true);
        await using var customer = await Customer.WithTokensAsync(network, 4);
        var offer = await network.OfferAsync(goods, 1);
        // Of 2, 1 and 1 the small ones go first; then a part of the large one.
        foreach (var file in new[] { "a", "b", "c" })
        {
            Assert.IsType<Opened>(await customer.BuyAsync(offer, file));
            await network.BackgroundAsync();
        }

        await customer.FundAsync(4);
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(4), default);
        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await customer.BuyAsync(await network.OfferAsync(goods, 4), "d"));
        await customer.RevokeAllAsync();
        Assert.True(await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default) > 0);
        Assert.Equal(1, (await BalanceAsync(customer)).Spendable.MinorUnits);
        network.Clock.Advance(300);
        await customer.ResumeAsync();
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(5, (await BalanceAsync(customer)).Spendable.MinorUnits);
    }

    [Fact]
    public async Task Until_the_locking_bank_knows_the_revocation_the_tokens_wait()
    {
        await using var network = await InProcessNetwork.StartAsync(hasLocker: true);
        await using var customer = await Customer.WithTokensAsync(network, 1);
        await customer.RevokeAllAsync(isLockerTold: false);
        var told = Assert.Single(await customer.ResumeAsync());
        Assert.Contains("has not read the issuer's revocation yet", told, StringComparison.Ordinal);
        Assert.Equal(1, (await BalanceAsync(customer)).ToRefresh.MinorUnits);
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(1, (await BalanceAsync(customer)).Spendable.MinorUnits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recoup_that_loses_any_one_call_loses_no_value(bool isAnswerLost)
    {
        var calls = int.MaxValue;
        for (var lost = -1; lost < calls; lost++)
        {
            await using var network = await InProcessNetwork.StartAsync(hasLocker: true);
            await using var customer = await Customer.WithTokensAsync(network, 1);
            await customer.RevokeAllAsync();
            network.Wire.Reset(lost, isAnswerLost);
            try
            {
                await customer.Wallet.RecoupAsync(null, default);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            if (lost < 0)
                calls = network.Wire.Calls;
            Assert.True(calls >= 6, $"Only {calls} calls.");
            network.Wire.Reset();
            await customer.RestartAsync();
            Assert.Empty(await customer.ResumeAsync());
            Assert.True((await BalanceAsync(customer)).Spendable.MinorUnits == 1, $"Call {lost} of {calls}.");
            Assert.Equal(0, (await network.AuditAsync()).Reserves);
            // The lost wallet is restored from its phrase: the same notes and answers again, and nothing more.
            if (lost % 4 != 0)
                continue;
            await using var found = await Customer.JoinAsync(network, "again", customer.Phrase);
            await found.Wallet.RestoreAsync(null, default);
            Assert.Empty(await found.ResumeAsync());
            Assert.Equal(1, (await BalanceAsync(found)).Spendable.MinorUnits);
        }
    }

    private static Task<WalletBalance> BalanceAsync(Customer customer) => customer.Wallet.BalanceAsync(default);
}
