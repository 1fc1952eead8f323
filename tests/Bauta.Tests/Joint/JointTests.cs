using System.Security.Cryptography;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Joint;

/// <summary>A whole purchase where the bank is its own archive: with the messages of FIG. 4 (FIG. 6), and with the
/// release handed over right after P1 (FIG. 7).</summary>
public class JointTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(5000);
    private static readonly CustomerTerms early = new(Release: ReleaseTerm.Early);

    [Fact]
    public async Task In_FIG_6_the_value_has_moved_when_the_customer_sees_the_commit_though_nobody_told_the_bank()
    {
        await using var network = await InProcessNetwork.StartAsync(isJoint: true);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.ShopWire.Silent.Add(typeof(IBank));
        var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, "file"));
        Assert.Equal(5, (await network.AuditAsync()).Merchants);
        await IsCompleteAsync(customer, opened);

        // An abort gives the tokens back with the decision, whoever asked for it.
        network.MerchantWire.IgnoresPayments = true;
        var locked = Assert.IsType<Locked>(await customer.BuyAsync(offer, "never"));
        network.Clock.Advance(300);
        await network.ShownArchive.DecideAsync(new DecisionRequest(locked.Lock.LockNote), default);
        Assert.Equal(0, (await network.AuditAsync()).Locked);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
    }

    [Fact]
    public async Task In_FIG_7_the_customer_sends_P2_the_shop_one_message_and_both_have_their_proof()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.Wire.Reset();
        var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, "file", early));
        Assert.True(opened.AsPromised);
        Assert.Equal(ReleaseTerm.Early, opened.Merchandise.Content.Terms!.Release);
        Assert.DoesNotContain("IMerchant.PayAsync", network.Wire.Log);
        Assert.Single(network.Wire.Log, call => call == "IBank.LockAsync");
        Assert.Equal(5, (await network.AuditAsync()).Merchants);

        network.Clock.Advance(20);
        await network.BackgroundAsync();
        Assert.Equal(5, await network.SalesAsync());
        Assert.DoesNotContain("IArchive.DecideAsync", network.ShopWire.Log);
        var sale = Assert.Single((await network.TheMerchant.Desk.SalesAsync(null, default)).Value.Sales);
        var held = (await network.TheMerchant.Desk.EvidenceAsync(sale.Transaction, default)).Value;
        var evidence = await IsCompleteAsync(customer, opened);
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(evidence with
        {
            Authorization = null,
            Denominations = null,
            LockNote = held.LockNote,
            Payment = held.Payment,
            Decision = held.Decision,
        }).Outcome);
        // Whoever brings the shop the notes all the same hears what the bank told it.
        var answer = await network.TheMerchant.PayAsync(
            new PaymentRequest(opened.Merchandise.Content.Transaction(), opened.Lock!), default);
        Assert.Equal(opened.Decision.Entry, answer.Value.Decision!.Entry);
    }

    [Fact]
    public async Task A_release_that_reaches_the_bank_after_the_lock_commits_by_itself_even_from_a_shop_that_died()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.ShopWire.Silent.Add(typeof(IJointBank));
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "file", early));
        Assert.Equal((5L, 0L), (await network.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });

        await network.RestartShopAsync();
        network.ShopWire.Silent.Clear();
        await network.TheMerchant.ResumeAsync(default);
        Assert.Equal((0L, 5L), (await network.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });
        Assert.Equal(5, await network.SalesAsync());
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Opened>(await customer.LastPurchaseAsync());
    }

    [Fact]
    public async Task A_release_that_never_comes_gives_the_tokens_back_and_a_missing_lock_costs_the_shop_nothing()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.ShopWire.Silent.Add(typeof(IJointBank));
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "never", early));
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        network.ShopWire.Silent.Clear();

        network.BankWire.RefuseLock = BankError.TokenLocked;
        await customer.BuyAsync(offer, "never", early);
        network.BankWire.RefuseLock = null;
        await network.TheMerchant.IdleAsync();
        network.Clock.Advance(400);
        Assert.Empty(await customer.ResumeAsync());
        for (var rounds = 0; rounds < 3; rounds++)
        {
            await network.BackgroundAsync();
            network.Clock.Advance(400);
        }

        await network.TheMerchant.DropExpiredAsync(default);
        Assert.Equal(0, await network.SalesAsync());
        Assert.Equal(0, await CountAsync(network, "early_releases"));
        network.Clock.Advance(4000);
        await network.TheMerchant.DropExpiredAsync(default);
        Assert.Equal(0, await CountAsync(network, "open_purchases"));
    }

    [Fact]
    public async Task What_shop_bank_or_proof_do_not_allow_is_refused_before_anything_is_done()
    {
        await using var network = await InProcessNetwork.StartAsync(isJoint: true);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        foreach (var release in (string[])[ReleaseTerm.Early, ReleaseTerm.AtOnce])
        {
            await RefusedAsync(new CustomerTerms(Release: release));
            var asked = await network.TheMerchant.PurchaseAsync(
                new PurchaseRequest(
                    RequestId.Generate(), offer.Offer, offer.Price, network.Policy.Id, new Terms(Release: release)),
                default);
            Assert.Equal(MerchantError.ReleaseNotOffered, asked.Error);
        }

        await using var apart = await InProcessNetwork.StartAsync(releases: ReleaseTerm.Early);
        await using var other = await Customer.WithTokensAsync(apart, 31);
        var there = await apart.OfferAsync(goods, 5);
        Assert.Equal(WalletError.Refused, (await Assert.ThrowsAsync<WalletException>(
            () => other.BuyAsync(there, "never", early))).Error);
        await using var takes = await StartAsync();
        await using var third = await Customer.WithTokensAsync(takes, 31);
        var sold = await takes.OfferAsync(goods, 5);
        Assert.Equal(WalletError.Refused, (await Assert.ThrowsAsync<WalletException>(
            () => third.BuyAsync(sold, "never", early with { Name = "Anna" }))).Error);
        Assert.Empty(await third.Wallet.HistoryAsync(default));

        async Task RefusedAsync(CustomerTerms wanted) => Assert.Equal(WalletError.Refused,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "never", wanted))).Error);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_purchase_that_loses_any_one_message_ends_in_one_way_and_value_moves_once(
        bool isAnswerLost, bool isEarly)
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 255);
        var offer = await network.OfferAsync(goods, 5);
        var wanted = isEarly ? early : new CustomerTerms();
        network.Wire.Reset();
        network.ShopWire.Reset();
        await customer.BuyAsync(offer, "first", wanted);
        await network.TheMerchant.IdleAsync();
        var (calls, shopCalls) = (network.Wire.Calls, network.ShopWire.Calls);
        Assert.InRange(shopCalls, 1, 3);
        for (var lost = 0; lost < calls + shopCalls; lost++)
        {
            network.Wire.Reset(lost < calls ? lost : -1, isAnswerLost);
            network.ShopWire.Reset(lost < calls ? -1 : lost - calls, isAnswerLost);
            try
            {
                await customer.BuyAsync(offer, $"{lost}", wanted);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            await network.TheMerchant.IdleAsync();
            network.Wire.Reset();
            network.ShopWire.Reset();
            await customer.RestartAsync();
            network.Clock.Advance(20);
            await network.BackgroundAsync();
            Assert.Empty(await customer.ResumeAsync());
            network.Clock.Advance(20);
            await network.BackgroundAsync();
            var opened = (await customer.Wallet.HistoryAsync(default)).Count(purchase => purchase is Opened);
            Assert.Equal(opened * 5, (await network.AuditAsync()).Merchants);
            Assert.True(opened * 5 == await network.SalesAsync(), $"After the loss of call {lost} of {calls}.");
            await customer.AgreesWithBankAsync();
        }
    }

    [Fact]
    public async Task A_bank_that_died_between_its_decision_and_the_settlement_settles_when_it_begins()
    {
        await using var network = await StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.IsWitnessDown = true;
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "file", early));
        Assert.Equal(5, (await network.AuditAsync()).Locked);
        await network.RestartBankAsync();
        network.IsWitnessDown = false;
        for (var tries = 0; (await network.AuditAsync()).Locked > 0; tries++)
        {
            Assert.True(tries < 100, "It was never settled.");
            await Task.Delay(50);
            network.Clock.Advance(2);
            await network.TheBank.SettleDueAsync(default);
        }

        Assert.Equal(5, (await network.AuditAsync()).Merchants);
        await network.BackgroundAsync();
        Assert.Equal(5, await network.SalesAsync());
        Assert.Empty(await customer.ResumeAsync());
    }

    private static Task<InProcessNetwork> StartAsync() =>
        InProcessNetwork.StartAsync(isJoint: true, releases: [ReleaseTerm.Early, ReleaseTerm.AtOnce]);

    private static async Task<PurchaseEvidence> IsCompleteAsync(Customer customer, Opened opened)
    {
        var evidence = await customer.Wallet.EvidenceAsync(opened.Order.Id, default);
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(evidence).Outcome);
        return evidence;
    }

    private static Task<long> CountAsync(InProcessNetwork network, string table) =>
        network.Databases["merchant"].ReadAsync(transaction => transaction.QuerySingleOrDefault(
            $"SELECT COUNT(*) FROM {table}", row => row.GetInt64(0)));
}
