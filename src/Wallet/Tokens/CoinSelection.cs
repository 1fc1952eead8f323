using Bauta.Protocol;

namespace Bauta.Wallet.Tokens;

/// <summary>A token that can be spent, and how much of it is left.</summary>
/// <param name="TokenKeyId">The denomination key's ID, 32 bytes.</param>
/// <param name="Number">Its number under that key.</param>
/// <param name="Remaining">What is left.</param>
/// <param name="SpendUntil">The last second at which the bank locks it.</param>
public sealed record Coin(byte[] TokenKeyId, long Number, Amount Remaining, UnixTime SpendUntil);

/// <summary>A coin and how much of it goes into a payment.</summary>
/// <param name="Coin">The coin.</param>
/// <param name="Amount">At most what is left of it.</param>
public sealed record CoinUse(Coin Coin, Amount Amount);

/// <summary>Chooses which tokens pay a price, and into which denominations a sum is withdrawn.</summary>
public static class CoinSelection
{
    /// <summary>The most tokens that one sum is split into.</summary>
    public const int MaxSplit = 4096;

    /// <summary>
    /// Chooses coins for a price: whole coins that sum to it exactly if the greedy choice finds them, else whole coins
    /// and a part of the smallest coin that covers the rest. A part links the two payments that a token takes part in,
    /// so its rest is refreshed afterwards. Coins near their end come first among equals.
    /// </summary>
    /// <returns>The coins, or null when they do not suffice or would be more than a lock takes.</returns>
    public static IReadOnlyList<CoinUse>? TryPay(IReadOnlyCollection<Coin> coins, Amount price, int maxTokens)
    {
        var uses = new List<CoinUse>();
        var left = price;
        var unused = new List<Coin>();
        foreach (var coin in coins.OrderByDescending(coin => coin.Remaining).ThenBy(coin => coin.SpendUntil))
        {
            if (left > Amount.Zero && coin.Remaining <= left && coin.Remaining > Amount.Zero)
            {
                uses.Add(new CoinUse(coin, coin.Remaining));
                left -= coin.Remaining;
            }
            else
            {
                unused.Add(coin);
            }
        }

        if (left > Amount.Zero)
        {
            var last = unused.Where(coin => coin.Remaining >= left).MinBy(coin => coin.Remaining);
            if (last is null)
                return null;
            uses.Add(new CoinUse(last, left));
        }

        return uses.Count <= maxTokens ? uses : LargestFirst(coins, price, maxTokens);
    }

    /// <summary>
    /// Splits a sum so that most later prices can be paid exactly: one token of each denomination upwards while they
    /// fit, and the rest in as few tokens as possible.
    /// </summary>
    /// <param name="amount">The sum.</param>
    /// <param name="values">The denominations on offer.</param>
    /// <returns>
    /// The values of the tokens, descending, or null when the denominations cannot make up the sum, or only in more
    /// than <see cref="MaxSplit"/> tokens.
    /// </returns>
    public static IReadOnlyList<Amount>? TrySplit(Amount amount, IReadOnlyCollection<Amount> values)
    {
        var split = new List<Amount>();
        var left = amount;
        foreach (var value in values.Order())
        {
            if (value > left)
                break;
            split.Add(value);
            left -= value;
        }

        foreach (var value in values.OrderDescending())
        {
            for (; value <= left; left -= value)
            {
                if (split.Count == MaxSplit)
                    return null;
                split.Add(value);
            }
        }

        return left == Amount.Zero ? [.. split.OrderDescending()] : null;
    }

    /// <summary>As few coins as can pay the price: none fewer do, so null means that it cannot be done.</summary>
    private static List<CoinUse>? LargestFirst(IReadOnlyCollection<Coin> coins, Amount price, int maxTokens)
    {
        var uses = new List<CoinUse>();
        var left = price;
        foreach (var coin in coins.OrderByDescending(coin => coin.Remaining).Take(maxTokens))
        {
            if (left == Amount.Zero)
                break;
            uses.Add(new CoinUse(coin, coin.Remaining < left ? coin.Remaining : left));
            left -= uses[^1].Amount;
        }

        return left == Amount.Zero ? uses : null;
    }
}
