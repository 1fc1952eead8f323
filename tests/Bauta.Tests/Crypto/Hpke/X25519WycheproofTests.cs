using System.Text.Json;
using Bauta.Crypto.Hpke;
using Xunit;

namespace Bauta.Tests.Crypto.Hpke;

public class X25519WycheproofTests
{
    private const int Count = 518;
    private const int ZeroSharedSecretCount = 31;

    [Fact]
    public void Agrees_on_the_published_secrets_and_refuses_every_zero_one()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "vectors", "x25519_test.json")));
        int count = 0, zeros = 0;
        var wrong = new List<string>();
        var secret = new byte[32];
        foreach (var test in document.RootElement.GetProperty("testGroups")[0].GetProperty("tests").EnumerateArray())
        {
            count++;
            var expected = Bytes(test, "shared");
            var zero = expected.All(b => b == 0);
            Assert.Equal(zero, test.GetProperty("flags").ToString().Contains("ZeroSharedSecret"));
            zeros += zero ? 1 : 0;

            Assert.True(HpkePrivateKey.TryFromBytes(HpkeKem.X25519, Bytes(test, "private"), out var key));
            using (key)
            {
                var peer = HpkePublicKey.FromPeer(HpkeKem.X25519, Bytes(test, "public"))!;
                var agreed = key.TryAgree(peer, secret);
                if (agreed == zero || (agreed && !secret.AsSpan().SequenceEqual(expected)))
                    wrong.Add($"{test.GetProperty("tcId")}: {test.GetProperty("comment")}");
            }
        }

        Assert.Equal(Count, count);
        Assert.Equal(ZeroSharedSecretCount, zeros);
        Assert.Empty(wrong);
    }

    private static byte[] Bytes(JsonElement element, string name) =>
        Convert.FromHexString(element.GetProperty(name).GetString()!);
}
