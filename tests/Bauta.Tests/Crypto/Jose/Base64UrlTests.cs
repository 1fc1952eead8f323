using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Xunit;

namespace Bauta.Tests.Crypto.Jose;

public class Base64UrlTests
{
    [Fact]
    public void Decodes_what_it_encodes_at_every_length()
    {
        for (var length = 0; length < 70; length++)
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            var text = Base64Url.Encode(bytes);
            Assert.True(Base64Url.TryDecode(text, out var fromText));
            Assert.True(Base64Url.TryDecode(Encoding.ASCII.GetBytes(text), out var fromAscii));
            Assert.Equal(bytes, fromText);
            Assert.Equal(bytes, fromAscii);
        }
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("AA==")]
    [InlineData("AAA=")]
    [InlineData("AA AA")]
    [InlineData("AAAA\n")]
    [InlineData(" AAAA")]
    [InlineData("AA+A")]
    [InlineData("AA/A")]
    [InlineData("AA.A")]
    [InlineData("AAAé")]
    [InlineData("AB")]
    [InlineData("AC")]
    [InlineData("AI")]
    [InlineData("AAB")]
    [InlineData("AAC")]
    public void Refuses_any_second_spelling(string text)
    {
        Assert.False(Base64Url.TryDecode(text, out _));
        Assert.False(Base64Url.TryDecode(Encoding.Latin1.GetBytes(text), out _));
    }
}
