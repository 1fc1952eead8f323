using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Xunit;

namespace Bauta.Tests.Crypto.Goods;

public class GoodsKeyTests
{
    private static readonly byte[] TransactionId = SHA256.HashData("a transaction"u8);

    [Fact]
    public void A_masked_key_is_key_xor_mask_and_opens_with_the_mask_only()
    {
        using var key = GoodsKey.Generate();
        using var mask = GoodsMask.Generate();
        using var otherMask = GoodsMask.Generate();
        var masked = key.Mask(mask);
        for (var i = 0; i < 32; i++)
            Assert.Equal(key.Export()[i] ^ mask.Export()[i], masked.Span[i]);
        using var opened = masked.Unmask(mask);
        using var wrong = masked.Unmask(otherMask);
        Assert.Equal(key.Export(), opened.Export());
        Assert.NotEqual(key.Export(), wrong.Export());
        Assert.NotEqual(key.Export(), masked.Span.ToArray());
    }

    [Fact]
    public void Public_values_come_back_from_their_text_and_nothing_else_is_read()
    {
        var masked = MaskedKey.FromBytes(TransactionId);
        Assert.Equal(43, masked.ToString().Length);
        Assert.True(MaskedKey.TryParse(masked.ToString(), out var maskedAgain));
        Assert.Equal(masked, maskedAgain);
        foreach (var bad in new[] { "", "AAAA", masked + "=", masked + "A", " " + masked, masked.ToString()[..42] })
            Assert.False(MaskedKey.TryParse(bad, out _));

        Assert.False(MaskedKey.TryFromBytes(new byte[31], out _));
    }

    [Fact]
    public void Secrets_refuse_other_sizes_say_nothing_and_are_gone_after_disposal()
    {
        Assert.Throws<ArgumentException>(() => GoodsKey.FromBytes(new byte[31]));
        Assert.Throws<ArgumentException>(() => GoodsMask.FromBytes(new byte[33]));
        var key = GoodsKey.Generate();
        var mask = GoodsMask.Generate();
        var masked = key.Mask(mask);
        Assert.Equal(typeof(GoodsKey).FullName, key.ToString());
        Assert.Equal(typeof(GoodsMask).FullName, mask.ToString());
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(key.Export);
        Assert.Throws<ObjectDisposedException>(() => key.Mask(mask));
        Assert.Throws<ObjectDisposedException>(() => new GoodsEncryptor(key));
        mask.Dispose();
        Assert.Throws<ObjectDisposedException>(mask.Export);
        Assert.Throws<ObjectDisposedException>(() => masked.Unmask(mask));
    }
}
