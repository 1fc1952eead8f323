using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;

namespace Bauta.Judge;

/// <summary>A receipt of a committed purchase, and whether what it is for was handed over.</summary>
internal static class HandOverCheck
{
    /// <summary>Checks both.</summary>
    /// <returns>What the verdict adds.</returns>
    public static string Hear(PurchaseEvidence evidence, Hearing hearing)
    {
        if (evidence.Merchandise.Content.Receipt is not { } receipt)
        {
            hearing.Demand(evidence.HandOver is null, Outcome.NotProven,
                "hand-over: P1 holds a receipt that something could be handed over against");
            return "";
        }

        // The wallet refuses such a P1; whoever signed P1 signed this beside it.
        hearing.Demand(receipt.KeyId == evidence.Merchandise.KeyId
            && receipt.IsSignedBy(evidence.MerchantCard.Content.IdentityKey()), Outcome.MerchantAtFault,
            "P1: the receipt in it is signed by the merchant");
        if (evidence.HandOver is not { } handOver)
        {
            hearing.Note(true, "no hand-over is in evidence: nothing shows that what the receipt is for left the "
                + "merchant");
            return " It is a receipt, and no hand-over is in evidence: the merchant owes what it is for.";
        }

        hearing.Demand(HandOver.Holds(handOver, receipt), Outcome.NotProven,
            "hand-over: the key that owns the receipt signed for it at a counter");
        var asked = handOver.Content.Asked();
        return $" The key that owns the receipt signed at counter {asked.Counter}, asked at {asked.At}, that it was "
            + "handed over.";
    }
}
