using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// Deletes what the wallet keeps of purchases that are over and were started before a time: contract, evidence,
    /// encrypted goods, disputes. What was bought stays where it was stored. Whoever takes the wallet later does not
    /// find what it bought, and its owner proves nothing more.
    /// </summary>
    /// <returns>How many purchases were forgotten.</returns>
    public async Task<int> ForgetAsync(UnixTime before, CancellationToken cancellation)
    {
        var disputed = (await DisputesAsync(onlyOpen: true, cancellation)).Select(one => one.Purchase).ToHashSet();
        var old = (await Store.PurchasesAsync(onlyOpen: false, cancellation))
            .Where(one => one.IsFinal && one.Order.StartedAt < before && !disputed.Contains(one.Order.Id)).ToArray();
        foreach (var one in old)
        {
            GoodsFile.Delete(Store.Folder, one.Order.Id);
            await Store.Database.WriteAsync(
                transaction =>
                {
                    transaction.ExecuteExpecting(
                        1, "DELETE FROM purchases WHERE name = $1", Store.NameOf(one.Order.Id));
                    transaction.Execute("DELETE FROM disputes WHERE purchase = $1", Store.NameOf(one.Order.Id));
                },
                cancellation);
        }

        return old.Length;
    }
}
