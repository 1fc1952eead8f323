using Bauta.Merchant.Deliver;
using Bauta.Merchant.Pay;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Orders;

/// <summary>Gives the ciphertext of goods that nobody acknowledged to the archive, which then commits without the
/// customer (FIG. 5).</summary>
internal sealed class Forcing(IDatabase database, Delivering delivering)
{
    /// <summary>Gives all chunks; each may be given again. Null, or why the archive takes no more.</summary>
    public async Task<ArchiveError?> GiveAsync(
        PaidPurchase purchase, Signed<MadeGoods> made, IArchive archive, CancellationToken cancellation)
    {
        var delivery = await database.ReadAsync(
            transaction => transaction.QuerySingleOrDefault(
                "SELECT delivery_id FROM purchases WHERE n = $1",
                static row => DeliveryId.FromBytes(row.GetBytes(0)), purchase.Transaction.ToArray()),
            cancellation)
            ?? throw new InvalidDataException("A purchase that was paid is gone.");
        for (long index = 0; index < made.Content.Layout.ChunkCount; index++)
        {
            var chunk = await delivering.ChunkAsync(delivery, index, cancellation);
            if (!chunk.IsOk)
                throw new InvalidDataException("Goods that were made are gone.");
            var kept = await archive.KeepAsync(
                new KeepRequest(purchase.LockNote, made, index, chunk.Value.Encode()), cancellation);
            if (!kept.IsOk)
                return kept.Error;
        }

        return null;
    }
}
