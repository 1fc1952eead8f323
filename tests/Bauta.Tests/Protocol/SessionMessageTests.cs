using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Protocol;

public sealed class SessionMessageTests
{
    private static readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Amount.Maximum)]
    public void A_sealed_total_opens_under_its_key_and_commitment(long units)
    {
        var commitment = KeyCommitment.Generate();
        var total = Amount.FromMinorUnits(units);
        var sealedTotal = SealedTotal.Seal(key, commitment, total);
        Assert.Equal(SealedTotal.Size, sealedTotal.Length);
        Assert.Equal(total, SealedTotal.Open(key, commitment, sealedTotal));
        Assert.NotEqual(total, SealedTotal.Open(key, KeyCommitment.Generate(), sealedTotal));
        Assert.NotEqual(total, SealedTotal.Open(RandomNumberGenerator.GetBytes(32), commitment, sealedTotal));
        Assert.Throws<ArgumentException>(() => SealedTotal.Seal(key.AsSpan(1), commitment, total));
    }

    [Fact]
    public void A_known_total_is_sealed_as_it_always_was()
    {
        var sealedTotal = SealedTotal.Seal(
            Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(), KeyCommitment.FromBytes(new byte[32]),
            Amount.FromMinorUnits(250));
        // 250 xor the first eight bytes of HMAC-SHA-256(000102...1f, 32 zero bytes).
        Assert.Equal("416c5392b9f36d0b", Convert.ToHexStringLower(sealedTotal));
    }

    [Fact]
    public void The_mask_of_an_item_is_of_that_item_and_secret_only()
    {
        var masks = new HashSet<string>();
        foreach (var secret in new[] { key, RandomNumberGenerator.GetBytes(32) })
        {
            for (var index = 1; index <= 3; index++)
            {
                using var mask = SessionItem.MaskOf(secret, index);
                Assert.True(masks.Add(Convert.ToHexString(mask.Export())));
            }
        }
    }

    [Fact]
    public void An_answer_reads_back_and_nothing_else_does()
    {
        using var release = P256PrivateKey.Generate();
        var item = Signed<SessionItem>.Sign(release, new SessionItem(
            TransactionId.Generate(), 1, Amount.FromMinorUnits(2), Amount.FromMinorUnits(2), new byte[32],
            KeyCommitment.Generate(), new byte[32], 5));
        foreach (var answer in new[]
        {
            new SessionAnswer(), new SessionAnswer(key), new SessionAnswer(key, item, new byte[21]),
            new SessionAnswer(null, item, new byte[21]),
        })
        {
            var bytes = answer.Encode();
            Assert.True(SessionAnswer.TryDecode(bytes, out var read));
            Assert.Equal(bytes, read.Encode());
            Assert.Equal(answer.MaskedKey, read.MaskedKey);
            Assert.Equal(answer.Item?.Text, read.Item?.Text);
            for (var length = 0; length < bytes.Length; length++)
                Assert.False(SessionAnswer.TryDecode(bytes.AsSpan(0, length), out _));
            Assert.False(SessionAnswer.TryDecode([.. bytes, 0], out _));
        }

        Assert.False(SessionAnswer.TryDecode([31, .. new byte[33]], out _));
    }

    [Fact]
    public void A_step_asks_or_acknowledges_and_an_item_has_a_number()
    {
        Assert.False(new SessionStep().IsWellFormed());
        Assert.False(new SessionStep(null, 1).IsWellFormed());
        Assert.False(new SessionStep(null, null, [1]).IsWellFormed());
        Assert.False(new SessionStep(null, 0, [1]).IsWellFormed());
        Assert.False(new SessionStep(null, 1, new byte[SessionStep.MaxRequestLength + 1]).IsWellFormed());
        Assert.True(new SessionStep(null, 1, new byte[SessionStep.MaxRequestLength]).IsWellFormed());
    }
}
