using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Merchant.Offers;

/// <summary>
/// Removes copies of files that are sold no more: no offer has named them for a while, nor has any purchase that is
/// open, not yet decided, or not long over. What the database never knew as sold stays: a shop that is started on
/// another database by mistake must not lose its files.
/// </summary>
internal sealed class UnusedGoods(MerchantOptions options, IDatabase database, GoodsStore goods, TimeProvider clock)
{
    /// <summary>One pass over the folder.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        var since = UnixTime.FromSeconds(Math.Max(0, UnixTime.Now(clock).Seconds - options.KeepGoodsSeconds));
        foreach (var file in goods.StoredBefore(since))
        {
            if (!await database.ReadAsync(transaction => IsUnused(transaction, file, since), cancellation))
                continue;
            // Looked at again where offers are written, so that none is made of a file that goes.
            await database.WriteAsync(
                transaction =>
                {
                    if (IsUnused(transaction, file, since))
                        goods.Delete(file, since);
                },
                cancellation);
        }
    }

    private static bool IsUnused(IReadTransaction transaction, byte[] file, UnixTime since) =>
        (IsAny(transaction, "SELECT offer_id FROM offers WHERE content_hash = $1 LIMIT 1", file)
            || IsAny(transaction, "SELECT n FROM purchases WHERE content_hash = $1 LIMIT 1", file))
        && !IsNamed(transaction, file, since);

    private static bool IsNamed(IReadTransaction transaction, byte[] file, UnixTime since) =>
        IsAny(
            transaction,
            """
            SELECT offer_id FROM offers
            WHERE content_hash = $1 AND (withdrawn_at IS NULL OR withdrawn_at >= $2) LIMIT 1
            """,
            file, since.Seconds)
        || IsAny(
            transaction, "SELECT n FROM purchases WHERE content_hash = $1 AND expires_at >= $2 LIMIT 1",
            file, since.Seconds)
        || IsAny(
            transaction,
            """
            SELECT s.n FROM payments s JOIN purchases p ON p.n = s.n
            WHERE s.state < 3 AND p.content_hash = $1 LIMIT 1
            """,
            file);

    private static bool IsAny(IReadTransaction transaction, string sql, params object?[] values) =>
        transaction.QuerySingleOrDefault(sql, static row => row.GetBytes(0), values) is not null;
}
