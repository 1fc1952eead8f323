using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bauta.Tests.Relay;

/// <summary>Stands in front of a port and keeps every byte that passes, in both directions.</summary>
internal sealed class WireTap : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly MemoryStream up = new();
    private readonly MemoryStream down = new();
    private readonly List<string> sources = [];
    private readonly Task accepting;

    public WireTap(Func<int> targetPort)
    {
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync(targetPort);
    }

    public int Port { get; }

    public Uri Root => new($"http://127.0.0.1:{Port}/");

    public string Authority => $"127.0.0.1:{Port}";

    /// <summary>All bytes, as Latin-1.</summary>
    public string Text => Up + Down;

    public string Up => Read(up);

    public string Down => Read(down);

    /// <summary>Who connected.</summary>
    public string[] Sources
    {
        get
        {
            lock (gate)
                return [.. sources];
        }
    }

    public void Forget()
    {
        lock (gate)
        {
            up.SetLength(0);
            down.SetLength(0);
        }
    }

    /// <summary>Cuts the wire; may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
    }

    private string Read(MemoryStream bytes)
    {
        lock (gate)
            return Encoding.Latin1.GetString(bytes.ToArray());
    }

    private async Task AcceptAsync(Func<int> targetPort)
    {
        try
        {
            while (true)
            {
                var incoming = await listener.AcceptSocketAsync(stopping.Token);
                lock (gate)
                    sources.Add(((IPEndPoint)incoming.RemoteEndPoint!).Address.ToString());
                _ = CarryAsync(incoming, targetPort());
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task CarryAsync(Socket incoming, int port)
    {
        using var near = new NetworkStream(incoming, ownsSocket: true);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, stopping.Token);
            using var far = client.GetStream();
            await Task.WhenAny(CopyAsync(near, far, up), CopyAsync(far, near, down));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or IOException)
        {
            // A hop that is down looks like this from here.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, MemoryStream kept)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await from.ReadAsync(buffer, stopping.Token)) > 0;)
        {
            lock (gate)
                kept.Write(buffer, 0, count);
            await to.WriteAsync(buffer.AsMemory(0, count), stopping.Token);
        }
    }
}
