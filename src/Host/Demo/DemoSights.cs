namespace Bauta.Host.Demo;

/// <summary>What one party may learn in one step, and what it never does.</summary>
internal sealed record Sight(string Party, string Sees, string Never);

/// <summary>The sight table by the steps that a customer takes, for whoever watches the demo.</summary>
internal static class DemoSights
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

    /// <summary>A party in a step: which of what it may see, and what else there is to say.</summary>
    internal sealed record Part(string Party, RoleSight Row, IReadOnlyList<Fact> Facts, string? Also = null);

    private static readonly RoleSight bank = SightTable.Of("bank");
    private static readonly RoleSight shop = SightTable.Of("merchant");
    private static readonly RoleSight archive = SightTable.Of("archive");

    private static readonly Part[] masks =
    [
        Mask("first mask", SightTable.FirstMask), Mask("second mask", SightTable.SecondMask),
    ];

    private static readonly Dictionary<string, Part[]> byStep = new(StringComparer.Ordinal)
    {
        [Fund] =
        [
            new("acquirer", SightTable.Of("acquirer"), [Fact.Payer, Fact.SumsPaid, Fact.ReserveKey]),
            new("bank", bank, [Fact.ReserveKey, Fact.Amount]),
        ],
        [Withdraw] = [new("bank", bank, [Fact.ReserveKey, Fact.Denomination], "blinded messages")],
        [Offers] = [new("shop", shop, [], "that somebody reads its offers")],
        [Promise] = [new("shop", shop, [Fact.Goods, Fact.Price, Fact.OneTimeKeys])],
        [Goods] = [new("shop", shop, [], "that the ciphertext is fetched")],
        [Authorize] =
        [
            new("bank", bank,
            [
                Fact.Denomination, Fact.SpentSerial, Fact.Amount, Fact.Account, Fact.Transaction, Fact.Expiry,
                Fact.Commitment,
            ]),
        ],
        [Lock] = [],
        [Pay] = [new("shop", shop, [Fact.Transaction, Fact.Account], "the bank's two notes, the amount")],
        [Release] =
        [
            new("archive", archive,
                [Fact.Transaction, Fact.Expiry, Fact.Commitment, Fact.MaskedKey, Fact.LockingBank]),
        ],
        [Commit] =
        [
            new("everybody", SightTable.Of("witness"), [Fact.Transaction, Fact.Expiry, Fact.MaskedKey],
                "as the witnesses do"),
        ],
        [Open] = [],
        [Settle] = [new("bank", bank, [Fact.Account, Fact.Amount], "the published decision")],
    };

    /// <summary>The steps that have an entry.</summary>
    public static IEnumerable<string> Steps => byStep.Keys;

    /// <summary>All parties in all steps.</summary>
    internal static IEnumerable<Part> Parts => byStep.Values.SelectMany(parts => parts).Concat(masks);

    /// <summary>Who may learn what in a step.</summary>
    /// <param name="step">One of the steps above.</param>
    /// <param name="isDirect">Without masks every party called learns the address.</param>
    public static IEnumerable<Sight> Of(string step, bool isDirect)
    {
        var isAsked = step is Fund or Withdraw or Offers or Promise or Goods or Authorize or Pay;
        IEnumerable<Part> parts = isAsked && !isDirect ? [.. masks, .. byStep[step]] : byStep[step];
        return parts.Select(part => Tell(part, isAsked && isDirect));
    }

    private static Part Mask(string name, string place)
    {
        var row = SightTable.Of("mask", place);
        return new Part(name, row, row.Sees);
    }

    private static Sight Tell(Part part, bool isAddressSeen)
    {
        IEnumerable<Fact> sees = isAddressSeen ? [Fact.NetworkAddress, .. part.Facts] : part.Facts;
        var never = part.Row.Never.Where(fact => !isAddressSeen || fact != Fact.NetworkAddress);
        return new Sight(
            part.Party,
            string.Join(", ", new[] { SightTable.Words(sees), part.Also }.Where(text => !string.IsNullOrEmpty(text))),
            string.Join(", ", new[] { SightTable.Words(never) }.Where(text => text.Length > 0).DefaultIfEmpty("-")));
    }
}
