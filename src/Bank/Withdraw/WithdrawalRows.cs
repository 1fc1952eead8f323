using Bauta.Storage;

namespace Bauta.Bank.Withdraw;

/// <summary>
/// Blind signatures as rows, for ever: the same request has the same answer however late. The reserve is not kept, so
/// that no row tells who withdrew; which rows were written one after the other, a database may show.
/// </summary>
internal static class WithdrawalRows
{
    private static readonly InList byRequest =
        new("SELECT request_hash, signature FROM withdrawals WHERE request_hash");

    public static Dictionary<string, byte[]> Find(IReadTransaction transaction, IEnumerable<byte[]> requestHashes) =>
        byRequest.Query(transaction, [.. requestHashes], row => (Hash: row.GetBytes(0), Signature: row.GetBytes(1)))
            .ToDictionary(row => Convert.ToHexString(row.Hash), row => row.Signature, StringComparer.Ordinal);

    public static void Insert(IWriteTransaction transaction, byte[] requestHash, long key, byte[] signature) =>
        transaction.Execute(
            """
            INSERT INTO withdrawals (request_hash, key, signature, day)
            VALUES ($1, $2, $3, (SELECT day + 1 FROM closed_day))
            """,
            requestHash, key, signature);

    /// <summary>The key that signed a request and the token that it was recouped as, if any.</summary>
    public static (long Key, byte[]? Recouped)? FindIssue(IReadTransaction transaction, byte[] requestHash) =>
        transaction.QuerySingleOrDefault(
            "SELECT key, recouped FROM withdrawals WHERE request_hash = $1",
            row => ((long, byte[]?)?)(row.GetInt64(0), row.GetBytesOrNull(1)),
            requestHash);

    public static void SetRecouped(IWriteTransaction transaction, byte[] requestHash, byte[] serial) =>
        transaction.ExecuteExpecting(
            1, "UPDATE withdrawals SET recouped = $2 WHERE request_hash = $1", requestHash, serial);
}
