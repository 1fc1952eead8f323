using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Protocol.Merchant;

namespace Bauta.Judge;

/// <summary>Opens the delivered ciphertext with the published key and compares it with the contract.</summary>
internal static class GoodsCheck
{
    public static void Hear(Merchandise promise, byte[] maskedKey, Stream ciphertext, Hearing hearing)
    {
        using var mask = GoodsMask.FromBytes(promise.Mask);
        using var key = MaskedKey.FromBytes(maskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(
            key, new GoodsLayout(promise.Contract.SizeBytes), MerkleHash.FromBytes(promise.GoodsRoot));
        using var sha256 = SHA256.Create();
        using var hashing = new CryptoStream(Stream.Null, sha256, CryptoStreamMode.Write);
        var verdict = decryptor.DecryptAsync(ciphertext, hashing).GetAwaiter().GetResult();
        hashing.FlushFinalBlock();
        hearing.Demand(verdict is not (GoodsVerdict.WrongLength or GoodsVerdict.NotUnderRoot),
            Outcome.NotProven, "goods: the ciphertext handed in is the one whose root the merchant signed");
        hearing.Demand(verdict == GoodsVerdict.Good, Outcome.MerchantAtFault,
            "goods: the ciphertext opens with the published key");
        hearing.Demand(sha256.Hash.AsSpan().SequenceEqual(promise.Contract.ContentHash), Outcome.MerchantAtFault,
            "goods: the opened file has the SHA-256 that the contract promises");
    }
}
