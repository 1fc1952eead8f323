using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Sessions;

/// <summary>FIG. 8: many items on one lock, each all-or-nothing, and one commit for all of them.</summary>
public sealed class SessionTests
{
    [Fact]
    public async Task Many_items_are_paid_on_one_lock_and_the_rest_comes_back()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        using var session = await OpenAsync(network, customer, price: 2, limit: 50);
        for (var i = 1; i <= 11; i++)
            Assert.Equal($"{i}:ask {i}", await AskAsync(session, $"ask {i}"));
        Assert.Equal((22, 11), (session.Total.MinorUnits, session.Count));
        Assert.Equal((50, 0), await LockedAndPaidAsync(network));

        Assert.True(Assert.IsType<Opened>(await session.CloseAsync(TimeSpan.Zero, null, default)).AsPromised);
        Assert.Equal((0, 22), await LockedAndPaidAsync(network));
        Assert.Equal(22, await network.SalesAsync());
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal(41, (balance.Spendable + balance.ToRefresh).MinorUnits);
        Assert.Empty(await customer.ResumeAsync());
        // What came back is as good as before.
        Assert.Equal(41, (await customer.AgreesWithBankAsync()) is var after
            ? (after.Spendable + after.ToRefresh + after.InReserves).MinorUnits : 0);
    }

    [Fact]
    public async Task The_archive_sees_neither_the_total_nor_how_many_items_there_were()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var lengths = new List<int>();
        for (var items = 1; items <= 9; items += 8)
        {
            using var session = await OpenAsync(network, customer, price: 1, limit: 16);
            for (var i = 0; i < items; i++)
                await AskAsync(session, "ask");
            var ended = Assert.IsType<Opened>(await session.CloseAsync(TimeSpan.Zero, null, default));
            var leaf = Encoding.UTF8.GetString(ended.Decision.Entry);
            lengths.Add(leaf.Length);
            Assert.DoesNotContain("total\":" + items, leaf, StringComparison.Ordinal);
            Assert.DoesNotContain("index", leaf, StringComparison.Ordinal);
            await customer.ResumeAsync();
        }

        Assert.Equal(lengths[0], lengths[1]);
    }

    [Fact]
    public async Task A_session_stops_at_its_sum_and_a_shop_takes_no_more_than_was_agreed()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 7);
        await AskAsync(session, "one");
        Assert.True(session.HasRoom);
        await AskAsync(session, "two");
        Assert.False(session.HasRoom);
        var refused = await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "three"));
        Assert.Contains("does not cover another", refused.Message, StringComparison.Ordinal);
        await session.CloseAsync(TimeSpan.Zero, null, default);
        Assert.Equal((0, 6), await LockedAndPaidAsync(network));
    }

    [Fact]
    public async Task Within_a_minute_that_is_paid_for_items_cost_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9, Tariff.Minute);
        foreach (var (seconds, total) in new[] { (0, 3), (30, 3), (29, 3), (1, 6), (59, 6), (60, 9) })
        {
            network.Clock.Advance(seconds);
            await AskAsync(session, "more");
            Assert.Equal(total, session.Total.MinorUnits);
        }

        await session.CloseAsync(TimeSpan.Zero, null, default);
        Assert.Equal((0, 9), await LockedAndPaidAsync(network));
    }

    [Fact]
    public async Task A_session_in_which_nothing_was_bought_costs_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9);
        Assert.IsType<Locked>(await session.CloseAsync(TimeSpan.Zero, null, default));
        network.Items.IsBroken = true;
        await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "one"));
        network.Clock.Advance(400);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.Equal((0, 0), await LockedAndPaidAsync(network));
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task The_shop_closes_what_the_customer_left_before_it_expires()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using (var session = await OpenAsync(network, customer, price: 3, limit: 9))
            await AskAsync(session, "one");
        network.Clock.Advance(369);
        await network.BackgroundAsync();
        Assert.Equal((9, 0), await LockedAndPaidAsync(network));
        network.Clock.Advance(1);
        await network.BackgroundAsync();
        await network.TheMerchant.IdleAsync();
        Assert.Equal((0, 3), await LockedAndPaidAsync(network));
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.Equal(28, (await customer.AgreesWithBankAsync()) is var balance
            ? (balance.Spendable + balance.ToRefresh + balance.InReserves).MinorUnits : 0);
    }

    [Fact]
    public async Task A_shop_that_keeps_everything_back_is_paid_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using (var session = await OpenAsync(network, customer, price: 3, limit: 9))
            await AskAsync(session, "one");
        network.MerchantWire.IgnoresPayments = true;
        Assert.Single(await customer.ResumeAsync());
        network.Clock.Advance(400);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task An_item_whose_key_never_came_is_opened_with_the_published_one()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using (var session = await OpenAsync(network, customer, price: 3, limit: 9))
        {
            await AskAsync(session, "one");
            network.MerchantWire.ChangeStep = (step, answer) => step.Acknowledgement is null
                ? Task.FromResult(answer)
                : throw new PartyUnreachableException("The answer is lost.");
            await Assert.ThrowsAsync<PartyUnreachableException>(() => AskAsync(session, "two"));
        }

        await customer.RestartAsync();
        Assert.Empty(await customer.ResumeAsync());
        var ended = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.Equal("2:two", await File.ReadAllTextAsync(ended.Order.OutputPath));
        Assert.Equal((0, 6), await LockedAndPaidAsync(network));
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task What_was_agreed_to_and_never_reached_the_shop_is_not_paid()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using (var session = await OpenAsync(network, customer, price: 3, limit: 9))
        {
            await AskAsync(session, "one");
            network.MerchantWire.ChangeStep = (_, answer) =>
            {
                network.Wire.Silent.Add(typeof(IMerchant));
                return Task.FromResult(answer);
            };
            await Assert.ThrowsAsync<PartyUnreachableException>(() => AskAsync(session, "two"));
        }

        network.Wire.Silent.Clear();
        await customer.RestartAsync();
        Assert.Empty(await customer.ResumeAsync());
        var ended = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.False(File.Exists(ended.Order.OutputPath));
        Assert.Equal((0, 3), await LockedAndPaidAsync(network));
        await customer.AgreesWithBankAsync();
    }

    // With false between two items, with true between an item and its key.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shop_that_is_restarted_goes_on_where_it_stood(bool betweenItemAndKey)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 15);
        await AskAsync(session, "one");
        if (betweenItemAndKey)
        {
            network.MerchantWire.ChangeStep = async (_, answer) =>
            {
                network.MerchantWire.ChangeStep = null;
                await network.RestartShopAsync();
                return answer;
            };
            // The shop has lost the item and takes no agreement to it; with one out, the session can only be ended.
            await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "two"));
            await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "two"));
            Assert.IsType<Opened>(await session.CloseAsync(TimeSpan.Zero, null, default));
            Assert.Equal((0, 3), await LockedAndPaidAsync(network));
            await customer.AgreesWithBankAsync();
            return;
        }

        await network.RestartShopAsync();
        Assert.EndsWith(":two", await AskAsync(session, "two"), StringComparison.Ordinal);
        Assert.EndsWith(":three", await AskAsync(session, "three"), StringComparison.Ordinal);
        Assert.IsType<Opened>(await session.CloseAsync(TimeSpan.Zero, null, default));
        Assert.Equal((0, 9), await LockedAndPaidAsync(network));
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task Whichever_message_is_lost_each_item_is_had_and_paid_once()
    {
        // The first round loses nothing and counts.
        var calls = 0;
        for (var lost = -1; lost < calls; lost++)
        {
            foreach (var isAnswerLost in new[] { false, true })
            {
                await using var network = await InProcessNetwork.StartAsync();
                await using var customer = await Customer.WithTokensAsync(network, 31);
                var offer = await network.OfferItemsAsync(3, 1000);
                network.Wire.Reset(lost, isAnswerLost);
                var had = 0;
                try
                {
                    using var session = await customer.Wallet.OpenSessionAsync(
                        network.Shop, offer, Amount.FromMinorUnits(15), TimeSpan.Zero, null, default);
                    for (; had < 3; had++)
                        Assert.EndsWith(":ask", await AskAsync(session, "ask"), StringComparison.Ordinal);
                    await session.CloseAsync(TimeSpan.Zero, null, default);
                }
                catch (PartyUnreachableException)
                {
                    // As by a person who gives up; what is left is for resume.
                }

                calls = Math.Max(calls, network.Wire.Calls);
                network.Wire.Reset();
                await customer.ResumeAsync();
                network.Clock.Advance(500);
                await network.BackgroundAsync();
                await network.TheMerchant.IdleAsync();
                Assert.Empty(await customer.ResumeAsync());
                Assert.Equal((0, 3 * had), await LockedAndPaidAsync(network));
                await customer.AgreesWithBankAsync();
            }
        }

        Assert.InRange(calls, 12, 40);
    }

    [Fact]
    public async Task A_shop_that_changes_an_item_is_found_out_before_anything_is_agreed()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9);
        using var other = P256PrivateKey.Generate();
        Func<SessionItem, SessionItem>[] lies =
        [
            item => item,
            item => item with { Total = Amount.FromMinorUnits(9) },
            item => item with { Index = 2 },
        ];
        foreach (var lie in lies)
        {
            network.MerchantWire.ChangeStep = (_, answer) => Task.FromResult(
                answer with { Item = Signed<SessionItem>.Sign(other, lie(answer.Item!.Content)) });
            await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "one"));
        }

        network.MerchantWire.ChangeStep = (_, answer) =>
        {
            answer.Ciphertext![0] ^= 1;
            return Task.FromResult(answer);
        };
        await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "two"));
        Assert.Equal((0, 0), (session.Count, session.Total.MinorUnits));
    }

    [Fact]
    public async Task A_judge_reads_what_a_session_came_to_from_either_side()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 15);
        byte[] goods = [];
        network.MerchantWire.ChangeStep = (_, answer) =>
        {
            goods = answer.Ciphertext ?? goods;
            return Task.FromResult(answer);
        };
        for (var i = 0; i < 4; i++)
            await AskAsync(session, "ask");
        Assert.IsType<Opened>(await session.CloseAsync(TimeSpan.Zero, null, default));
        await network.TheMerchant.IdleAsync();
        var own = await customer.Wallet.EvidenceAsync(session.Purchase, default);
        var sale = (await network.TheMerchant.Desk.SalesAsync(null, default)).Value.Sales[0];
        var held = (await network.TheMerchant.Desk.EvidenceAsync(sale.Transaction, default)).Value;
        Assert.Equal(12, sale.Price.MinorUnits);
        var shops = own with
        {
            Authorization = null,
            Denominations = null,
            Merchandise = held.Merchandise,
            LockNote = held.LockNote,
            Payment = held.Payment,
            Decision = held.Decision,
            Item = held.Item,
        };
        foreach (var evidence in new[] { own, shops })
        {
            Assert.True(PurchaseEvidence.TryParse(evidence.ToBytes(), out var read));
            var verdict = PurchaseJudge.Judge(read, new MemoryStream(goods));
            Assert.Equal(Outcome.Complete, verdict.Outcome);
            Assert.Contains("paid 12 minor units for 4 item(s)", verdict.Summary, StringComparison.Ordinal);
            Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(read with { Item = null }).Outcome);
            Assert.Equal(
                Outcome.NotProven, PurchaseJudge.Judge(read with { Item = null }, new MemoryStream(goods)).Outcome);
            Assert.Equal(
                Outcome.NotProven, PurchaseJudge.Judge(read, new MemoryStream(goods[1..])).Outcome);
        }

        // Another item of the shop's than the one that the customer agreed to.
        using var other = P256PrivateKey.Generate();
        foreach (var signed in new[] { network.ShopKey, other })
            Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(
                own with { Item = Signed<SessionItem>.Sign(signed, own.Item!.Content) }).Outcome);
    }

    [Fact]
    public async Task An_item_that_was_paid_for_is_saved_before_the_next_one_is_asked_for()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9);
        network.MerchantWire.ChangeStep = (step, answer) => step.Acknowledgement is null
            ? Task.FromResult(answer)
            : throw new PartyUnreachableException("The answer is lost.");
        await Assert.ThrowsAsync<PartyUnreachableException>(() => AskAsync(session, "one"));
        network.MerchantWire.ChangeStep = null;
        Assert.Equal("2:two", await AskAsync(session, "two"));
        Assert.Equal("1:one", await File.ReadAllTextAsync(session.Saved!));
        Assert.Equal((2, 6), (session.Count, session.Total.MinorUnits));
    }

    [Fact]
    public async Task A_step_that_takes_long_does_not_keep_the_shop_from_claiming_what_it_sold()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9);
        await AskAsync(session, "one");
        var hold = new TaskCompletionSource();
        network.Items.Hold = hold.Task;
        var asking = AskAsync(session, "two");
        network.Clock.Advance(370);
        await network.BackgroundAsync();
        await network.TheMerchant.IdleAsync();
        Assert.Equal((0, 3), await LockedAndPaidAsync(network));
        hold.SetResult();
        // It comes too late to be agreed to.
        await Assert.ThrowsAsync<WalletException>(() => asking);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal((0, 3), await LockedAndPaidAsync(network));
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task What_is_sold_by_the_item_comes_back_when_it_is_stated_again()
    {
        await using var network = await InProcessNetwork.StartAsync();
        var offer = await network.OfferItemsAsync(3, 9);
        var desk = network.TheMerchant.Desk;
        Assert.True((await desk.WithdrawOfferAsync(offer.Offer, default)).IsOk);
        Assert.Empty((await network.TheMerchant.OffersAsync(null, default)).Offers);
        var again = new NewOffer(
            offer.Offer, offer.Title, offer.Description, offer.Price, offer.FileName, offer.ContentHash, offer.Tariff);
        for (var i = 0; i < 2; i++)
        {
            Assert.True((await desk.AddOfferAsync(again, default)).IsOk);
            Assert.Single((await network.TheMerchant.OffersAsync(null, default)).Offers);
        }

        await network.RestartShopAsync();
        Assert.Single((await network.TheMerchant.OffersAsync(null, default)).Offers);
    }

    [Fact]
    public async Task A_shop_makes_an_item_that_nobody_agrees_to_only_a_few_times()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        using var session = await OpenAsync(network, customer, price: 3, limit: 9);
        var purchase = Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        var id = DeliveryId.Derive(purchase.Merchandise.Content.Secret);
        var first = await network.TheMerchant.StepAsync(id, new SessionStep(null, 1, [1]), default);
        // The same request has the same answer.
        var again = await network.TheMerchant.StepAsync(id, new SessionStep(null, 1, [1]), default);
        Assert.Equal(first.Value.Encode(), again.Value.Encode());
        Assert.Equal(1, network.Items.Made);
        Assert.Equal(MerchantError.WrongItem, await RefusalAsync(id, new SessionStep(null, 2, [1])));
        for (byte i = 2; i <= 3; i++)
            Assert.True((await network.TheMerchant.StepAsync(id, new SessionStep(null, 1, [i]), default)).IsOk);
        Assert.Equal(MerchantError.TooMany, await RefusalAsync(id, new SessionStep(null, 1, [4])));
        Assert.Equal(3, network.Items.Made);
        Assert.Equal(
            MerchantError.UnknownSession, await RefusalAsync(DeliveryId.Generate(), new SessionStep(null, 1, [1])));

        async Task<MerchantError?> RefusalAsync(DeliveryId session, SessionStep step) =>
            (await network.TheMerchant.StepAsync(session, step, default)).Error;
    }

    [Fact]
    public async Task What_cannot_be_made_may_be_asked_for_again_and_again()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        using var session = await OpenAsync(network, customer, price: 5, limit: 50);
        network.Items.IsBroken = true;
        for (var tries = 0; tries < 5; tries++)
            await Assert.ThrowsAsync<WalletException>(() => AskAsync(session, "broken"));
        network.Items.IsBroken = false;

        Assert.Equal("1:whole", await AskAsync(session, "whole"));
        Assert.Equal(5, session.Total.MinorUnits);
    }

    private static async Task<WalletSession> OpenAsync(
        InProcessNetwork network, Customer customer, long price, long limit, string per = Tariff.Item) =>
        await customer.Wallet.OpenSessionAsync(
            network.Shop, await network.OfferItemsAsync(price, 1000, per), Amount.FromMinorUnits(limit),
            TimeSpan.Zero, null, default);

    private static async Task<string> AskAsync(WalletSession session, string request) =>
        Encoding.ASCII.GetString(await session.AskAsync(Encoding.ASCII.GetBytes(request), default));

    private static async Task<(long Locked, long Paid)> LockedAndPaidAsync(InProcessNetwork network)
    {
        var totals = await network.AuditAsync();
        return (totals.Locked, totals.Merchants);
    }
}
