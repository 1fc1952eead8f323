using System.Net;
using System.Net.Sockets;

namespace Bauta.SystemTests.Faults;

/// <summary>What goes wrong with one exchange.</summary>
internal enum Fault
{
    FlipRequest,
    FlipAnswer,
    DropRequest,
    DropAnswer,
    Double,

    /// <summary>The caller hears nothing, and the request arrives after the next one on this link.</summary>
    Late,
    TruncateRequest,
    TruncateAnswer,
}

/// <summary>Moments of an exchange at which a process may die.</summary>
internal enum Moment
{
    /// <summary>The caller has sent; the party called has not received.</summary>
    Sent,

    /// <summary>The party called has received and works on it.</summary>
    Received,

    /// <summary>The party called has answered; the caller has not heard.</summary>
    Answered,

    /// <summary>The caller has heard.</summary>
    Heard,
}

/// <summary>A stretch of wire between two parties.</summary>
/// <param name="From">Who calls: a role's folder, or "customer" for whoever comes on the customer's behalf.</param>
/// <param name="To">Who is called.</param>
internal sealed record Link(string From, string To)
{
    public override string ToString() => $"{From}->{To}";
}

/// <summary>One request that a caller sent twice, with both answers.</summary>
internal sealed record Twice(Link Link, string Request, HttpBytes First, HttpBytes Second);

/// <summary>Says what happens to each exchange on all links.</summary>
internal interface IMeddler
{
    /// <summary>The fault for an exchange, or null.</summary>
    Fault? Choose(Link link, string request);

    /// <summary>Runs at each moment of each exchange; may kill a process.</summary>
    Task AtAsync(Link link, string request, Moment moment);

    /// <summary>Of a request that was doubled.</summary>
    void Doubled(Twice twice);

    /// <summary>Which bytes are hit.</summary>
    Random Random { get; }
}

/// <summary>
/// A proxy on one link: it reads each request whole, lets the meddler choose, and carries it to the party called over a
/// connection of its own. Every connection carries one exchange, so that no client resends by itself.
/// </summary>
internal sealed class LinkProxy : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(40);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly int target;
    private readonly IMeddler meddler;
    private readonly IPAddress source;
    private byte[]? late;

    /// <param name="link">From whom to whom.</param>
    /// <param name="target">The port of the party called.</param>
    /// <param name="meddler">Chooses what happens.</param>
    /// <param name="source">The address that the party called sees, on this machine.</param>
    public LinkProxy(Link link, int target, IMeddler meddler, IPAddress? source = null)
    {
        (Link, this.target, this.meddler) = (link, target, meddler);
        this.source = source ?? IPAddress.Loopback;
        listener.Start();
        _ = AcceptAsync();
    }

    public Link Link { get; }

    public string Origin => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Lets a request that is still held back arrive.</summary>
    public async Task ReleaseAsync()
    {
        if (Interlocked.Exchange(ref late, null) is { } held)
            await CarryAsync(held, NothingHappens, isCut: false);
    }

    public void Dispose()
    {
        stopping.Cancel();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(patience);
        try
        {
            var stream = client.GetStream();
            if (await HttpBytes.ReadAsync(stream, isAnswer: false, limit.Token) is { } request)
                await MeddleAsync(request, stream);
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
        {
            // One side is gone; the other one sees its connection close.
        }
    }

    private async Task MeddleAsync(HttpBytes request, NetworkStream caller)
    {
        var line = request.FirstLine;
        var fault = meddler.Choose(Link, line);
        await meddler.AtAsync(Link, line, Moment.Sent);
        if (fault == Fault.DropRequest)
            return;
        if (fault == Fault.Late)
        {
            await ReleaseAsync();
            late = request.Bytes;
            return;
        }

        var sent = fault switch
        {
            Fault.FlipRequest => request.Flipped(meddler.Random),
            Fault.TruncateRequest => request.Bytes[..meddler.Random.Next(1, request.Bytes.Length)],
            _ => request.Bytes,
        };
        var answer = await CarryAsync(
            sent, () => meddler.AtAsync(Link, line, Moment.Received), isCut: fault == Fault.TruncateRequest);
        if (fault == Fault.Double && answer is not null
            && await CarryAsync(sent, NothingHappens, isCut: false) is { } second)
        {
            meddler.Doubled(new Twice(Link, line, answer, second));
            // Sealed bytes that come again are refused; whoever sent them is answered once.
            if (!request.IsSealed || second.Status == answer.Status)
                answer = second;
        }

        await meddler.AtAsync(Link, line, Moment.Answered);
        await ReleaseAsync();
        if (answer is null || fault == Fault.DropAnswer)
            return;
        answer = answer.WithClose();
        await caller.WriteAsync(fault switch
        {
            Fault.FlipAnswer => answer.Flipped(meddler.Random),
            Fault.TruncateAnswer => answer.Bytes[..meddler.Random.Next(1, answer.Bytes.Length)],
            _ => answer.Bytes,
        });
        await meddler.AtAsync(Link, line, Moment.Heard);
    }

    private static Task NothingHappens() => Task.CompletedTask;

    private async Task<HttpBytes?> CarryAsync(byte[] request, Func<Task> received, bool isCut)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(patience);
        try
        {
            using var party = new TcpClient(new IPEndPoint(source, 0));
            await party.ConnectAsync(IPAddress.Loopback, target, limit.Token);
            var stream = party.GetStream();
            await stream.WriteAsync(request, limit.Token);
            await received();
            if (isCut)
                party.Client.Shutdown(SocketShutdown.Send);
            return await HttpBytes.ReadAsync(stream, isAnswer: true, limit.Token);
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
        {
            return null;
        }
    }
}
