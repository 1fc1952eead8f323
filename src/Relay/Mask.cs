using System.Diagnostics.Metrics;
using Bauta.Crypto.Jose;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Relay.Carry;
using Bauta.Relay.Open;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Relay;

/// <summary>
/// A mask. It can be a first one (it carries sealed requests on to one other mask), a second one (it opens the outer
/// layer and forwards to the parties on its list), or either for different clients. It keeps nothing.
/// </summary>
public sealed class Mask : IDisposable
{
    private readonly HttpMessageInvoker wire;
    private readonly Carrier carrier;
    private readonly PartyCardSource card;

    /// <summary>Makes a mask.</summary>
    /// <param name="options">What it does.</param>
    /// <param name="identity">Signs its card.</param>
    /// <param name="ring">The keys of its gateway.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Where batches are counted; nowhere when null.</param>
    public Mask(
        MaskOptions options, ISigner identity, GatewayKeyRing ring, TimeProvider time, PartyMetrics? metrics = null)
    {
        options.Validate();
        wire = new HttpMessageInvoker(PartyTransport.NewSockets());
        var hop = new NextHop(wire, options.Timeout, time);
        var sizes = metrics?.Meter.CreateHistogram(
            "bauta.mask.batch.size", "{message}", "How many messages left together, in random order.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500] });
        var batch = new Batch(
            TimeSpan.FromMilliseconds(options.BatchMilliseconds), time, size => sizes?.Record(size));
        carrier = new Carrier(options, hop, batch, time);
        card = new PartyCardSource(identity, ring, time, (keys, at) =>
            new PartyCard(Roles.Mask, options.Name, identity.PublicKey.Spki, keys, at));
        Gateway = new PartyGateway(ring, new Opener(options, hop, batch).ForwardAsync);
    }

    /// <summary>Opens the outer layer and forwards.</summary>
    public PartyGateway Gateway { get; }

    /// <summary>
    /// How a mask listens unless told otherwise: sources are single customers or one other mask, which the operator
    /// adds to the unlimited ones.
    /// </summary>
    public static PartyHostSettings DefaultSettings { get; } = new()
    {
        RequestsPerSecondPerSource = 100,
        BurstPerSource = 400,
        MaxConnectionsPerSource = 64,
    };

    /// <summary>Maps the routes that are not the gateway's.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPostAnswer(MaskRoute.RelayPath, carrier.CarryAsync);
        routes.MapGetAnswer(MaskRoute.RelayPath, carrier.CardAsync);
        routes.MapPartyCard(() => card.Current);
        routes.MapHealth();
    }

    /// <inheritdoc/>
    public void Dispose() => wire.Dispose();
}
