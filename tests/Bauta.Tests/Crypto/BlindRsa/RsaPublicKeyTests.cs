using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Xunit;

namespace Bauta.Tests.Crypto.BlindRsa;

public class RsaPublicKeyTests
{
    [Fact]
    public void Agrees_with_every_published_verification()
    {
        var verified = 0;
        foreach (var group in VectorFile.Read("rsa_pss_2048_sha384_mgf1_48_test.json").GetProperty("testGroups")
                     .EnumerateArray())
        {
            var key = RsaPublicKey.FromModulus(group.Bytes("publicKeyDer").AsSpan(33, 256));
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var isValid = test.GetProperty("result").GetString() == "valid";
                Assert.True(
                    isValid == key.VerifyPss(test.Bytes("msg"), test.Bytes("sig")),
                    $"tcId {test.GetProperty("tcId")}: {test.GetProperty("comment")}");
                verified++;
            }
        }

        Assert.Equal(141, verified);
    }

    [Fact]
    public void Reads_the_published_key_and_computes_its_ID()
    {
        var spki = Spki();
        Assert.True(RsaPublicKey.TryFromSpki(spki, out var key));
        Assert.Equal(spki, key.Spki);
        Assert.Equal(SHA256.HashData(spki), key.KeyId);
        Assert.Equal(key.KeyId[^1], key.TruncatedKeyId);
        Assert.Equal(RsaPublicKey.FromSpki(spki), key);
    }

    [Fact]
    public void Refuses_any_changed_byte_outside_the_modulus()
    {
        var spki = Spki();
        for (var index = 0; index < spki.Length; index++)
        {
            if (index is >= 81 and < 337)
                continue;
            var changed = (byte[])spki.Clone();
            changed[index] ^= 1;
            Assert.False(RsaPublicKey.TryFromSpki(changed, out _), $"byte {index}");
        }
    }

    [Fact]
    public void Refuses_an_exponent_other_than_65537()
    {
        foreach (var exponent in new byte[][] { [1, 0, 3], [0, 0, 3], [0, 0, 1], [1, 0, 0], [3, 0, 1] })
        {
            var spki = Spki();
            exponent.CopyTo(spki, 339);
            Assert.False(RsaPublicKey.TryFromSpki(spki, out _));
        }
    }

    [Fact]
    public void Refuses_a_modulus_that_is_short_or_even()
    {
        var spki = Spki();
        spki[81] &= 0x7f;
        Assert.False(RsaPublicKey.TryFromSpki(spki, out _));
        spki = Spki();
        spki[336] &= 0xfe;
        Assert.False(RsaPublicKey.TryFromSpki(spki, out _));
    }

    [Fact]
    public void Refuses_missing_and_trailing_bytes_and_keys_for_other_uses()
    {
        var spki = Spki();
        Assert.False(RsaPublicKey.TryFromSpki([], out _));
        Assert.False(RsaPublicKey.TryFromSpki(spki.AsSpan(0, 341), out _));
        Assert.False(RsaPublicKey.TryFromSpki([.. spki, 0], out _));
        using var framework = RSA.Create();
        framework.ImportFromPem(TestKeys.RsaPem());
        Assert.False(RsaPublicKey.TryFromSpki(framework.ExportSubjectPublicKeyInfo(), out _));
        Assert.Throws<FormatException>(() => RsaPublicKey.FromSpki(new byte[342]));
    }

    private static byte[] Spki() => VectorFile.Read("privacy-pass-rfc9578-type2.json")[0].Bytes("pkS");
}
