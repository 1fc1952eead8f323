using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.LockFirst;

/// <summary>FIG. 5: the price is locked, then the goods are made; acknowledged by the customer, or the commit is forced
/// with what the archive keeps.</summary>
public sealed class LockFirstTests
{
    private const long Price = 5;

    [Fact]
    public async Task Goods_are_made_once_the_price_is_locked_and_paid_once_the_customer_signs_for_them()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.Maker.Goods = RandomNumberGenerator.GetBytes((1 << 20) + 77);
        var offer = await network.OfferToMakeAsync(Price);
        network.BankWire.RefuseLock = Bauta.Protocol.Bank.BankError.TooMany;
        await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "portrait"));
        await network.BackgroundAsync();
        Assert.Equal(0, network.Maker.Made);
        network.BankWire.RefuseLock = null;

        Assert.Single(await customer.ResumeAsync());
        Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        Assert.Equal((Price, 0), await LockedAndPaidAsync(network));
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());

        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.True(opened.AsPromised);
        Assert.NotNull(opened.Made!.Agreement);
        Assert.Equal(network.Maker.Goods, await File.ReadAllBytesAsync(opened.Order.OutputPath));
        Assert.Equal((0, Price), await LockedAndPaidAsync(network));
        Assert.Equal((Price, 1), (await network.SalesAsync(), network.Maker.Made));
        // The archive heard of no goods: neither of a root nor of a size.
        var leaf = Encoding.UTF8.GetString(opened.Decision.Entry);
        Assert.DoesNotContain("\"made\"", leaf, StringComparison.Ordinal);
        Assert.DoesNotContain(network.ShopWire.Log, call => call.EndsWith(".KeepAsync", StringComparison.Ordinal));
        await JudgedAsync(network, customer, opened, "which the customer acknowledged");
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task A_customer_who_stays_silent_is_charged_and_finds_its_goods_at_the_archive()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.Maker.Goods = RandomNumberGenerator.GetBytes((2 << 20) + 5);
        await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait");
        await network.BackgroundAsync();
        network.Clock.Advance(99);
        await network.BackgroundAsync();
        Assert.Equal((Price, 0), await LockedAndPaidAsync(network));
        network.Clock.Advance(1);
        await ForcedAsync(network);
        Assert.Equal((0, Price), await LockedAndPaidAsync(network));

        // The shop is gone for good; the wallet is another process.
        network.Wire.Silent.Add(typeof(IMerchant));
        await customer.RestartAsync();
        Assert.Empty(await customer.ResumeAsync());
        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.True(opened.AsPromised);
        Assert.Null(opened.Made!.Agreement);
        Assert.Equal(network.Maker.Goods, await File.ReadAllBytesAsync(opened.Order.OutputPath));
        await JudgedAsync(network, customer, opened, "did not acknowledge");
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task Where_the_archive_does_not_give_forced_goods_the_shop_does()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait");
        await network.BackgroundAsync();
        network.Clock.Advance(100);
        await ForcedAsync(network);
        network.ArchiveWire.ChangeKept = _ => ArchiveError.NotKept;
        network.Clock.Advance(400);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(network.Maker.Goods, await File.ReadAllBytesAsync(
            Assert.IsType<Opened>(await customer.LastPurchaseAsync()).Order.OutputPath));
    }

    [Fact]
    public async Task Whichever_message_of_the_customer_is_lost_the_goods_are_had_and_paid_or_neither()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(255);
        var offer = await network.OfferToMakeAsync(Price);
        var calls = 0;
        for (var lost = -1; lost < calls; lost++)
        {
            foreach (var isAnswerLost in new[] { false, true })
            {
                var before = (await customer.Wallet.HistoryAsync(default)).Count;
                var paid = await LockedAndPaidAsync(network);
                await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(Price), default);
                network.Wire.Reset(lost, isAnswerLost);
                try
                {
                    await customer.BuyAsync(offer, $"portrait-{lost}-{isAnswerLost}");
                }
                catch (PartyUnreachableException)
                {
                    // As by a person who gives up; what is left is for resume.
                }

                await network.BackgroundAsync();
                await customer.ResumeAsync();
                calls = Math.Max(calls, network.Wire.Calls);
                network.Wire.Reset();
                await customer.ResumeAsync();
                await network.BackgroundAsync();
                foreach (var seconds in new[] { 0, 101, 500 })
                {
                    network.Clock.Advance(seconds);
                    await ForcedAsync(network);
                    if ((await customer.ResumeAsync()).Count == 0)
                        break;
                }

                if ((await customer.Wallet.HistoryAsync(default)).Count == before)
                    continue;
                var ended = await customer.LastPurchaseAsync();
                var isHad = ended is Opened { AsPromised: true };
                Assert.True(ended.IsFinal);
                Assert.Equal(isHad, File.Exists(ended.Order.OutputPath));
                Assert.Equal((0, paid.Paid + (isHad ? Price : 0)), await LockedAndPaidAsync(network));
            }
        }

        Assert.InRange(calls, 8, 30);
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task Whichever_message_of_the_shop_to_the_archive_is_lost_the_commit_is_forced_once()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(255);
        network.Maker.Goods = new byte[(1 << 20) + 1];
        var offer = await network.OfferToMakeAsync(Price);
        var (calls, sold) = (0, 0);
        for (var lost = -1; lost < calls; lost++)
        {
            foreach (var isAnswerLost in new[] { false, true })
            {
                await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(Price), default);
                await customer.BuyAsync(offer, $"portrait-{++sold}");
                network.ShopWire.Reset(lost, isAnswerLost);
                for (var round = 0; round < 4; round++)
                {
                    await network.BackgroundAsync();
                    network.Clock.Advance(50);
                    await ForcedAsync(network);
                }

                calls = Math.Max(calls, network.ShopWire.Calls);
                network.ShopWire.Reset();
                Assert.Equal((0, sold * Price), await LockedAndPaidAsync(network));
                Assert.Empty(await customer.ResumeAsync());
                Assert.True(Assert.IsType<Opened>(await customer.LastPurchaseAsync()).AsPromised);
            }
        }

        Assert.InRange(calls, 5, 12);
        Assert.Equal(sold, network.Maker.Made);
    }

    [Fact]
    public async Task Shop_and_wallet_may_be_restarted_at_any_step()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait");
        await RestartAsync();
        // It dies while the goods are made; until it is back nobody makes them again.
        using var killed = new CancellationTokenSource();
        network.Maker.Before = async () =>
        {
            await killed.CancelAsync();
            killed.Token.ThrowIfCancellationRequested();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => network.TheMerchant.MakeOrdersAsync(killed.Token));
        network.Maker.Before = () => Task.CompletedTask;
        await network.BackgroundAsync();
        Assert.Equal(1, network.Maker.Made);
        await RestartAsync();
        await network.BackgroundAsync();
        Assert.Equal(2, network.Maker.Made);
        await RestartAsync();
        // The wallet has agreed, and the shop did not hear of it.
        network.MerchantWire.ChangePayment = request => request.Agreement is null
            ? request
            : throw new PartyUnreachableException("It is lost.");
        Assert.Single(await customer.ResumeAsync());
        Assert.NotNull(Assert.IsType<Locked>(await customer.LastPurchaseAsync()).Made);
        network.MerchantWire.ChangePayment = null;
        await RestartAsync();
        network.ShopWire.Silent.Add(typeof(IArchive));
        Assert.Single(await customer.ResumeAsync());
        network.ShopWire.Silent.Clear();
        await RestartAsync();
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(network.Maker.Goods, await File.ReadAllBytesAsync(
            Assert.IsType<Opened>(await customer.LastPurchaseAsync()).Order.OutputPath));
        Assert.Equal((0, Price), await LockedAndPaidAsync(network));
        Assert.Equal(2, network.Maker.Made);

        async Task RestartAsync()
        {
            await network.RestartShopAsync();
            await customer.RestartAsync();
        }
    }

    [Fact]
    public async Task What_cannot_be_made_is_tried_a_few_times_and_costs_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferToMakeAsync(Price);
        network.Maker.IsBroken = true;
        await customer.BuyAsync(offer, "portrait");
        for (var round = 0; round < 6; round++)
        {
            await network.BackgroundAsync();
            network.Clock.Advance(10);
        }

        Assert.Equal(3, network.Maker.Made);
        // What is larger than an archive keeps could not be forced, so it is not offered.
        network.Maker.IsBroken = false;
        network.Maker.Goods = new byte[MadeGoods.MaxSizeBytes];
        await customer.BuyAsync(offer, "too large");
        await network.BackgroundAsync();
        Assert.Equal(4, network.Maker.Made);
        await customer.ResumeAsync();
        network.Clock.Advance(500);
        await network.BackgroundAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.All(await customer.Wallet.HistoryAsync(default), one => Assert.IsType<Returned>(one));
        Assert.Equal((0, 0), await LockedAndPaidAsync(network));
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_customer_signs_for_nothing_but_what_its_shop_signed_and_gave()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait");
        await network.BackgroundAsync();
        using var other = P256PrivateKey.Generate();
        network.MerchantWire.ChangeAnswer = answer => answer.Made is not { } made
            ? answer
            : answer with
            {
                Made = Signed<MadeGoods>.Sign(other, made.Content with { ReleaseKey = other.PublicKey.Spki }),
            };
        Assert.Single(await customer.ResumeAsync());
        Assert.Null(Assert.IsType<Locked>(await customer.LastPurchaseAsync()).Made);
        network.MerchantWire.ChangeAnswer = null;
        network.MerchantWire.ChangeChunk = (chunk, _) => chunk with { Ciphertext = [.. chunk.Ciphertext.Reverse()] };
        Assert.Single(await customer.ResumeAsync());
        Assert.Null(Assert.IsType<Locked>(await customer.LastPurchaseAsync()).Made);
        network.MerchantWire.ChangeChunk = null;
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Opened>(await customer.LastPurchaseAsync());
    }

    [Fact]
    public async Task The_shop_takes_no_agreement_but_the_customers_to_this_price()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.BuyAsync(await network.OfferToMakeAsync(Price), "portrait");
        var locked = Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        var promise = locked.Merchandise.Content;
        var request = new PaymentRequest(promise.Transaction(), locked.Lock);
        Assert.Equal(MerchantError.UnknownPurchase,
            (await network.TheMerchant.ChunkAsync(DeliveryId.Derive(promise.Secret), 0, default)).Error);
        await network.BackgroundAsync();
        var made = (await network.TheMerchant.PayAsync(request, default)).Value.Made!;
        using var secret = customer.Wallet.Store.Seed.Session(locked.Order.Id);
        using var key = secret.Key();
        using var other = P256PrivateKey.Generate();
        var right = new ItemAcknowledgement(
            key.PublicKey.Spki, promise.Transaction(), made.Content.Commitment,
            SealedTotal.Seal(promise.LockFirst!.TotalKey, made.Content.Commitment, promise.Contract.Price),
            made.PayloadHash());
        foreach (var wrong in new[]
        {
            Signed<ItemAcknowledgement>.Sign(other, right),
            Signed<ItemAcknowledgement>.Sign(other, right with { Key = other.PublicKey.Spki }),
            Signed<ItemAcknowledgement>.Sign(key, right with { ItemHash = new byte[32] }),
            Signed<ItemAcknowledgement>.Sign(key, right with
            {
                SealedTotal = SealedTotal.Seal(
                    promise.LockFirst.TotalKey, made.Content.Commitment, Amount.FromMinorUnits(Price - 1)),
            }),
        })
        {
            Assert.Equal(MerchantError.BadItemAcknowledgement,
                (await network.TheMerchant.PayAsync(request with { Agreement = wrong }, default)).Error);
        }

        var paid = await network.TheMerchant.PayAsync(
            request with { Agreement = Signed<ItemAcknowledgement>.Sign(key, right) }, default);
        Assert.NotNull(paid.Value.Decision);
    }

    private static async Task ForcedAsync(InProcessNetwork network)
    {
        await network.BackgroundAsync();
        await network.TheMerchant.IdleAsync();
    }

    private static async Task JudgedAsync(InProcessNetwork network, Customer customer, Opened opened, string words)
    {
        var own = await customer.Wallet.EvidenceAsync(opened.Order.Id, default);
        var sale = (await network.TheMerchant.Desk.SalesAsync(null, default)).Value.Sales[0];
        var held = (await network.TheMerchant.Desk.EvidenceAsync(sale.Transaction, default)).Value;
        var goods = new MemoryStream();
        for (long index = 0; index < held.Made!.Content.Layout.ChunkCount; index++)
            goods.Write((await network.TheMerchant.Desk.ChunkAsync(sale.Transaction, index, default)).Value.Ciphertext);
        var shops = own with
        {
            Authorization = null,
            Denominations = null,
            Merchandise = held.Merchandise,
            LockNote = held.LockNote,
            Payment = held.Payment,
            Decision = held.Decision,
            Made = held.Made,
        };
        foreach (var evidence in new[] { own, shops })
        {
            Assert.True(PurchaseEvidence.TryParse(evidence.ToBytes(), out var read));
            var verdict = PurchaseJudge.Judge(read, new MemoryStream(goods.ToArray()));
            Assert.Equal(Outcome.Complete, verdict.Outcome);
            Assert.Contains(words, verdict.Summary, StringComparison.Ordinal);
            Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(read with { Made = null }).Outcome);
            Assert.Equal(
                Outcome.NotProven, PurchaseJudge.Judge(read, new MemoryStream(goods.ToArray()[1..])).Outcome);
        }
    }

    private static async Task<(long Locked, long Paid)> LockedAndPaidAsync(InProcessNetwork network)
    {
        var totals = await network.AuditAsync();
        return (totals.Locked, totals.Merchants);
    }
}
