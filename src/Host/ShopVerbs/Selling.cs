using System.Security.Cryptography;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Host.ShopVerbs;

/// <summary>Puts a file on sale: stores a copy, then offers it; or what is yet to be made.</summary>
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

    /// <summary>Offers what is made to order.</summary>
    public static async Task<OfferTerms> OfferToMakeAsync(
        IShopDesk desk, string fileName, Amount price, string? title, string? description,
        CancellationToken cancellation) =>
        OpenShop.ValueOf(await desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), title ?? fileName, description ?? string.Empty, price, fileName,
                SHA256.HashData([]), Order: OfferTerms.LockFirst),
            cancellation));
}
