using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Bauta.Tests.Http;

public sealed class PartyHostTests
{
    private static readonly byte[] Chunk = new byte[64 * 1024];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_refusal_of_a_closed_list_is_read_back_by_the_client()
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer("/{code}", context =>
        {
            Assert.True(Refusals<BankError>.TryParse(context.RouteText("code"), out var error));
            return Task.FromResult(Answer.Json(
                Result<ReserveState, BankError>.Refuse(error, "why"), ProtocolJson.Default.ReserveState));
        }));
        var party = new PartyHttp<BankError>(host.Client);
        foreach (var (value, code, about) in Refusals<BankError>.All)
        {
            var answer = await party.GetAsync(code, ProtocolJson.Default.ReserveState, 1000, Cancellation);
            Assert.Equal(value, answer.Error);
            Assert.Equal("why", answer.Detail);
            using var raw = await host.Client.GetAsync(code, Cancellation);
            Assert.Equal(about.Status, (int)raw.StatusCode);
            Assert.Equal(Problem.MediaType, raw.Content.Headers.ContentType?.ToString());
            Assert.Equal($"urn:bauta:bank:{code}", (await ProblemAsync(raw)).Type);
        }
    }

    [Theory]
    [InlineData("GET", "/nothing", 404, "not-found")]
    [InlineData("GET", "/json", 405, "method-not-allowed")]
    [InlineData("GET", "/throw/1", 500, "internal")]
    [InlineData("GET", "/unreachable", 503, "unavailable")]
    public async Task Answers_what_fails_before_or_in_a_route_with_problem_details(
        string method, string path, int status, string code)
    {
        await using var host = await TestHost.StartAsync(MapAll);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await host.Client.SendAsync(request, Cancellation);
        await AssertRefusedAsync(response, status, code);
        Assert.Equal(code == "method-not-allowed", response.Content.Headers.Allow.Contains("POST"));
    }

    [Theory]
    [InlineData("{\"balance\":5}", "application/json", 200, "")]
    [InlineData("{\"balance\":5}", "Application/JSON; charset=UTF-8", 200, "")]
    [InlineData("{\"balance\":5}", "application/json; charset=latin1", 415, "unsupported-media-type")]
    [InlineData("{\"balance\":5}", "text/plain", 415, "unsupported-media-type")]
    [InlineData("{\"balance\":5}", null, 415, "unsupported-media-type")]
    [InlineData("{\"balance\":5,\"balance\":5}", "application/json", 400, "malformed")]
    [InlineData("{\"balance\":5,\"more\":1}", "application/json", 400, "malformed")]
    [InlineData("{\"balance\":5} ,", "application/json", 400, "malformed")]
    [InlineData("null", "application/json", 400, "malformed")]
    [InlineData("", "application/json", 400, "malformed")]
    public async Task Reads_a_json_body_strictly(string body, string? mediaType, int status, string code)
    {
        await using var host = await TestHost.StartAsync(MapAll);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        using var response = await host.Client.PostAsync("/json", content, Cancellation);
        if (status == 200)
            Assert.Equal("{\"balance\":5}", await response.Content.ReadAsStringAsync(Cancellation));
        else
            await AssertRefusedAsync(response, status, code);
    }

    [Fact]
    public async Task Refuses_a_compressed_body()
    {
        await using var host = await TestHost.StartAsync(MapAll);
        using var content = Typed("{\"balance\":5}"u8.ToArray(), "application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await host.Client.PostAsync("/json", content, Cancellation);
        await AssertRefusedAsync(response, 415, "unsupported-media-type");
    }

    [Theory]
    [InlineData(100, false, 200)]
    [InlineData(101, false, 413)]
    [InlineData(100, true, 200)]
    [InlineData(101, true, 413)]
    [InlineData(5000, true, 413)]
    public async Task Reads_a_body_up_to_the_cap_of_the_route(int length, bool chunked, int status)
    {
        await using var host = await TestHost.StartAsync(MapAll);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/bytes");
        request.Content = Typed(new byte[length], "application/octet-stream");
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await host.Client.SendAsync(request, Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 200)
            Assert.Equal(length, (await response.Content.ReadAsByteArrayAsync(Cancellation)).Length);
        else
            await AssertRefusedAsync(response, 413, "too-large");
    }

    [Fact]
    public async Task Reads_a_chunked_body_over_the_cap_of_the_host_as_too_large()
    {
        await using var host = await TestHost.StartAsync(MapAll, new() { MaxBodyLength = 50 });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/bytes");
        request.Content = Typed(new byte[80], "application/octet-stream");
        request.Headers.TransferEncodingChunked = true;
        using var response = await host.Client.SendAsync(request, Cancellation);
        await AssertRefusedAsync(response, 413, "too-large");
    }

    [Fact]
    public async Task Reads_and_answers_a_signed_statement_as_it_was_signed()
    {
        await using var host = await TestHost.StartAsync(MapAll);
        using var key = P256PrivateKey.Generate();
        var card = Signed<PartyCard>.Sign(key,
            new PartyCard(Roles.Witness, "w.example", key.PublicKey.Spki, [], UnixTime.FromSeconds(1)));
        using var response = await host.Client.PostAsync("/statement", JsonBody.Jose(card), Cancellation);
        Assert.Equal(card.Text, await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("application/jose", response.Content.Headers.ContentType?.ToString());
        using var broken = Typed(Encoding.ASCII.GetBytes(card.Text + "."), "application/jose");
        using var refused = await host.Client.PostAsync("/statement", broken, Cancellation);
        await AssertRefusedAsync(refused, 400, "malformed");
    }

    [Fact]
    public async Task Publishes_card_and_health()
    {
        using var key = P256PrivateKey.Generate();
        var card = Signed<PartyCard>.Sign(key,
            new PartyCard(Roles.Witness, "w.example", key.PublicKey.Spki, [], UnixTime.FromSeconds(1)));
        var well = true;
        await using var host = await TestHost.StartAsync(routes =>
        {
            routes.MapPartyCard(() => card);
            routes.MapHealth(_ => Task.FromResult(well));
        });
        Assert.Equal(card.Text, await host.Client.GetStringAsync(".well-known/bauta", Cancellation));
        Assert.Equal("ok\n", await host.Client.GetStringAsync("health", Cancellation));
        well = false;
        using var ill = await host.Client.GetAsync("health", Cancellation);
        await AssertRefusedAsync(ill, 503, "unavailable");
    }

    [Fact]
    public async Task Names_no_server_and_logs_no_path_message_or_address()
    {
        await using var host = await TestHost.StartAsync(MapAll);
        foreach (var path in new[] { "throw/canary-1", "nothing/canary-1", "unreachable?canary-1", "health" })
        {
            using var response = await host.Client.GetAsync(path, Cancellation);
            Assert.False(response.Headers.Contains("Server"));
            Assert.DoesNotContain("canary", await response.Content.ReadAsStringAsync(Cancellation),
                StringComparison.Ordinal);
        }

        Assert.Contains("/throw/{id}", host.Log.Text, StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException", host.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", host.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", host.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_a_source_and_says_when_to_come_back()
    {
        var time = new ManualTime();
        await using var host = await TestHost.StartAsync(MapAll,
            new() { RequestsPerSecondPerSource = 1, BurstPerSource = 3 }, time);
        for (var i = 0; i < 3; i++)
            Assert.Equal("ok\n", await host.Client.GetStringAsync("health", Cancellation));
        using var response = await host.Client.GetAsync("health", Cancellation);
        await AssertRefusedAsync(response, 429, "rate-limited");
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("ok\n", await host.Client.GetStringAsync("health", Cancellation));
    }

    [Fact]
    public async Task Leaves_a_named_source_without_limits_of_its_own()
    {
        await using var host = await TestHost.StartAsync(MapAll, new()
        {
            RequestsPerSecondPerSource = 1,
            BurstPerSource = 1,
            MaxConnectionsPerSource = 1,
            UnlimitedSources = [IPAddress.Loopback],
        });
        await using var idle = await host.ConnectAsync();
        for (var i = 0; i < 3; i++)
            Assert.Equal("ok\n", await host.Client.GetStringAsync("health", Cancellation));
    }

    [Fact]
    public async Task Speaks_TLS_when_it_has_a_certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(start, start.AddYears(50));
        await using var host = await TestHost.StartAsync(MapAll, new() { Certificate = certificate });
        Assert.Equal("https", host.Address.Scheme);
        using var sockets = PartyTransport.NewSockets();
        sockets.SslOptions.RemoteCertificateValidationCallback =
            (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString();
        using var client = new HttpClient(sockets, disposeHandler: false);
        Assert.Equal("ok\n", await client.GetStringAsync(new Uri(host.Address, "health"), Cancellation));
    }

    [Fact]
    public async Task Closes_a_connection_over_the_limit_of_its_source()
    {
        await using var host = await TestHost.StartAsync(MapAll, new() { MaxConnectionsPerSource = 2 });
        const string request = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
        await using var first = await host.ConnectAsync(request);
        await using var second = await host.ConnectAsync(request);
        var buffer = new byte[1];
        Assert.Equal(1, await first.ReadAsync(buffer, Cancellation));
        Assert.Equal(1, await second.ReadAsync(buffer, Cancellation));
        try
        {
            await using var third = await host.ConnectAsync(request);
            Assert.Empty(await TestHost.ReadToEndAsync(third));
        }
        catch (Exception reset) when (reset is SocketException or IOException)
        {
            // Closed while it was being opened.
        }
    }

    [Fact]
    public async Task Cuts_a_client_that_dribbles_headers()
    {
        await using var host = await TestHost.StartAsync(MapAll, new() { HeadersTimeout = TimeSpan.FromSeconds(1) });
        await using var stream = await host.ConnectAsync("GET /health HTTP/1.1\r\nHost: a\r\n");
        var text = Encoding.ASCII.GetString(await TestHost.ReadToEndAsync(stream));
        Assert.StartsWith("HTTP/1.1 408", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cuts_a_client_that_dribbles_a_body()
    {
        await using var host = await TestHost.StartAsync(MapAll, new() { MinRateGrace = TimeSpan.FromSeconds(1.1) });
        await using var stream = await host.ConnectAsync(
            "POST /bytes HTTP/1.1\r\nHost: a\r\n"
            + "Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nab");
        var text = Encoding.ASCII.GetString(await TestHost.ReadToEndAsync(stream));
        Assert.StartsWith("HTTP/1.1 408", text, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"timeout\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_body_that_is_announced_too_long_before_it_comes()
    {
        await using var host = await TestHost.StartAsync(MapAll);
        await using var stream = await host.ConnectAsync(
            "POST /bytes HTTP/1.1\r\nHost: a\r\n"
            + "Content-Type: application/octet-stream\r\nContent-Length: 101\r\n\r\n");
        var status = new byte[12];
        await stream.ReadExactlyAsync(status, Cancellation);
        Assert.Equal("HTTP/1.1 413", Encoding.ASCII.GetString(status));
    }

    [Fact]
    public async Task Holds_no_more_of_bodies_that_come_slowly_than_it_has_room_for()
    {
        await using var host = await TestHost.StartAsync(
            routes => routes.MapPostAnswer("/all", async context =>
                await context.ReadBytesAsync("application/octet-stream", 90_000) is { IsOk: false } refused
                    ? Answer.Refuse(refused)
                    : Answer.Empty()),
            new() { MaxArrivingLength = 80_000 });
        await using (var slow = await host.ConnectAsync(
            "POST /all HTTP/1.1\r\nHost: a\r\n"
            + $"Content-Type: application/octet-stream\r\nContent-Length: 90000\r\n\r\n{new string('a', 60_000)}"))
        {
            for (var tries = 0; await PostAsync(90_000) != 503; tries++)
                Assert.True(tries < 100, "A body that stays half way takes no room.");
            Assert.Equal(204, await PostAsync(10_000));
        }

        for (var tries = 0; await PostAsync(90_000) != 204; tries++)
        {
            Assert.True(tries < 100, "The room is not given back.");
            await Task.Delay(50, Cancellation);
        }

        async Task<int> PostAsync(int length)
        {
            using var body = new ByteArrayContent(new byte[length]);
            body.Headers.ContentType = new("application/octet-stream");
            using var answer = await host.Client.PostAsync(new Uri("all", UriKind.Relative), body, Cancellation);
            await Task.Delay(20, Cancellation);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task Cuts_a_client_that_does_not_read()
    {
        await using var host = await TestHost.StartAsync(MapAll,
            new() { MinRateGrace = TimeSpan.FromSeconds(1.1), MinBytesPerSecond = 16 * 1024 * 1024 });
        await using var stream = await host.ConnectAsync("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
        await AbortedAsync();
        Assert.NotEmpty(await TestHost.ReadToEndAsync(stream));
    }

    [Theory]
    [InlineData(31, 10, "200")]
    [InlineData(32, 10, "431")]
    [InlineData(5, 5000, "431")]
    public async Task Caps_the_number_and_size_of_headers(int count, int length, string status)
    {
        await using var host = await TestHost.StartAsync(MapAll);
        var headers = string.Concat(
            Enumerable.Range(0, count - 1).Select(i => $"X-{i}: {new string('a', length)}\r\n"));
        await using var stream = await host.ConnectAsync(
            $"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        var text = Encoding.ASCII.GetString(await TestHost.ReadToEndAsync(stream));
        Assert.StartsWith($"HTTP/1.1 {status}", text, StringComparison.Ordinal);
    }

    private static TaskCompletionSource aborted = new();

    private static Task AbortedAsync() => aborted.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

    private static void MapAll(IEndpointRouteBuilder routes)
    {
        aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        routes.MapHealth();
        routes.MapPostAnswer("/json", async context =>
        {
            var body = await context.ReadJsonAsync(ProtocolJson.Default.ReserveState, 100);
            return Answer.Json(body, ProtocolJson.Default.ReserveState);
        });
        routes.MapPostAnswer("/bytes", async context =>
            Answer.Bytes(await context.ReadBytesAsync("application/octet-stream", 100), "application/octet-stream"));
        routes.MapPostAnswer("/statement", async context =>
            Answer.Statement(await context.ReadStatementAsync<PartyCard>()));
        routes.MapGetAnswer("/throw/{id}", context =>
            throw new InvalidOperationException($"This quotes {context.RouteText("id")}."));
        routes.MapGetAnswer("/unreachable", context =>
            throw new PartyUnreachableException($"This quotes {context.Request.QueryString}."));
        routes.MapMethods("/endless", ["GET"], (RequestDelegate)(async context =>
        {
            try
            {
                while (true)
                    await context.Response.Body.WriteAsync(Chunk, context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                aborted.SetResult();
            }
        }));
    }

    private static ByteArrayContent Typed(byte[] bytes, string mediaType)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    private static async Task<Problem> ProblemAsync(HttpResponseMessage response)
    {
        Assert.True(StrictJson.TryRead(
            await response.Content.ReadAsByteArrayAsync(Cancellation), ProtocolJson.Default.Problem, out var problem));
        return problem;
    }

    internal static async Task AssertRefusedAsync(HttpResponseMessage response, int status, string code)
    {
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        var problem = await ProblemAsync(response);
        Assert.Equal((status, code, $"urn:bauta:host:{code}"), (problem.Status, problem.Code, problem.Type));
    }
}
