using System.Net;
using System.Net.Http.Headers;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol.Relay;
using Bauta.Relay;
using Xunit;

namespace Bauta.Tests.Http;

public sealed class PartyMetricsTests : IDisposable
{
    private const string Duration = "http.server.request.duration";
    private const string Ok = " http.response.status_code=200";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("bauta");
    private readonly ManualTime time = new();
    private readonly GatewayKeyRing ring;
    private readonly PartyMetrics metrics;
    private readonly MetricCatcher caught;

    public PartyMetricsTests()
    {
        ring = GatewayKeyRing.Open(Path.Combine(directory.FullName, "gateway.json"), time);
        metrics = new PartyMetrics(time);
        caught = new MetricCatcher(metrics);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        caught.Dispose();
        metrics.Dispose();
        ring.Dispose();
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Counts_requests_by_template_and_refusals_by_code_and_keeps_no_text_of_a_client()
    {
        await using var host = await StartAsync(new PartyGateway(ring));
        Assert.Equal(200, await SendAsync(host, "GET", "/things/canary?canary=1"));
        Assert.Equal(404, await SendAsync(host, "GET", "/canary"));
        Assert.Equal(405, await SendAsync(host, "CANARY", "/things/1"));
        Assert.Equal(415, await SendAsync(host, "POST", "/things/1"));

        await AssertCountedAsync(
            $"0.005 http.request.method=GET{Ok} http.route=/things/{{name}}",
            $"0.005 error.type=urn:bauta:host:not-found http.request.method=GET"
                + " http.response.status_code=404",
            $"0.005 error.type=urn:bauta:host:method-not-allowed http.request.method=_OTHER"
                + " http.response.status_code=405",
            $"0.005 error.type=urn:bauta:host:unsupported-media-type http.request.method=POST"
                + " http.response.status_code=415 http.route=/things/{name}");
    }

    [Fact]
    public async Task Counts_what_was_sealed_once_more_as_the_request_that_it_is()
    {
        await using var host = await StartAsync(new PartyGateway(ring));
        Assert.Equal(200, await ExchangeAsync(host, "/things/canary"));
        Assert.Equal(404, await ExchangeAsync(host, "/canary"));
        Assert.Equal(400, await ExchangeAsync(host, "/things/1", isDated: false));

        var gateway = $"http.request.method=POST{Ok} http.route={PartyGateway.Path}";
        await AssertCountedAsync(
            $"0.005 http.request.method=GET{Ok} http.route=/things/{{name}}",
            $"0.005 {gateway}",
            $"0.005 error.type=urn:bauta:host:not-found http.request.method=GET"
                + " http.response.status_code=404",
            $"0.005 {gateway}",
            $"0.005 error.type=https://iana.org/assignments/http-problem-types#date {gateway}");
    }

    [Fact]
    public async Task Counts_what_a_mask_refuses_inside_the_seal()
    {
        using var key = Bauta.Crypto.Jose.P256PrivateKey.Generate();
        using var mask = new Mask(
            new MaskOptions { Name = "mask.example", Targets = ["https://a.example"] }, key, ring, time, metrics);
        await using var host = await StartAsync(mask.Gateway);
        Assert.Equal(403, await ExchangeAsync(host, "/canary"));

        await AssertCountedAsync(
            $"0.005 error.type=urn:bauta:mask:target-not-allowed http.request.method=POST{Ok}"
                + $" http.route={PartyGateway.Path}");
    }

    [Theory]
    [InlineData(0, "0.005")]
    [InlineData(6, "0.01")]
    [InlineData(1234, "2.5")]
    [InlineData(10_001, "30")]
    public async Task Says_no_duration_more_exactly_than_its_bound(int milliseconds, string recorded)
    {
        await using var host = await StartAsync(
            new PartyGateway(ring), () => time.Advance(TimeSpan.FromMilliseconds(milliseconds)));
        Assert.Equal(200, await SendAsync(host, "GET", "/things/1"));
        await AssertCountedAsync($"{recorded} http.request.method=GET{Ok} http.route=/things/{{name}}");
    }

    [Fact]
    public async Task A_mask_counts_how_many_left_together()
    {
        var sizes = new List<int>();
        var batch = new Batch(TimeSpan.FromMilliseconds(100), TimeProvider.System, sizes.Add);
        await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => batch.WaitAsync(Cancellation)));
        Assert.Equal([7], sizes);
    }

    private Task<TestHost> StartAsync(PartyGateway gateway, Action? meanwhile = null) => TestHost.StartAsync(
        routes =>
        {
            routes.MapGetAnswer("/things/{name}", context =>
            {
                meanwhile?.Invoke();
                return Task.FromResult(Answer.Text(context.RouteText("name")));
            });
            routes.MapPostAnswer("/things/{name}", async context =>
                Answer.Refuse(await context.ReadBytesAsync("application/jose", 10)));
        },
        null, time, gateway, metrics);

    private async Task AssertCountedAsync(params string[] expected)
    {
        // A request is counted once its answer has been sent, so the client may be here first.
        for (var tries = 0; caught.Lines.Count < expected.Length && tries < 500; tries++)
            await Task.Delay(10, Cancellation);
        Assert.Equal(
            expected.Select(labels => $"{Duration} {labels}").Order(StringComparer.Ordinal),
            caught.Lines.Order(StringComparer.Ordinal));
    }

    private static async Task<int> SendAsync(TestHost host, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await host.Client.SendAsync(request, Cancellation);
        return (int)response.StatusCode;
    }

    private async Task<int> ExchangeAsync(TestHost host, string path, bool isDated = true)
    {
        using var exchange = ObliviousClientRequest.Seal(
            ring.Gateway.Keys.Published[0],
            new BinaryRequest("GET", "canary", "canary", path, isDated ? [RequestDate.Coarse(time)] : []));
        using var content = new ByteArrayContent(exchange.Encapsulated.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("message/ohttp-req");
        using var response = await host.Client.PostAsync(MaskRoute.GatewayPath, content, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(exchange.TryOpen(
            await response.Content.ReadAsByteArrayAsync(Cancellation), new BinaryHttpLimits(), out var answer));
        return answer.Status;
    }
}
