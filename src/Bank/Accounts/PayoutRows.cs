using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Accounts;

/// <summary>Where a payout stands; the numbers stand in the database.</summary>
internal enum PayoutStage
{
    Ordered = 0,
    Paid = 1,
    Returned = 2,
}

/// <summary>A payout as the merchant asked for it.</summary>
internal sealed record PayoutRow(byte[] BodyHash, PayoutStage Stage)
{
    /// <summary>The present state for the same request; another body under the same id is refused.</summary>
    public Result<PayoutState, BankError> For(byte[] bodyHash)
    {
        if (!BodyHash.AsSpan().SequenceEqual(bodyHash))
            return BankError.IdReused;
        return new PayoutState(Stage switch
        {
            PayoutStage.Ordered => PayoutState.Ordered,
            PayoutStage.Paid => PayoutState.Paid,
            _ => PayoutState.Returned,
        });
    }
}

/// <summary>A payout on its way to the acquirer.</summary>
internal sealed record OpenPayout(RequestId Id, AccountId Account, Amount Amount, Signed<PayoutOrder> Order);

/// <summary>Payouts as rows; those that are ordered are the outbox to the acquirer.</summary>
internal static class PayoutRows
{
    public static PayoutRow? Find(IReadTransaction transaction, RequestId id) => transaction.QuerySingleOrDefault(
        "SELECT body_hash, state FROM payouts WHERE id = $1",
        row => new PayoutRow(row.GetBytes(0), (PayoutStage)row.GetInt64(1)),
        id.ToArray());

    public static long CountOpen(IReadTransaction transaction, AccountId account) => transaction.QuerySingleOrDefault(
        "SELECT COUNT(*) FROM payouts WHERE state = 0 AND account = $1", row => row.GetInt64(0), account.ToArray());

    public static void Insert(
        IWriteTransaction transaction, RequestId id, byte[] bodyHash, AccountId account, Signed<PayoutOrder> order,
        UnixTime now) =>
        transaction.Execute(
            """
            INSERT INTO payouts (id, body_hash, account, amount, order_text, state, next_try_at)
            VALUES ($1, $2, $3, $4, $5, 0, $6)
            """,
            id.ToArray(), bodyHash, account.ToArray(), order.Content.Amount.MinorUnits, order.Text, now.Seconds);

    public static IReadOnlyList<OpenPayout> Due(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            """
            SELECT id, account, amount, order_text FROM payouts
            WHERE state = 0 AND next_try_at <= $1 ORDER BY next_try_at, id LIMIT $2
            """,
            row => new OpenPayout(
                RequestId.FromBytes(row.GetBytes(0)), AccountId.FromBytes(row.GetBytes(1)),
                Amount.FromMinorUnits(row.GetInt64(2)),
                Signed<PayoutOrder>.TryParse(row.GetString(3), out var order)
                    ? order
                    : throw new InvalidDataException("A stored payout order does not parse.")),
            now.Seconds, limit);

    public static void Finish(IWriteTransaction transaction, RequestId id, PayoutStage stage) =>
        transaction.ExecuteExpecting(
            1, "UPDATE payouts SET state = $2 WHERE id = $1 AND state = 0", id.ToArray(), (long)stage);

    public static void TryLater(IWriteTransaction transaction, RequestId id, UnixTime at) => transaction.Execute(
        "UPDATE payouts SET next_try_at = $2 WHERE id = $1 AND state = 0", id.ToArray(), at.Seconds);
}
