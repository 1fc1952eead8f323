using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>A customer who buys one offer again and again, and what must then hold between the two.</summary>
internal sealed class Shop
{
    private readonly RealNetwork network;
    private readonly string offer;
    private readonly string sha256;
    private readonly long committedBefore;
    private readonly string folder;
    private int bought;

    private Shop(RealNetwork network, JsonNode added, string folder, long committedBefore)
    {
        (this.network, this.folder, this.committedBefore) = (network, folder, committedBefore);
        (offer, sha256) = ((string)added["offer"]!, (string)added["sha256"]!);
    }

    public static Task<Shop> OpenAsync(ProxiedNetwork network, long price) => OpenAsync(network.Parties, price);

    /// <summary>Puts one more file on sale. Only one customer may buy from here on.</summary>
    public static async Task<Shop> OpenAsync(RealNetwork network, long price)
    {
        var folder = Directory.CreateDirectory(Path.Combine(network.Folder, network.Wallet + "-bought")).FullName;
        var file = Path.Combine(folder, "goods.bin");
        await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(100_000));
        var added = await network.ShopAsync("add", file, "--price", $"{price / 100}.{price % 100:00}");
        Assert.True(added.ExitCode == 0, added.Errors);
        return new Shop(network, added.Json, folder, (long)(await network.ShopAsync("sales")).Json["committed"]!);
    }

    /// <summary>How long a purchase waits for its decision.</summary>
    public int PatienceSeconds { get; set; } = 20;

    /// <summary>The verb that buys, with a file name that was not used before. Every second purchase is
    /// two-sided: it has as many messages.</summary>
    public string[] NextPurchase() =>
    [
        "buy", "shop.demo", offer, "--out", Path.Combine(folder, $"bought-{bought}"), "--patience",
        $"{PatienceSeconds}", "--proof", bought++ % 2 == 0 ? "one-sided" : "two-sided",
    ];

    public Task<Said> BuyAsync() => network.WalletAsync(NextPurchase());

    /// <summary>Every purchase has exactly one end; the goods are readable if and only if it was committed.</summary>
    /// <returns>How many purchases there are.</returns>
    public async Task<int> EveryPurchaseEndedAsync()
    {
        var (opened, all) = await Books.EveryPurchaseEndedAsync(network, sha256);
        var committed = 0L;
        // The wallet may hear of a decision before the shop does.
        for (var tries = 0; tries < 150; tries++)
        {
            committed = (long)(await network.ShopAsync("sales")).Json["committed"]! - committedBefore;
            if (committed >= opened)
                break;
            await Task.Delay(200);
        }

        Assert.Equal(opened, committed);
        Assert.Equal(opened, Enumerable.Range(0, bought).Count(
            number => File.Exists(Path.Combine(folder, $"bought-{number}"))));
        return all;
    }
}
