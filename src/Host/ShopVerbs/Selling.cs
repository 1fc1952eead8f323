using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Host.ShopVerbs;

/// <summary>Puts a file on sale: stores a copy, then offers it.</summary>
internal static class Selling
{
    public static async Task<OfferTerms> OfferAsync(
        IShopDesk desk, FileInfo file, Amount price, string? title, string? description, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        await using var content = new MeteredStream(file.FullName, progress);
        var stored = OpenShop.ValueOf(await desk.StoreFileAsync(content, cancellation));
        return OpenShop.ValueOf(await desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), title ?? file.Name, description ?? string.Empty, price, file.Name,
                stored.ContentHash),
            cancellation));
    }
}
