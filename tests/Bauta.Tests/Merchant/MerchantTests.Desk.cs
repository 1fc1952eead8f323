using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    [Fact]
    public async Task Offers_are_listed_in_pages_in_the_order_of_their_ids()
    {
        await using var world = await OpenAsync();
        var stored = (await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(5)), default)).Value;
        for (var i = 0; i < 130; i++)
            Assert.True((await world.Shop.Desk.AddOfferAsync(NewOffer(stored, new string('ö', 3000)), default)).IsOk);
        var seen = new List<string>();
        OfferId? after = null;
        do
        {
            var page = await world.Shop.OffersAsync(after, default);
            Assert.InRange(StrictJson.Write(page, ProtocolJson.Default.OfferList).Length, 1, 1024 * 1024);
            seen.AddRange(page.Offers.Select(offer => Convert.ToHexString(offer.Offer.Bytes)));
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal(130, seen.Count);
        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task An_offer_is_added_once_and_only_of_a_stored_file()
    {
        await using var world = await OpenAsync(options => options with { MaxOffers = 2, MaxFileBytes = 10 });
        var stored = (await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(10)), default)).Value;
        Refused(DeskError.FileTooLarge, await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(11)), default));
        Assert.Single(Directory.GetFiles(world.Options.GoodsDirectory));
        var offer = NewOffer(stored);
        await world.Shop.Desk.AddOfferAsync(offer, default);
        Assert.True((await world.Shop.Desk.AddOfferAsync(offer, default)).IsOk);
        Refused(DeskError.IdReused, await world.Shop.Desk.AddOfferAsync(offer with { Title = "Other" }, default));
        Refused(DeskError.UnknownFile, await world.Shop.Desk.AddOfferAsync(
            NewOffer(stored with { ContentHash = Bytes(32) }), default));
        Refused(DeskError.Malformed, await world.Shop.Desk.AddOfferAsync(
            NewOffer(stored) with { FileName = "../passwd" }, default));
        Refused(DeskError.Malformed, await world.Shop.Desk.AddOfferAsync(
            NewOffer(stored) with { Price = Amount.Zero }, default));
        await world.Shop.Desk.AddOfferAsync(NewOffer(stored), default);
        Refused(DeskError.TooMany, await world.Shop.Desk.AddOfferAsync(NewOffer(stored), default));
        Assert.True((await world.Shop.Desk.WithdrawOfferAsync(offer.Id, default)).IsOk);
        Assert.True((await world.Shop.Desk.AddOfferAsync(NewOffer(stored), default)).IsOk);
        Refused(DeskError.UnknownOffer, await world.Shop.Desk.WithdrawOfferAsync(OfferId.Generate(), default));
    }

    [Fact]
    public async Task Sales_are_listed_newest_first_in_pages_with_their_sum()
    {
        await using var world = await OpenAsync();
        var offer = await world.OfferAsync(Bytes(5), 3);
        for (var i = 0; i < 105; i++)
        {
            await world.Shop.PayAsync(world.Payment(await world.BuyAsync(offer)), default);
            world.Clock.Advance(i % 2);
        }

        await world.Shop.IdleAsync();
        var first = (await world.Shop.Desk.SalesAsync(null, default)).Value;
        var second = (await world.Shop.Desk.SalesAsync(first.Next, default)).Value;
        Assert.Equal((100, 5), (first.Sales.Count, second.Sales.Count));
        Assert.Null(second.Next);
        Sale[] all = [.. first.Sales, .. second.Sales];
        Assert.Equal(105, all.Select(sale => sale.Transaction).Distinct().Count());
        Assert.Equal(all.Select(sale => sale.PaidAt).OrderDescending(), all.Select(sale => sale.PaidAt));
        Assert.Equal((105, 315), (first.CommittedCount, first.CommittedTotal.MinorUnits));
        Assert.All(all, sale => Assert.Equal(Sale.Committed, sale.State));
    }

    [Fact]
    public async Task A_payout_is_ordered_once_and_followed_to_its_end()
    {
        await using var world = await OpenAsync();
        Assert.True(await world.Shop.OpenAccountAsync(default));
        Assert.Equal("sandbox:shop", world.Bank.Payee);
        var order = new NewPayout(RequestId.Generate(), Amount.FromMinorUnits(100));
        world.Bank.IsDown = true;
        Assert.Equal(Payout.Sending, (await world.Shop.Desk.PayOutAsync(order, default)).Value.State);
        Refused(DeskError.BankUnreachable, await world.Shop.Desk.AccountAsync(default));
        world.Bank.IsDown = false;
        await world.RestartAsync();
        world.Clock.Advance(10);
        await world.Shop.ResumeAsync(default);
        Assert.Equal(Payout.Ordered, (await PayoutsAsync(world)).Single().State);
        Assert.Equal(Payout.Ordered, (await world.Shop.Desk.PayOutAsync(order, default)).Value.State);
        Refused(DeskError.IdReused, await world.Shop.Desk.PayOutAsync(
            order with { Amount = Amount.FromMinorUnits(101) }, default));
        Assert.Equal(999_900, (await world.Shop.Desk.AccountAsync(default)).Value.Available.MinorUnits);
        world.Bank.PayoutStateNow = PayoutState.Returned;
        world.Clock.Advance(100);
        await world.Shop.ResumeAsync(default);
        Assert.Equal(Payout.Returned, (await PayoutsAsync(world)).Single().State);
        var asked = world.Bank.PayoutsAsked;
        world.Clock.Advance(1000);
        await world.Shop.ResumeAsync(default);
        Assert.Equal(asked, world.Bank.PayoutsAsked);
    }

    [Fact]
    public async Task A_payout_that_the_bank_refuses_moves_nothing_and_says_why()
    {
        await using var world = await OpenAsync();
        var order = new NewPayout(RequestId.Generate(), Amount.FromMinorUnits(2_000_000));
        var refused = await world.Shop.Desk.PayOutAsync(order, default);
        Refused(DeskError.BankRefused, refused);
        Assert.Contains(Refusals<BankError>.Meaning(BankError.NotAvailable), refused.Detail, StringComparison.Ordinal);
        Assert.Equal(Payout.Refused, (await PayoutsAsync(world)).Single().State);
        Assert.Equal(Payout.Refused, (await world.Shop.Desk.PayOutAsync(order, default)).Value.State);
        Assert.Equal(1, world.Bank.PayoutsAsked);
        Refused(DeskError.Malformed, await world.Shop.Desk.PayOutAsync(order with { Amount = Amount.Zero }, default));
    }

    [Theory]
    [InlineData(PayoutState.Ordered, false, PayoutState.Paid)]
    [InlineData(PayoutState.Ordered, false, PayoutState.Returned)]
    [InlineData(null, false, PayoutState.Paid)]
    [InlineData(null, false, PayoutState.Ordered)]
    [InlineData(null, true, PayoutState.Ordered)]
    [InlineData(null, true, PayoutState.Paid)]
    public async Task What_a_payout_came_to_is_not_taken_back_by_an_answer_that_was_long_under_way(
        string? late, bool isPollerSlower, string came)
    {
        await using var world = await OpenAsync();
        var sum = Amount.FromMinorUnits(100);
        var held = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        // The first order is answered at once, "ordered" or "not available", and the answer is long under way.
        (world.Bank.Available, world.Bank.PayoutStateNow) = (late is null ? Amount.Zero : sum, PayoutState.Ordered);
        world.Bank.BeforePayoutAnswer = async () =>
        {
            asked.SetResult();
            await held.Task;
        };
        var ordering = world.Shop.Desk.PayOutAsync(new NewPayout(RequestId.Generate(), sum), default);
        await asked.Task;

        // Meanwhile the poller asks the same, and the bank has gone on.
        (world.Bank.Available, world.Bank.PayoutStateNow) = (sum, came);
        var (polled, polling) = (new TaskCompletionSource(), new TaskCompletionSource());
        world.Bank.BeforePayoutAnswer = () =>
        {
            polled.SetResult();
            return isPollerSlower ? polling.Task : Task.CompletedTask;
        };
        var poll = world.Shop.ResumeAsync(default);
        await polled.Task;
        if (isPollerSlower)
        {
            held.SetResult();
            Refused(DeskError.BankRefused, await ordering);
            polling.SetResult();
            await poll;
        }
        else
        {
            await poll;
            Assert.Equal(came, (await PayoutsAsync(world)).Single().State);
            held.SetResult();
            Assert.Equal(came, (await ordering).Value.State);
        }

        Assert.Equal(2, world.Bank.PayoutsAsked);
        Assert.Equal(came, (await PayoutsAsync(world)).Single().State);
    }

    private static async Task<IReadOnlyList<Payout>> PayoutsAsync(MerchantWorld world) =>
        (await world.Shop.Desk.PayoutsAsync(default)).Value.Payouts;

    private static NewOffer NewOffer(StoredFile stored, string description = "") => new(
        OfferId.Generate(), "A file", description, Amount.FromMinorUnits(1), "file.bin", stored.ContentHash);
}
