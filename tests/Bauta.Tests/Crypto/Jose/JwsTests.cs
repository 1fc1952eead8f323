using System.Text;
using Bauta.Crypto.Jose;
using Xunit;

namespace Bauta.Tests.Crypto.Jose;

public sealed class JwsTests : IDisposable
{
    private const int MaxLength = 4096;
    private const string Typ = "test+jws";

    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly P256PrivateKey other = P256PrivateKey.Generate();

    public void Dispose()
    {
        key.Dispose();
        other.Dispose();
    }

    [Fact]
    public void Verifies_what_it_signed()
    {
        var text = Jws.Sign(key, Typ, "payload"u8);
        var jws = Parse(text);
        Assert.Equal(Typ, jws.Typ);
        Assert.Equal(key.PublicKey.Thumbprint, jws.KeyId);
        Assert.Equal("payload"u8.ToArray(), jws.Payload);
        Assert.Equal(text, jws.Text);
        Assert.True(jws.Verify(key.PublicKey));
        Assert.False(jws.Verify(other.PublicKey));
        Assert.True(Base64Url.TryDecode(text.Split('.')[0], out var header));
        Assert.Equal(
            $$"""{"alg":"ES256","typ":"{{Typ}}","kid":"{{key.PublicKey.Thumbprint}}"}""",
            Encoding.ASCII.GetString(header));
    }

    [Fact]
    public void Carries_an_empty_payload_and_a_statement_inside_a_statement()
    {
        Assert.True(Parse(Jws.Sign(key, Typ, [])).Verify(key.PublicKey));
        var inner = Jws.Sign(key, Typ, "inner"u8);
        var outer = Parse(Jws.Sign(other, "counter+jws", Encoding.ASCII.GetBytes(inner)));
        Assert.True(outer.Verify(other.PublicKey));
        Assert.True(Parse(Encoding.ASCII.GetString(outer.Payload)).Verify(key.PublicKey));
    }

    [Fact]
    public void Keeps_the_typ_under_the_signature()
    {
        var parts = Jws.Sign(key, Typ, "payload"u8).Split('.');
        var changed = Header($$"""{"alg":"ES256","typ":"other+jws","kid":"{{key.PublicKey.Thumbprint}}"}""");
        Assert.False(Parse($"{changed}.{parts[1]}.{parts[2]}").Verify(key.PublicKey));
    }

    [Fact]
    public void Refuses_the_key_of_another_under_a_valid_signature()
    {
        // Signed by key, but naming other: neither may verify it.
        var header = Header($$"""{"alg":"ES256","typ":"{{Typ}}","kid":"{{other.PublicKey.Thumbprint}}"}""");
        var signed = header + "." + Base64Url.Encode("payload"u8);
        var jws = Parse($"{signed}.{Base64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(signed)))}");
        Assert.False(jws.Verify(key.PublicKey));
        Assert.False(jws.Verify(other.PublicKey));
    }

    [Fact]
    public void Accepts_the_three_members_in_any_order()
    {
        var jws = Parse(SignHeader($$"""{ "kid":"{{key.PublicKey.Thumbprint}}", "typ":"{{Typ}}", "alg":"ES256" }"""));
        Assert.True(jws.Verify(key.PublicKey));
    }

    [Theory]
    [InlineData("""{"alg":"none","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"HS256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"es256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":["ES256"],"typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","alg":"ES256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"t","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID","crit":["b64"]}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID","jwk":{}}""")]
    [InlineData("""{"alg":"ES256","typ":"t"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID"}""")]
    [InlineData("""{"typ":"t","kid":"KID"}""")]
    [InlineData("""{"ALG":"ES256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"\u0061lg":"ES256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"\u0045S256","typ":"t","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"a b","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"short"}""")]
    [InlineData("""{"alg":"ES256","typ":null,"kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID"}x""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID"}{}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID",}""")]
    [InlineData("""{"alg":"ES256","typ":"t","kid":"KID"/**/}""")]
    [InlineData("""["alg"]""")]
    [InlineData("\"alg\"")]
    [InlineData("")]
    public void Refuses_a_header_that_is_not_exactly_the_three_members(string header) =>
        Assert.False(Jws.TryParse(SignHeader(header.Replace("KID", key.PublicKey.Thumbprint)), MaxLength, out _));

    [Fact]
    public void Accepts_the_header_that_the_refusals_start_from()
    {
        var text = SignHeader($$"""{"alg":"ES256","typ":"t","kid":"{{key.PublicKey.Thumbprint}}"}""");
        Assert.True(Parse(text).Verify(key.PublicKey));
    }

    [Fact]
    public void Refuses_text_that_is_not_three_canonical_parts()
    {
        var text = Jws.Sign(key, Typ, "pay"u8);
        var parts = text.Split('.');
        foreach (var wrong in new[]
                 {
                     null, "", ".", "..", "...", parts[0], parts[0] + "." + parts[1], text + ".", "." + text,
                     text + "." + parts[2], text + "=", text + "\n", " " + text, text + "A",
                     $"{parts[0]}.{parts[1]}=.{parts[2]}", $"{parts[0]}..{parts[1]}.{parts[2]}",
                     $"{parts[0]}.{parts[1]}.{parts[2][..^2]}", $"{parts[0]}.{parts[1]}.",
                 })
            Assert.False(Jws.TryParse(wrong, MaxLength, out _), wrong);
    }

    [Fact]
    public void Refuses_text_over_the_cap()
    {
        var text = Jws.Sign(key, Typ, "payload"u8);
        Assert.True(Jws.TryParse(text, text.Length, out _));
        Assert.False(Jws.TryParse(text, text.Length - 1, out _));
    }

    [Fact]
    public void No_changed_character_survives()
    {
        var text = Jws.Sign(key, Typ, "payload"u8);
        for (var index = 0; index < text.Length; index++)
        {
            var changed = text.ToCharArray();
            changed[index] = changed[index] == 'A' ? 'B' : 'A';
            Assert.False(
                Jws.TryParse(new string(changed), MaxLength, out var jws) && jws.Verify(key.PublicKey), $"{index}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\"b")]
    [InlineData("a b")]
    [InlineData("é")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Signs_no_typ_that_it_would_refuse(string typ) =>
        Assert.Throws<ArgumentException>(() => Jws.Sign(key, typ, []));

    private static string Header(string json) => Base64Url.Encode(Encoding.UTF8.GetBytes(json));

    private static Jws Parse(string text)
    {
        Assert.True(Jws.TryParse(text, MaxLength, out var jws));
        return jws;
    }

    private string SignHeader(string header)
    {
        var signed = Header(header) + "." + Base64Url.Encode("payload"u8);
        return $"{signed}.{Base64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }
}
