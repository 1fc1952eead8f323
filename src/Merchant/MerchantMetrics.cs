using Bauta.Http;
using Bauta.Storage;

namespace Bauta.Merchant;

/// <summary>What an operator of a shop watches.</summary>
public static class MerchantMetrics
{
    public static void WatchMerchant(this PartyMetrics metrics, IDatabase database)
    {
        metrics.WatchRows(
            "bauta.merchant.open_purchases", "{purchase}", "Purchases that wait for their payment.", database,
            "SELECT COUNT(*) FROM open_purchases");
        metrics.WatchRows(
            "bauta.merchant.unsettled_payments", "{payment}",
            "Payments that archive and bank have not both answered.", database,
            "SELECT COUNT(*) FROM payments WHERE state < 3");
    }
}
