using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>Receipts from the customer's side.</summary>
public class ReceiptTests
{
    private static readonly byte[] voucher = "Two jars of honey"u8.ToArray();

    [Fact]
    public async Task A_receipt_is_bought_two_sided_unasked_and_answered_for_by_the_same_key()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var offer = await network.OfferAsync(voucher, 5, isReceipt: true);
        foreach (var (number, wanted) in new[] { new CustomerTerms(), new CustomerTerms(Pseudonym: "anna") }.Index())
        {
            var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, $"{number}", wanted));
            var (file, paid, _) = await customer.Wallet.ReceiptAsync(opened.Order.Id, default);
            Assert.True(paid.IsPaidTo(network.ShopKey.PublicKey));
            Assert.Equal(paid.Text, file.PaidUnder(network.Policy)!.Text);
            var asked = CounterChallenge.Make("corner", UnixTime.FromSeconds(1000), new byte[32]);
            var answer = await customer.Wallet.AnswerAsync(opened.Order.Id, asked, default);
            Assert.True(HandOver.Holds(answer, paid.Receipt));
            Assert.Equal(asked.Text, answer.Content.Challenge);
        }

        var refused = await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(
            offer, "refused", new CustomerTerms(DeliveryProof.OneSided)));
        Assert.Equal(WalletError.Refused, refused.Error);
    }

    [Fact]
    public async Task What_did_not_happen_or_is_a_file_has_no_receipt()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        var plain = Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(voucher, 5), "plain"));
        await NoneAsync(customer, plain.Order.Id);
        network.MerchantWire.IgnoresPayments = true;
        var locked = await customer.BuyAsync(await network.OfferAsync(voucher, 5, isReceipt: true), "aborted");
        await NoneAsync(customer, Assert.IsType<Locked>(locked).Order.Id);
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        await NoneAsync(customer, locked.Order.Id);
    }

    [Fact]
    public async Task A_P1_with_a_receipt_that_the_shop_did_not_sign_is_not_paid()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        using var stranger = P256PrivateKey.Generate();
        network.MerchantWire.ChangePromise = p1 => Signed<Merchandise>.Sign(network.ShopKey, p1.Content with
        {
            Receipt = Signed<Receipt>.Sign(stranger, p1.Content.Receipt!.Content),
        });
        var ended = Assert.IsType<Abandoned>(await customer.BuyAsync(
            await network.OfferAsync(voucher, 5, isReceipt: true), "never"));
        Assert.Contains("did not sign", ended.Reason, StringComparison.Ordinal);
    }

    private static async Task NoneAsync(Customer customer, RequestId purchase)
    {
        Assert.Equal(WalletError.NotFound, (await Assert.ThrowsAsync<WalletException>(
            () => customer.Wallet.ReceiptAsync(purchase, default))).Error);
        await Assert.ThrowsAsync<WalletException>(() => customer.Wallet.AnswerAsync(
            purchase, CounterChallenge.Make("corner", UnixTime.FromSeconds(1000), new byte[32]), default));
    }
}
