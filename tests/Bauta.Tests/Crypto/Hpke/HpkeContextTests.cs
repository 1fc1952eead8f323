using System.Security.Cryptography;
using Bauta.Crypto.Hpke;
using Xunit;

namespace Bauta.Tests.Crypto.Hpke;

public class HpkeContextTests
{
    public static TheoryData<HpkeKem, HpkeAead> Suites => new()
    {
        { HpkeKem.X25519, HpkeAead.Aes128Gcm },
        { HpkeKem.X25519, HpkeAead.ChaCha20Poly1305 },
        { HpkeKem.P256, HpkeAead.Aes128Gcm },
        { HpkeKem.P256, HpkeAead.ChaCha20Poly1305 },
    };

    [Theory]
    [MemberData(nameof(Suites))]
    public void The_message_counter_stops_before_it_would_wrap(HpkeKem kem, HpkeAead aead)
    {
        var (sender, recipient, key) = Pair(Suite(kem, aead));
        using (key)
        using (sender)
        using (recipient)
        {
            sender.Sequence = recipient.Sequence = ulong.MaxValue - 1;
            var last = sender.Seal([], [1]);
            Assert.True(recipient.TryOpen([], last, out _));
            Assert.Throws<InvalidOperationException>(() => sender.Seal([], [2]));
            Assert.Throws<InvalidOperationException>(() => recipient.TryOpen([], last, out _));
            Assert.Equal(ulong.MaxValue, sender.Sequence);
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Refuses_a_message_altered_or_out_of_order_and_still_opens_the_right_one(HpkeKem kem, HpkeAead aead)
    {
        var (sender, recipient, key) = Pair(Suite(kem, aead));
        using (key)
        using (sender)
        using (recipient)
        {
            var first = sender.Seal([9], [1, 2, 3]);
            var second = sender.Seal([9], [4, 5, 6]);
            Assert.False(recipient.TryOpen([9], second, out _));
            for (var index = 0; index < first.Length; index++)
            {
                first[index] ^= 0x40;
                Assert.False(recipient.TryOpen([9], first, out _));
                first[index] ^= 0x40;
            }

            Assert.False(recipient.TryOpen([8], first, out _));
            Assert.False(recipient.TryOpen([9], first.AsSpan(0, HpkeSuite.TagSize - 1), out _));
            Assert.True(recipient.TryOpen([9], first, out var plaintext));
            Assert.Equal([1, 2, 3], plaintext);
            Assert.False(recipient.TryOpen([9], first, out _));
            Assert.True(recipient.TryOpen([9], second, out _));
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Seals_a_buffer_in_place(HpkeKem kem, HpkeAead aead)
    {
        var (sender, recipient, key) = Pair(Suite(kem, aead));
        using (key)
        using (sender)
        using (recipient)
        {
            var plaintext = RandomNumberGenerator.GetBytes(100_000);
            var buffer = new byte[plaintext.Length + HpkeSuite.TagSize];
            plaintext.CopyTo(buffer, 0);
            sender.Seal([], buffer.AsSpan(0, plaintext.Length), buffer);
            Assert.True(recipient.TryOpen([], buffer, out var opened));
            Assert.Equal(plaintext, opened);
        }
    }

    [Fact]
    public void Every_setup_uses_a_fresh_encapsulated_key()
    {
        using var key = HpkePrivateKey.Generate(HpkeKem.X25519);
        using var first = HpkeSender.Setup(HpkeSuite.X25519Aes128Gcm, key.PublicKey, []);
        using var second = HpkeSender.Setup(HpkeSuite.X25519Aes128Gcm, key.PublicKey, []);
        Assert.NotEqual(first.EncapsulatedKey.ToArray(), second.EncapsulatedKey.ToArray());
        Assert.NotEqual(first.Export([], 32), second.Export([], 32));
    }

    [Fact]
    public void Another_info_another_key_or_another_suite_opens_nothing()
    {
        var suite = HpkeSuite.X25519Aes128Gcm;
        using var key = HpkePrivateKey.Generate(suite.Kem);
        using var other = HpkePrivateKey.Generate(suite.Kem);
        using var sender = HpkeSender.Setup(suite, key.PublicKey, [1]);
        var message = sender.Seal([], [7]);
        Assert.True(Opens(suite, key, [1]));
        Assert.False(Opens(suite, key, [2]));
        Assert.False(Opens(suite, other, [1]));
        Assert.False(Opens(HpkeSuite.X25519ChaCha20Poly1305, key, [1]));

        bool Opens(HpkeSuite with, HpkePrivateKey by, byte[] info)
        {
            Assert.True(HpkeRecipient.TrySetup(with, by, sender.EncapsulatedKey.Span, info, out var recipient));
            using (recipient)
                return recipient.TryOpen([], message, out _);
        }
    }

    // The points of order 1, 2, 4 and 8 of curve and twist, and their non-canonical forms.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    public void Refuses_x25519_keys_of_small_order_on_both_sides(string hex)
    {
        var point = Convert.FromHexString(hex);
        Assert.False(HpkePublicKey.TryFromBytes(HpkeKem.X25519, point, out _));
        using var key = HpkePrivateKey.Generate(HpkeKem.X25519);
        Assert.False(HpkeRecipient.TrySetup(HpkeSuite.X25519Aes128Gcm, key, point, [], out _));
        var peer = HpkePublicKey.FromPeer(HpkeKem.X25519, point)!;
        Assert.Throws<CryptographicException>(() => HpkeSender.Setup(HpkeSuite.X25519Aes128Gcm, peer, []));
    }

    [Fact]
    public void Refuses_p256_points_that_are_off_the_curve_compressed_hybrid_or_infinite()
    {
        using var key = HpkePrivateKey.Generate(HpkeKem.P256);
        var good = key.PublicKey.Bytes.ToArray();
        Assert.True(HpkePublicKey.TryFromBytes(HpkeKem.P256, good, out _));
        var offCurve = good.ToArray();
        offCurve[64] ^= 1;
        var hybrid = good.ToArray();
        hybrid[0] = (byte)(6 + (good[64] & 1));
        byte[] compressed = [(byte)(2 + (good[64] & 1)), .. good.AsSpan(1, 32)];
        byte[] overflowing = [4, .. Enumerable.Repeat((byte)0xff, 64)];
        foreach (var bad in (byte[][])[offCurve, hybrid, compressed, overflowing, [0], [], new byte[65], good[..64]])
        {
            Assert.False(HpkePublicKey.TryFromBytes(HpkeKem.P256, bad, out _));
            Assert.False(HpkeRecipient.TrySetup(HpkeSuite.P256Aes128Gcm, key, bad, [], out _));
        }
    }

    [Fact]
    public void Refuses_p256_scalars_of_zero_or_not_below_the_order()
    {
        var order = Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        Assert.False(HpkePrivateKey.TryFromBytes(HpkeKem.P256, new byte[32], out _));
        Assert.False(HpkePrivateKey.TryFromBytes(HpkeKem.P256, order, out _));
        Assert.False(HpkePrivateKey.TryFromBytes(HpkeKem.P256, new byte[31], out _));
        order[^1]--;
        Assert.True(HpkePrivateKey.TryFromBytes(HpkeKem.P256, order, out var last));
        last.Dispose();
    }

    [Fact]
    public void Refuses_suites_that_are_not_spoken_and_keys_of_another_mechanism()
    {
        Assert.False(HpkeSuite.TryGet(0x0020, 0x0001, 0x0002, out _));
        Assert.False(HpkeSuite.TryGet(0x0020, 0x0003, 0x0001, out _));
        Assert.False(HpkeSuite.TryGet(0x0012, 0x0001, 0x0001, out _));
        Assert.False(HpkeSuite.TryGet(0x0020, 0x0001, 0xffff, out _));
        using var key = HpkePrivateKey.Generate(HpkeKem.P256);
        Assert.Throws<ArgumentException>(() => HpkeSender.Setup(HpkeSuite.X25519Aes128Gcm, key.PublicKey, []));
        Assert.Throws<ArgumentException>(() => HpkePrivateKey.Derive(HpkeKem.X25519, new byte[31]));
    }

    [Fact]
    public void A_disposed_context_or_key_does_nothing_more()
    {
        var (sender, recipient, key) = Pair(HpkeSuite.X25519Aes128Gcm);
        var message = sender.Seal([], [1]);
        sender.Dispose();
        recipient.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sender.Seal([], [1]));
        Assert.Throws<ObjectDisposedException>(() => sender.Export([], 32));
        Assert.Throws<ObjectDisposedException>(() => recipient.TryOpen([], message, out _));
        Assert.Throws<ObjectDisposedException>(key.Export);
    }

    [Fact]
    public void Exports_at_most_what_hkdf_gives()
    {
        var (sender, recipient, key) = Pair(HpkeSuite.X25519Aes128Gcm);
        using (key)
        using (sender)
        using (recipient)
        {
            Assert.Equal(sender.Export([1], 8160), recipient.Export([1], 8160));
            Assert.Empty(sender.Export([1], 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => sender.Export([1], 8161));
        }
    }

    private static HpkeSuite Suite(HpkeKem kem, HpkeAead aead)
    {
        Assert.True(HpkeSuite.TryGet((int)kem, HpkeSuite.HkdfSha256, (int)aead, out var suite));
        return suite;
    }

    private static (HpkeSender Sender, HpkeRecipient Recipient, HpkePrivateKey Key) Pair(HpkeSuite suite)
    {
        var key = HpkePrivateKey.Generate(suite.Kem);
        var sender = HpkeSender.Setup(suite, key.PublicKey, [5]);
        Assert.True(HpkeRecipient.TrySetup(suite, key, sender.EncapsulatedKey.Span, [5], out var recipient));
        return (sender, recipient, key);
    }
}
