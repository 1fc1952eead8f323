using System.Security.Cryptography;
using Bauta.Judge;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Tests.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Judge;

/// <summary>What a wallet exports after a real purchase convinces a judge who knows nothing else.</summary>
public class ExportedEvidenceTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Fact]
    public async Task A_purchase_and_an_abort_are_proven_even_after_the_bank_delists_its_keys()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        var opened = Assert.IsType<Opened>(await customer.BuyAsync(offer, "a"));
        network.MerchantWire.IgnoresPayments = true;
        var locked = await customer.BuyAsync(offer, "b");
        Assert.Equal(Outcome.Undecided, await JudgeAsync(customer, locked));
        network.Clock.Advance(300);
        Assert.Empty(await customer.ResumeAsync());

        network.BankWire.ChangeList = _ => new DenominationList([], []);
        Assert.Equal(Outcome.Complete, await JudgeAsync(customer, opened));
        Assert.Equal(Outcome.Aborted, await JudgeAsync(customer, locked));
    }

    private static async Task<Outcome> JudgeAsync(Customer customer, PurchaseState purchase)
    {
        var file = (await customer.Wallet.EvidenceAsync(purchase.Order.Id, default)).ToBytes();
        Assert.True(PurchaseEvidence.TryParse(file, out var evidence));
        return PurchaseJudge.Judge(evidence).Outcome;
    }
}
