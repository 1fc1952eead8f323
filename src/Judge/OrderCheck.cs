using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;

namespace Bauta.Judge;

/// <summary>A committed purchase of goods made to order (FIG. 5): acknowledged by the customer, or forced by the
/// merchant with what the archive keeps; and whether what was made opens.</summary>
internal static class OrderCheck
{
    public static HearingEnded Hear(PurchaseEvidence evidence, LogEntry commit, Stream? ciphertext, Hearing hearing)
    {
        var promise = evidence.Merchandise.Content;
        // The release matched, so the customer's key signed the one, and the release key the other.
        var release = commit.Release!.Content;
        var made = release.Made;
        if (release.Acknowledgement?.Content is { } agreed)
        {
            hearing.Demand(
                SealedTotal.Open(promise.LockFirst!.TotalKey, agreed.Commitment, agreed.SealedTotal)
                    == promise.Contract.Price,
                Outcome.NotProven, "E5: the customer's key agreed to the price of the contract");
            made = evidence.Made;
            hearing.Demand(
                made is null || (MadeGoods.Matches(made, promise) && made.Content.Commitment.Equals(agreed.Commitment)
                    && made.PayloadHash().AsSpan().SequenceEqual(agreed.ItemHash)),
                Outcome.NotProven,
                "E4: the goods in evidence are signed by the release key, and are those that the customer agreed to");
        }

        hearing.Demand(made is not null || ciphertext is null, Outcome.NotProven,
            "goods: the statement E4 that they belong to is in evidence");
        if (ciphertext is not null)
            HearGoods(promise, made!.Content, release.MaskedKey, ciphertext, hearing);
        return hearing.End(Outcome.Complete,
            $"The archive committed at {commit.At}, before expiry at {promise.ExpiresAt}: the merchant is paid for "
            + (release.Made is null
                ? "goods that it made to order, which the customer acknowledged."
                : "goods that it made to order, and the customer did not acknowledge: the archive has stated that it "
                + "keeps their ciphertext."));
    }

    private static void HearGoods(
        Merchandise promise, MadeGoods made, byte[] maskedKey, Stream ciphertext, Hearing hearing)
    {
        using var mask = GoodsMask.FromBytes(promise.Mask);
        using var key = MaskedKey.FromBytes(maskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(key, made.Layout, MerkleHash.FromBytes(made.GoodsRoot));
        using var plain = new MemoryStream();
        var verdict = decryptor.DecryptAsync(ciphertext, plain).GetAwaiter().GetResult();
        hearing.Demand(verdict is not (GoodsVerdict.WrongLength or GoodsVerdict.NotUnderRoot),
            Outcome.NotProven, "goods: the ciphertext handed in is the one whose root the merchant signed in E4");
        hearing.Demand(verdict == GoodsVerdict.Good, Outcome.MerchantAtFault,
            "goods: the ciphertext opens with the published key");
        var trailer = plain.GetBuffer().AsSpan((int)made.SizeBytes - MadeGoods.TrailerSize, MadeGoods.TrailerSize);
        hearing.Demand(MadeGoods.SizeOf(trailer, made.SizeBytes) is not null, Outcome.MerchantAtFault,
            "goods: what opens says how long it is");
    }
}
