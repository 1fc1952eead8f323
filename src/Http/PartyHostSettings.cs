using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Bauta.Http;

/// <summary>How a role listens. The defaults are for one machine and bounded everywhere.</summary>
public sealed record PartyHostSettings
{
    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>With a certificate the port speaks TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The largest request body in bytes; each route reads at most its own cap.</summary>
    public int MaxBodyLength { get; init; } = 2 * 1024 * 1024;

    /// <summary>Request bodies that are arriving, all together, in bytes; more are answered 503.</summary>
    public long MaxArrivingLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>All request headers together, in bytes.</summary>
    public int MaxHeadersLength { get; init; } = 16 * 1024;

    /// <summary>Number of request headers.</summary>
    public int MaxHeaderCount { get; init; } = 32;

    /// <summary>The request line, in bytes.</summary>
    public int MaxRequestLineLength { get; init; } = 4 * 1024;

    /// <summary>Open connections in all.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Open connections from one source; 0 is no limit.</summary>
    public int MaxConnectionsPerSource { get; init; } = 512;

    /// <summary>Requests a second from one source in the long run; 0 is no limit.</summary>
    public int RequestsPerSecondPerSource { get; init; } = 1000;

    /// <summary>Requests from one source at once, before the rate applies.</summary>
    public int BurstPerSource { get; init; } = 2000;

    /// <summary>
    /// Sources without a limit of their own: the masks of this network, which carry many clients each.
    /// </summary>
    public IReadOnlyList<IPAddress> UnlimitedSources { get; init; } = [];

    /// <summary>Where requests are counted; nowhere when null.</summary>
    public PartyMetrics? Metrics { get; init; }

    /// <summary>The time for all headers of a request.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may idle.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The least bytes a second of a body in either direction, after the grace.</summary>
    public int MinBytesPerSecond { get; init; } = 4096;

    /// <summary>How long a body may be slower; more than one second.</summary>
    public TimeSpan MinRateGrace { get; init; } = TimeSpan.FromSeconds(5);
}
