using Bauta.Bank.Lock;
using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Retain;

/// <summary>
/// P2 as the customer signed it, until its tokens' end: "otherwise the bank will be unable to prove that Q* has been
/// spent" (section 3). After it nobody can ask for a token that is worth nothing.
/// </summary>
internal static class AuthorizationRows
{
    public static void Keep(IWriteTransaction transaction, TransactionId n, UnixTime endsAt, byte[] body) =>
        transaction.Execute(
            "INSERT INTO authorizations (ends_at, n, p2) VALUES ($1, $2, $3)", endsAt.Seconds, n.ToArray(), body);

    /// <summary>Forgets those whose tokens have ended, some at a time.</summary>
    public static void Prune(IWriteTransaction transaction, UnixTime now, int limit) => transaction.Execute(
        """
        DELETE FROM authorizations WHERE ends_at <= $1
            AND n IN (SELECT n FROM authorizations WHERE ends_at <= $1 ORDER BY ends_at, n LIMIT $2)
        """,
        now.Seconds, limit);

    /// <summary>Whether there is something to forget: an idle bank writes nothing.</summary>
    public static bool HasEnded(IReadTransaction transaction, UnixTime now) => transaction.Query(
        "SELECT ends_at FROM authorizations WHERE ends_at <= $1 LIMIT 1", row => row.GetInt64(0), now.Seconds)
        .Count > 0;

    public static byte[]? Find(IReadTransaction transaction, TransactionId n) => transaction.QuerySingleOrDefault(
        "SELECT p2 FROM authorizations WHERE n = $1", row => row.GetBytes(0), n.ToArray());
}

/// <summary>What a bank shows to a judge when it said that a token is spent.</summary>
/// <param name="Transaction">The transaction that the token paid.</param>
/// <param name="Archive">Whose log has the commit.</param>
/// <param name="Authorization">P2; null when its tokens have ended, and it is no longer kept.</param>
public sealed record TokenUse(TransactionId Transaction, PolicyId Archive, byte[]? Authorization);

/// <summary>Finds what a token paid. Reads all locks: for an operator who was accused, not for a request.</summary>
public static class TokenUses
{
    private const int PageLength = 1024;

    /// <summary>The settled locks that a token is part of.</summary>
    /// <param name="database">The bank's.</param>
    /// <param name="serial">SHA-256 of the SPKI of the token's own key.</param>
    /// <param name="cancellation">Gives up.</param>
    public static Task<IReadOnlyList<TokenUse>> FindAsync(
        IReadDatabase database, byte[] serial, CancellationToken cancellation) => database.ReadAsync(
            transaction => Find(transaction, serial, cancellation), cancellation);

    private static IReadOnlyList<TokenUse> Find(
        IReadTransaction transaction, byte[] serial, CancellationToken cancellation)
    {
        var found = new List<TokenUse>();
        byte[] after = [];
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var page = transaction.Query(
                "SELECT n, policy, tokens FROM locks WHERE n > $1 AND state = 1 ORDER BY n LIMIT $2",
                row => (N: row.GetBytes(0), Policy: row.GetBytes(1), Tokens: row.GetBytes(2)), after, PageLength);
            foreach (var (n, policy, tokens) in page)
                if (LockedTokens.Decode(tokens).Any(token => token.Serial.AsSpan().SequenceEqual(serial)))
                    found.Add(new TokenUse(
                        TransactionId.FromBytes(n), PolicyId.FromBytes(policy),
                        AuthorizationRows.Find(transaction, TransactionId.FromBytes(n))));
            if (page.Count < PageLength)
                return found;
            after = page[^1].N;
        }
    }
}
