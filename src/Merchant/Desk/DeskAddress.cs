using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Bauta.Protocol.Relay;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Bauta.Merchant.Desk;

/// <summary>
/// Where a desk listens: <c>unix:PATH</c>, or <c>http://127.0.0.1:PORT</c>. Nothing that another machine can reach.
/// </summary>
public sealed class DeskAddress
{
    // sockaddr_un of Linux: 108 bytes with the final zero.
    private const int MaxSocketPathLength = 107;
    private const string UnixPrefix = "unix:";

    private readonly string? socketPath;
    private readonly int port;

    private DeskAddress(string? socketPath, int port) => (this.socketPath, this.port) = (socketPath, port);

    public static DeskAddress Parse(string text) => TryParse(text, out var address)
        ? address
        : throw new FormatException(
            $"A desk listens at unix:PATH (at most {MaxSocketPathLength} bytes) or at http://127.0.0.1:PORT.");

    public static bool TryParse(string? text, [NotNullWhen(true)] out DeskAddress? address)
    {
        address = null;
        if (text is null)
            return false;
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            var given = text[UnixPrefix.Length..];
            if (given.Length == 0 || given.EndsWith('/'))
                return false;
            var path = Path.GetFullPath(given);
            if (Encoding.UTF8.GetByteCount(path) <= MaxSocketPathLength)
                address = new DeskAddress(path, 0);
        }
        else if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp
            && uri.Host == "127.0.0.1" && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0)
        {
            address = new DeskAddress(null, uri.Port);
        }

        return address is not null;
    }

    /// <summary>Makes a server listen here. A socket left behind by a process that was killed is removed.</summary>
    public void Listen(KestrelServerOptions server)
    {
        if (socketPath is null)
        {
            server.Listen(IPAddress.Loopback, port);
            return;
        }

        File.Delete(socketPath);
        server.ListenUnixSocket(socketPath);
    }

    public override string ToString() => socketPath is null ? $"http://127.0.0.1:{port}" : UnixPrefix + socketPath;

    internal HttpClient CreateClient(DeskToken token)
    {
        var handler = PartyTransport.NewSockets();
        if (socketPath is not null)
            handler.ConnectCallback = async (_, cancellation) => await ConnectAsync(socketPath, cancellation);
        // No time-out of its own: a large file takes as long as its disk; the caller's token ends it.
        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri($"http://127.0.0.1:{(socketPath is null ? port : 80)}/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(token.Header());
        return client;
    }

    private static async Task<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
