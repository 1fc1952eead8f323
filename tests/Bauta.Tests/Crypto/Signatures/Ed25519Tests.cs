using System.Security.Cryptography;
using System.Text.Json;
using Bauta.Crypto.Signatures;
using Xunit;

namespace Bauta.Tests.Crypto.Signatures;

public class Ed25519Tests
{
    private const int WycheproofCount = 151;

    [Fact]
    public void Verifies_as_Wycheproof_says()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "vectors", "ed25519_test.json")));
        var count = 0;
        var wrong = new List<string>();
        foreach (var group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var key = Ed25519PublicKey.FromBytes(Bytes(group.GetProperty("publicKey"), "pk"));
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                count++;
                var expected = test.GetProperty("result").GetString() == "valid";
                if (key.Verify(Bytes(test, "msg"), Bytes(test, "sig")) != expected)
                    wrong.Add($"{test.GetProperty("tcId")}: {test.GetProperty("comment")}");
            }
        }

        Assert.Equal(WycheproofCount, count);
        Assert.Empty(wrong);
    }

    // RFC 8032 section 7.1, TEST 1 to 3.
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Signs_as_RFC_8032_says(string seed, string publicKey, string message, string signature)
    {
        using var key = Ed25519PrivateKey.FromSeed(Convert.FromHexString(seed));
        Assert.Equal(publicKey, Convert.ToHexStringLower(key.PublicKey.ToBytes()));
        Assert.Equal(signature, Convert.ToHexStringLower(key.Sign(Convert.FromHexString(message))));
    }

    [Fact]
    public void Refuses_every_single_bit_flipped()
    {
        using var key = Ed25519PrivateKey.Generate();
        byte[] message = [1, 2, 3];
        var signature = key.Sign(message);
        Assert.True(key.PublicKey.Verify(message, signature));
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.PublicKey.Verify(message, signature));
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.False(key.PublicKey.Verify([1, 2, 4], signature));
        Assert.False(key.PublicKey.Verify(message, signature.AsSpan(0, 63)));
    }

    [Fact]
    public void Refuses_seeds_and_keys_of_another_size()
    {
        Assert.Throws<CryptographicException>(() => Ed25519PrivateKey.FromSeed(new byte[31]));
        Assert.Throws<CryptographicException>(() => Ed25519PrivateKey.FromSeed(new byte[64]));
        Assert.False(Ed25519PublicKey.TryFromBytes(new byte[33], out _));
        Assert.Throws<FormatException>(() => Ed25519PublicKey.FromBytes(new byte[31]));
    }

    [Fact]
    public void A_disposed_key_neither_signs_nor_exports()
    {
        var key = Ed25519PrivateKey.Generate();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign([1]));
        Assert.Throws<ObjectDisposedException>(key.ExportSeed);
    }

    [Fact]
    public void An_exported_seed_makes_the_same_key()
    {
        using var key = Ed25519PrivateKey.Generate();
        using var again = Ed25519PrivateKey.FromSeed(key.ExportSeed());
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.Equal(key.Sign([7]), again.Sign([7]));
    }

    private static byte[] Bytes(JsonElement element, string name) =>
        Convert.FromHexString(element.GetProperty(name).GetString()!);
}
