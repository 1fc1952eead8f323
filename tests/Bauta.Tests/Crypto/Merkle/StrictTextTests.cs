using System.Text;
using Bauta.Crypto.Merkle;
using Xunit;

namespace Bauta.Tests.Crypto.Merkle;

public class StrictTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("QQ==", "A")]
    [InlineData("QUJD", "ABC")]
    [InlineData("QR==", null)]
    [InlineData("QQ=", null)]
    [InlineData("QQ", null)]
    [InlineData("Q!==", null)]
    [InlineData("QQ==QQ==", null)]
    [InlineData("QQ  ", null)]
    [InlineData("Q Q=  ==", null)]
    public void Base64_has_one_form(string text, string? plain)
    {
        Assert.Equal(plain is not null, StrictText.TryDecodeBase64(Encoding.ASCII.GetBytes(text), out var bytes));
        Assert.Equal(plain, bytes is null ? null : Encoding.ASCII.GetString(bytes));
    }
}
