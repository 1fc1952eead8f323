using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.ObliviousHttp;
using Xunit;

namespace Bauta.Tests.Crypto.ObliviousHttp;

public sealed class PaddingClassesTests : IDisposable
{
    private readonly GatewayKey _party = GatewayKey.Generate(1);
    private readonly GatewayKey _mask = GatewayKey.Generate(2, HpkeKem.P256);

    public void Dispose()
    {
        _party.Dispose();
        _mask.Dispose();
    }

    [Fact]
    public void Requests_and_responses_have_the_size_of_a_class_up_to_the_last_byte()
    {
        var gateway = Gateway(_party);
        var empty = new BinaryRequest("POST", "https", "bank.example", "/lock").EncodedSize;
        var overhead = Encapsulation.RequestOverhead(HpkeSuite.X25519Aes128Gcm);
        foreach (var size in PaddingClasses.Sizes)
        {
            // The length of a content in front of it takes 1 to 4 bytes, so try all around the border.
            for (var content = size - overhead - empty - 5; content < size - overhead - empty + 2; content++)
            {
                var request = new BinaryRequest("POST", "https", "bank.example", "/lock", [], new byte[content]);
                var needed = overhead + request.EncodedSize;
                if (needed > PaddingClasses.LargestOf(0))
                {
                    Assert.Throws<ArgumentException>(() => ObliviousClientRequest.Seal(_party.Configuration, request));
                    continue;
                }

                using var client = ObliviousClientRequest.Seal(_party.Configuration, request);
                Assert.Equal(PaddingClasses.Sizes.First(s => s >= needed), client.Encapsulated.Length);
                Assert.Equal(Decapsulation.Opened, gateway.Open(client.Encapsulated.Span, out var opened));
                Assert.True(opened!.TryDecode(BinaryHttpLimits.Default with { MaxContentBytes = int.MaxValue },
                    out var again, out _));
                Assert.Equal(content, again.Content.Length);
                Assert.Equal(0, opened.Layer);
                Assert.Equal(0, PaddingClasses.LayerOf(opened.Seal(new BinaryResponse(200)).Length));
            }
        }
    }

    [Fact]
    public void A_response_of_the_largest_size_fits_and_one_byte_more_does_not()
    {
        var gateway = Gateway(_party);
        using var client = ObliviousClientRequest.Seal(
            _party.Configuration, new BinaryRequest("GET", "https", "shop.example", "/"));
        Assert.Equal(Decapsulation.Opened, gateway.Open(client.Encapsulated.Span, out var request));
        var empty = new BinaryResponse(200, content: new byte[PaddingClasses.LargestOf(0) - 100]).EncodedSize
            - (PaddingClasses.LargestOf(0) - 100);
        var largest = new byte[request!.MaxResponseSize - empty];
        var tooLarge = new BinaryResponse(200, content: new byte[largest.Length + 1]);
        Assert.Throws<ArgumentException>(() => request.Seal(tooLarge));
        var response = request.Seal(new BinaryResponse(200, content: largest));
        Assert.Equal(PaddingClasses.LargestOf(0), response.Length);
    }

    [Fact]
    public void A_range_of_1_MiB_fits_with_its_Merkle_path_and_headers()
    {
        // A file of 1 TiB has 2^20 ranges: twenty hashes of 32 bytes, in base64.
        BinaryField[] headers =
        [
            BinaryField.Create("content-type", "application/octet-stream"),
            BinaryField.Create("content-range", "bytes 1099510579200-1099511627775/1099511627776"),
            BinaryField.Create("merkle-path", new string('A', 20 * 44)),
            BinaryField.Create("date", "Mon, 27 Jul 2009 12:28:53 GMT"),
        ];
        var response = new BinaryResponse(206, headers, new byte[1024 * 1024]);
        Assert.True(PaddingClasses.TrySizeFor(
            response.EncodedSize + Encapsulation.ResponseOverhead(HpkeSuite.X25519ChaCha20Poly1305), 0, out _));
        Assert.True(BinaryResponse.TryDecode(response.Encode(), BinaryHttpLimits.Default, out _, out _));
    }

