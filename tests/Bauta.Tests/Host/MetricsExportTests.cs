using System.Net;
using System.Net.Sockets;
using System.Text;
using Bauta.Host.Config;
using Bauta.Host.Init;
using Bauta.Host.Roles;
using Bauta.Http;
using Bauta.Tests.Http;
using Microsoft.Extensions.Logging;
using Xunit;
using PartyRoles = Bauta.Protocol.Parties.Roles;

namespace Bauta.Tests.Host;

public sealed class MetricsExportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("bauta-metrics-").FullName;
    private readonly LogCatcher log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        log.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_role_hands_sums_to_its_collector_and_nothing_about_a_request_or_the_machine()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        // Another role of the same process, which nobody calls.
        await using (await StartAsync(PartyRoles.Mask, receiver.AddressFor("mask")))
        await using (var role = await StartAsync(PartyRoles.Acquirer, receiver.AddressFor("acquirer")))
        {
            using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = role.Address };
            foreach (var path in new[] { "health", "canary", "health?canary" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Add("traceparent", "00-ca9a47ca9a47ca9a47ca9a47ca9a47ca-00f067aa0ba902b7-01");
                request.Headers.UserAgent.ParseAdd("canary");
                using var response = await http.SendAsync(request, Cancellation);
            }
        }

        var report = receiver.ReportsOf("acquirer")[^1];
        Assert.Equal(
            [("service.instance.id", "acquirer.example"), ("service.name", "acquirer"), ("service.namespace", "bauta")],
            OtlpReceiver.SenderOf(report).Select(one => (one.Key, one.Value)).Order());
        var metrics = OtlpReceiver.MetricsOf(report);
        var requests = metrics["http.server.request.duration"].ToArray();
        Assert.Equal(
            ["GET 200 /health ", "GET 404  urn:bauta:host:not-found"],
            requests.Select(point => string.Join(' ', ((string[])
            [
                "http.request.method", "http.response.status_code", "http.route", "error.type",
            ]).Select(label => point.Labels.GetValueOrDefault(label)))).Order(StringComparer.Ordinal));
        // No exemplars, no least, no greatest; all sums are sums of bounds.
        Assert.All(requests, point => Assert.Empty(point.Fields.Intersect([8, 11, 12])));
        Assert.All(requests, point => Assert.Equal(0, point.Sum!.Value * 1000 % 5, 6));
        foreach (var name in new[] { "commits", "writes", "reruns", "healthy" })
            Assert.Single(metrics[$"bauta.database.{name}"]);
        Assert.Contains(metrics, metric => metric.Key == "dotnet.process.memory.working_set");
        Assert.Contains(metrics, metric => metric.Key.StartsWith("dotnet.gc.", StringComparison.Ordinal));
        Assert.All(metrics.SelectMany(metric => metric), point => Assert.Empty(point.Labels.Keys.Except(
            [.. PartyMetrics.Labels, "gc.heap.generation", "cpu.mode"])));

        foreach (var one in receiver.ReportsOf("acquirer").Concat(receiver.ReportsOf("mask")))
        {
            var all = one.Head + Encoding.Latin1.GetString(one.Body);
            foreach (var hidden in new[] { "canary", "ca9a47", folder, Environment.MachineName, "traceparent" })
                Assert.DoesNotContain(hidden, all, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("127.0.0.1", Encoding.Latin1.GetString(one.Body), StringComparison.Ordinal);
        }

        var other = OtlpReceiver.MetricsOf(receiver.ReportsOf("mask")[^1]);
        Assert.NotEmpty(other);
        Assert.Empty(other["http.server.request.duration"]);
        Assert.Empty(other["bauta.database.commits"]);
    }

    [Fact]
    public async Task A_role_whose_collector_does_not_answer_says_so_and_goes_on()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using (var role = await StartAsync(PartyRoles.Mask, $"http://127.0.0.1:{port}"))
        {
            using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = role.Address };
            Assert.Equal("ok\n", await http.GetStringAsync("health", Cancellation));
        }

        Assert.Contains("takes no metrics", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_collector_nothing_is_counted()
    {
        await using var role = await StartAsync(PartyRoles.Mask, null);
        Assert.Null(role.Metrics);
    }

    private async Task<RunningRole> StartAsync(string role, string? telemetry)
    {
        Create(PartyRoles.Bank);
        var config = ConfigFile.Read(role, Create(role)) with { Listen = "127.0.0.1:0", Telemetry = telemetry };
        return await RoleStarter.StartAsync(
            config, new RoleEnvironment(TimeProvider.System, logging => logging.AddProvider(log)), Cancellation);
    }

    private string Create(string role)
    {
        var made = new NewRole
        {
            Role = role,
            ConfigPath = Path.Combine(folder, $"{role}.json"),
            Name = $"{role}.example",
            Url = new Uri("http://127.0.0.1:1"),
        };
        if (!File.Exists(made.ConfigPath))
            RoleInit.Create(made, TimeProvider.System);
        return made.ConfigPath;
    }
}
