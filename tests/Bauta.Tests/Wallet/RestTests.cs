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
        // Of one token of each value and another one: the largest is left, and pays for all that follows.
        await customer.BuyAsync(await network.OfferAsync(goods, 16), "first");
        var offer = await network.OfferAsync(goods, 3);
        Assert.IsType<Opened>(await customer.BuyAsync(offer, "part"));
        Assert.Equal(13, (await customer.Wallet.BalanceAsync(default)).Spendable.MinorUnits
            + (await customer.Wallet.BalanceAsync(default)).ToRefresh.MinorUnits);
        var spendable = (await customer.Wallet.BalanceAsync(default)).Spendable;
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
        Assert.Equal(19 + spendable.MinorUnits + 1, (await network.AuditAsync()).Merchants);
        var left = await customer.AgreesWithBankAsync();
        Assert.Equal(13 - spendable.MinorUnits - 1, (left.Spendable + left.ToRefresh).MinorUnits);
    }
}
