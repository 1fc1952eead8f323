using System.Security.Cryptography;
using System.Text;
using Bauta.Host.Config;
using Bauta.Host.ShopVerbs;
using Bauta.Host.Terminal;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.PayPerUse;

/// <summary>Keeps the list of offers as the configuration says: one that is sold by the item, or none.</summary>
internal static class UpstreamOffer
{
    private const int DefaultItems = 100;

    public static async Task StateAsync(
        IShopDesk desk, PayProxyConfig? config, Currency currency, CancellationToken cancellation)
    {
        var offer = config is null ? null : Of(config, currency);
        if (offer is not null)
            OpenShop.ValueOf(await desk.AddOfferAsync(offer, cancellation));
        OfferId? after = null;
        do
        {
            var page = OpenShop.ValueOf(await desk.OffersAsync(after, cancellation));
            foreach (var other in page.Offers.Where(one => one.Tariff is not null && !one.Offer.Equals(offer?.Id)))
                OpenShop.ValueOf(await desk.WithdrawOfferAsync(other.Offer, cancellation));
            after = page.Next;
        }
        while (after is not null);
    }

    private static NewOffer Of(PayProxyConfig config, Currency currency)
    {
        var price = AmountText.Parse(config.Price, currency);
        var limit = config.Limit is { } text
            ? AmountText.Parse(text, currency)
            : Amount.FromMinorUnits(checked(price.MinorUnits * DefaultItems));
        if (config.Per is not (Tariff.Item or Tariff.Minute) || price == Amount.Zero || limit < price)
            throw new HostException(ExitCode.Usage,
                "What is sold by the request has a price above zero, per item or minute, and a limit that covers one.");
        var title = config.Title ?? $"By the {(config.Per == Tariff.Minute ? "minute" : "request")}";
        // The same offer has the same identifier at each start.
        var id = SHA256.HashData(
            Encoding.UTF8.GetBytes($"bauta pay-proxy v1\n{title}\n{price}\n{limit}\n{config.Per}"));
        return new NewOffer(
            OfferId.FromBytes(id), title, "Fetch it with: bauta fetch", limit, "session",
            SHA256.HashData([]), new Tariff(price, config.Per));
    }
}
