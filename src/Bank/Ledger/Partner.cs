using Bauta.Storage;

namespace Bauta.Bank.Ledger;

/// <summary>
/// Which other bank issues or locks for this one, fixed from the first key or token on. A token must be known spent in
/// one place: were that place changed by an edit of the configuration, what was spent at the old one could be spent
/// again at the new one.
/// </summary>
internal static class Partner
{
    /// <summary>Keeps the choice, or holds the configuration against the one that was kept.</summary>
    /// <exception cref="InvalidDataException">The configuration says something else.</exception>
    public static async Task PinAsync(BankOptions options, BankDatabase database)
    {
        var stands = await database.WriteAsync(
            (transaction, _) =>
            {
                var kept = transaction.QuerySingleOrDefault(
                    "SELECT issuer, spent_at FROM partner WHERE id = 1",
                    row => (Issuer: row.GetStringOrNull(0), SpentAt: row.GetStringOrNull(1)));
                if (kept == (options.Issuer, options.SpentAt))
                    return true;
                if (kept != default || HasHistory(transaction))
                    return false;
                transaction.Execute(
                    "INSERT INTO partner (id, issuer, spent_at) VALUES (1, $1, $2)", options.Issuer, options.SpentAt);
                return true;
            },
            CancellationToken.None);
        if (!stands)
            throw new InvalidDataException(
                "issuer and spentAt cannot be changed once a bank has keys: tokens spent under the old choice could be "
                + "spent again. Put them back, or begin a new bank under a new name.");
    }

    private static bool HasHistory(IReadTransaction transaction) =>
        transaction.QuerySingleOrDefault("SELECT COUNT(*) FROM denominations", row => row.GetInt64(0)) > 0;
}
