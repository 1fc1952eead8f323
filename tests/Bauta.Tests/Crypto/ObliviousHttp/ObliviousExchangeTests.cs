using System.Security.Cryptography;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.ObliviousHttp;
using Xunit;

namespace Bauta.Tests.Crypto.ObliviousHttp;

public sealed class ObliviousExchangeTests : IDisposable
{
    private static readonly byte[] Message = new BinaryRequest("GET", "https", "shop.example", "/offers").Encode();

    private readonly ManualClock _clock = new();
    private readonly GatewayKey _key = GatewayKey.Generate(1);
    private readonly GatewayKey _p256 = GatewayKey.Generate(2, HpkeKem.P256);
    private readonly ObliviousGateway _gateway;

    public ObliviousExchangeTests() => _gateway = new ObliviousGateway(
        new GatewayKeys([_key, _p256]), new ReplayCache(_clock, TimeSpan.FromMinutes(4)));

    public void Dispose()
    {
        _key.Dispose();
        _p256.Dispose();
    }

    public static TheoryData<byte, HpkeAead> Suites => new()
    {
        { 1, HpkeAead.Aes128Gcm },
        { 1, HpkeAead.ChaCha20Poly1305 },
        { 2, HpkeAead.Aes128Gcm },
        { 2, HpkeAead.ChaCha20Poly1305 },
    };

