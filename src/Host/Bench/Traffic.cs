using Bauta.Protocol.Relay;

namespace Bauta.Host.Bench;

/// <summary>Messages that the customers sent and got, and the bytes in their bodies: with masks, as sealed and
/// padded.</summary>
internal sealed record Traffic(long Messages, long Bytes)
{
    public static Traffic operator -(Traffic after, Traffic before) =>
        new(after.Messages - before.Messages, after.Bytes - before.Bytes);
}

/// <summary>Counts on the way to the network.</summary>
internal sealed class TrafficMeter() : DelegatingHandler(PartyTransport.NewSockets())
{
    private long messages;
    private long bytes;

    public Traffic SoFar => new(Interlocked.Read(ref messages), Interlocked.Read(ref bytes));

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        Interlocked.Add(ref messages, 2);
        Interlocked.Add(
            ref bytes, (request.Content?.Headers.ContentLength ?? 0) + (answer.Content.Headers.ContentLength ?? 0));
        return answer;
    }
}
