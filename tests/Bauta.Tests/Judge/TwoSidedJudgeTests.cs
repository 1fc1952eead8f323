using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Judge;

/// <summary>Who proves what with the customer's acknowledgement, and without it.</summary>
public sealed class TwoSidedJudgeTests : IDisposable
{
    private const string Acknowledged = "the customer's key P acknowledged exactly this delivery";

    private readonly P256PrivateKey customer = P256PrivateKey.Generate();
    private readonly Dispute dispute = new();

    public void Dispose()
    {
        customer.Dispose();
        dispute.Dispose();
    }

    [Fact]
    public void A_merchant_proves_what_was_delivered_by_the_customers_acknowledgement()
    {
        var evidence = Evidence("Anna") with { Authorization = null, Denominations = null };
        using var goods = new MemoryStream(dispute.Ciphertext);
        var verdict = PurchaseJudge.Judge(evidence, goods);
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.All(verdict.Reasons, reason => Assert.True(reason.Holds, reason.Text));
        Assert.Contains(verdict.Reasons, reason => reason.Text.EndsWith(Acknowledged, StringComparison.Ordinal));
        Assert.Contains("the merchant proves it, too", verdict.Summary, StringComparison.Ordinal);
        var key = Assert.Single(verdict.TrustedKeys, key => key.Key == customer.PublicKey.Thumbprint);
        Assert.Contains("calls itself Anna", key.Party, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_acknowledgement_the_same_proof_is_one_sided_and_says_so()
    {
        var verdict = PurchaseJudge.Judge(Evidence() with { Acknowledgement = null });
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.Contains("one-sided", verdict.Summary, StringComparison.Ordinal);
        Assert.Contains(verdict.Reasons, reason => reason.Text.Contains("one-sided", StringComparison.Ordinal));
        Assert.DoesNotContain(verdict.TrustedKeys, key => key.Key == customer.PublicKey.Thumbprint);
        // A purchase that was one-sided from the start is not told to be more, or less, than it is.
        var plain = PurchaseJudge.Judge(dispute.Committed());
        Assert.DoesNotContain("sided", plain.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void An_acknowledgement_that_is_not_for_this_P1_by_this_key_proves_nothing()
    {
        var evidence = Evidence();
        var said = evidence.Acknowledgement!.Content;
        var other = Signed<Merchandise>.Sign(
            dispute.Shop, evidence.Merchandise.Content with { Secret = [.. Enumerable.Repeat((byte)7, 32)] });
        NotProven(evidence, Sign(said, dispute.Stranger));
        NotProven(evidence, Sign(Acknowledgement.Of(other)));
        NotProven(evidence, Sign(said with { Transaction = TransactionId.Of(dispute.Stranger.PublicKey) }));
        NotProven(evidence, Sign(said with { Merchant = dispute.Stranger.PublicKey.Thumbprint }));
        var parts = evidence.Acknowledgement.Text.Split('.');
        Assert.True(Base64Url.TryDecode(parts[2], out var signature));
        signature[5] ^= 4;
        Assert.True(Signed<Acknowledgement>.TryParse(
            $"{parts[0]}.{parts[1]}.{Base64Url.Encode(signature)}", out var flipped));
        NotProven(evidence, flipped);
        // P1 with another customer key, or with none, is another promise.
        NotProven(evidence with { Merchandise = P1(new Terms(dispute.Stranger.PublicKey.Spki)) });
        NotProven(evidence with { Merchandise = P1(null) });
        // Its own twin says the same.
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(
            evidence with { Acknowledgement = Archive.Sale.Twin(evidence.Acknowledgement) }).Outcome);
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(
            evidence with { Merchandise = Archive.Sale.Twin(evidence.Merchandise) }).Outcome);
    }

    [Fact]
    public void The_file_reads_back_and_no_character_of_the_acknowledgement_can_be_changed()
    {
        var evidence = Evidence();
        Assert.True(PurchaseEvidence.TryParse(evidence.ToBytes(), out var read));
        Assert.Equal(Outcome.Complete, PurchaseJudge.Judge(read).Outcome);
        var text = evidence.Acknowledgement!.Text;
        var parsed = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var changed = text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
            if (!Signed<Acknowledgement>.TryParse(changed, out var forged))
                continue;
            parsed++;
            NotProven(evidence, forged);
        }

        Assert.True(parsed > 100, $"{parsed} could be read.");
    }

    [Fact]
    public void A_merchant_at_fault_stays_at_fault_when_the_ciphertext_was_acknowledged()
    {
        using var broken = new Dispute(promisesAnotherFile: true);
        var p1 = Signed<Merchandise>.Sign(
            broken.Shop, broken.Promise with { Terms = new Terms(customer.PublicKey.Spki) });
        using var goods = new MemoryStream(broken.Ciphertext);
        var verdict = PurchaseJudge.Judge(
            broken.Committed() with { Merchandise = p1, Acknowledgement = Sign(Acknowledgement.Of(p1)) }, goods);
        Assert.Equal(Outcome.MerchantAtFault, verdict.Outcome);
    }

    private static void NotProven(PurchaseEvidence evidence, Signed<Acknowledgement>? acknowledgement = null) =>
        Assert.Equal(Outcome.NotProven, PurchaseJudge.Judge(
            evidence with { Acknowledgement = acknowledgement ?? evidence.Acknowledgement }).Outcome);

    private PurchaseEvidence Evidence(string? name = null)
    {
        var p1 = P1(new Terms(customer.PublicKey.Spki, name));
        return dispute.Committed() with { Merchandise = p1, Acknowledgement = Sign(Acknowledgement.Of(p1)) };
    }

    private Signed<Merchandise> P1(Terms? terms) =>
        Signed<Merchandise>.Sign(dispute.Shop, dispute.Promise with { Terms = terms });

    private Signed<Acknowledgement> Sign(Acknowledgement said, ISigner? by = null) =>
        Signed<Acknowledgement>.Sign(by ?? customer, said);
}
