using System.Security.Cryptography;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Joint;

/// <summary>Section 5.6: the shop releases to archive and customer at once.</summary>
public class AtOnceTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(5000);
    private static readonly CustomerTerms atOnce = new(Release: ReleaseTerm.AtOnce);

    [Theory]
    [InlineData(null)]
    [InlineData(DeliveryProof.TwoSided)]
    public async Task The_goods_are_open_before_there_is_a_decision_and_the_proof_follows(string? proof)
    {
        await using var network = await InProcessNetwork.StartAsync(releases: ReleaseTerm.AtOnce);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.IsWitnessDown = true;
        var locked = Assert.IsType<Locked>(await customer.BuyAsync(offer, "file", atOnce with { Proof = proof }));
        Assert.NotNull(locked.Release);
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("file")));
        Assert.Equal(5, (await network.AuditAsync()).Locked);

        network.IsWitnessDown = false;
        await customer.RestartAsync();
        for (var tries = 0; (await customer.ResumeAsync()).Count > 0; tries++)
            Assert.True(tries < 50, "The proof never came.");
        var opened = Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.True(opened.AsPromised);
        Assert.Equal(Outcome.Complete,
            PurchaseJudge.Judge(await customer.Wallet.EvidenceAsync(opened.Order.Id, default)).Outcome);
        network.Clock.Advance(20);
        await network.BackgroundAsync();
        Assert.Equal(5, (await network.AuditAsync()).Merchants);
        Assert.Equal(5, await network.SalesAsync());
    }

    [Fact]
    public async Task Where_the_archive_fails_the_customer_has_the_goods_and_the_money_which_is_the_shops_risk()
    {
        await using var network = await InProcessNetwork.StartAsync(releases: ReleaseTerm.AtOnce);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.ShopWire.Silent.Add(typeof(IArchive));
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "file", atOnce));
        Assert.True(File.Exists(network.File("file")));
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.True(File.Exists(network.File("file")));
        Assert.Equal(0, (await network.AuditAsync()).Merchants);
    }

    [Fact]
    public async Task Who_did_not_ask_for_it_gets_no_key_before_the_commit_and_a_wrong_one_opens_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync(releases: ReleaseTerm.AtOnce);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.IsWitnessDown = true;
        var given = new List<PaymentAnswer>();
        network.MerchantWire.ChangeAnswer = answer =>
        {
            given.Add(answer);
            return answer;
        };
        Assert.Null(Assert.IsType<Locked>(await customer.BuyAsync(offer, "usual")).Release);
        Assert.All(given, answer => Assert.Null(answer.Release));

        var other = Assert.IsType<Locked>(await customer.BuyAsync(offer, "at-once", atOnce)).Release!;
        network.MerchantWire.ChangeAnswer = answer => answer with { Release = other };
        Assert.Null(Assert.IsType<Locked>(await customer.BuyAsync(offer, "wrong", atOnce)).Release);
        Assert.False(File.Exists(network.File("wrong")));
        // The same P4 as often as it is asked for, also after the shop began anew.
        network.MerchantWire.ChangeAnswer = null;
        await network.RestartShopAsync();
        await customer.ResumeAsync();
        var mended = Assert.IsType<Locked>(await customer.LastPurchaseAsync());
        Assert.True(Release.Matches(mended.Release!, mended.Lock.LockNote.Content));
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("wrong")));
    }

    [Fact]
    public async Task A_purchase_that_loses_any_one_answer_ends_in_one_way()
    {
        await using var network = await InProcessNetwork.StartAsync(releases: ReleaseTerm.AtOnce);
        await using var customer = await Customer.WithTokensAsync(network, 255);
        var offer = await network.OfferAsync(goods, 5);
        network.Wire.Reset();
        await customer.BuyAsync(offer, "first", atOnce);
        var calls = network.Wire.Calls;
        for (var lost = 0; lost < calls; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost: true);
            try
            {
                await customer.BuyAsync(offer, $"{lost}", atOnce);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
            for (var tries = 0; (await customer.ResumeAsync()).Count > 0; tries++)
            {
                Assert.True(tries < 50, "The proof never came.");
                await network.TheMerchant.IdleAsync();
            }

            network.Clock.Advance(20);
            await network.BackgroundAsync();
            var opened = (await customer.Wallet.HistoryAsync(default)).Count(purchase => purchase is Opened);
            Assert.Equal(opened * 5, (await network.AuditAsync()).Merchants);
            await customer.AgreesWithBankAsync();
        }
    }
}
