using System.Security.Cryptography;
using Bauta.Crypto.PrivacyPass;
using Xunit;

namespace Bauta.Tests.Crypto.PrivacyPass;

public class TokenChallengeTests
{
    [Fact]
    public void Reads_back_what_it_wrote()
    {
        var context = SHA256.HashData("context"u8);
        var challenge = new TokenChallenge("bank.example", context, "a.example,b.example");
        Assert.True(TokenChallenge.TryDecode(challenge.Encode(), out var read));
        Assert.Equal(challenge.Encode(), read.Encode());
        Assert.Equal("bank.example", read.IssuerName);
        Assert.Equal(context, read.RedemptionContext);
        Assert.Equal("a.example,b.example", read.OriginInfo);
        Assert.Equal(SHA256.HashData(challenge.Encode()), read.Digest);
    }

    [Fact]
    public void Refuses_every_truncation_and_trailing_byte()
    {
        var bytes = new TokenChallenge("bank.example", new byte[32], "a.example").Encode();
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(TokenChallenge.TryDecode(bytes.AsSpan(0, length), out _), $"{length}");
        Assert.False(TokenChallenge.TryDecode([.. bytes, 0], out _));
    }

    [Theory]
    [InlineData("0001000162000000")]
    [InlineData("000200000000000000")]
    [InlineData("00020001200000")]
    [InlineData("0002000120000000")]
    [InlineData("000200017f000000")]
    [InlineData("00020001e9000000")]
    [InlineData("00020001620100000000")]
    [InlineData("0002000162000001")]
    [InlineData("00020001620000010a")]
    public void Refuses_other_types_empty_issuers_odd_contexts_and_odd_characters(string hex) =>
        Assert.False(TokenChallenge.TryDecode(Convert.FromHexString(hex), out _));

    [Fact]
    public void Accepts_the_bytes_that_the_refusals_start_from() =>
        Assert.True(TokenChallenge.TryDecode(Convert.FromHexString("0002000162000000"), out _));

    [Fact]
    public void Refuses_to_be_made_of_what_it_would_not_read()
    {
        var tooLong = new string('a', TokenChallenge.MaxNameLength + 1);
        Assert.Throws<ArgumentException>(() => new TokenChallenge("", [], ""));
        Assert.Throws<ArgumentException>(() => new TokenChallenge("a b", [], ""));
        Assert.Throws<ArgumentException>(() => new TokenChallenge("é", [], ""));
        Assert.Throws<ArgumentException>(() => new TokenChallenge(tooLong, [], ""));
        Assert.Throws<ArgumentException>(() => new TokenChallenge("a", [], tooLong));
        Assert.Throws<ArgumentException>(() => new TokenChallenge("a", new byte[31], ""));
    }
}
