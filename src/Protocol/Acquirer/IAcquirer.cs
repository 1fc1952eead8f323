using System.Text.Json.Serialization.Metadata;

namespace Bauta.Protocol.Acquirer;

/// <summary>Tells a bank to credit a reserve: money was taken in, or another bank refreshed a token.</summary>
/// <param name="Id">Makes the notice count once.</param>
/// <param name="Bank">The bank's name.</param>
/// <param name="Reserve">The reserve to credit.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">More than zero.</param>
public sealed record FundingNotice(RequestId Id, string Bank, ReserveId Reserve, string Currency, Amount Amount)
    : IStatement<FundingNotice>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.funding-notice";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<FundingNotice> Json => ProtocolJson.Default.FundingNotice;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsPartyName(Bank) && Names.IsCurrency(Currency) && Amount > Amount.Zero;
}

/// <summary>A bank's order to pay a merchant out. The acquirer sees a payee reference, never a sale.</summary>
/// <param name="Id">Makes the order count once.</param>
/// <param name="Bank">The bank's name.</param>
/// <param name="Payee">The payee in the acquirer's own form.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">More than zero.</param>
public sealed record PayoutOrder(RequestId Id, string Bank, string Payee, string Currency, Amount Amount)
    : IStatement<PayoutOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.payout-order";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<PayoutOrder> Json => ProtocolJson.Default.PayoutOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Bank) && Names.IsLine(Payee, 128)
        && Names.IsCurrency(Currency) && Amount > Amount.Zero;
}

/// <summary>The acquirer's signed word on a payout.</summary>
/// <param name="Id">The order's id.</param>
/// <param name="Paid">Paid, or refused for good.</param>
public sealed record PayoutReceipt(RequestId Id, bool Paid) : IStatement<PayoutReceipt>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.payout-receipt";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<PayoutReceipt> Json => ProtocolJson.Default.PayoutReceipt;

    /// <inheritdoc/>
    public bool IsWellFormed() => true;
}

/// <summary>Asks the acquirer to take money in and fund a reserve with it.</summary>
/// <param name="Id">Makes the request count once; becomes the notice's id.</param>
/// <param name="Card">The card number: 12 to 19 digits. The sandbox knows test cards only and moves no real
/// money.</param>
/// <param name="Bank">The bank's name.</param>
/// <param name="Reserve">The reserve to fund.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">More than zero.</param>
public sealed record TakeInRequest(
    RequestId Id, string Card, string Bank, ReserveId Reserve, string Currency, Amount Amount)
{
    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Card.Length is >= 12 and <= 19 && Card.All(char.IsAsciiDigit)
        && Names.IsPartyName(Bank) && Names.IsCurrency(Currency) && Amount > Amount.Zero;

    private bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append("Amount = ").Append(Amount);
        return true;
    }
}

/// <summary>Where a request to take money in stands.</summary>
/// <param name="State"><c>approved</c>, <c>pending</c>; a decline is a refusal.</param>
/// <param name="Notice">With an approval: the notice for the wallet to carry to the bank.</param>
public sealed record TakeInAnswer(string State, Signed<FundingNotice>? Notice = null)
{
    /// <summary>The money is in.</summary>
    public const string Approved = "approved";

    /// <summary>Not yet decided: send the same request again later.</summary>
    public const string Pending = "pending";
}

/// <summary>
/// The acquirer: clears real money, funds reserves, pays out. Every request may be repeated with its id. Sees a payer,
/// an instrument and an amount; never a merchant or goods.
/// </summary>
public interface IAcquirer
{
    /// <summary>Takes money in; final answers are the same for ever, <c>pending</c> turns into one of them.</summary>
    Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(TakeInRequest request, CancellationToken cancellation);

    /// <summary>Pays out on a bank's order; counts once per id.</summary>
    Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation);
}

/// <summary>What an acquirer refuses, and why. The list is closed.</summary>
public enum AcquirerError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>Same id, other body.</summary>
    [Refusal(409, "This id was used before with another body. Use a new id for a new request.")]
    IdReused,

    /// <summary>Declined.</summary>
    [Refusal(402, "The card was declined. Use another card and a new id.")]
    Declined,

    /// <summary>No such test card.</summary>
    [Refusal(422, "The sandbox takes only its test cards. It moves no real money.")]
    NotATestCard,

    /// <summary>The bank is not known.</summary>
    [Refusal(403, "The order or request names a bank that this acquirer does not serve, or is not signed by it.")]
    UnknownBank,

    /// <summary>More than is taken in at once.</summary>
    [Refusal(422, "The acquirer does not take in so much at once. Ask for less.")]
    TooLarge,

    /// <summary>Too many open requests.</summary>
    [Refusal(429, "A limit of open requests is reached. Try again later.")]
    TooMany,
}
