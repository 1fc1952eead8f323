using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>Two-sided delivery from the customer's side: which key signs, when, and what it gives away.</summary>
public class TwoSidedTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes((1 << 20) + 9);
    private static readonly CustomerTerms twoSided = new(DeliveryProof.TwoSided);

    [Fact]
    public async Task Each_purchase_has_a_key_of_its_own_and_a_pseudonym_has_one_for_all()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 255);
        var offer = await network.OfferAsync(goods, 5);
        var keys = new List<string>();
        foreach (var (number, wanted) in new[]
        {
            twoSided, twoSided, new CustomerTerms(Pseudonym: "collector"), new CustomerTerms(Pseudonym: "collector"),
            new CustomerTerms(Pseudonym: "other"), new CustomerTerms(Name: "Anna"),
        }.Index())
        {
            var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, $"{number}", wanted));
            Assert.True(opened.AsPromised);
            Assert.Equal(wanted.Name, opened.Merchandise.Content.Terms!.CustomerName);
            keys.Add(opened.Merchandise.Content.Customer()!.Thumbprint);
            var evidence = await customer.Wallet.EvidenceAsync(opened.Order.Id, default);
            Assert.True(Acknowledgement.Holds(evidence.Acknowledgement!, evidence.Merchandise));
            var verdict = PurchaseJudge.Judge(evidence);
            Assert.Equal(Outcome.Complete, verdict.Outcome);
            Assert.Contains("the merchant proves it, too", verdict.Summary, StringComparison.Ordinal);
        }

        Assert.Equal(keys[2], keys[3]);
        Assert.Equal(5, keys.Distinct().Count());
        // What the phrase restores: the key of a label, and that of a purchase by its id.
        await using var restored = await Customer.JoinAsync(network, "restored", customer.Phrase);
        var seed = restored.Wallet.Store.Seed;
        using var pseudonym = seed.PseudonymKey("collector");
        using var first = seed.PurchaseKey((await customer.Wallet.HistoryAsync(default))[0].Order.Id);
        Assert.Equal([keys[0], keys[2]], [first.PublicKey.Thumbprint, pseudonym.PublicKey.Thumbprint]);
    }

    [Fact]
    public async Task A_shop_that_demands_it_gets_it_unasked_and_one_that_does_not_gets_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var offer = await network.OfferAsync(goods, 5);
        var plain = Assert.IsType<Opened>(await customer.BuyAsync(offer, "plain"));
        Assert.Null(plain.Merchandise.Content.Terms);
        Assert.Null((await customer.Wallet.EvidenceAsync(plain.Order.Id, default)).Acknowledgement);

        var card = (await network.MerchantCardAsync(network.Shop, default)).Content;
        network.OtherShopCard = Signed<PartyCard>.Sign(network.ShopKey, card with
        {
            Merchant = card.Merchant! with { Proof = DeliveryProof.TwoSided },
        });
        var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, "demanded"));
        Assert.NotNull(opened.Merchandise.Content.Customer());
        var calls = network.Wire.Calls;
        var refused = await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(
            offer, "refused", new CustomerTerms(DeliveryProof.OneSided)));
        Assert.Equal(WalletError.Refused, refused.Error);
        Assert.Contains("--proof two-sided", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            network.Wire.Log[calls..], call => call.EndsWith("PurchaseAsync", StringComparison.Ordinal));
        foreach (var wrong in (CustomerTerms[])[
            new(Pseudonym: "Upper Case"), new(Pseudonym: ""), new(Name: ""), new(Name: new string('x', 65)),
            new(DeliveryProof.OneSided, Name: "Anna")])
            Assert.Equal(WalletError.Refused, (await Assert.ThrowsAsync<WalletException>(
                () => customer.BuyAsync(offer, "wrong", wrong))).Error);
        Assert.Equal(2, (await customer.Wallet.HistoryAsync(default)).Count);
    }

    [Fact]
    public async Task A_P1_with_other_terms_than_asked_for_ends_the_purchase_before_anything_is_signed()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var offer = await network.OfferAsync(goods, 5);
        using var other = P256PrivateKey.Generate();
        foreach (var (asked, given) in ((CustomerTerms, Func<Terms?, Terms?>)[])[
            (twoSided, _ => null), (new CustomerTerms(), _ => new Terms(other.PublicKey.Spki)),
            (twoSided, _ => new Terms(other.PublicKey.Spki)), (twoSided, terms => terms! with { CustomerName = "X" }),
            (new CustomerTerms(Name: "Anna"), terms => terms! with { CustomerName = null })])
        {
            network.MerchantWire.ChangePromise = p1 => Signed<Merchandise>.Sign(
                network.ShopKey, p1.Content with { Terms = given(p1.Content.Terms) });
            var ended = Assert.IsType<Abandoned>(await customer.BuyAsync(offer, "never", asked));
            Assert.Contains("other terms", ended.Reason, StringComparison.Ordinal);
            Assert.Null(ended.Order.Acknowledgement);
        }

        Assert.Equal(63, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_before_all_the_goods_are_here_as_P1_says()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var offer = await network.OfferAsync(goods, 5);
        network.MerchantWire.ChangeChunk = (chunk, index) => index == 0
            ? chunk
            : chunk with { Ciphertext = [.. chunk.Ciphertext.Select((one, at) => at == 3 ? (byte)(one ^ 1) : one)] };
        var ended = Assert.IsType<Abandoned>(await customer.BuyAsync(offer, "never", twoSided));
        Assert.NotNull(ended.Merchandise);
        Assert.Null((await customer.Wallet.EvidenceAsync(ended.Order.Id, default)).Acknowledgement);
    }

    [Fact]
    public async Task A_shop_that_never_got_the_acknowledgement_releases_nothing_and_the_money_comes_back()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var offer = await network.OfferAsync(goods, 5);
        network.MerchantWire.ChangePayment = payment => payment with { Acknowledgement = null };
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "never", twoSided));
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        Assert.Equal(63, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        Assert.Equal(0, await network.SalesAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_two_sided_purchase_that_loses_any_one_call_ends_in_one_way_with_one_acknowledgement(
        bool isAnswerLost)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 255);
        var offer = await network.OfferAsync(goods, 5);
        var shown = new HashSet<string>();
        network.MerchantWire.ChangePayment = payment =>
        {
            shown.Add(payment.Acknowledgement!.Text);
            return payment;
        };
        network.Wire.Reset();
        await customer.BuyAsync(offer, "first", twoSided);
        var calls = network.Wire.Log.ToArray();
        for (var lost = 0; lost < calls.Length; lost++)
        {
            shown.Clear();
            network.Wire.Reset(lost, isAnswerLost);
            try
            {
                await customer.BuyAsync(offer, $"{lost}", twoSided);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
            Assert.Empty(await customer.ResumeAsync());
            // It is written down before it is shown, so that the wallet's evidence holds what the shop has.
            Assert.True(shown.Count <= 1, $"After the loss of {calls[lost]}.");
            if (File.Exists(network.File($"{lost}")))
            {
                var evidence = await customer.Wallet.EvidenceAsync(
                    (await customer.LastPurchaseAsync()).Order.Id, default);
                Assert.Equal(Assert.Single(shown), evidence.Acknowledgement!.Text);
                Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(evidence).Outcome);
            }

            network.Clock.Advance(20);
            await network.BackgroundAsync();
            await customer.AgreesWithBankAsync();
        }
    }
}
