using System.Security.Cryptography;
using System.Text;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Host.ShopVerbs;

/// <summary>Puts something on sale: stores a copy of its file, then offers it; or what is yet to be made.</summary>
internal static class Selling
{
    private const string VoucherName = "voucher.txt";

    public static async Task<OfferTerms> OfferAsync(
        IShopDesk desk, FileInfo file, Amount price, string? title, string? description, IProgress<double>? progress,
        CancellationToken cancellation, bool isReceipt = false)
    {
        await using var content = new MeteredStream(file.FullName, progress);
        var stored = OpenShop.ValueOf(await desk.StoreFileAsync(content, cancellation));
        return OpenShop.ValueOf(await desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), title ?? file.Name, description ?? string.Empty, price, file.Name,
                stored.ContentHash, Receipt: isReceipt ? true : null),
            cancellation));
    }

    /// <summary>Offers what has no file of its own: the customer gets what it says here, and the receipt.</summary>
    public static async Task<OfferTerms> OfferVoucherAsync(
        IShopDesk desk, string what, Amount price, string description, CancellationToken cancellation)
    {
        var text = $"{what}\n\n{(description.Length == 0 ? "" : description + "\n\n")}"
            + "This is paid, and handed over against its receipt: bauta wallet receipt\n";
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var stored = OpenShop.ValueOf(await desk.StoreFileAsync(content, cancellation));
        return OpenShop.ValueOf(await desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), what, description, price, VoucherName, stored.ContentHash, Receipt: true),
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
