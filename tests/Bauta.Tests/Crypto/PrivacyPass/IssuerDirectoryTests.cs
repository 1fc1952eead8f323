using System.Text;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Xunit;

namespace Bauta.Tests.Crypto.PrivacyPass;

public class IssuerDirectoryTests
{
    private static readonly RsaPublicKey Key =
        RsaPublicKey.FromSpki(VectorFile.Read("privacy-pass-rfc9578-type2.json")[0].Bytes("pkS"));

    private static readonly string KeyText = Base64Url.Encode(Key.Spki);

    [Fact]
    public void Reads_back_what_it_wrote()
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);
        var directory = new IssuerDirectory("/token-request", [new IssuerKey(Key, time), new IssuerKey(Key, null)]);
        Assert.True(IssuerDirectory.TryDecode(directory.Encode(), out var read));
        Assert.Equal("/token-request", read.RequestUri);
        Assert.Equal(directory.Keys, read.Keys);
        var entry = $"{{\"token-type\":2,\"token-key\":\"{KeyText}\"";
        Assert.Equal(
            $"{{\"issuer-request-uri\":\"/token-request\"," +
            $"\"token-keys\":[{entry},\"not-before\":1900000000}},{entry}}}]}}",
            Encoding.ASCII.GetString(directory.Encode()));
    }

    [Fact]
    public void Passes_over_members_and_token_types_it_does_not_know()
    {
        var text = $$"""
            {"extra":{"a":[1]},"issuer-request-uri":"https://bank.example/t","token-keys":[
              {"token-type":1,"token-key":"AAAA=="},
              {"token-type":2,"token-key":"{{KeyText}}","version":3},
              {"token-type":65535,"anything":null}]}
            """;
        Assert.True(TryDecode(text, out var directory));
        Assert.Equal([new IssuerKey(Key, null)], directory!.Keys);
    }

    [Fact]
    public void Resolves_the_request_URI_against_its_own()
    {
        var own = new Uri("https://bank.example/.well-known/private-token-issuer-directory");
        Assert.Equal("https://bank.example/t", Resolve("/t"));
        Assert.Equal("https://other.example/t", Resolve("https://other.example/t"));
        Assert.Null(Resolve("file:///etc/passwd"));
        Assert.Null(Resolve("javascript:x"));
        string? Resolve(string uri) => new IssuerDirectory(uri, []).ResolveRequestUri(own)?.AbsoluteUri;
    }

    [Fact]
    public void Refuses_what_is_not_a_directory()
    {
        var entry = $$"""{"token-type":2,"token-key":"{{KeyText}}"}""";
        var many = string.Join(',', Enumerable.Repeat("""{"token-type":1}""", IssuerDirectory.MaxKeys + 1));
        string[] wrongs =
        [
            "", "null", "[]", "{}", "{", """{"issuer-request-uri":"/t"}""", """{"token-keys":[]}""",
            """{"issuer-request-uri":"","token-keys":[]}""", """{"issuer-request-uri":1,"token-keys":[]}""",
            """{"issuer-request-uri":"/t","token-keys":{}}""", """{"issuer-request-uri":"/t","token-keys":[1]}""",
            """{"issuer-request-uri":"/t","token-keys":[{}]}""",
            """{"issuer-request-uri":"/t","token-keys":[{"token-type":"2"}]}""",
            """{"issuer-request-uri":"/t","token-keys":[{"token-type":65536}]}""",
            """{"issuer-request-uri":"/t","token-keys":[{"token-type":2}]}""",
            """{"issuer-request-uri":"/t","token-keys":[{"token-type":2,"token-key":"AAAA"}]}""",
            """{"issuer-request-uri":"/t","issuer-request-uri":"/t","token-keys":[]}""",
            """{"issuer-request-uri":"/t","token-keys":[],"token-keys":[]}""",
            """{"issuer-request-uri":"/t","token-keys":[]}x""",
            $$"""{"issuer-request-uri":"{{new string('a', 2049)}}","token-keys":[]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{many}}]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{entry.Replace("}", ",\"not-before\":-1}")}}]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{entry.Replace("}", ",\"not-before\":\"1\"}")}}]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{entry.Replace("}", ",\"not-before\":9e14}")}}]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{entry.Replace("}", ",\"not-before\":999999999999}")}}]}""",
            $$"""{"issuer-request-uri":"/t","token-keys":[{{entry.Replace("}", ",\"token-type\":2}")}}]}""",
            """{"issuer-request-uri":"/t","token-keys":[]}""" + new string(' ', IssuerDirectory.MaxSize),
        ];
        Assert.All(wrongs, wrong => Assert.False(TryDecode(wrong, out _), wrong));
        Assert.True(TryDecode("""{"issuer-request-uri":"/t","token-keys":[]}""", out _));
        Assert.True(TryDecode($$"""{"issuer-request-uri":"/t","token-keys":[{{entry}}]}""", out _));
        Assert.False(IssuerDirectory.TryDecode(new byte[] { (byte)'{', (byte)'"', 0xff, (byte)'"', (byte)'}' }, out _));
    }

    private static bool TryDecode(string text, out IssuerDirectory? directory) =>
        IssuerDirectory.TryDecode(Encoding.UTF8.GetBytes(text), out directory);
}
