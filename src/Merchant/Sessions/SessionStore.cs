using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Sessions;

/// <summary>What was last acknowledged in a session: everything that R9 takes.</summary>
/// <param name="Index">The item's.</param>
/// <param name="Total">What is owed for all up to it.</param>
/// <param name="MaskedKey"><c>k_i xor r_i</c>.</param>
/// <param name="Acknowledgement">R7.</param>
/// <param name="Item">R6.</param>
/// <param name="PaidUntil">With a price per minute: until when nothing more is owed.</param>
internal sealed record Acknowledged(
    long Index, Amount Total, byte[] MaskedKey, Signed<ItemAcknowledgement> Acknowledgement, Signed<SessionItem> Item,
    UnixTime PaidUntil);

/// <summary>A running session with the secrets still sealed.</summary>
internal sealed record StoredSession(TransactionId Transaction, LockAnswer Lock, byte[] Sealed, Acknowledged? Last);

/// <summary>Sessions as rows: a row from P3 until the session is closed.</summary>
internal static class SessionStore
{
    private const string Columns = """
        SELECT s.n, s.lock_note, s.payment_note, p.sealed, s.item, s.total, s.masked_key, s.acknowledgement,
            s.item_text, s.paid_until
        FROM sessions s JOIN purchases p ON p.n = s.n
        """;

    public static StoredSession? Find(IReadTransaction transaction, DeliveryId session) =>
        transaction.QuerySingleOrDefault($"{Columns} WHERE p.delivery_id = $1", Read, session.ToArray());

    public static LockAnswer? NotesOf(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT lock_note, payment_note FROM sessions WHERE n = $1", static row => Notes(row, 0), n.ToArray());

    /// <summary>The transaction of a session, running or closed.</summary>
    public static TransactionId? TransactionOf(IReadTransaction transaction, DeliveryId session) =>
        transaction.QuerySingleOrDefault(
            "SELECT n FROM purchases WHERE delivery_id = $1",
            static row => TransactionId.FromBytes(row.GetBytes(0)), session.ToArray());

    /// <summary>Running sessions that are to be closed by now, the oldest first.</summary>
    public static IReadOnlyList<DeliveryId> Due(IReadTransaction transaction, UnixTime expireBy, int limit) =>
        transaction.Query(
            """
            SELECT p.delivery_id FROM sessions s JOIN purchases p ON p.n = s.n
            WHERE s.expires_at <= $1 ORDER BY s.expires_at LIMIT $2
            """,
            static row => DeliveryId.FromBytes(row.GetBytes(0)), expireBy.Seconds, limit);

    /// <summary>The bank's notes hold: from here on items are made. Takes the purchase from the open ones, so that it
    /// is not dropped.</summary>
    public static void Insert(IWriteTransaction transaction, TransactionId n, LockAnswer notes)
    {
        transaction.ExecuteExpecting(1, "DELETE FROM open_purchases WHERE n = $1", n.ToArray());
        transaction.Execute(
            "INSERT INTO sessions (n, lock_note, payment_note, expires_at, item, total) VALUES ($1, $2, $3, $4, 0, 0)",
            n.ToArray(), notes.LockNote.Text, notes.Payment.Text, notes.LockNote.Content.ExpiresAt.Seconds);
    }

    /// <summary>An item is acknowledged: each once and in turn.</summary>
    public static void Acknowledge(IWriteTransaction transaction, TransactionId n, Acknowledged acknowledged) =>
        transaction.ExecuteExpecting(
            1,
            """
            UPDATE sessions SET item = $2, total = $3, masked_key = $4, acknowledgement = $5, item_text = $6,
                paid_until = $7
            WHERE n = $1 AND item = $2 - 1
            """,
            n.ToArray(), acknowledged.Index, acknowledged.Total.MinorUnits, acknowledged.MaskedKey,
            acknowledged.Acknowledgement.Text, acknowledged.Item.Text, acknowledged.PaidUntil.Seconds);

    /// <summary>The session is over: its payment stands, what was sold came to its total, and the last item is kept as
    /// proof.</summary>
    public static void Close(IWriteTransaction transaction, TransactionId n, Acknowledged last)
    {
        transaction.ExecuteExpecting(
            1, "DELETE FROM sessions WHERE n = $1 AND item = $2", n.ToArray(), last.Index);
        transaction.ExecuteExpecting(1, "UPDATE payments SET item = $2 WHERE n = $1", n.ToArray(), last.Item.Text);
        transaction.ExecuteExpecting(
            1, "UPDATE purchases SET price = $2 WHERE n = $1", n.ToArray(), last.Total.MinorUnits);
    }

    /// <summary>The last item of a session that is over; null of any other sale.</summary>
    public static Signed<SessionItem>? LastItem(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT item FROM payments WHERE n = $1", static row => row.GetStringOrNull(0), n.ToArray()) is { } text
            ? Parse<SessionItem>(text)
            : null;

    /// <summary>The session is over and nothing was sold in it: it is dropped like a purchase that was never
    /// paid.</summary>
    public static void GiveUp(IWriteTransaction transaction, TransactionId n, UnixTime expiresAt)
    {
        transaction.ExecuteExpecting(1, "DELETE FROM sessions WHERE n = $1 AND item = 0", n.ToArray());
        transaction.Execute(
            "INSERT INTO open_purchases (n, expires_at, size_bytes) VALUES ($1, $2, 0)",
            n.ToArray(), expiresAt.Seconds);
    }

    private static StoredSession Read(IRow row)
    {
        var index = row.GetInt64(4);
        return new StoredSession(
            TransactionId.FromBytes(row.GetBytes(0)), Notes(row, 1), row.GetBytes(3),
            index == 0
                ? null
                : new Acknowledged(
                    index, Amount.FromMinorUnits(row.GetInt64(5)), row.GetBytes(6),
                    Parse<ItemAcknowledgement>(row.GetString(7)), Parse<SessionItem>(row.GetString(8)),
                    UnixTime.FromSeconds(row.GetInt64(9))));
    }

    private static LockAnswer Notes(IRow row, int column) =>
        new(Parse<LockNote>(row.GetString(column)), Parse<PaymentNote>(row.GetString(column + 1)));

    private static Signed<T> Parse<T>(string text)
        where T : class, IStatement<T> =>
        Signed<T>.TryParse(text, out var signed)
            ? signed
            : throw new InvalidDataException($"A stored {T.Typ} does not parse.");
}
