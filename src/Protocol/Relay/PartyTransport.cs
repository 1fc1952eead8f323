using System.Collections.Concurrent;
using Bauta.Crypto.BinaryHttp;
using Bauta.Protocol.Parties;

namespace Bauta.Protocol.Relay;

/// <summary>
/// Gives out the HTTP clients of parties over one route, with pooled connections that follow no redirect, keep no
/// cookie, use no proxy, decompress nothing and add no trace. Thread-safe.
/// </summary>
public sealed class PartyTransport : IDisposable
{
    /// <summary>How long one exchange may take, all of it, unless told otherwise.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, PartyAddress> known = new(StringComparer.Ordinal);
    private readonly HttpMessageHandler sockets;
    private readonly HttpMessageInvoker wire;
    private readonly HttpMessageHandler handler;
    private readonly PartyCards cards;
    private readonly TimeSpan timeout;

    /// <summary>Makes a transport.</summary>
    /// <param name="route">The choice of masks.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="timeout">For one exchange, all of it; 30 seconds unless given.</param>
    /// <param name="cardMaxAge">How long a party card is kept.</param>
    /// <param name="sockets">Another way to the network than the usual one, owned by the transport from here on: for
    /// tests, and for the demo's customer, who has an address of his own.</param>
    public PartyTransport(
        MaskRoute route, TimeProvider clock, TimeSpan? timeout = null, TimeSpan? cardMaxAge = null,
        HttpMessageHandler? sockets = null)
    {
        Route = route;
        this.timeout = timeout ?? DefaultTimeout;
        this.sockets = sockets ?? NewSockets();
        wire = new HttpMessageInvoker(this.sockets, disposeHandler: false);
        if (route.Opener is null)
        {
            cards = new PartyCards(
                (party, cancellation) =>
                    Wire.GetCardAsync(wire, new Uri(party.Root, PartyCard.Path), cancellation),
                clock, cardMaxAge);
            handler = this.sockets;
            return;
        }

        var chain = new MaskChain(wire, route, clock);
        cards = new PartyCards((party, cancellation) => FetchAsync(chain, party, cancellation), clock, cardMaxAge);
        handler = new MaskedHandler(chain, PartyOf, cards, clock);
    }

    /// <summary>The choice of masks.</summary>
    public MaskRoute Route { get; }

    /// <summary>Sockets as every party uses them.</summary>
    public static SocketsHttpHandler NewSockets() => new()
    {
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        MaxConnectionsPerServer = 256,
        MaxResponseHeadersLength = 16,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    };

    /// <summary>
    /// A client of one party; its base address is the party's. The caller disposes it, the pool stays.
    /// </summary>
    public HttpClient ClientFor(PartyAddress party)
    {
        var seen = known.GetOrAdd(party.Origin, party);
        if (seen.Thumbprint != party.Thumbprint)
            throw new InvalidOperationException("This party is already known by another identity key.");
        return NewClient(party.Root);
    }

    /// <summary>A client of a party whose identity key is not needed; only without masks.</summary>
    public HttpClient ClientFor(Uri root) => Route.Opener is null
        ? NewClient(root)
        : throw new InvalidOperationException("Through masks a party is called by its address and identity key.");

    /// <summary>The card of a party, fetched over the route and verified against its identity key.</summary>
    /// <exception cref="PartyUnreachableException">It could not be fetched.</exception>
    /// <exception cref="ProtocolViolationException">What came is not this party's card, or older than one
    /// seen.</exception>
    public async Task<Signed<PartyCard>> CardAsync(PartyAddress party, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            return await cards.GetAsync(party, limit.Token);
        }
        catch (HttpRequestException failure)
        {
            throw new PartyUnreachableException($"No answer from {party.Origin}.", failure);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new PartyUnreachableException($"No answer from {party.Origin} in time.", late);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        handler.Dispose();
        wire.Dispose();
        sockets.Dispose();
    }

    private static async Task<byte[]> FetchAsync(
        MaskChain chain, PartyAddress party, CancellationToken cancellation)
    {
        var answer = await chain.SendAsync(
            new BinaryRequest("GET", party.Root.Scheme, party.Root.Authority.ToLowerInvariant(), PartyCard.Path),
            cancellation);
        return answer.Status == 200 && answer.Content.Length <= PartyCard.MaxLength
            ? answer.Content.ToArray()
            : throw new HttpRequestException(
                $"The card was answered with {answer.Status}.", null, (System.Net.HttpStatusCode)answer.Status);
    }

    private PartyAddress PartyOf(Uri target) => known.TryGetValue(PartyAddress.OriginOf(target), out var party)
        ? party
        : throw new InvalidOperationException("The client was not made for this party.");

    private HttpClient NewClient(Uri root) =>
        new(handler, disposeHandler: false) { BaseAddress = root, Timeout = timeout };
}
