using System.Security.Cryptography;
using System.Text;
using Bauta.Bank.Ledger;
using Bauta.Crypto.BlindRsa;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Denominations;

/// <summary>A statement on its way into the log, or in it.</summary>
internal sealed record Announcement(byte[] Id, string Kind, string Statement, LoggedEntry? Entry)
{
    public static Announcement Of(string kind, ISignedText statement, LoggedEntry? entry = null) =>
        new(IdOf(statement), kind, statement.Text, entry);

    public static byte[] IdOf(ISignedText statement) => SHA256.HashData(Encoding.ASCII.GetBytes(statement.Text));
}

/// <summary>Denominations and announcements as rows.</summary>
internal static class DenominationRows
{
    public static IReadOnlyList<DenominationKey> Load(
        IReadTransaction transaction, IDenominationKeys keys, string ownName)
    {
        var announcements = transaction.Query(
            "SELECT id, kind, statement, entry, proof FROM announcements", Read)
            .ToDictionary(one => Convert.ToHexString(one.Id));
        return transaction.Query(
            "SELECT number, announcement, revocation, closed FROM denominations ORDER BY number",
            row => (Number: row.GetInt64(0), Announcement: row.GetBytes(1), Revocation: row.GetBytesOrNull(2),
                Closed: row.GetInt64(3) != 0))
            .Select(row => Make(
                row.Number, announcements[Convert.ToHexString(row.Announcement)],
                row.Revocation is null ? null : announcements[Convert.ToHexString(row.Revocation)], row.Closed, keys,
                ownName))
            .ToList();
    }

    /// <summary>What one token of each key is worth, in minor units.</summary>
    public static IReadOnlyDictionary<long, long> Values(IReadTransaction transaction) => transaction.Query(
        "SELECT d.number, a.statement FROM denominations d JOIN announcements a ON a.id = d.announcement",
        static row => (Number: row.GetInt64(0), Value: Signed<Denomination>.TryParse(row.GetString(1), out var key)
            ? key.Content.Value.MinorUnits
            : throw new InvalidDataException("A stored denomination does not parse.")))
        .ToDictionary(row => row.Number, row => row.Value);

    public static IReadOnlyList<Announcement> Waiting(IReadTransaction transaction) => transaction.Query(
        "SELECT id, kind, statement, entry, proof FROM announcements WHERE entry IS NULL", Read);

    public static IReadOnlyList<Announcement> Entered(IReadTransaction transaction) => transaction.Query(
        "SELECT id, kind, statement, entry, proof FROM announcements WHERE entry IS NOT NULL", Read);

    public static IReadOnlyList<Announcement> OfKind(IReadTransaction transaction, string kind) => transaction.Query(
        "SELECT id, kind, statement, entry, proof FROM announcements WHERE kind = $1", Read, kind);

    public static void Insert(IWriteTransaction transaction, Announcement announcement) => transaction.Execute(
        "INSERT INTO announcements (id, kind, statement, entry, proof) VALUES ($1, $2, $3, $4, $5)",
        announcement.Id, announcement.Kind, announcement.Statement, announcement.Entry?.Entry,
        announcement.Entry?.Proof);

    public static void Insert(IWriteTransaction transaction, DenominationKey key, Announcement announcement)
    {
        Insert(transaction, announcement);
        transaction.Execute(
            "INSERT INTO denominations (number, key_id, announcement, closed) VALUES ($1, $2, $3, 0)",
            key.Number, key.KeyId, announcement.Id);
        BookRows.Open(transaction, key.Number);
    }

    public static void SetEntry(IWriteTransaction transaction, byte[] id, LoggedEntry entry) =>
        transaction.ExecuteExpecting(
            1, "UPDATE announcements SET entry = $2, proof = $3 WHERE id = $1", id, entry.Entry, entry.Proof);

    public static void SetRevocation(IWriteTransaction transaction, long number, Announcement announcement)
    {
        Insert(transaction, announcement);
        transaction.ExecuteExpecting(
            1, "UPDATE denominations SET revocation = $2 WHERE number = $1", number, announcement.Id);
    }

    public static void Close(IWriteTransaction transaction, long number) => transaction.ExecuteExpecting(
        1, "UPDATE denominations SET closed = 1 WHERE number = $1", number);

    private static DenominationKey Make(
        long number, Announcement announcement, Announcement? revocation, bool isClosed, IDenominationKeys keys,
        string ownName)
    {
        if (!Signed<Denomination>.TryParse(announcement.Statement, out var statement))
            throw new InvalidDataException("A stored denomination does not parse.");
        var publicKey = RsaPublicKey.FromSpki(statement.Content.TokenKey);
        var isOwn = statement.Content.Issuer == ownName;
        // Also past its withdrawals: the keeper destroys it when the clock has proven right.
        var signs = isOwn && revocation is null;
        return new DenominationKey(
            number, statement, publicKey, publicKey.KeyId, statement.Content.Challenge().Digest, announcement.Entry,
            revocation is not null, revocation?.Entry, isClosed,
            signs && keys.TryOpen(publicKey.KeyId) is { } signer ? new KeptSigner(signer) : null, isOwn);
    }

    private static Announcement Read(IRow row) => new(
        row.GetBytes(0), row.GetString(1), row.GetString(2),
        row.GetBytesOrNull(3) is { } entry ? new LoggedEntry(entry, row.GetString(4)) : null);
}
