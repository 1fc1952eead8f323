using System.Security.Cryptography;
using System.Text;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Decide;

/// <summary>Releases that wait for their lock, as rows. What would open goods stands in them sealed.</summary>
internal static class EarlyReleaseRows
{
    public static byte[]? FindBodyHash(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT body_hash FROM early_releases WHERE n = $1", row => row.GetBytes(0), n.ToArray());

    public static Signed<EarlyRelease>? Find(IReadTransaction transaction, SealingKey sealing, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT sealed FROM early_releases WHERE n = $1", row => row.GetBytes(0), n.ToArray()) is { } box
            ? Open(sealing, n, box)
            : null;

    /// <summary>How many wait, at most as many as asked about: of one account and of all.</summary>
    public static (long OfAccount, long All) Count(
        IReadTransaction transaction, AccountId account, long upTo, long upToAll) => (
        transaction.QuerySingleOrDefault(
            "SELECT COUNT(*) FROM (SELECT 1 FROM early_releases WHERE account = $1 LIMIT $2) AS some",
            row => row.GetInt64(0), account.ToArray(), upTo),
        transaction.QuerySingleOrDefault(
            "SELECT COUNT(*) FROM (SELECT 1 FROM early_releases LIMIT $1) AS some", row => row.GetInt64(0), upToAll));

    public static void Insert(IWriteTransaction transaction, SealingKey sealing, Signed<EarlyRelease> release)
    {
        var content = release.Content;
        var n = content.Lock.Transaction;
        transaction.Execute(
            "INSERT INTO early_releases (n, account, expires_at, body_hash, sealed) VALUES ($1, $2, $3, $4, $5)",
            n.ToArray(), content.ToPaymentNote().Account.ToArray(), content.Lock.ExpiresAt.Seconds,
            release.PayloadHash(), Seal(sealing, n, release));
    }

    public static void Delete(IWriteTransaction transaction, TransactionId n) =>
        transaction.Execute("DELETE FROM early_releases WHERE n = $1", n.ToArray());

    /// <summary>Deletes what no lock can meet any more.</summary>
    public static void DropExpired(IWriteTransaction transaction, UnixTime now, int limit) => transaction.Execute(
        """
        DELETE FROM early_releases WHERE n IN
            (SELECT n FROM early_releases WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
        """,
        now.Seconds, limit);

    private static byte[] Seal(SealingKey sealing, TransactionId n, Signed<EarlyRelease> release)
    {
        var plain = Encoding.ASCII.GetBytes(release.Text);
        try
        {
            return sealing.Seal(plain, Context(n));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static Signed<EarlyRelease> Open(SealingKey sealing, TransactionId n, byte[] box)
    {
        var plain = sealing.Open(box, Context(n));
        try
        {
            return Signed<EarlyRelease>.TryParse(Encoding.ASCII.GetString(plain), out var release)
                ? release
                : throw new InvalidDataException("A stored release does not parse.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static byte[] Context(TransactionId n) => [.. "early release"u8, .. n.Bytes];
}
