using Bauta.Merchant;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    private const int KeepSeconds = 1000;
    private const int LifetimeSeconds = 100;

    [Fact]
    public async Task Files_that_nothing_names_any_more_are_removed()
    {
        await using var world = await OpenKeepingAsync();
        var offered = await world.OfferAsync(Bytes(5));
        var withdrawn = await world.OfferAsync(Bytes(6));
        var sold = await world.OfferAsync(Bytes(7));
        var unpaid = await world.OfferAsync(Bytes(8));
        var never = (await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(9)), default)).Value;
        var p1 = await world.BuyAsync(sold);
        var decision = (await world.Shop.PayAsync(world.Payment(p1), default)).Value.Decision!;
        await world.Shop.IdleAsync();
        var open = await world.BuyAsync(unpaid);
        foreach (var offer in new[] { withdrawn, sold, unpaid })
            await world.Shop.Desk.WithdrawOfferAsync(offer.Offer, default);
        await File.WriteAllTextAsync(Path.Combine(world.Options.GoodsDirectory, "README"), "the owner's own");

        world.Clock.Advance(KeepSeconds);
        Assert.Equal("5 6 7 8 9", await KeptAsync(world));
        world.Clock.Advance(1);
        Assert.Equal("5 7 9", await KeptAsync(world));
        Assert.True((await world.Shop.Desk.AddOfferAsync(NewOffer(never), default)).IsOk);
        Assert.Equal(7, (await world.OpenAsync(p1, decision)).Length);

        world.Clock.Advance(LifetimeSeconds);
        Assert.Equal("5 9", await KeptAsync(world));
        foreach (var gone in new[] { p1, open })
            Refused(MerchantError.UnknownPurchase, await world.Shop.ChunkAsync(
                DeliveryId.Derive(gone.Content.Secret), 0, default));
        Assert.True((await world.Shop.PurchaseAsync(world.Request(offered), default)).IsOk);
        Assert.True(File.Exists(Path.Combine(world.Options.GoodsDirectory, "README")));
    }

    [Fact]
    public async Task A_file_is_kept_while_a_sale_of_it_is_not_decided()
    {
        await using var world = await OpenKeepingAsync();
        var offer = await world.OfferAsync(Bytes(5));
        world.Archive.Before = _ => throw new PartyUnreachableException("The archive is away.");
        var payment = world.Payment(await world.BuyAsync(offer));
        Assert.Null((await world.Shop.PayAsync(payment, default)).Value.Decision);
        await world.Shop.IdleAsync();
        await world.Shop.Desk.WithdrawOfferAsync(offer.Offer, default);
        world.Clock.Advance(10 * KeepSeconds);
        Assert.Equal("5", await KeptAsync(world));
        world.Archive.Before = _ => Task.CompletedTask;
        await world.Shop.ResumeAsync(default);
        await world.Shop.IdleAsync();
        Assert.Empty(await KeptAsync(world));
    }

    [Fact]
    public async Task A_file_that_is_stored_or_offered_again_is_kept_anew()
    {
        await using var world = await OpenKeepingAsync();
        var content = Bytes(5);
        await world.Shop.Desk.StoreFileAsync(new MemoryStream(content), default);
        world.Clock.Advance(KeepSeconds);
        var again = (await world.Shop.Desk.StoreFileAsync(new MemoryStream(content), default)).Value;
        world.Clock.Advance(1);
        Assert.Equal("5", await KeptAsync(world));
        world.Clock.Advance(KeepSeconds);
        Assert.True((await world.Shop.Desk.AddOfferAsync(NewOffer(again), default)).IsOk);
        Assert.Equal("5", await KeptAsync(world));
    }

    [Fact]
    public async Task Files_are_kept_by_a_shop_whose_database_never_knew_them()
    {
        await using var world = await OpenKeepingAsync();
        await world.OfferAsync(Bytes(6));
        await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(5)), default);
        world.Clock.Advance(10 * KeepSeconds);
        Assert.Equal("5 6", await KeptAsync(world));
    }

    [Fact]
    public async Task The_sum_of_the_sales_survives_the_change_of_the_schema_and_is_not_added_up_for_each_page()
    {
        var connection = await NewDatabaseAsync();
        await using (var old = Bauta.Storage.Database.Open(connection, [.. MerchantSchema.Migrations.Take(1)]))
            await old.WriteAsync(transaction =>
            {
                Sold(transaction, 1, 5, 3, "commit");
                Sold(transaction, 2, 7, 3, "abort");
                Sold(transaction, 3, 11, 4, "commit");
                Sold(transaction, 4, 13, 2, "commit");
                Sold(transaction, 5, 17, 1, null);
            });
        await using var world = await MerchantWorld.OpenAsync(connection);
        Assert.Equal((2, 18), await TotalsAsync(world));
        await world.Database.WriteAsync(transaction => transaction.Execute(
            "UPDATE sale_totals SET committed_total = committed_total + 1000"));
        Assert.Equal((2, 1018), await TotalsAsync(world));
        await world.Shop.PayAsync(world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(5), 3))), default);
        await world.Shop.IdleAsync();
        Assert.Equal((3, 1021), await TotalsAsync(world));
    }

    private Task<MerchantWorld> OpenKeepingAsync() => OpenAsync(options => options with
    {
        KeepGoodsSeconds = KeepSeconds,
        LifetimeSeconds = LifetimeSeconds,
        GraceSeconds = 10,
    });

    /// <summary>The sizes of the files that are left; each file of a test has another one.</summary>
    private static async Task<string> KeptAsync(MerchantWorld world)
    {
        await world.Shop.DropExpiredAsync(default);
        await world.Shop.RemoveUnusedGoodsAsync(default);
        return string.Join(' ', new DirectoryInfo(world.Options.GoodsDirectory).GetFiles()
            .Where(file => file.Name.Length == 64).Select(file => file.Length).Order());
    }

    private static async Task<(long, long)> TotalsAsync(MerchantWorld world)
    {
        var page = (await world.Shop.Desk.SalesAsync(null, default)).Value;
        return (page.CommittedCount, page.CommittedTotal.MinorUnits);
    }

    private static void Sold(IWriteTransaction transaction, byte n, long price, long state, string? outcome)
    {
        byte[] id = [n, .. new byte[31]];
        transaction.Execute(
            """
            INSERT INTO purchases (n, request_id, body_hash, delivery_id, offer_id, content_hash, size_bytes,
                goods_root, price, expires_at, sealed) VALUES ($1, $1, $1, $1, $1, $1, 1, $1, $2, 1, $1)
            """,
            id, price);
        transaction.Execute(
            """
            INSERT INTO payments (n, lock_note, payment_note, release, released_at, state, outcome, entry, proof,
                attempts, next_try_at) VALUES ($1, 'l', 'p', 'r', 1, $2, $3, $4, $5, 0, 1)
            """,
            id, state, outcome, outcome is null ? null : id, outcome is null ? null : "proof");
    }
}
