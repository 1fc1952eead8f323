using Bauta.Crypto.Hpke;
using Bauta.Crypto.ObliviousHttp;
using Xunit;

namespace Bauta.Tests.Crypto.ObliviousHttp;

public class KeyConfigurationTests
{
    [Theory]
    [InlineData(HpkeKem.X25519, 37 + 8)]
    [InlineData(HpkeKem.P256, 70 + 8)]
    public void Survives_encoding(HpkeKem kem, int size)
    {
        using var key = GatewayKey.Generate(200, kem);
        var encoded = key.Configuration.Encode();
        Assert.Equal(size, encoded.Length);
        Assert.True(KeyConfiguration.TryDecode(encoded, out var again));
        Assert.Equal((200, key.Configuration.PublicKey), (again.KeyId, again.PublicKey));
        Assert.Equal(key.Configuration.Suites, again.Suites);
    }

    [Fact]
    public void A_list_keeps_its_order_and_skips_what_is_not_spoken()
    {
        using var one = GatewayKey.Generate(1);
        using var two = GatewayKey.Generate(2, HpkeKem.P256);
        byte[] unknownMechanism = [9, 0x12, 0x34, .. new byte[50]];
        var unknownCipher = one.Configuration.Encode()[..^4];
        unknownCipher[0] = 7;
        unknownCipher[^5] = 4;
        unknownCipher[^1] = 2;
        byte[] list =
        [
            .. Measured(unknownMechanism), .. Measured(two.Configuration.Encode()), .. Measured(unknownCipher),
            .. Measured(one.Configuration.Encode()),
        ];
        Assert.True(KeyConfiguration.TryDecodeList(list, out var configurations));
        Assert.Equal([2, 1], configurations.Select(c => (int)c.KeyId));
        var encoded = KeyConfiguration.EncodeList(configurations);
        Assert.Equal(
            [.. Measured(two.Configuration.Encode()), .. Measured(one.Configuration.Encode())], encoded.AsSpan());
    }

    [Fact]
    public void Refuses_every_truncation_and_any_byte_too_many()
    {
        using var key = GatewayKey.Generate(1);
        var single = key.Configuration.Encode();
        var list = KeyConfiguration.EncodeList([key.Configuration]);
        for (var size = 0; size < single.Length; size++)
            Assert.False(KeyConfiguration.TryDecode(single.AsSpan(0, size), out _));
        for (var size = 0; size < list.Length; size++)
            Assert.False(KeyConfiguration.TryDecodeList(list.AsSpan(0, size), out _));
        Assert.False(KeyConfiguration.TryDecode([.. single, 0], out _));
        Assert.False(KeyConfiguration.TryDecodeList([.. list, 0], out _));
        Assert.False(KeyConfiguration.TryDecodeList([.. list, 0, 0], out _));
    }

    [Fact]
    public void Refuses_a_list_whole_for_one_malformed_entry()
    {
        using var good = GatewayKey.Generate(1);
        using var other = GatewayKey.Generate(2);
        var bad = other.Configuration.Encode();
        // Small order.
        bad.AsSpan(3, 32).Clear();
        Assert.False(KeyConfiguration.TryDecodeList(
            [.. Measured(good.Configuration.Encode()), .. Measured(bad)], out _));

        // An algorithm length of zero, one that is no multiple of four, one that says less than there is.
        foreach (byte length in (byte[])[0, 6, 4])
        {
            bad = other.Configuration.Encode();
            bad[36] = length;
            Assert.False(KeyConfiguration.TryDecode(bad, out _));
            Assert.False(KeyConfiguration.TryDecodeList(
                [.. Measured(good.Configuration.Encode()), .. Measured(bad)], out _));
        }
    }

    [Fact]
    public void Refuses_lists_that_are_empty_repeat_a_key_or_exceed_the_caps()
    {
        using var key = GatewayKey.Generate(1);
        Assert.False(KeyConfiguration.TryDecodeList([], out _));
        Assert.False(KeyConfiguration.TryDecodeList(Measured([9, 0x12, 0x34, 0, 0, 0]), out _));
        Assert.False(KeyConfiguration.TryDecodeList(
            KeyConfiguration.EncodeList([key.Configuration, key.Configuration]), out _));
        var many = Enumerable.Range(0, KeyConfiguration.MaxListCount + 1)
            .Select(id => new KeyConfiguration((byte)id, key.Configuration.PublicKey, key.Configuration.Suites))
            .ToList();
        Assert.False(KeyConfiguration.TryDecodeList(KeyConfiguration.EncodeList(many), out _));
        Assert.True(KeyConfiguration.TryDecodeList(KeyConfiguration.EncodeList(many[1..]), out _));
        Assert.False(KeyConfiguration.TryDecodeList(new byte[KeyConfiguration.MaxListSize + 1], out _));
    }

    [Fact]
    public void Cannot_be_made_without_suites_or_with_those_of_another_mechanism()
    {
        using var key = HpkePrivateKey.Generate(HpkeKem.X25519);
        Assert.Throws<ArgumentException>(() => new KeyConfiguration(1, key.PublicKey, []));
        Assert.Throws<ArgumentException>(() => new KeyConfiguration(1, key.PublicKey, [HpkeSuite.P256Aes128Gcm]));
        Assert.Throws<ArgumentException>(() => new KeyConfiguration(
            1, key.PublicKey, [HpkeSuite.X25519Aes128Gcm, HpkeSuite.X25519Aes128Gcm]));
    }

    private static byte[] Measured(byte[] entry) => [(byte)(entry.Length >> 8), (byte)entry.Length, .. entry];
}
