using System.Text;
using Bauta.Crypto.Jose;
using Xunit;

namespace Bauta.Tests.Crypto.Jose;

public sealed class JwsJsonTests : IDisposable
{
    private const int MaxLength = 8192;
    private const string Typ = "test+jws";

    private readonly P256PrivateKey[] keys = [.. Enumerable.Range(0, 3).Select(_ => P256PrivateKey.Generate())];

    public void Dispose() => Array.ForEach(keys, key => key.Dispose());

    [Fact]
    public void Every_key_verifies_its_own_signature_and_no_other()
    {
        var jws = Parse(JwsJson.Sign(Typ, "payload"u8, keys));
        Assert.Equal(Typ, jws.Typ);
        Assert.Equal("payload"u8.ToArray(), jws.Payload);
        Assert.Equal(keys.Select(key => key.PublicKey.Thumbprint), jws.Signatures.Select(each => each.KeyId));
        for (var index = 0; index < keys.Length; index++)
        {
            for (var key = 0; key < keys.Length; key++)
                Assert.Equal(index == key, jws.Verify(index, keys[key].PublicKey));
        }
    }

    [Fact]
    public void Writes_the_members_in_a_fixed_order()
    {
        var text = JwsJson.Sign(Typ, "payload"u8, [keys[0]]);
        Assert.StartsWith("""{"payload":"cGF5bG9hZA","signatures":[{"protected":""", text, StringComparison.Ordinal);
        Assert.EndsWith("\"}]}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_signature_also_stands_as_a_compact_statement()
    {
        var text = JwsJson.Sign(Typ, "payload"u8, [keys[0]]);
        var parts = text.Split('"');
        // {"payload":"P","signatures":[{"protected":"H","signature":"S"}]}
        Assert.True(Jws.TryParse($"{parts[9]}.{parts[3]}.{parts[13]}", MaxLength, out var jws));
        Assert.True(jws.Verify(keys[0].PublicKey));
    }

    [Fact]
    public void A_changed_payload_fails_under_every_key()
    {
        var text = JwsJson.Sign(Typ, "payload"u8, keys);
        var changed = Parse(text.Replace(Base64Url.Encode("payload"u8), Base64Url.Encode("paymode"u8)));
        Assert.All(Enumerable.Range(0, 3), index => Assert.False(changed.Verify(index, keys[index].PublicKey)));
    }

    [Fact]
    public void Refuses_to_sign_without_a_key_or_twice_with_one()
    {
        Assert.Throws<ArgumentException>(() => JwsJson.Sign(Typ, "payload"u8, []));
        Assert.Throws<ArgumentException>(() => JwsJson.Sign(Typ, "payload"u8, [keys[0], keys[1], keys[0]]));
        Assert.Throws<ArgumentException>(() => JwsJson.Sign("a b", "payload"u8, keys));
    }

    [Fact]
    public void Refuses_two_signatures_of_one_key_or_of_two_typs()
    {
        var first = Entry(JwsJson.Sign(Typ, "payload"u8, [keys[0]]));
        var again = Entry(JwsJson.Sign(Typ, "payload"u8, [keys[0]]));
        var second = Entry(JwsJson.Sign(Typ, "payload"u8, [keys[1]]));
        var otherTyp = Entry(JwsJson.Sign("other+jws", "payload"u8, [keys[1]]));
        Assert.True(TryParse(Join(first, second)));
        Assert.False(TryParse(Join(first, again)));
        Assert.False(TryParse(Join(first, otherTyp)));
    }

    [Fact]
    public void Refuses_more_signatures_or_bytes_than_allowed()
    {
        var text = Encoding.ASCII.GetBytes(JwsJson.Sign(Typ, "payload"u8, keys));
        Assert.True(JwsJson.TryParse(text, text.Length, 3, out _));
        Assert.False(JwsJson.TryParse(text, text.Length - 1, 3, out _));
        Assert.False(JwsJson.TryParse(text, text.Length, 2, out _));
    }

    [Fact]
    public void Refuses_anything_but_the_exact_members()
    {
        var text = JwsJson.Sign(Typ, "payload"u8, [keys[0]]);
        var entry = Entry(text);
        var payload = "\"payload\":\"cGF5bG9hZA\"";
        var signatures = $"\"signatures\":[{entry}]";
        Assert.True(TryParse($"{{{payload},{signatures}}}"));
        Assert.True(TryParse($"{{ {signatures}, {payload} }}"));
        string[] wrongs =
        [
            "", "null", "[]", "{}", $"{{{payload}}}", $"{{{signatures}}}", $"{{{payload},\"signatures\":[]}}",
            $"{{{payload},{payload},{signatures}}}", $"{{{payload},{signatures},{signatures}}}",
            $"{{\"payload\":null,{payload},{signatures}}}", $"{{\"payload\":1,{payload},{signatures}}}",
            $"{{{payload},{signatures},\"extra\":1}}", $"{{{payload},{signatures}}} x",
            $"{{{payload},{signatures}}}{{}}",
            $"{{{payload},{signatures},}}", $"{{{payload},\"signatures\":{entry}}}",
            $"{{{payload},\"signatures\":[{entry},{{}}]}}", $"{{{payload},\"signatures\":[[]]}}",
            $"{{{payload},\"signatures\":[{entry.Replace("}", ",\"header\":{}}")}]}}",
            $"{{{payload},\"signatures\":[{entry.Replace("{", "{\"signature\":\"\",")}]}}",
            $"{{{payload},\"signatures\":[{entry.Replace("protected", "Protected")}]}}",
            text.Replace("cGF5bG9hZA", "cGF5bG9hZA=="), text.Replace("cGF5bG9hZA", "cGF5bG9hZB"),
            text.Replace("cGF5bG9hZA", "cGF5bG9hZ\\u0041"), text[..^1], text[..^2],
        ];
        Assert.All(wrongs, wrong => Assert.False(TryParse(wrong), wrong));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var text = JwsJson.Sign(Typ, "payload"u8, [keys[0], keys[1]]);
        for (var length = 0; length < text.Length; length++)
            Assert.False(TryParse(text[..length]));
    }

    private static string Entry(string text) => text[(text.IndexOf('[') + 1)..text.IndexOf(']')];

    private static string Join(params string[] entries) =>
        $"{{\"payload\":\"cGF5bG9hZA\",\"signatures\":[{string.Join(',', entries)}]}}";

    private static bool TryParse(string text) => JwsJson.TryParse(Encoding.UTF8.GetBytes(text), MaxLength, 8, out _);

    private static JwsJson Parse(string text)
    {
        Assert.True(JwsJson.TryParse(Encoding.UTF8.GetBytes(text), MaxLength, 8, out var jws));
        return jws;
    }
}
