using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Judge;

/// <summary>Who proves that what a receipt is for was handed over.</summary>
public sealed class ReceiptJudgeTests : IDisposable
{
    private readonly P256PrivateKey customer = P256PrivateKey.Generate();
    private readonly Dispute dispute = new();

    public void Dispose()
    {
        customer.Dispose();
        dispute.Dispose();
    }

    [Fact]
    public void Without_a_hand_over_the_merchant_owes_it_and_with_one_it_has_proof()
    {
        var evidence = Evidence();
        Assert.True(PurchaseEvidence.TryParse(evidence.ToBytes(), out var read));
        var owing = PurchaseJudge.Judge(read);
        Assert.Equal(Outcome.Complete, owing.Outcome);
        Assert.Contains("the merchant owes", owing.Summary, StringComparison.Ordinal);
        var handed = PurchaseJudge.Judge(read with { HandOver = Answer(evidence) });
        Assert.Equal(Outcome.Complete, handed.Outcome);
        Assert.Contains("signed at counter corner", handed.Summary, StringComparison.Ordinal);
        Assert.DoesNotContain("the merchant owes", handed.Summary, StringComparison.Ordinal);
        Assert.DoesNotContain("receipt", PurchaseJudge.Judge(dispute.Committed()).Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hand_over_by_another_key_or_of_another_purchase_proves_nothing()
    {
        var evidence = Evidence();
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(
            evidence with { HandOver = Answer(evidence, dispute.Stranger) }).Outcome);
        var answer = Answer(evidence);
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(evidence with
        {
            HandOver = Signed<HandOver>.Sign(customer, answer.Content with { ReceiptHash = new byte[32] }),
        }).Outcome);
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(
            dispute.Committed() with { HandOver = answer }).Outcome);
    }

    [Fact]
    public void A_merchant_that_signed_P1_with_a_receipt_it_did_not_sign_is_at_fault() =>
        Assert.Equal(Outcome.MerchantAtFault, PurchaseJudge.Judge(Evidence(dispute.Stranger)).Outcome);

    [Fact]
    public void P1_and_its_receipt_say_the_same_or_P1_does_not_read()
    {
        var p1 = Evidence().Merchandise.Content;
        foreach (var receipt in (Receipt[])[
            p1.Receipt!.Content with { Title = "Another" },
            p1.Receipt.Content with { CustomerKey = dispute.Stranger.PublicKey.Spki },
            p1.Receipt.Content with { Commitment = KeyCommitment.Generate() },
            p1.Receipt.Content with { Transaction = TransactionId.Generate() }])
            Assert.False((p1 with { Receipt = Signed<Receipt>.Sign(dispute.Shop, receipt) }).IsWellFormed());
        Assert.True(p1.IsWellFormed());
        Assert.False((p1 with { Receipt = null }).IsWellFormed());
        Assert.False((p1 with { Contract = p1.Contract with { Receipt = null } }).IsWellFormed());
        Assert.False((p1 with { Terms = null }).IsWellFormed());
    }

    private PurchaseEvidence Evidence(ISigner? by = null)
    {
        var promise = dispute.Promise with
        {
            Terms = new Terms(customer.PublicKey.Spki),
            Contract = dispute.Promise.Contract with { Receipt = true },
            Receipt = Signed<Receipt>.Sign(by ?? dispute.Shop, new Receipt(
                dispute.Transaction, dispute.Promise.Commitment, dispute.Promise.Contract.Title,
                customer.PublicKey.Spki)),
        };
        var p1 = Signed<Merchandise>.Sign(dispute.Shop, promise);
        return dispute.Committed() with
        {
            Merchandise = p1,
            Acknowledgement = Signed<Acknowledgement>.Sign(customer, Acknowledgement.Of(p1)),
        };
    }

    private Signed<HandOver> Answer(PurchaseEvidence evidence, ISigner? by = null) => Signed<HandOver>.Sign(
        by ?? customer, HandOver.Of(
            evidence.Merchandise.Content.Receipt!,
            CounterChallenge.Make("corner", UnixTime.FromSeconds(1000), new byte[CounterChallenge.KeySize])));
}
