using System.Net.Http.Headers;
using System.Text;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Jose;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Bauta.Protocol.Relay;
using Bauta.Relay;
using Bauta.Tests.Http;
using Bauta.Tests.Storage;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Bauta.Tests.Relay;

public sealed class MaskTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    [InlineData(2, 1024 * 1024)]
    public async Task Carries_a_request_and_its_answer_through_any_number_of_masks(int masks, int length)
    {
        await using var network = await MaskNetwork.StartAsync();
        using var transport = network.Transport(network.Route(masks));
        using var client = transport.ClientFor(network.PartyAt);
        var body = new byte[length];
        body[^1] = 7;
        using var response = await SendAsync(client, body);
        Assert.Equal(200, (int)response.StatusCode);
        var answer = await response.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.Equal("answer-canary name-canary ", Encoding.ASCII.GetString(answer, 0, 26));
        Assert.Equal(body, answer[26..]);
        Assert.Equal(masks == 0 ? "127.0.0.1" : "none", response.Headers.GetValues("X-Remote").Single());
        // The client's own fields arrive, and none that tells clients apart.
        if (masks > 0)
            Assert.Equal("bauta-read content-length content-type date host",
                response.Headers.GetValues("X-Seen").Single());
        var refused = await client.GetAsync("nothing", Cancellation);
        Assert.Equal(404, (int)refused.StatusCode);
        Assert.Equal(Problem.MediaType, refused.Content.Headers.ContentType?.ToString());
    }

    [Fact]
    public async Task Shows_each_hop_only_what_it_may_see()
    {
        await using var network = await MaskNetwork.StartAsync();
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        client.DefaultRequestHeaders.UserAgent.ParseAdd("agent-canary/1");
        foreach (var field in new[] { "Cookie", "traceparent", "tracestate", "baggage", "Request-Id" })
            client.DefaultRequestHeaders.Add(field, "canary");
        using var response = await SendAsync(client, "body-canary"u8.ToArray());
        Assert.Equal(200, (int)response.StatusCode);

        // The party: what it reads, and nothing that tells programs or traces apart.
        Assert.Equal(
            "bauta-read content-length content-type date host", Assert.Single(response.Headers.GetValues("X-Seen")));
        // The first mask: the address, the second mask, sizes; neither the party nor any content.
        Assert.Contains(MaskNetwork.ClientAddress, network.ToFirst.Sources);
        foreach (var wire in new[] { network.ToFirst, network.ToSecond })
        {
            Assert.DoesNotContain(network.ToParty.Authority, wire.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", wire.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("party.example", wire.Text, StringComparison.Ordinal);
        }

        // The second mask: the party; neither the address nor any content.
        Assert.DoesNotContain(MaskNetwork.ClientAddress, network.ToSecond.Sources);
        foreach (var wire in new[] { network.ToSecond, network.ToParty })
        {
            Assert.DoesNotContain(MaskNetwork.ClientAddress, wire.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", wire.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("orwarded", wire.Up, StringComparison.Ordinal);
            Assert.DoesNotContain("traceparent", wire.Up, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("user-agent", wire.Up, StringComparison.OrdinalIgnoreCase);
        }

        foreach (var host in new[] { network.First, network.Second, network.Party })
        {
            Assert.DoesNotContain("127.0.0.", host.Log.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", host.Log.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Drops_every_field_that_a_client_adds_to_the_outer_request()
    {
        await using var network = await MaskNetwork.StartAsync();
        using var exchange = await SealAsync(network, ToParty(network, new byte[1024]));
        using var request = Relayed(exchange.Encapsulated);
        request.Headers.Add("X-Forwarded-For", "10.9.8.7");
        request.Headers.Add("Cookie", "canary");
        request.Headers.Add("Bauta-Read", "canary");
        using var response = await network.First.Client.SendAsync(request, Cancellation);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.DoesNotContain("canary", network.ToSecond.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("10.9.8.7", network.ToSecond.Text, StringComparison.Ordinal);
        var head = network.ToSecond.Up;
        var fields = head[head.IndexOf("POST ", StringComparison.Ordinal)..]
            .Split("\r\n\r\n")[0].Split("\r\n").Skip(1).Select(line => line.Split(':')[0].ToLowerInvariant());
        Assert.Equal(["content-length", "content-type", "host"], fields.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2000)]
    [InlineData(5000)]
    public async Task Sends_and_answers_in_sizes_of_a_class_only(int length)
    {
        await using var network = await MaskNetwork.StartAsync();
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        using var response = await SendAsync(client, new byte[length]);
        Assert.Equal(200, (int)response.StatusCode);
        foreach (var (wire, layer) in new[] { (network.ToFirst, 1), (network.ToSecond, 1), (network.ToParty, 0) })
        {
            foreach (var text in new[] { wire.Up, wire.Down })
            {
                var sizes = Sizes(text);
                Assert.NotEmpty(sizes);
                Assert.All(sizes, size => Assert.Equal(layer, PaddingClasses.LayerOf(size)));
            }
        }
    }

    [Fact]
    public async Task Refuses_sizes_that_are_no_class_before_it_forwards()
    {
        await using var network = await MaskNetwork.StartAsync();
        foreach (var size in new[] { 0, 1, 1023, 1025, 1536 - 1, 1536 + 1, PaddingClasses.Largest + 1 })
        {
            using var request = Relayed(new byte[size]);
            using var response = await network.First.Client.SendAsync(request, Cancellation);
            await AssertRefusedAsync(response, 422, "bad-size");
        }

        using var chunked = Relayed(new byte[1536]);
        chunked.Headers.TransferEncodingChunked = true;
        using var refused = await network.First.Client.SendAsync(chunked, Cancellation);
        await AssertRefusedAsync(refused, 422, "bad-size");
        Assert.Empty(network.ToSecond.Up);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1000, false)]
    [InlineData(1025, false)]
    [InlineData(1024 + PaddingClasses.LayerSize, false)]
    [InlineData(1024, true)]
    [InlineData(4096, true)]
    public async Task Passes_on_no_answer_of_a_size_that_is_no_class_of_the_requests_layer(int length, bool passes)
    {
        var answer = new byte[length];
        await using var odd = await TestHost.StartAsync(routes => routes.MapPost(MaskRoute.GatewayPath, context =>
        {
            context.Response.ContentType = "message/ohttp-res";
            return context.Response.Body.WriteAsync(answer).AsTask();
        }));
        await using var network = await MaskNetwork.StartAsync(options => options with
        {
            Targets = [odd.Address.GetLeftPart(UriPartial.Authority)],
        });
        var opened = await OpenAsync(network, new BinaryRequest(
            "POST", "http", odd.Address.Authority, MaskRoute.GatewayPath,
            [BinaryField.Create("content-type", "message/ohttp-req")], new byte[1024]));
        if (passes)
            Assert.Equal((200, length), (opened.Status, opened.Content.Length));
        else
            AssertSealed(opened, 502, "bad-answer");

        // The first mask looks at the layer that it carries.
        answer = new byte[length + PaddingClasses.LayerSize];
        using var key = P256PrivateKey.Generate();
        using var directory = new TemporaryDirectory();
        using var ring = GatewayKeyRing.Open(directory.File("gateway.json"), network.Time);
        using var mask = new Mask(
            new MaskOptions
            {
                Name = "first.example",
                Next = PartyAddress.Create(odd.Address, key.PublicKey.Thumbprint),
            },
            key, ring, network.Time);
        await using var first = await TestHost.StartAsync(mask.Map, Mask.DefaultSettings, network.Time, mask.Gateway);
        using var relayed = Relayed(new byte[1024 + PaddingClasses.LayerSize]);
        using var response = await first.Client.SendAsync(relayed, Cancellation);
        if (passes)
            Assert.Equal(answer, await response.Content.ReadAsByteArrayAsync(Cancellation));
        else
            await AssertRefusedAsync(response, 502, "bad-answer");
    }

    [Fact]
    public async Task Refuses_another_media_type_and_a_relay_without_a_next_gateway()
    {
        await using var network = await MaskNetwork.StartAsync();
        using var request = Relayed(new byte[1536]);
        request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var typed = await network.First.Client.SendAsync(request, Cancellation);
        Assert.Equal(415, (int)typed.StatusCode);
        using var next = Relayed(new byte[1536]);
        using var none = await network.Second.Client.SendAsync(next, Cancellation);
        await AssertRefusedAsync(none, 404, "no-next");
        using var card = await network.Second.Client.GetAsync("relay", Cancellation);
        await AssertRefusedAsync(card, 404, "no-next");
    }

    [Fact]
    public async Task Gives_the_card_of_the_next_gateway_so_that_nobody_asks_that_one_directly()
    {
        await using var network = await MaskNetwork.StartAsync();
        var bytes = await network.First.Client.GetByteArrayAsync("relay", Cancellation);
        Assert.True(PartyCards.TryVerify(bytes, network.SecondAt.Thumbprint, out var card));
        Assert.Equal("second.example", card.Content.Name);
        Assert.False(PartyCards.TryVerify(bytes, network.FirstAt.Thumbprint, out _));
    }

    [Fact]
    public async Task Refuses_a_target_that_is_not_on_its_list()
    {
        await using var network = await MaskNetwork.StartAsync(
            options => options with { Targets = ["http://127.0.0.1:1"] });
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(client, new byte[1]));
        Assert.Equal(403, (int)refused.StatusCode!);
        Assert.Empty(network.ToParty.Sources);
    }

    [Theory]
    [InlineData("POST", "http", "127.0.0.1.", MaskRoute.GatewayPath, "target-not-allowed")]
    [InlineData("POST", "https", null, MaskRoute.GatewayPath, "target-not-allowed")]
    [InlineData("POST", "http", null, "/echo/a", "not-forwarded")]
    [InlineData("PUT", "http", null, MaskRoute.GatewayPath, "not-forwarded")]
    [InlineData("GET", "http", null, "/health", "not-forwarded")]
    [InlineData("GET", "http", null, "/.well-known/bauta?x", "not-forwarded")]
    public async Task Forwards_only_sealed_requests_and_party_cards_to_its_targets(
        string method, string scheme, string? authority, string path, string code)
    {
        await using var network = await MaskNetwork.StartAsync();
        var request = new BinaryRequest(method, scheme, authority ?? network.ToParty.Authority, path,
            method == "GET" ? [] : [BinaryField.Create("content-type", "message/ohttp-req")],
            method == "GET" ? default : new byte[1024]);
        AssertSealed(await OpenAsync(network, request), 403, code);
        Assert.Empty(network.ToParty.Sources);
    }

    [Fact]
    public async Task Refuses_an_inner_request_of_another_media_type_or_size()
    {
        await using var network = await MaskNetwork.StartAsync();
        AssertSealed(await OpenAsync(network, ToParty(network, new byte[1024], "text/plain")), 403, "not-forwarded");
        AssertSealed(await OpenAsync(network, ToParty(network, new byte[1000])), 422, "bad-size");
        Assert.Empty(network.ToParty.Sources);
    }

    [Theory]
    [InlineData(500, 500)]
    [InlineData(404, 404)]
    [InlineData(200, 502)]
    [InlineData(302, 502)]
    public async Task Passes_on_nothing_that_a_party_says_in_another_form(int said, int told)
    {
        await using var network = await MaskNetwork.StartAsync();
        await network.ReplacePartyAsync(routes => routes.MapPostAnswer(MaskRoute.GatewayPath, context =>
        {
            context.Response.Headers["X-Canary"] = "canary";
            return Task.FromResult(Answer.Raw(said, "canary"u8.ToArray(), "text/html"));
        }));
        var answer = await OpenAsync(network, ToParty(network, new byte[1024]));
        Assert.Equal(told, answer.Status);
        Assert.DoesNotContain("canary", Encoding.ASCII.GetString(answer.Content.Span), StringComparison.Ordinal);
        Assert.DoesNotContain(answer.Headers, field => field.Name == "x-canary" || field.Value == "text/html");
    }

    [Fact]
    public async Task Says_sealed_that_a_party_does_not_answer()
    {
        await using var network = await MaskNetwork.StartAsync();
        await network.ToParty.DisposeAsync();
        AssertSealed(await OpenAsync(network, ToParty(network, new byte[1024])), 502, "unreachable");
    }

    [Fact]
    public async Task Gives_up_on_a_party_that_is_too_slow()
    {
        await using var network = await MaskNetwork.StartAsync(
            options => options with { Timeout = TimeSpan.FromMilliseconds(300) });
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        network.BeforeAnswer = () => Task.Delay(TimeSpan.FromSeconds(30), Cancellation);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(client, new byte[1]));
        Assert.Equal(502, (int)refused.StatusCode!);
        Assert.Equal(1, network.Calls);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public async Task Recovers_when_a_gateway_has_dropped_the_key_that_was_known(int masks, bool ofParty)
    {
        await using var network = await MaskNetwork.StartAsync();
        using var transport = network.Transport(network.Route(masks));
        using var client = transport.ClientFor(network.PartyAt);
        using var before = await SendAsync(client, new byte[1]);
        Assert.Equal(200, (int)before.StatusCode);
        var ring = ofParty ? network.PartyRing : network.SecondRing;
        // The client's monotonic clock stands still, as on a machine that slept, so that it keeps its cards.
        using var sleeper = new SleepingClient(network, masks);
        using var asleep = await SendAsync(sleeper.Client, new byte[1]);
        Assert.Equal(200, (int)asleep.StatusCode);
        network.Time.Advance(TimeSpan.FromDays(7));
        Assert.True(ring.RotateIfDue());
        network.Time.Advance(TimeSpan.FromDays(2));
        ring.RotateIfDue();
        var calls = network.Calls;
        using var after = await SendAsync(sleeper.Client, new byte[1]);
        Assert.Equal(200, (int)after.StatusCode);
        Assert.Equal(calls + 1, network.Calls);
    }

    [Fact]
    public async Task Sends_nothing_twice_by_itself()
    {
        await using var network = await MaskNetwork.StartAsync();
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        network.BeforeAnswer = () => throw new InvalidOperationException();
        using var failed = await SendAsync(client, new byte[1]);
        Assert.Equal(500, (int)failed.StatusCode);
        Assert.Equal(1, network.Calls);
        network.BeforeAnswer = async () => await network.ToFirst.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(client, new byte[1]));
        Assert.Equal(2, network.Calls);
    }

    [Fact]
    public async Task Does_not_believe_a_card_that_another_key_signed()
    {
        await using var network = await MaskNetwork.StartAsync();
        using var other = P256PrivateKey.Generate();
        using var transport = network.Transport(network.Route(2));
        var address = PartyAddress.Create(network.ToParty.Root, other.PublicKey.Thumbprint);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => transport.CardAsync(address, Cancellation));
        using var client = transport.ClientFor(address);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => SendAsync(client, new byte[1]));
        Assert.Equal(0, network.Calls);
    }

    [Fact]
    public async Task Holds_what_passes_until_the_end_of_a_batch()
    {
        await using var network = await MaskNetwork.StartAsync(options => options with { BatchMilliseconds = 300 });
        using var transport = network.Transport(network.Route(2));
        using var client = transport.ClientFor(network.PartyAt);
        var started = TimeProvider.System.GetTimestamp();
        using var response = await SendAsync(client, new byte[1]);
        Assert.Equal(200, (int)response.StatusCode);
        // Card and request each wait twice, once before and once after the party.
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromMilliseconds(1150), TimeSpan.MaxValue);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "echo/name-canary?query-canary");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("Bauta-Read", "header-canary");
        return await client.SendAsync(request, Cancellation);
    }

    private static BinaryRequest ToParty(
        MaskNetwork network, byte[] content, string mediaType = "message/ohttp-req") =>
        new("POST", "http", network.ToParty.Authority, MaskRoute.GatewayPath,
            [BinaryField.Create("content-type", mediaType)], content);

    private static HttpRequestMessage Relayed(ReadOnlyMemory<byte> bytes)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "relay") { Content = new ReadOnlyMemoryContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("message/ohttp-req");
        return request;
    }

    private static Task<ObliviousClientRequest> SealAsync(MaskNetwork network, BinaryRequest request) =>
        Task.FromResult(ObliviousClientRequest.Seal(network.SecondRing.Gateway.Keys.Published[0], request, layer: 1));

    private static async Task<BinaryResponse> OpenAsync(MaskNetwork network, BinaryRequest request)
    {
        using var exchange = await SealAsync(network, request);
        using var sent = Relayed(exchange.Encapsulated);
        using var response = await network.First.Client.SendAsync(sent, Cancellation);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(exchange.TryOpen(
            await response.Content.ReadAsByteArrayAsync(Cancellation), new BinaryHttpLimits(), out var answer));
        return answer;
    }

    private static void AssertSealed(BinaryResponse answer, int status, string code)
    {
        Assert.Equal(status, answer.Status);
        Assert.True(StrictJson.TryRead(answer.Content.Span, ProtocolJson.Default.Problem, out var problem));
        Assert.Equal((code, $"urn:bauta:mask:{code}"), (problem.Code, problem.Type));
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, int status, string code)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.True(StrictJson.TryRead(
            await response.Content.ReadAsByteArrayAsync(Cancellation), ProtocolJson.Default.Problem, out var problem));
        Assert.Equal((code, $"urn:bauta:mask:{code}"), (problem.Code, problem.Type));
    }

    // The content-lengths of all Oblivious HTTP messages in one direction.
    private static List<long> Sizes(string wire)
    {
        var sizes = new List<long>();
        foreach (var head in wire.Split("\r\n\r\n"))
        {
            var lines = head.Split("\r\n");
            if (lines.Any(line => line.StartsWith("Content-Type: message/ohttp-", StringComparison.OrdinalIgnoreCase)))
                sizes.Add(long.Parse(lines.Single(line =>
                    line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))[16..]));
        }

        return sizes;
    }

    /// <summary>A client whose wall clock goes on with the network's while its monotonic clock stands still.</summary>
    private sealed class SleepingClient : IDisposable
    {
        private readonly PartyTransport transport;

        public SleepingClient(MaskNetwork network, int masks)
        {
            transport = new PartyTransport(network.Route(masks), new SleepyTime(network.Time));
            Client = transport.ClientFor(network.PartyAt);
        }

        public HttpClient Client { get; }

        public void Dispose()
        {
            Client.Dispose();
            transport.Dispose();
        }

        private sealed class SleepyTime(TimeProvider wall) : TimeProvider
        {
            public override DateTimeOffset GetUtcNow() => wall.GetUtcNow();

            public override long GetTimestamp() => 0;
        }
    }
}
