using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;

namespace Bauta.Judge;

/// <summary>A committed session (FIG. 8): what it came to, and whether its last item is what the customer agreed
/// to.</summary>
internal static class SessionCheck
{
    public static HearingEnded Hear(PurchaseEvidence evidence, LogEntry commit, Stream? ciphertext, Hearing hearing)
    {
        var promise = evidence.Merchandise.Content;
        // The release matched, so the customer's key signed this.
        var release = commit.Release!.Content;
        var agreed = release.Acknowledgement!.Content;
        var total = SealedTotal.Open(promise.Session!.TotalKey, agreed.Commitment, agreed.SealedTotal);
        hearing.Demand(total is { } sum && sum <= promise.Contract.Price, Outcome.NotProven,
            "R10: the customer's session key agreed to a total within the sum that was locked");
        if (evidence.Item is not { } item)
        {
            hearing.Demand(ciphertext is null, Outcome.NotProven,
                "goods: the item that they belong to is in evidence");
            return Complete("");
        }

        hearing.Demand(
            item.IsSignedBy(P256PublicKey.FromSpki(promise.ReleaseKey))
            && item.PayloadHash().AsSpan().SequenceEqual(agreed.ItemHash)
            && item.Content.Transaction.Equals(promise.Transaction())
            && item.Content.Commitment.Equals(agreed.Commitment) && item.Content.Total == total,
            Outcome.NotProven,
            "R6: the item in evidence is signed by the session's key, and is the one that the customer agreed to");
        if (ciphertext is not null)
            HearGoods(promise, item.Content, release.MaskedKey, ciphertext, hearing);
        return Complete($" for {item.Content.Index} item(s)");

        HearingEnded Complete(string items) => hearing.End(Outcome.Complete,
            $"The archive committed the session at {commit.At}, before expiry at {promise.ExpiresAt}: the merchant is "
            + $"paid {total} minor units{items}, which the customer agreed to, and the rest of the sum is the "
            + "customer's.");
    }

    private static void HearGoods(
        Merchandise promise, SessionItem item, byte[] maskedKey, Stream ciphertext, Hearing hearing)
    {
        using var mask = SessionItem.MaskOf(promise.Secret, item.Index);
        using var key = MaskedKey.FromBytes(maskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(
            key, new GoodsLayout(item.SizeBytes), MerkleHash.FromBytes(item.GoodsRoot));
        var verdict = decryptor.DecryptAsync(ciphertext, Stream.Null).GetAwaiter().GetResult();
        hearing.Demand(verdict is not (GoodsVerdict.WrongLength or GoodsVerdict.NotUnderRoot),
            Outcome.NotProven, "goods: the ciphertext handed in is the one that the item names");
        hearing.Demand(verdict == GoodsVerdict.Good, Outcome.MerchantAtFault,
            "goods: the item opens with the published key");
    }
}
