namespace Bauta.Host.Demo;

/// <summary>What one party learns in one step, and what it never does.</summary>
internal sealed record Sight(string Party, string Sees, string Never);

/// <summary>
/// The sight table of ARCHITECTURE.md, by the steps that a customer takes. The system tests hold the parties to it;
/// this says it to whoever watches the demo.
/// </summary>
internal static class SightTable
{
    public const string Fund = "fund";
    public const string Withdraw = "withdraw";
    public const string Offers = "offers";
    public const string Promise = "P1";
    public const string Goods = "goods";
    public const string Authorize = "P2";
    public const string Lock = "P3";
    public const string Pay = "P3 relayed";
    public const string Release = "P4";
    public const string Commit = "P5a";
    public const string Open = "open";
    public const string Settle = "settle";

    private static readonly Sight firstMask = new(
        "first mask", "your network address, the second mask, sizes", "which party is called, any content");

    private static readonly Sight secondMask = new(
        "second mask", "which party is called, sizes", "your network address, any content");

    private static readonly Dictionary<string, Sight[]> byStep = new(StringComparer.Ordinal)
    {
        [Fund] =
        [
            new("acquirer", "payer's card, amount, a one-time reserve key", "merchant, goods"),
            new("bank", "the reserve key, amount", "who paid"),
        ],
        [Withdraw] =
        [
            new("bank", "reserve key, denominations, blinded messages",
                "the tokens it signs, so it will not know them again"),
        ],
        [Offers] = [new("shop", "that somebody reads its offers", "customer, network address")],
        [Promise] = [new("shop", "goods, price, one-time keys that it makes itself", "customer, network address")],
        [Goods] = [new("shop", "that the ciphertext is fetched", "customer, network address")],
        [Authorize] =
        [
            new("bank", "denominations, amount, merchant account, transaction ID, expiry",
                "customer, goods, which withdrawal these tokens come from"),
        ],
        [Lock] = [],
        [Pay] = [new("shop", "the bank's two notes: transaction ID, account, amount", "customer, the tokens")],
        [Release] =
        [
            new("archive", "transaction ID, expiry, masked key, locking bank",
                "customer, merchant, goods, price, plain key"),
        ],
        [Commit] =
        [
            new("each witness", "what the archive publishes", "anything else"),
            new("everybody", "transaction ID, expiry, masked key", "what it opens, who bought it, from whom"),
        ],
        [Open] = [],
        [Settle] = [new("bank", "the published decision; the value moves to the merchant account", "customer, goods")],
    };

    /// <summary>The steps that have an entry.</summary>
    public static IEnumerable<string> Steps => byStep.Keys;

    /// <summary>Who learns what in a step.</summary>
    /// <param name="step">One of the steps above.</param>
    /// <param name="isDirect">Without masks every party called learns the address.</param>
    public static IEnumerable<Sight> Of(string step, bool isDirect)
    {
        var parties = byStep[step];
        if (!IsRequestOfTheCustomer(step))
            return parties;
        return isDirect
            ? parties.Select(one => one with
            {
                Sees = "your network address, " + one.Sees,
                Never = one.Never.Replace(", network address", "", StringComparison.Ordinal),
            })
            : [firstMask, secondMask, .. parties];
    }

    private static bool IsRequestOfTheCustomer(string step) =>
        step is Fund or Withdraw or Offers or Promise or Goods or Authorize or Pay;
}
