namespace Bauta.Host.Demo;

/// <summary>What there is to know about a purchase. The system tests have a value to look for of each that can be
/// held.</summary>
internal enum Fact
{
    NetworkAddress,
    NextMask,
    PartyCalled,
    Sizes,
    Content,
    Payer,
    SumsPaid,
    Payee,
    ReserveKey,
    Denomination,
    SpentSerial,
    Amount,
    Account,
    Transaction,
    Expiry,
    Commitment,
    MaskedKey,
    LockingBank,
    Goods,
    Price,
    OneTimeKeys,
    PlainKey,
    Customer,
    Merchant,
    Sales,
    Withdrawal,
    Pseudonym,
}

/// <summary>A role that exists: what it does, what it may hold in memory, on disk or in a log, and what
/// never.</summary>
/// <param name="Role">As the configuration calls it.</param>
/// <param name="Place">What tells two of one role apart, or null.</param>
/// <param name="Does">In one line.</param>
/// <param name="Sees">All that it may hold.</param>
/// <param name="Never">What it is built not to hold; whatever it may not see, it does not hold either.</param>
/// <param name="SeesText">In other words than the list, where that is shorter.</param>
internal sealed record RoleSight(
    string Role, string? Place, string Does, IReadOnlyList<Fact> Sees, IReadOnlyList<Fact> Never,
    string? SeesText = null)
{
    /// <summary>What the page's column "may see" says.</summary>
    public string MaySee => SeesText ?? SightTable.Words(Sees);

    /// <summary>What the page's column "must never see" says.</summary>
    public string NeverSees => Never.Count == 0 ? "-" : SightTable.Words(Never);
}

/// <summary>
/// The sight table. ARCHITECTURE.md shows it, the demo tells it step by step, and the system tests hold each role to
/// it: all of them read it here.
/// </summary>
internal static class SightTable
{
    public const string FirstMask = "first";
    public const string SecondMask = "second";

    private static readonly Fact[] published =
        [Fact.Transaction, Fact.Expiry, Fact.Commitment, Fact.MaskedKey, Fact.LockingBank];

    private static readonly Dictionary<Fact, string> words = new()
    {
        [Fact.NetworkAddress] = "network address",
        [Fact.NextMask] = "the second mask",
        [Fact.PartyCalled] = "which party is called",
        [Fact.Sizes] = "sizes",
        [Fact.Content] = "any content",
        [Fact.Payer] = "payer's identity and instrument",
        [Fact.SumsPaid] = "sums paid in and out",
        [Fact.Payee] = "payee",
        [Fact.ReserveKey] = "one-time reserve key",
        [Fact.Denomination] = "denomination",
        [Fact.SpentSerial] = "serial of a spent token",
        [Fact.Amount] = "amount",
        [Fact.Account] = "merchant account",
        [Fact.Transaction] = "transaction ID",
        [Fact.Expiry] = "expiry",
        [Fact.Commitment] = "commitment",
        [Fact.MaskedKey] = "masked key",
        [Fact.LockingBank] = "locking bank",
        [Fact.Goods] = "goods",
        [Fact.Price] = "price",
        [Fact.OneTimeKeys] = "one-time keys",
        [Fact.PlainKey] = "plain key",
        [Fact.Customer] = "customer",
        [Fact.Merchant] = "merchant",
        [Fact.Sales] = "merchant's sales",
        [Fact.Withdrawal] = "link between withdrawal and spending",
        [Fact.Pseudonym] = "customer's pseudonym",
    };

    /// <summary>All roles that exist.</summary>
    public static IReadOnlyList<RoleSight> Roles { get; } =
    [
        new("wallet", null, "the customer's side: tokens, purchases, evidence", Enum.GetValues<Fact>(), [],
            "everything of its own user"),
        new("mask", FirstMask, "strips the network address, carries sealed requests to a second mask",
            [Fact.NetworkAddress, Fact.NextMask, Fact.Sizes], [Fact.PartyCalled, Fact.Content]),
        new("mask", SecondMask, "opens the outer layer, forwards to the party called",
            [Fact.PartyCalled, Fact.Sizes], [Fact.NetworkAddress, Fact.Content]),
        new("bank", null, "issues blind tokens, locks, settles, refreshes",
            [
                Fact.ReserveKey, Fact.Denomination, Fact.SpentSerial, Fact.Amount, Fact.Account, Fact.Payee,
                .. published,
            ],
            [Fact.Customer, Fact.Pseudonym, Fact.NetworkAddress, Fact.Goods, Fact.Withdrawal]),
        new("archive", null, "decides commit or abort, publishes it", published,
            [Fact.Customer, Fact.Pseudonym, Fact.Merchant, Fact.Goods, Fact.Price, Fact.PlainKey]),
        new("witness", null,
            "reads every leaf of an archive, cosigns what is consistent and decides each bank's lock once",
            published, [], "what the archive publishes"),
        new("merchant", null, "offers, encrypts, releases",
            [
                Fact.Goods, Fact.Price, Fact.OneTimeKeys, Fact.PlainKey, Fact.Merchant, Fact.Sales, Fact.Account,
                Fact.Payee, Fact.Pseudonym, .. published,
            ],
            [Fact.Customer, Fact.NetworkAddress],
            "goods, price, one-time keys, the pseudonym that a customer shows it, its own account and payee, the "
            + "bank's notes, what the archive publishes"),
        new("acquirer", null, "takes money in, funds reserves, pays out (a sandbox)",
            [Fact.Payer, Fact.SumsPaid, Fact.ReserveKey, Fact.Payee], [Fact.Sales, Fact.Goods]),
        new("judge", null, "reads evidence offline, names who is at fault", Enum.GetValues<Fact>(), [],
            "the evidence handed to it"),
    ];

    /// <summary>The row of a role, or of one of the two masks.</summary>
    public static RoleSight Of(string role, string? place = null) =>
        Roles.Single(row => row.Role == role && row.Place == place);

    /// <summary>As a person would list them.</summary>
    public static string Words(IEnumerable<Fact> facts) => string.Join(", ", facts.Select(fact => words[fact]));

    /// <summary>The rows as ARCHITECTURE.md shows them.</summary>
    public static string ToMarkdown() => string.Join('\n',
    [
        "| role | does | may see | must never see |",
        "| --- | --- | --- | --- |",
        .. Roles.Select(row => $"| `{row.Role}`{(row.Place is null ? "" : $", the {row.Place}")} | {row.Does} "
            + $"| {row.MaySee} | {row.NeverSees} |"),
    ]);
}