    [Fact]
    public void What_is_nested_keeps_its_class_in_every_layer()
    {
        foreach (var size in PaddingClasses.Sizes)
        {
            var message = new BinaryRequest("POST", "https", "a", "/", [], new byte[size - 300]);
            var requests = new List<ObliviousClientRequest>();
            var next = ObliviousClientRequest.Seal(_party.Configuration, message);
            requests.Add(next);
            Assert.Equal(size, next.Encapsulated.Length);
            for (var layer = 1; layer <= PaddingClasses.MaxLayer; layer++)
            {
                next = ObliviousClientRequest.Seal(_mask.Configuration, Wrap(next.Encapsulated), layer);
                requests.Add(next);
                Assert.Equal(size + layer * PaddingClasses.LayerSize, next.Encapsulated.Length);
                Assert.Equal(layer, PaddingClasses.LayerOf(next.Encapsulated.Length));
            }

            // Inwards, then outwards: each mask answers in the layer that it was asked in.
            var opened = new Stack<ObliviousRequest>();
            var bytes = next.Encapsulated;
            for (var layer = PaddingClasses.MaxLayer; layer >= 0; layer--)
            {
                var gateway = Gateway(layer == 0 ? _party : _mask);
                Assert.Equal(Decapsulation.Opened, gateway.Open(bytes.Span, out var request));
                Assert.Equal(layer, request!.Layer);
                Assert.True(request.TryDecode(Generous, out var decoded, out _));
                bytes = decoded.Content;
                opened.Push(request);
            }

            ReadOnlyMemory<byte> answer = opened.Pop().Seal(new BinaryResponse(200, content: new byte[size - 300]));
            Assert.Equal(size, answer.Length);
            for (var layer = 1; layer <= PaddingClasses.MaxLayer; layer++)
            {
                answer = opened.Pop().Seal(new BinaryResponse(
                    200, [BinaryField.Create("content-type", Encapsulation.ResponseMediaType)], answer));
                Assert.Equal(size + layer * PaddingClasses.LayerSize, answer.Length);
            }

            for (var layer = PaddingClasses.MaxLayer; layer >= 0; layer--)
            {
                Assert.True(requests[layer].TryOpen(answer.Span, Generous, out var response));
                answer = response.Content;
            }

            Assert.Equal(size - 300, answer.Length);
        }
    }

    [Fact]
    public void Only_sizes_of_a_class_have_a_layer()
    {
        var sizes = new HashSet<int>();
        for (var layer = 0; layer <= PaddingClasses.MaxLayer; layer++)
        {
            foreach (var size in PaddingClasses.Sizes)
            {
                var layered = size + layer * PaddingClasses.LayerSize;
                Assert.True(sizes.Add(layered));
                Assert.Equal(layer, PaddingClasses.LayerOf(layered));
                Assert.Equal(sizes.Contains(layered - 1) ? 0 : -1, PaddingClasses.LayerOf(layered - 1));
                Assert.Equal(-1, PaddingClasses.LayerOf(layered + 1));
            }
        }

        Assert.Equal(PaddingClasses.Largest, sizes.Max());
        Assert.Equal(-1, PaddingClasses.LayerOf(0));
        Assert.Equal(-1, PaddingClasses.LayerOf(long.MaxValue));
        Assert.False(PaddingClasses.TrySizeFor(PaddingClasses.LargestOf(2) + 1, 2, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => PaddingClasses.LargestOf(PaddingClasses.MaxLayer + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PaddingClasses.TrySizeFor(1, -1, out _));
    }

    private static BinaryHttpLimits Generous =>
        BinaryHttpLimits.Default with { MaxContentBytes = PaddingClasses.Largest };

    // With names as long as any that deployment would use.
    private static BinaryRequest Wrap(ReadOnlyMemory<byte> encapsulated) => new(
        "POST", "https", new string('m', 63) + ".example", "/" + new string('p', 100),
        [BinaryField.Create("content-type", Encapsulation.RequestMediaType)], encapsulated);

    private static ObliviousGateway Gateway(GatewayKey key) =>
        new(new GatewayKeys([key]), new ReplayCache(TimeProvider.System, TimeSpan.FromMinutes(1)));
}
