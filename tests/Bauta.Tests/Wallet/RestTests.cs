using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>Section 5.1: one token pays several times, part by part, when the customer accepts that the bank can join
/// those payments.</summary>
public class RestTests
{
    private static readonly byte[] goods = [1, 2, 3];
    private static readonly CustomerTerms rests = new(Rests: true);

    [Fact]
    public async Task What_is_left_of_a_token_pays_only_when_the_customer_says_so_and_an_abort_leaves_it_a_rest()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 32);
        // Of 16, 8, 4, 2, 1 and 1 it pays with 2 and 1, and then with the other 1 and a part of 4.
        await customer.BuyAsync(await network.OfferAsync(goods, 3), "first");
        var offer = await network.OfferAsync(goods, 2);
        Assert.IsType<Opened>(await customer.BuyAsync(offer, "part"));
        var balance = await customer.Wallet.BalanceAsync(default);
        var spendable = balance.Spendable;
        Assert.Equal((24, 3), (spendable.MinorUnits, balance.ToRefresh.MinorUnits));
        var dear = await network.OfferAsync(goods, spendable.MinorUnits + 1);
        Assert.Equal(WalletError.NotEnough, (await Assert.ThrowsAsync<WalletException>(
            () => customer.BuyAsync(dear, "never"))).Error);

        // Until the bank has settled it, the token is locked as a whole.
        await network.TheMerchant.IdleAsync();
        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await customer.BuyAsync(dear, "aborted", rests));
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(spendable, (await customer.AgreesWithBankAsync()).Spendable);
        network.MerchantWire.IgnoresPayments = false;

        Assert.IsType<Opened>(await customer.BuyAsync(dear, "from rests", rests));
        Assert.Equal(0, await customer.CountAsync(TokenState.SetAside));
        network.Clock.Advance(20);
        await network.BackgroundAsync();
        Assert.Equal(5 + 25, (await network.AuditAsync()).Merchants);
        var left = await customer.AgreesWithBankAsync();
        Assert.Equal(2, (left.Spendable + left.ToRefresh).MinorUnits);
    }
}
