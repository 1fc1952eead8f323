using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    [Fact]
    public async Task P1_promises_what_was_asked_for_under_keys_of_its_own()
    {
        await using var world = await OpenAsync();
        var offer = await world.OfferAsync(Bytes(1000));
        var first = await world.BuyAsync(offer);
        var second = await world.BuyAsync(offer);
        Assert.True(first.IsSignedBy(world.Identity.PublicKey));
        Assert.Equal(AccountId.Of(world.Account.PublicKey), first.Content.Account);
        Assert.Equal(offer.Offer, first.Content.Contract.Offer);
        Assert.Equal(offer.ContentHash, first.Content.Contract.ContentHash);
        Assert.Equal(world.Log.Policy.Id, first.Content.Archive);
        Assert.Equal(world.Clock.Now.AddSeconds(world.Options.LifetimeSeconds), first.Content.ExpiresAt);
        Assert.Equal((1, 1016), (first.Content.ChunkCount, first.Content.CiphertextSizeBytes));
        Assert.NotEqual(first.Content.Transaction(), second.Content.Transaction());
        Assert.NotEqual(first.Content.GoodsRoot, second.Content.GoodsRoot);
        Assert.NotEqual(first.Content.Mask, second.Content.Mask);
        Assert.NotEqual(first.Content.Secret, second.Content.Secret);
    }

    [Fact]
    public async Task The_same_request_has_the_same_P1_at_the_same_moment_and_after_a_restart()
    {
        await using var world = await OpenAsync();
        var request = world.Request(await world.OfferAsync(Bytes(10)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => Task.Run(() => world.Shop.PurchaseAsync(request, default))));
        var text = Assert.Single(answers.Select(answer => answer.Value.Text).Distinct());
        world.Clock.Advance(100);
        await world.RestartAsync();
        Assert.Equal(text, (await world.Shop.PurchaseAsync(request, default)).Value.Text);
        Refused(MerchantError.IdReused, await world.Shop.PurchaseAsync(
            request with { Price = Amount.FromMinorUnits(1) }, default));
        Assert.Equal(1, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM purchases"));
    }

    [Fact]
    public async Task Refuses_what_is_not_offered_so()
    {
        await using var world = await OpenAsync();
        var offer = await world.OfferAsync(Bytes(10));
        var request = world.Request(offer);
        Refused(MerchantError.UnknownOffer, await world.Shop.PurchaseAsync(
            request with { Offer = OfferId.Generate() }, default));
        Refused(MerchantError.PriceChanged, await world.Shop.PurchaseAsync(
            request with { Price = offer.Price + Amount.FromMinorUnits(1) }, default));
        Refused(MerchantError.UnknownArchive, await world.Shop.PurchaseAsync(
            request with { Archive = PolicyId.Generate() }, default));
        var sold = await world.BuyAsync(offer);
        Assert.True((await world.Shop.Desk.WithdrawOfferAsync(offer.Offer, default)).IsOk);
        Refused(MerchantError.UnknownOffer, await world.Shop.PurchaseAsync(world.Request(offer), default));
        // What began goes on, also after a restart.
        await world.RestartAsync();
        Refused(MerchantError.UnknownOffer, await world.Shop.PurchaseAsync(world.Request(offer), default));
        Assert.NotNull((await world.Shop.PayAsync(world.Payment(sold), default)).Value.Decision);
    }

    [Fact]
    public async Task Open_purchases_are_bounded_until_they_are_paid_or_expire()
    {
        await using var world = await OpenAsync(options => options with { MaxOpenPurchases = 3, LifetimeSeconds = 60 });
        var offer = await world.OfferAsync(Bytes(10));
        var first = await world.BuyAsync(offer);
        await world.BuyAsync(offer);
        await world.BuyAsync(offer);
        Refused(MerchantError.TooMany, await world.Shop.PurchaseAsync(world.Request(offer), default));
        await world.RestartAsync();
        Refused(MerchantError.TooMany, await world.Shop.PurchaseAsync(world.Request(offer), default));
        Assert.NotNull((await world.Shop.PayAsync(world.Payment(first), default)).Value.Decision);
        await world.BuyAsync(offer);
        Refused(MerchantError.TooMany, await world.Shop.PurchaseAsync(world.Request(offer), default));
        world.Clock.Advance(60);
        await world.BuyAsync(offer);
    }

    [Fact]
    public async Task Bytes_of_open_purchases_are_bounded()
    {
        await using var world = await OpenAsync(options => options with { MaxOpenBytes = 2500 });
        var offer = await world.OfferAsync(Bytes(1000));
        await world.BuyAsync(offer);
        await world.BuyAsync(offer);
        Refused(MerchantError.TooMany, await world.Shop.PurchaseAsync(world.Request(offer), default));
    }

    [Fact]
    public async Task Unpaid_purchases_are_dropped_after_the_grace_and_their_ids_say_so()
    {
        await using var world = await OpenAsync(options => options with { GraceSeconds = 100 });
        var offer = await world.OfferAsync(Bytes(2 * 1024 * 1024));
        var request = world.Request(offer);
        var p1 = (await world.Shop.PurchaseAsync(request, default)).Value;
        var paid = await world.BuyAsync(offer);
        await world.Shop.PayAsync(world.Payment(paid), default);
        world.Clock.SetTo(p1.Content.ExpiresAt.AddSeconds(100));
        await world.Shop.DropExpiredAsync(default);
        Assert.Equal(p1.Text, (await world.Shop.PurchaseAsync(request, default)).Value.Text);
        world.Clock.Advance(1);
        await world.Shop.DropExpiredAsync(default);
        Refused(MerchantError.Expired, await world.Shop.PurchaseAsync(request, default));
        Refused(MerchantError.IdReused, await world.Shop.PurchaseAsync(
            request with { Price = Amount.FromMinorUnits(1) }, default));
        Refused(MerchantError.UnknownPurchase, await world.Shop.ChunkAsync(
            DeliveryId.Derive(p1.Content.Secret), 0, default));
        Refused(MerchantError.UnknownPurchase, await world.Shop.PayAsync(world.Payment(p1), default));
        // The paid one is kept with its goods.
        Assert.True((await world.Shop.ChunkAsync(DeliveryId.Derive(paid.Content.Secret), 1, default)).IsOk);
        Assert.Equal(1, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM goods_leaves"));
        world.Clock.Advance(world.Options.RememberDroppedSeconds + 1);
        await world.Shop.DropExpiredAsync(default);
        Assert.Equal(0, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM dropped_purchases"));
    }

    [Fact]
    public async Task A_large_file_is_made_once_although_the_customer_hangs_up()
    {
        await using var world = await OpenAsync(options => options with { LargeFileBytes = 10 });
        var request = world.Request(await world.OfferAsync(Bytes(3 * 1024 * 1024)));
        using var hangUp = new CancellationTokenSource();
        var abandoned = world.Shop.PurchaseAsync(request, hangUp.Token);
        await hangUp.CancelAsync();
        try
        {
            await abandoned;
        }
        catch (OperationCanceledException)
        {
            // Either the answer was faster, or the wait was given up; the work goes on.
        }

        var p1 = (await world.Shop.PurchaseAsync(request, default)).Value;
        Assert.Equal(3, p1.Content.ChunkCount);
        Assert.Equal(1, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM purchases"));
    }

    [Fact]
    public async Task A_larger_file_is_open_for_longer()
    {
        await using var world = await OpenAsync(options => options with
        {
            LifetimeSeconds = 60,
            MaxLifetimeSeconds = 100,
            SlowestBytesPerSecond = 100,
        });
        var small = await world.BuyAsync(await world.OfferAsync(Bytes(1)));
        var medium = await world.BuyAsync(await world.OfferAsync(Bytes(1000)));
        var large = await world.BuyAsync(await world.OfferAsync(Bytes(100_000)));
        Assert.Equal(world.Clock.Now.AddSeconds(60), small.Content.ExpiresAt);
        Assert.Equal(world.Clock.Now.AddSeconds(70), medium.Content.ExpiresAt);
        Assert.Equal(world.Clock.Now.AddSeconds(100), large.Content.ExpiresAt);
    }
}
