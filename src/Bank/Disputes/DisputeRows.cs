using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Disputes;
using Bauta.Storage;

namespace Bauta.Bank.Disputes;

/// <summary>Where a dispute stands; the numbers stand in the database.</summary>
internal enum DisputeStage
{
    Open = 0,
    Contested = 1,
    Refunded = 2,
    Dismissed = 3,
    Lapsed = 4,
}

/// <summary>A dispute. Its statements stand as they were signed.</summary>
internal sealed record StoredDispute(
    TransactionId Transaction, Signed<DisputeOrder> Order, AccountId Account, Amount Amount, UnixTime OpenedAt,
    UnixTime AnswerBy, UnixTime RuleBy, DisputeStage Stage, Amount Refund, Signed<DisputeAnswer>? Answer,
    Signed<Ruling>? Ruling, Signed<FundingNotice>? Notice)
{
    public bool IsOpen => Stage is DisputeStage.Open or DisputeStage.Contested;

    /// <summary>Whether the arbiter's turn has come.</summary>
    public bool WaitsForArbiter(UnixTime now) =>
        Stage == DisputeStage.Contested || (Stage == DisputeStage.Open && now >= AnswerBy);

    public DisputeState State => new(
        Transaction, Order.Content.Claim, Stage switch
        {
            DisputeStage.Open => DisputeState.Open,
            DisputeStage.Contested => DisputeState.Contested,
            DisputeStage.Refunded => DisputeState.Refunded,
            DisputeStage.Dismissed => DisputeState.Dismissed,
            _ => DisputeState.Lapsed,
        },
        Amount, OpenedAt, AnswerBy, RuleBy, IsOpen ? null : Refund);
}

/// <summary>What of a settled lock a dispute is about.</summary>
internal sealed record DisputedPayment(Amount? Paid, UnixTime? ReadyAt);

/// <summary>Disputes as rows.</summary>
internal static class DisputeRows
{
    private const string Columns =
        "n, dispute, account, amount, opened_at, answer_by, rule_by, state, refund, answer, ruling, notice";

    public static StoredDispute? Find(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault($"SELECT {Columns} FROM disputes WHERE n = $1", Read, n.ToArray());

    /// <summary>How much of a lock was paid, and until when that can be disputed.</summary>
    public static DisputedPayment? PaymentOf(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT paid, ready_at FROM locks WHERE n = $1 AND state = 1",
            row => new DisputedPayment(
                row.IsDBNull(0) ? null : Amount.FromMinorUnits(row.GetInt64(0)),
                row.IsDBNull(1) ? null : UnixTime.FromSeconds(row.GetInt64(1))),
            n.ToArray());

    public static void Insert(IWriteTransaction transaction, StoredDispute dispute) => transaction.Execute(
        """
        INSERT INTO disputes (n, dispute, account, amount, opened_at, answer_by, rule_by, state, refund)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)
        """,
        dispute.Transaction.ToArray(), dispute.Order.Text, dispute.Account.ToArray(), dispute.Amount.MinorUnits,
        dispute.OpenedAt.Seconds, dispute.AnswerBy.Seconds, dispute.RuleBy.Seconds);

    /// <summary>What was said and decided last; only a dispute that is open moves.</summary>
    public static void Move(IWriteTransaction transaction, StoredDispute next) => transaction.ExecuteExpecting(
        1,
        """
        UPDATE disputes SET state = $2, refund = $3, answer = $4, ruling = $5, notice = $6
        WHERE n = $1 AND state < 2
        """,
        next.Transaction.ToArray(), (long)next.Stage, next.Refund.MinorUnits, next.Answer?.Text, next.Ruling?.Text,
        next.Notice?.Text);

    public static IReadOnlyList<StoredDispute> OfAccount(
        IReadTransaction transaction, AccountId account, TransactionId? after, int limit) => transaction.Query(
            $"SELECT {Columns} FROM disputes WHERE account = $1 AND n > $2 ORDER BY n LIMIT $3", Read,
            account.ToArray(), after?.ToArray() ?? [], limit);

    /// <summary>Those that wait for the arbiter.</summary>
    public static IReadOnlyList<StoredDispute> Waiting(
        IReadTransaction transaction, TransactionId? after, UnixTime now, int limit) => transaction.Query(
            $"""
            SELECT {Columns} FROM disputes
            WHERE state < 2 AND (state = 1 OR answer_by <= $2) AND n > $1 ORDER BY n LIMIT $3
            """,
            Read, after?.ToArray() ?? [], now.Seconds, limit);

    /// <summary>Those that nobody decided in time.</summary>
    public static IReadOnlyList<StoredDispute> Overdue(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            $"SELECT {Columns} FROM disputes WHERE state < 2 AND rule_by <= $1 ORDER BY rule_by, n LIMIT $2", Read,
            now.Seconds, limit);

    private static StoredDispute Read(IRow row) => new(
        TransactionId.FromBytes(row.GetBytes(0)), Parse<DisputeOrder>(row.GetString(1))!,
        AccountId.FromBytes(row.GetBytes(2)), Amount.FromMinorUnits(row.GetInt64(3)),
        UnixTime.FromSeconds(row.GetInt64(4)), UnixTime.FromSeconds(row.GetInt64(5)),
        UnixTime.FromSeconds(row.GetInt64(6)), (DisputeStage)row.GetInt64(7), Amount.FromMinorUnits(row.GetInt64(8)),
        Parse<DisputeAnswer>(row.GetStringOrNull(9)), Parse<Ruling>(row.GetStringOrNull(10)),
        Parse<FundingNotice>(row.GetStringOrNull(11)));

    private static Signed<T>? Parse<T>(string? text)
        where T : class, IStatement<T> =>
        text is null ? null
        : Signed<T>.TryParse(text, out var signed) ? signed
        : throw new InvalidDataException($"A stored {T.Typ} does not parse.");
}
