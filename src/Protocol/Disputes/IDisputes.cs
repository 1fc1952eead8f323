using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;

namespace Bauta.Protocol.Disputes;

/// <summary>Where a dispute stands, as the customer, the merchant and the arbiter see it.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Claim">One of <see cref="Disputes.Claim"/>.</param>
/// <param name="State">One of the constants below.</param>
/// <param name="Amount">What was paid, and is held while this is open.</param>
/// <param name="OpenedAt">By the bank's clock.</param>
/// <param name="AnswerBy">From then on the arbiter decides without the merchant's answer.</param>
/// <param name="RuleBy">From then on it is dismissed by itself.</param>
/// <param name="Refund">What the customer got back.</param>
/// <param name="Case">For the arbiter: the customer's side, sealed to it.</param>
/// <param name="AnswerCase">For the arbiter: the merchant's side, sealed to it.</param>
/// <param name="Notice">For the customer, when another bank issued the tokens: what funds the reserve there.</param>
public sealed record DisputeState(
    TransactionId Transaction, string Claim, string State, Amount Amount, UnixTime OpenedAt, UnixTime AnswerBy,
    UnixTime RuleBy, Amount? Refund = null, byte[]? Case = null, byte[]? AnswerCase = null,
    Signed<FundingNotice>? Notice = null)
{
    /// <summary>The merchant has not answered.</summary>
    public const string Open = "open";

    /// <summary>The merchant says that all was as promised: the arbiter decides.</summary>
    public const string Contested = "contested";

    /// <summary>The customer got all or a part back.</summary>
    public const string Refunded = "refunded";

    /// <summary>The arbiter refunds nothing.</summary>
    public const string Dismissed = "dismissed";

    /// <summary>Nobody decided in time, and the merchant has its money again.</summary>
    public const string Lapsed = "lapsed";

    /// <summary>Whether nothing changes any more.</summary>
    public static bool IsFinal(string state) => state is Refunded or Dismissed or Lapsed;
}

/// <summary>One page of disputes.</summary>
/// <param name="Disputes">At most <see cref="MaxDisputes"/>, in the order of their transaction IDs, without what is
/// sealed.</param>
/// <param name="Next">Where the next page starts, or null.</param>
public sealed record DisputeList(IReadOnlyList<DisputeState> Disputes, TransactionId? Next = null)
{
    /// <summary>The most in a page.</summary>
    public const int MaxDisputes = 100;
}

/// <summary>
/// Disputes at a bank: it holds what was paid, has the merchant answer and the arbiter decide, and refunds once. Every
/// request may be repeated; the answer is the present state. Safe for concurrent use; what was answered is durable.
/// </summary>
public interface IDisputes
{
    /// <summary>Opens a dispute within the window of the payment; the sum is held from here on.</summary>
    Task<Result<DisputeState, BankError>> DisputeAsync(Signed<DisputeOrder> order, CancellationToken cancellation);

    /// <summary>The merchant's answer; one that accepts refunds all at once.</summary>
    Task<Result<DisputeState, BankError>> AnswerAsync(Signed<DisputeAnswer> answer, CancellationToken cancellation);

    /// <summary>The arbiter's decision, once the merchant has answered or its time is over.</summary>
    Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation);

    /// <summary>A dispute, for the token's key, the account's key or the arbiter's.</summary>
    Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation);

    /// <summary>The disputes of an account for its key; for the arbiter's key those that wait for it.</summary>
    /// <param name="order">Who reads.</param>
    /// <param name="after">Where to start, or null.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation);
}
