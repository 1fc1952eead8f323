using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.HandOvers;

/// <summary>What was handed over, a row for each sale; kept as long as the sale.</summary>
internal static class HandOverStore
{
    public sealed record Known(Signed<HandOver> Answer, UnixTime HandedAt);

    public static Known? Find(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT answer, handed_at FROM hand_overs WHERE n = $1",
            static row => new Known(
                Signed<HandOver>.TryParse(row.GetString(0), out var answer)
                    ? answer
                    : throw new InvalidDataException("A stored hand-over does not parse."),
                UnixTime.FromSeconds(row.GetInt64(1))),
            n.ToArray());

    public static void Insert(IWriteTransaction transaction, Signed<HandOver> answer, UnixTime now) =>
        transaction.Execute(
            "INSERT INTO hand_overs (n, answer, handed_at) VALUES ($1, $2, $3)",
            answer.Content.Transaction.ToArray(), answer.Text, now.Seconds);

    /// <summary>Whether the archive committed the sale, as far as this merchant knows.</summary>
    public static bool IsCommitted(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT outcome FROM payments WHERE n = $1 AND state < 4", static row => row.GetStringOrNull(0),
            n.ToArray()) == LogEntry.Commit;
}
