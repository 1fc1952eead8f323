using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Pay;

/// <summary>The rows of payments: each is loaded back into the type of its state.</summary>
internal static class PaymentStore
{
    public const int Released = 1;
    public const int Decided = 2;
    public const int Settled = 3;
    public const int Disputed = 4;

    private const string Columns =
        "n, lock_note, payment_note, release, state, attempts, outcome, entry, proof, acknowledgement";

    public static PaidPurchase? Find(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault($"SELECT {Columns} FROM payments WHERE n = $1", Load, n.ToArray());

    /// <summary>What is unfinished and due, longest due first.</summary>
    public static IReadOnlyList<PaidPurchase> Due(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            $"""
            SELECT {Columns}
            FROM payments WHERE state < 3 AND next_try_at <= $1 ORDER BY next_try_at LIMIT $2
            """,
            Load, now.Seconds, limit);

    /// <summary>
    /// Writes down the intent to release, in the transaction that takes the purchase from the open ones: after it the
    /// purchase is neither dropped nor paid a second time.
    /// </summary>
    public static void InsertReleased(
        IWriteTransaction transaction, ReleasedPurchase purchase, UnixTime now, UnixTime nextTry)
    {
        transaction.ExecuteExpecting(
            1, "DELETE FROM open_purchases WHERE n = $1", purchase.Transaction.ToArray());
        Release(transaction, purchase, now, nextTry);
    }

    /// <summary>Writes down the intent to release what is not among the open purchases any more.</summary>
    public static void Release(
        IWriteTransaction transaction, ReleasedPurchase purchase, UnixTime now, UnixTime nextTry) =>
        transaction.Execute(
            """
            INSERT INTO payments (n, lock_note, payment_note, release, released_at, state, attempts, next_try_at,
                acknowledgement)
            VALUES ($1, $2, $3, $4, $5, 1, 0, $6, $7)
            """,
            purchase.Transaction.ToArray(),
            purchase.LockNote.Text, purchase.Payment.Text, purchase.Release.Text, now.Seconds, nextTry.Seconds,
            purchase.Acknowledgement?.Text);

    /// <summary>Stores a decision, and whether the bank was told.</summary>
    public static void Update(IWriteTransaction transaction, PaidPurchase purchase, UnixTime nextTry)
    {
        var (state, outcome, decision) = purchase switch
        {
            DecidedPurchase decided => (Decided, decided.Outcome, decided.Decision),
            SettledPurchase settled => (Settled, settled.Outcome, settled.Decision),
            DisputedPurchase disputed => (Disputed, disputed.Outcome, disputed.Decision),
            _ => throw new ArgumentException("A purchase that is only released has no decision.", nameof(purchase)),
        };
        Count(transaction, purchase.Transaction, state, outcome);
        transaction.Execute(
            """
            UPDATE payments SET state = $2, outcome = $3, entry = $4, proof = $5, attempts = $6, next_try_at = $7
            WHERE n = $1 AND state < 3
            """,
            purchase.Transaction.ToArray(), state, outcome, decision.Entry, decision.Proof, purchase.Attempts,
            nextTry.Seconds);
    }

    /// <summary>Keeps the totals in the transaction of what they count, since the sales are too many to add up for
    /// each page of them.</summary>
    private static void Count(IWriteTransaction transaction, TransactionId n, int state, string outcome)
    {
        var known = transaction.QuerySingleOrDefault(
            """
            SELECT s.state, s.outcome, p.price FROM payments s JOIN purchases p ON p.n = s.n
            WHERE s.n = $1 AND s.state < 3
            """,
            static row => new Counted(IsCounted(row.GetInt64(0), row.GetStringOrNull(1)), row.GetInt64(2)),
            n.ToArray());
        var now = IsCounted(state, outcome);
        if (known is null || known.IsIn == now)
            return;
        var sign = now ? 1 : -1;
        transaction.ExecuteExpecting(
            1,
            """
            UPDATE sale_totals SET committed_count = committed_count + $1, committed_total = committed_total + $2
            """,
            (long)sign, sign * known.Price);
    }

    private static bool IsCounted(long state, string? outcome) => state < Disputed && outcome == LogEntry.Commit;

    /// <summary>Puts the next attempt off.</summary>
    public static void Postpone(IWriteTransaction transaction, TransactionId n, int attempts, UnixTime nextTry) =>
        transaction.Execute(
            "UPDATE payments SET attempts = $2, next_try_at = $3 WHERE n = $1 AND state < 3",
            n.ToArray(), attempts, nextTry.Seconds);

    /// <summary>Makes everything unfinished due, as after a restart.</summary>
    public static void MakeAllDue(IWriteTransaction transaction) =>
        transaction.Execute("UPDATE payments SET next_try_at = 0 WHERE state < 3");

    private static PaidPurchase Load(IRow row)
    {
        var request = new PaymentRequest(
            TransactionId.FromBytes(row.GetBytes(0)),
            new LockAnswer(Parse<LockNote>(row.GetString(1)), Parse<PaymentNote>(row.GetString(2))),
            row.GetStringOrNull(9) is { } acknowledgement ? Parse<Acknowledgement>(acknowledgement) : null);
        var release = Parse<Release>(row.GetString(3));
        var attempts = (int)row.GetInt64(5);
        LoggedEntry Decision() => new(row.GetBytes(7), row.GetString(8));
        return row.GetInt64(4) switch
        {
            Released => new ReleasedPurchase(request, release, attempts),
            Decided => new DecidedPurchase(request, release, attempts, row.GetString(6), Decision()),
            Settled => new SettledPurchase(request, release, row.GetString(6), Decision()),
            Disputed => new DisputedPurchase(request, release, row.GetString(6), Decision()),
            _ => throw new InvalidDataException("A payment is in a state that this program does not know."),
        };
    }

    private sealed record Counted(bool IsIn, long Price);

    private static Signed<T> Parse<T>(string text)
        where T : class, IStatement<T> =>
        Signed<T>.TryParse(text, out var signed)
            ? signed
            : throw new InvalidDataException($"A stored {T.Typ} does not parse.");
}
