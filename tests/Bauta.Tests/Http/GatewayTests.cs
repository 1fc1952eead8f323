using System.Net.Http.Headers;
using System.Text;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Bauta.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Bauta.Tests.Http;

public sealed class GatewayTests : IDisposable
{
    private const string GatewayPath = PartyGateway.Path;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("bauta");
    private readonly ManualTime time = new();
    private readonly GatewayKeyRing ring;

    public GatewayTests() => ring = GatewayKeyRing.Open(KeyFile, time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string KeyFile => Path.Combine(directory.FullName, "gateway.json");

    public void Dispose()
    {
        ring.Dispose();
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Publishes_its_keys_with_X25519_first()
    {
        await using var host = await StartAsync();
        using var response = await host.Client.GetAsync(GatewayPath, Cancellation);
        Assert.Equal("application/ohttp-keys", response.Content.Headers.ContentType?.ToString());
        Assert.True(KeyConfiguration.TryDecodeList(
            await response.Content.ReadAsByteArrayAsync(Cancellation), out var keys));
        Assert.Equal([32, 65], keys.Select(key => key.PublicKey.Bytes.Length));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Sends_an_inner_request_through_the_same_routes_and_seals_the_answer(int keyIndex)
    {
        await using var host = await StartAsync();
        var key = ring.Gateway.Keys.Published[keyIndex];
        var request = new BinaryRequest("POST", "https", "whatever.example", "/echo/a%20b?c=d",
            [RequestDate.Coarse(time), BinaryField.Create("content-type", "text/plain"),
                BinaryField.Create("bauta-read", "e"), BinaryField.Create("bauta-read", "f")],
            "body"u8.ToArray());
        using var exchange = ObliviousClientRequest.Seal(key, request);
        using var response = await PostAsync(host, exchange.Encapsulated);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("message/ohttp-res", response.Content.Headers.ContentType?.ToString());
        var bytes = await response.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.Equal(0, PaddingClasses.LayerOf(bytes.Length));
        Assert.True(exchange.TryOpen(bytes, new BinaryHttpLimits(), out var answer));
        Assert.Equal(200, answer.Status);
        Assert.Equal("POST a b ?c=d whatever.example e,f body remote: none",
            Encoding.UTF8.GetString(answer.Content.Span));
        Assert.True(answer.TryGetHeader("x-extra", out var extra));
        Assert.Equal("1", extra);
    }

    [Fact]
    public async Task Refuses_an_inner_body_with_a_content_coding()
    {
        await using var host = await StartAsync();
        BinaryRequest Echo(params BinaryField[] fields) => new("POST", "https", "a", "/echo/x",
            [RequestDate.Coarse(time), BinaryField.Create("content-type", "text/plain"), .. fields],
            "body"u8.ToArray());
        Assert.Equal(200, (await ExchangeAsync(host, Echo())).Status);
        foreach (var coding in new[] { "gzip", "br", "identity" })
        {
            var answer = await ExchangeAsync(host, Echo(BinaryField.Create("content-encoding", coding)));
            AssertSealed(answer, 415, "unsupported-media-type");
        }
    }

    [Fact]
    public async Task Takes_an_answer_written_to_the_body_or_its_pipe()
    {
        await using var host = await StartAsync();
        foreach (var path in new[] { "/stream", "/pipe" })
        {
            var answer = await ExchangeAsync(host, Get(path));
            Assert.Equal("hello", Encoding.UTF8.GetString(answer.Content.Span));
        }
    }

    [Fact]
    public async Task Refuses_an_encapsulation_that_it_opened_before()
    {
        await using var host = await StartAsync();
        using var exchange = ObliviousClientRequest.Seal(Key, Get("/stream"));
        using var first = await PostAsync(host, exchange.Encapsulated);
        Assert.Equal(200, (int)first.StatusCode);
        using var second = await PostAsync(host, exchange.Encapsulated);
        await PartyHostTests.AssertRefusedAsync(second, 409, "replayed");
        time.Advance(TimeSpan.FromSeconds(230));
        using var third = await PostAsync(host, exchange.Encapsulated);
        await PartyHostTests.AssertRefusedAsync(third, 409, "replayed");
    }

    [Fact]
    public async Task Refuses_an_unknown_key_and_what_does_not_open_so_that_clients_read_its_keys_anew()
    {
        await using var host = await StartAsync();
        using var strange = GatewayKey.Generate(77);
        using var exchange = ObliviousClientRequest.Seal(strange.Configuration, Get("/stream"));
        using var altered = ObliviousClientRequest.Seal(Key, Get("/stream"));
        var bytes = altered.Encapsulated.ToArray();
        bytes[^1] ^= 1;
        foreach (var sent in new[] { exchange.Encapsulated, bytes })
        {
            using var response = await PostAsync(host, sent);
            Assert.Equal(422, (int)response.StatusCode);
            Assert.True(StrictJson.TryRead(await response.Content.ReadAsByteArrayAsync(Cancellation),
                ProtocolJson.Default.Problem, out var problem));
            Assert.Equal("https://iana.org/assignments/http-problem-types#ohttp-key", problem.Type);
            Assert.Equal("unknown-key", problem.Code);
        }
    }

    [Theory]
    [InlineData(3, "message/ohttp-req", 400, "malformed")]
    [InlineData(1024, "application/octet-stream", 415, "unsupported-media-type")]
    [InlineData(PaddingClasses.Largest + 1, "message/ohttp-req", 413, "too-large")]
    public async Task Answers_in_the_open_what_is_no_sealed_request(
        int length, string mediaType, int status, string code)
    {
        await using var host = await StartAsync();
        using var response = await PostAsync(host, new byte[length], mediaType);
        await PartyHostTests.AssertRefusedAsync(response, status, code);
    }

    [Theory]
    [InlineData("GET", "/nothing", 404, "not-found")]
    [InlineData("DELETE", "/stream", 405, "method-not-allowed")]
    [InlineData("GET", "/throw", 500, "internal")]
    [InlineData("GET", "/huge", 500, "internal")]
    [InlineData("GET", "/huge-answer", 500, "internal")]
    [InlineData("GET", GatewayPath, 404, "not-found")]
    [InlineData("POST", GatewayPath, 404, "not-found")]
    public async Task Seals_what_goes_wrong_with_an_inner_request(string method, string path, int status, string code)
    {
        await using var host = await StartAsync();
        AssertSealed(await ExchangeAsync(host,
            new BinaryRequest(method, "https", "a", path, [RequestDate.Coarse(time)])), status, code);
    }

    [Fact]
    public async Task Seals_the_refusal_of_a_message_that_is_not_binary_HTTP()
    {
        await using var host = await StartAsync();
        using var exchange = ObliviousClientRequest.Seal(Key, "\x09not a message"u8);
        AssertSealed(await OpenAsync(host, exchange), 400, "malformed");
    }

    [Theory]
    [InlineData(-2, 200)]
    [InlineData(2, 200)]
    [InlineData(-5, 400)]
    [InlineData(5, 400)]
    public async Task Refuses_a_date_that_is_too_far_away_and_tells_its_own(int minutes, int status)
    {
        await using var host = await StartAsync();
        var clock = new ManualTime(time.GetUtcNow() + TimeSpan.FromMinutes(minutes));
        var answer = await ExchangeAsync(host,
            new BinaryRequest("GET", "https", "a", "/stream", [RequestDate.Coarse(clock)]));
        Assert.Equal(status, answer.Status);
        if (status == 200)
            return;
        AssertSealed(answer, 400, "bad-date", RequestDate.ProblemType);
        Assert.True(answer.TryGetHeader("date", out var date));
        Assert.Equal(time.GetUtcNow().ToString("r"), date);
    }

    [Fact]
    public async Task Refuses_a_request_without_a_date_and_tells_its_own()
    {
        await using var host = await StartAsync();
        var answer = await ExchangeAsync(host, new BinaryRequest("GET", "https", "a", "/stream"));
        AssertSealed(answer, 400, "bad-date", RequestDate.ProblemType);
        Assert.True(answer.TryGetHeader("date", out var date));
        Assert.Equal(time.GetUtcNow().ToString("r"), date);
    }

    [Fact]
    public async Task A_capture_outlives_a_restart_by_no_more_than_the_tolerance_of_dates()
    {
        using var captured = ObliviousClientRequest.Seal(Key, Get("/stream"));
        await using (var host = await StartAsync())
        {
            using var first = await PostAsync(host, captured.Encapsulated);
            Assert.Equal(200, (int)first.StatusCode);
        }

        // The memory of replays is gone with the process. What is sent again is answered again, sealed to the first
        // sender: requests that change something are told apart by their id, so nothing happens twice.
        using var again = GatewayKeyRing.Open(KeyFile, time);
        await using var restarted = await TestHost.StartAsync(Map, null, time, new PartyGateway(again));
        using var opened = await PostAsync(restarted, captured.Encapsulated);
        Assert.Equal(200, (int)opened.StatusCode);
        using var second = await PostAsync(restarted, captured.Encapsulated);
        await PartyHostTests.AssertRefusedAsync(second, 409, "replayed");
        time.Advance(TimeSpan.FromMinutes(3));
        using var afterwards = GatewayKeyRing.Open(KeyFile, time);
        await using var later = await TestHost.StartAsync(Map, null, time, new PartyGateway(afterwards));
        AssertSealed(await OpenAsync(later, captured), 400, "bad-date", RequestDate.ProblemType);
    }

    [Fact]
    public async Task Opens_with_a_replaced_key_during_the_grace_and_not_after_it()
    {
        await using var host = await StartAsync();
        var old = Key;
        time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        Assert.False(ring.RotateIfDue());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(ring.RotateIfDue());
        Assert.NotEqual(old.KeyId, Key.KeyId);
        Assert.DoesNotContain(ring.Gateway.Keys.Published, key => key.KeyId == old.KeyId);
        using (var graced = ObliviousClientRequest.Seal(old, Get("/stream")))
            Assert.Equal(200, (await OpenAsync(host, graced)).Status);
        Assert.Equal(200, (await ExchangeAsync(host, Get("/stream"))).Status);
        time.Advance(TimeSpan.FromDays(2));
        Assert.False(ring.RotateIfDue());
        using var late = ObliviousClientRequest.Seal(old, Get("/stream"));
        using var response = await PostAsync(host, late.Encapsulated);
        Assert.Equal(422, (int)response.StatusCode);
    }

    [Fact]
    public void Keeps_its_keys_in_a_file_that_only_the_owner_can_read()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        time.Advance(TimeSpan.FromDays(7));
        Assert.True(ring.RotateIfDue());
        using (var again = GatewayKeyRing.Open(KeyFile, time))
        {
            Assert.Equal(ring.Published, again.Published);
            using var old = ObliviousClientRequest.Seal(Key, "x"u8);
            Assert.Equal(Decapsulation.Opened, again.Gateway.Open(old.Encapsulated.Span, out _));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Throws<StorageException>(() => GatewayKeyRing.Open(KeyFile, time));
    }

    [Fact]
    public void Rotates_through_all_key_identifiers_and_starts_over()
    {
        var seen = new HashSet<byte>();
        for (var i = 0; i < 200; i++)
        {
            seen.Add(Key.KeyId);
            time.Advance(TimeSpan.FromDays(7));
            Assert.True(ring.RotateIfDue());
        }

        Assert.Equal(128, seen.Count);
    }

    private KeyConfiguration Key => ring.Gateway.Keys.Published[0];

    private BinaryRequest Get(string path) => new("GET", "https", "a", path, [RequestDate.Coarse(time)]);

    private static void AssertSealed(BinaryResponse answer, int status, string code, string? type = null)
    {
        Assert.Equal(status, answer.Status);
        Assert.True(StrictJson.TryRead(answer.Content.Span, ProtocolJson.Default.Problem, out var problem));
        Assert.Equal((code, type ?? $"urn:bauta:host:{code}"), (problem.Code, problem.Type));
    }

    private static async Task<HttpResponseMessage> PostAsync(
        TestHost host, ReadOnlyMemory<byte> bytes, string mediaType = "message/ohttp-req")
    {
        using var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return await host.Client.PostAsync(GatewayPath, content, Cancellation);
    }

    private async Task<BinaryResponse> ExchangeAsync(TestHost host, BinaryRequest request)
    {
        using var exchange = ObliviousClientRequest.Seal(Key, request);
        return await OpenAsync(host, exchange);
    }

    private static async Task<BinaryResponse> OpenAsync(TestHost host, ObliviousClientRequest exchange)
    {
        using var response = await PostAsync(host, exchange.Encapsulated);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(exchange.TryOpen(
            await response.Content.ReadAsByteArrayAsync(Cancellation), new BinaryHttpLimits(), out var answer));
        return answer;
    }

    private Task<TestHost> StartAsync() => TestHost.StartAsync(Map, null, time, new PartyGateway(ring));

    private static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPostAnswer("/echo/{name}", async context =>
        {
            var text = await context.ReadTextAsync(100);
            if (context.Request.Headers.ContentEncoding.Count > 0 && !text.IsOk)
                return Answer.Refuse(text);
            context.Response.Headers["X-Extra"] = "1";
            return Answer.Text(string.Join(' ', context.Request.Method, context.RouteText("name"),
                context.Request.QueryString, context.Request.Host, context.Request.Headers["Bauta-Read"], text.Value,
                $"remote: {context.Connection.RemoteIpAddress?.ToString() ?? "none"}"));
        });
        routes.MapMethods("/stream", ["GET"],
            (RequestDelegate)(context => context.Response.Body.WriteAsync("hello"u8.ToArray()).AsTask()));
        routes.MapMethods("/pipe", ["GET"],
            (RequestDelegate)(async context => await context.Response.BodyWriter.WriteAsync("hello"u8.ToArray())));
        routes.MapGetAnswer("/throw", _ => throw new InvalidOperationException("canary"));
        routes.MapMethods("/huge", ["GET"], (RequestDelegate)(async context =>
        {
            for (var i = 0; i < 40; i++)
                await context.Response.Body.WriteAsync(new byte[64 * 1024]);
        }));
        routes.MapGetAnswer("/huge-answer", _ => Task.FromResult(Answer.Bytes(new byte[PaddingClasses.Largest])));
    }
}