    [Theory]
    [MemberData(nameof(Suites))]
    public void Request_and_response_pass_under_every_suite(byte keyId, HpkeAead aead)
    {
        using var client = ObliviousClientRequest.Seal(Configuration(keyId, aead), Message);
        using var request = Open(client);
        Assert.Equal(Message, request.Message.ToArray());
        Assert.Equal(client.Encapsulated.Length, request.EncapsulatedSize);
        var response = request.Seal([1, 2, 3]);
        Assert.True(client.TryOpen(response, out var opened));
        Assert.Equal([1, 2, 3], opened);
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Nothing_altered_on_the_way_is_opened(byte keyId, HpkeAead aead)
    {
        using var client = ObliviousClientRequest.Seal(Configuration(keyId, aead), Message);
        var encapsulated = client.Encapsulated.ToArray();
        for (var index = 0; index < encapsulated.Length; index++)
        {
            encapsulated[index] ^= 0x80;
            var outcome = _gateway.Open(encapsulated, out var request);
            Assert.Null(request);
            Assert.Contains(ObliviousGateway.StatusOf(outcome), (int[])[400, 422]);
            if (index < Encapsulation.HeaderSize)
                Assert.Equal(Decapsulation.UnknownKey, outcome);
            encapsulated[index] ^= 0x80;
        }

        for (var size = 0; size < encapsulated.Length; size++)
            Assert.NotEqual(Decapsulation.Opened, _gateway.Open(encapsulated.AsSpan(0, size), out _));
        Assert.NotEqual(Decapsulation.Opened, _gateway.Open([.. encapsulated, 0], out _));
        // None of these spent the encapsulation.
        Assert.Equal(Decapsulation.Opened, _gateway.Open(encapsulated, out _));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void No_response_altered_on_the_way_is_opened(byte keyId, HpkeAead aead)
    {
        byte[] sealedResponse;
        using (var client = ObliviousClientRequest.Seal(Configuration(keyId, aead), Message))
            sealedResponse = Open(client).Seal([1, 2, 3]);
        for (var index = 0; index < sealedResponse.Length; index++)
        {
            using var client = ObliviousClientRequest.Seal(Configuration(keyId, aead), Message);
            var response = Open(client).Seal([1, 2, 3]);
            response[index] ^= 1;
            Assert.False(client.TryOpen(response, out _));
        }

        for (var size = 0; size < sealedResponse.Length; size++)
        {
            using var client = ObliviousClientRequest.Seal(Configuration(keyId, aead), Message);
            Assert.False(client.TryOpen(Open(client).Seal([1, 2, 3]).AsSpan(0, size), out _));
        }
    }

    [Fact]
    public void A_response_opens_only_with_its_own_request_and_only_once()
    {
        using var one = Seal();
        using var two = Seal();
        var responseOne = Open(one).Seal([1]);
        var responseTwo = Open(two).Seal([2]);
        Assert.True(one.TryOpen(responseOne, out _));
        Assert.Throws<InvalidOperationException>(() => one.TryOpen(responseOne, out _));
        Assert.False(two.TryOpen(responseOne, out _));
        // A failed try spends it too.
        Assert.Throws<InvalidOperationException>(() => two.TryOpen(responseTwo, out _));
        var three = Seal();
        three.Dispose();
        Assert.Throws<InvalidOperationException>(() => three.TryOpen(responseOne, out _));
    }

    [Fact]
    public void A_response_is_sealed_only_once()
    {
        using var client = Seal();
        using var request = Open(client);
        request.Seal([1]);
        Assert.Throws<InvalidOperationException>(() => request.Seal([2]));
        Assert.Throws<InvalidOperationException>(() => request.Seal(new BinaryResponse(200)));
    }

    [Fact]
    public void Every_request_has_a_fresh_context()
    {
        using var one = Seal();
        using var two = Seal();
        Assert.NotEqual(one.Encapsulated[7..39].ToArray(), two.Encapsulated[7..39].ToArray());
        Assert.NotEqual(one.Encapsulated[39..].ToArray(), two.Encapsulated[39..].ToArray());
    }

    [Fact]
    public void An_unknown_key_mechanism_or_cipher_is_422()
    {
        using var client = Seal();
        // Key Identifier, then the low bytes of KEM, KDF and AEAD.
        foreach (var (index, value) in ((int, byte)[])[(0, 3), (0, 2), (2, 0x10), (2, 0x12), (4, 2), (6, 2), (6, 0xff)])
        {
            var encapsulated = client.Encapsulated.ToArray();
            encapsulated[index] = value;
            var outcome = _gateway.Open(encapsulated, out _);
            Assert.Equal(Decapsulation.UnknownKey, outcome);
            Assert.Equal(422, ObliviousGateway.StatusOf(outcome));
        }
    }

    [Fact]
    public void Another_key_under_the_same_identifier_is_422()
    {
        using var old = GatewayKey.Generate(1);
        using var client = ObliviousClientRequest.Seal(old.Configuration, Message);
        var outcome = _gateway.Open(client.Encapsulated.Span, out _);
        Assert.Equal(Decapsulation.Undecryptable, outcome);
        Assert.Equal(422, ObliviousGateway.StatusOf(outcome));
    }

    [Fact]
    public void A_replaced_key_opens_until_it_is_dropped()
    {
        using var next = GatewayKey.Generate(3);
        using var before = Seal();
        using var late = Seal();
        _gateway.Rotate(new GatewayKeys([next], [_key]));
        Assert.Equal(Decapsulation.Opened, _gateway.Open(before.Encapsulated.Span, out _));
        Assert.True(KeyConfiguration.TryDecodeList(_gateway.Keys.Encoded.Span, out var published));
        Assert.Equal([3], published.Select(c => (int)c.KeyId));
        using var after = ObliviousClientRequest.Seal(published[0], Message);
        Assert.Equal(Decapsulation.Opened, _gateway.Open(after.Encapsulated.Span, out _));
        _gateway.Rotate(new GatewayKeys([next]));
        Assert.Equal(Decapsulation.UnknownKey, _gateway.Open(late.Encapsulated.Span, out _));
        Assert.Throws<ArgumentException>(() => new GatewayKeys([]));
        Assert.Throws<ArgumentException>(() => new GatewayKeys([next], [next]));
    }

    [Fact]
    public void A_replay_is_refused_within_the_window()
    {
        using var client = Seal();
        Assert.Equal(Decapsulation.Opened, _gateway.Open(client.Encapsulated.Span, out _));
        // Seen before anything is decrypted: this copy would not even open.
        var broken = client.Encapsulated.ToArray();
        broken[^1] ^= 1;
        Assert.Equal(Decapsulation.Replayed, _gateway.Open(broken, out _));
        for (var minute = 0; minute < 4; minute++)
        {
            var outcome = _gateway.Open(client.Encapsulated.Span, out var request);
            Assert.Equal(Decapsulation.Replayed, outcome);
            Assert.Null(request);
            _clock.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        }
    }

    [Fact]
    public void Of_copies_that_come_at_the_same_moment_one_is_opened()
    {
        for (var round = 0; round < 20; round++)
        {
            using var client = Seal();
            var opened = 0;
            Parallel.For(0, 16, _ =>
            {
                var outcome = _gateway.Open(client.Encapsulated.Span, out var request);
                Assert.Contains(outcome, (Decapsulation[])[Decapsulation.Opened, Decapsulation.Replayed]);
                request?.Dispose();
                if (outcome == Decapsulation.Opened)
                    Interlocked.Increment(ref opened);
            });
            Assert.Equal(1, opened);
        }
    }

    [Fact]
    public void A_full_replay_memory_opens_nothing_more()
    {
        var gateway = new ObliviousGateway(
            new GatewayKeys([_key]), new ReplayCache(_clock, TimeSpan.FromMinutes(1), capacity: 2));
        using var one = Seal();
        using var two = Seal();
        using var three = Seal();
        Assert.Equal(Decapsulation.Opened, gateway.Open(one.Encapsulated.Span, out _));
        Assert.Equal(Decapsulation.Opened, gateway.Open(two.Encapsulated.Span, out _));
        var outcome = gateway.Open(three.Encapsulated.Span, out var request);
        Assert.Equal((Decapsulation.Busy, 503), (outcome, ObliviousGateway.StatusOf(outcome)));
        Assert.Null(request);
        Assert.Equal(Decapsulation.Replayed, gateway.Open(one.Encapsulated.Span, out _));
        _clock.Advance(TimeSpan.FromMinutes(1.2));
        Assert.Equal(Decapsulation.Opened, gateway.Open(three.Encapsulated.Span, out _));
    }

    [Fact]
    public void An_encapsulated_key_of_small_order_is_refused()
    {
        using var client = Seal();
        var encapsulated = client.Encapsulated.ToArray();
        foreach (byte low in (byte[])[0, 1])
        {
            encapsulated.AsSpan(7, 32).Clear();
            encapsulated[7] = low;
            Assert.Equal(Decapsulation.Malformed, _gateway.Open(encapsulated, out _));
        }
    }

    [Fact]
    public void More_than_the_largest_class_is_refused_unread()
    {
        using var client = ObliviousClientRequest.Seal(_key.Configuration, new byte[PaddingClasses.Largest]);
        var outcome = _gateway.Open(client.Encapsulated.Span, out _);
        Assert.Equal((Decapsulation.TooLarge, 413), (outcome, ObliviousGateway.StatusOf(outcome)));
    }

    [Fact]
    public void An_expectation_is_refused_after_opening()
    {
        var expecting = new BinaryRequest(
            "POST", "https", "shop.example", "/", [BinaryField.Create("expect", "100-continue")]);
        using var client = ObliviousClientRequest.Seal(_key.Configuration, expecting);
        using var request = Open(client);
        Assert.False(request.TryDecode(BinaryHttpLimits.Default, out var decoded, out var error));
        Assert.Null(decoded);
        Assert.Equal(BinaryHttpError.Expectation, error);
        // The refusal is sealed like any other response.
        Assert.True(client.TryOpen(request.Seal(new BinaryResponse(400)), BinaryHttpLimits.Default, out var response));
        Assert.Equal(400, response.Status);
    }

    [Fact]
    public void A_malformed_message_inside_a_good_seal_is_refused_after_opening()
    {
        using var client = ObliviousClientRequest.Seal(_key.Configuration, RandomNumberGenerator.GetBytes(40));
        using var request = Open(client);
        Assert.False(request.TryDecode(BinaryHttpLimits.Default, out _, out var error));
        Assert.NotEqual(BinaryHttpError.None, error);
        Assert.False(client.TryOpen(request.Seal([9, 9]), BinaryHttpLimits.Default, out _));
    }

    private ObliviousClientRequest Seal() => ObliviousClientRequest.Seal(_key.Configuration, Message);

    private ObliviousRequest Open(ObliviousClientRequest client)
    {
        Assert.Equal(Decapsulation.Opened, _gateway.Open(client.Encapsulated.Span, out var request));
        return request!;
    }

    private KeyConfiguration Configuration(byte keyId, HpkeAead aead)
    {
        var configuration = (keyId == 1 ? _key : _p256).Configuration;
        return new KeyConfiguration(
            keyId, configuration.PublicKey, configuration.Suites.Where(s => s.Aead == aead));
    }
}
