using System.Security.Cryptography;
using System.Text;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Merchant.Pay;

/// <summary>A release that was handed over before its lock (FIG. 7), and when it is asked about next.</summary>
internal sealed record EarlyPurchase(Signed<EarlyRelease> Release, int Attempts)
{
    public TransactionId Transaction => Release.Content.Lock.Transaction;

    public UnixTime ExpiresAt => Release.Content.Lock.ExpiresAt;
}

/// <summary>The rows of early releases; each method is part of the caller's transaction. What opens goods is sealed.
/// </summary>
internal static class EarlyStore
{
    /// <summary>Writes the release down in the transaction of its P1. After it the release may be sent.</summary>
    public static void Insert(
        IWriteTransaction transaction, SealingKey sealing, Signed<EarlyRelease> release, UnixTime nextTry)
    {
        var n = release.Content.Lock.Transaction;
        var plain = Encoding.ASCII.GetBytes(release.Text);
        transaction.Execute(
            "INSERT INTO early_releases (n, sealed, attempts, next_try_at) VALUES ($1, $2, 0, $3)",
            n.ToArray(), sealing.Seal(plain, Context(n)), nextTry.Seconds);
        CryptographicOperations.ZeroMemory(plain);
    }

    public static EarlyPurchase? Find(IReadTransaction transaction, SealingKey sealing, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT n, sealed, attempts FROM early_releases WHERE n = $1", row => Load(row, sealing), n.ToArray());

    public static IReadOnlyList<TransactionId> Due(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            "SELECT n FROM early_releases WHERE next_try_at <= $1 ORDER BY next_try_at LIMIT $2",
            row => TransactionId.FromBytes(row.GetBytes(0)), now.Seconds, limit);

    /// <summary>Whether fewer than that many wait.</summary>
    public static bool HasRoom(IReadTransaction transaction, int limit) => transaction.QuerySingleOrDefault(
        "SELECT COUNT(*) FROM (SELECT 1 FROM early_releases LIMIT $1) AS some", row => row.GetInt64(0), limit) < limit;

    public static void Postpone(IWriteTransaction transaction, TransactionId n, int attempts, UnixTime nextTry) =>
        transaction.Execute(
            "UPDATE early_releases SET attempts = $2, next_try_at = $3 WHERE n = $1", n.ToArray(), attempts,
            nextTry.Seconds);

    /// <summary>It has met its lock, or never will: then the purchase is one that nobody paid for.</summary>
    public static void Delete(IWriteTransaction transaction, TransactionId n) =>
        transaction.Execute("DELETE FROM early_releases WHERE n = $1", n.ToArray());

    /// <summary>Makes everything due, as after a restart.</summary>
    public static void MakeAllDue(IWriteTransaction transaction) =>
        transaction.Execute("UPDATE early_releases SET next_try_at = 0");

    private static EarlyPurchase Load(IRow row, SealingKey sealing)
    {
        var plain = sealing.Open(row.GetBytes(1), Context(TransactionId.FromBytes(row.GetBytes(0))));
        try
        {
            return Signed<EarlyRelease>.TryParse(Encoding.ASCII.GetString(plain), out var release)
                ? new EarlyPurchase(release, (int)row.GetInt64(2))
                : throw new InvalidDataException("A stored release does not parse.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static byte[] Context(TransactionId n) => [.. "early release"u8, .. n.Bytes];
}
