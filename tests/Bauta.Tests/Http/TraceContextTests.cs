using System.Diagnostics;
using Bauta.Http;
using Bauta.Protocol.Relay;
using Xunit;

namespace Bauta.Tests.Http;

/// <summary>
/// A trace context that went from party to party would join what each of them sees. It is neither taken nor given, also
/// where a tracer or a debugger makes the runtime trace.
/// </summary>
public sealed class TraceContextTests
{
    private const string Canary = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trace_context_from_outside_is_not_continued_and_none_is_sent_on()
    {
        using var tracing = Tracing();
        await using var behind = await TestHost.StartAsync(routes => routes.MapGetAnswer("/", context =>
            Task.FromResult(Answer.Text(string.Join(' ', context.Request.Headers.Keys.Order())))));
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        using var client = transport.ClientFor(behind.Address);
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer("/", async context =>
        {
            // The runtime traces, so there is a context that could be sent on.
            var activity = Activity.Current;
            Assert.NotNull(activity);
            return Answer.Text($"{activity.TraceId} {activity.ParentId} {activity.TraceStateString} "
                + string.Join(' ', activity.Baggage) + " sent: " + await client.GetStringAsync("", Cancellation));
        }));

        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("traceparent", $"00-{Canary}-00f067aa0ba902b7-01");
        request.Headers.Add("tracestate", "canary=1");
        request.Headers.Add("baggage", "canary=1");
        using var response = await host.Client.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.EndsWith("sent: Host", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_sends_no_trace_context_of_the_program_that_makes_it()
    {
        using var tracing = Tracing();
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer("/", context =>
            Task.FromResult(Answer.Text(string.Join(' ', context.Request.Headers.Keys.Order())))));
        using var activity = new Activity("a purchase").SetBaggage("purchase", "canary").Start();

        // So that this would be seen: a client of the framework sends it.
        var ordinary = await host.Client.GetStringAsync("/", Cancellation);
        Assert.Contains("traceparent", ordinary, StringComparison.OrdinalIgnoreCase);
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        using var client = transport.ClientFor(host.Address);
        Assert.Equal("Host", await client.GetStringAsync("", Cancellation));
    }

    private static ActivityListener Tracing()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "System.Net.Http",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
