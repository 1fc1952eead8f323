using Bauta.Protocol;
using Bauta.Wallet.Tokens;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Bauta.Tests.Wallet;

public class CoinSelectionTests
{
    private static readonly Config runs = Config.QuickThrowOnFailure.WithMaxTest(1000);

    [Fact]
    public void Coins_that_are_chosen_pay_the_price_exactly()
    {
        Prop.ForAll(Wallets(), Prices(), (wallet, price) =>
        {
            var coins = Coins(wallet);
            var uses = CoinSelection.TryPay(coins, Amount.FromMinorUnits(price), 64);
            if (uses is null)
                return wallet.Sum(value => (long)value) < price;
            return uses.Sum(use => use.Amount.MinorUnits) == price
                && uses.All(use => use.Amount > Amount.Zero && use.Amount <= use.Coin.Remaining)
                && uses.Select(use => use.Coin).Distinct().Count() == uses.Count
                && uses.Count(use => use.Amount < use.Coin.Remaining) <= 1;
        }).Check(runs);
    }

    [Fact]
    public void A_price_is_paid_within_the_limit_whenever_the_largest_coins_cover_it()
    {
        Prop.ForAll(Wallets(), Prices(), Gen.Choose(1, 8).ToArbitrary(), (wallet, price, limit) =>
        {
            var uses = CoinSelection.TryPay(Coins(wallet), Amount.FromMinorUnits(price), limit);
            var covered = wallet.OrderDescending().Take(limit).Sum(value => (long)value) >= price;
            return covered == uses is not null
                && (uses is null || (uses.Count <= limit && uses.Sum(use => use.Amount.MinorUnits) == price));
        }).Check(runs);
    }

    [Fact]
    public void Exact_whole_coins_are_preferred_to_a_part()
    {
        var uses = CoinSelection.TryPay(Coins([8, 4, 2, 1]), Amount.FromMinorUnits(7), 64);
        Assert.Equal([4, 2, 1], uses!.Select(use => use.Amount.MinorUnits));
        Assert.All(uses!, use => Assert.Equal(use.Coin.Remaining, use.Amount));
    }

    [Fact]
    public void Among_equal_coins_the_one_that_ends_first_is_spent()
    {
        Coin[] coins = [Coin(4, 0, spendUntil: 300), Coin(4, 1, spendUntil: 100), Coin(4, 2, spendUntil: 200)];
        Assert.Equal(1, CoinSelection.TryPay(coins, Amount.FromMinorUnits(4), 64)!.Single().Coin.Number);
    }

    [Fact]
    public void Nothing_is_chosen_from_nothing()
    {
        Assert.Null(CoinSelection.TryPay([], Amount.FromMinorUnits(1), 64));
        Assert.Null(CoinSelection.TryPay(Coins([0, 0]), Amount.FromMinorUnits(1), 64));
        Assert.Null(CoinSelection.TryPay(Coins([4, 4]), Amount.FromMinorUnits(9), 64));
    }

    [Fact]
    public void A_sum_is_split_into_denominations_on_offer()
    {
        Prop.ForAll(Gen.SubListOf(Enumerable.Range(0, 12)).ToArbitrary(), Prices(), (exponents, amount) =>
        {
            var values = exponents.Select(exponent => Amount.FromMinorUnits(1L << exponent)).ToArray();
            var split = CoinSelection.TrySplit(Amount.FromMinorUnits(amount), values);
            var possible = values.Length > 0 && amount % values.Min().MinorUnits == 0;
            return possible == split is not null
                && (split is null || (split.Sum(value => value.MinorUnits) == amount && split.All(values.Contains)));
        }).Check(runs);
    }

    [Fact]
    public void A_split_sum_pays_small_prices_exactly()
    {
        var values = Enumerable.Range(0, 6).Select(exponent => Amount.FromMinorUnits(1L << exponent)).ToArray();
        var split = CoinSelection.TrySplit(Amount.FromMinorUnits(100), values)!;
        var coins = Coins([.. split.Select(value => (int)value.MinorUnits)]);
        for (var price = 1; price <= 63; price++)
            Assert.All(CoinSelection.TryPay(coins, Amount.FromMinorUnits(price), 64)!,
                use => Assert.Equal(use.Coin.Remaining, use.Amount));
    }

    [Fact]
    public void A_sum_that_would_take_endless_tokens_is_not_split()
    {
        Assert.Null(CoinSelection.TrySplit(
            Amount.FromMinorUnits(Amount.Maximum), [Amount.FromMinorUnits(1), Amount.FromMinorUnits(2)]));
    }

    private static Arbitrary<int[]> Wallets() => Gen.Choose(0, 300).ArrayOf().ToArbitrary();

    private static Arbitrary<int> Prices() => Gen.Choose(1, 2000).ToArbitrary();

    private static Coin[] Coins(int[] values) => [.. values.Select((value, i) => Coin(value, i))];

    private static Coin Coin(int value, int number, long spendUntil = 1000) =>
        new(new byte[32], number, Amount.FromMinorUnits(value), UnixTime.FromSeconds(spendUntil));
}
