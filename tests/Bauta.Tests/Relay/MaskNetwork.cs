using System.Net;
using System.Net.Sockets;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Http;
using Bauta.Http.Gateway;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Relay;
using Bauta.Tests.Http;
using Microsoft.AspNetCore.Routing;

namespace Bauta.Tests.Relay;

/// <summary>
/// A party and two masks as real hosts, with a tap on each of the three wires: client to first mask, first to second,
/// second to party.
/// </summary>
internal sealed class MaskNetwork : IAsyncDisposable
{
    public const string ClientAddress = "127.0.0.77";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("bauta");
    private readonly List<IAsyncDisposable> parts = [];
    private readonly P256PrivateKey partyKey = P256PrivateKey.Generate();
    private readonly P256PrivateKey firstKey = P256PrivateKey.Generate();
    private readonly P256PrivateKey secondKey = P256PrivateKey.Generate();

    public ManualTime Time { get; } = new();

    public GatewayKeyRing PartyRing { get; private set; } = null!;

    public GatewayKeyRing SecondRing { get; private set; } = null!;

    public TestHost Party { get; private set; } = null!;

    public TestHost First { get; private set; } = null!;

    public TestHost Second { get; private set; } = null!;

    public WireTap ToFirst { get; private set; } = null!;

    public WireTap ToSecond { get; private set; } = null!;

    public WireTap ToParty { get; private set; } = null!;

    public PartyAddress PartyAt => PartyAddress.Create(ToParty.Root, partyKey.PublicKey.Thumbprint);

    public PartyAddress FirstAt => PartyAddress.Create(ToFirst.Root, firstKey.PublicKey.Thumbprint);

    public PartyAddress SecondAt => PartyAddress.Create(ToSecond.Root, secondKey.PublicKey.Thumbprint);

    /// <summary>How many requests reached the party's routes.</summary>
    public int Calls { get; private set; }

    public Func<Task>? BeforeAnswer { get; set; }

    public static async Task<MaskNetwork> StartAsync(Func<MaskOptions, MaskOptions>? second = null)
    {
        var network = new MaskNetwork();
        await network.StartHostsAsync(second ?? (options => options));
        return network;
    }

    public PartyTransport Transport(MaskRoute route, TimeSpan? timeout = null)
    {
        var sockets = PartyTransport.NewSockets();
        // The client has an address of its own, so that one can look for it on the wires behind the first mask.
        sockets.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(ClientAddress), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return new PartyTransport(route, Time, timeout, sockets: sockets);
    }

    public MaskRoute Route(int masks) => masks switch
    {
        0 => MaskRoute.Direct,
        1 => MaskRoute.One(SecondAt),
        _ => MaskRoute.Two(FirstAt, SecondAt),
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(parts))
            await part.DisposeAsync();
        PartyRing.Dispose();
        SecondRing.Dispose();
        partyKey.Dispose();
        firstKey.Dispose();
        secondKey.Dispose();
        directory.Delete(recursive: true);
    }

    /// <summary>Another host stands where the party stood.</summary>
    public async Task ReplacePartyAsync(Action<IEndpointRouteBuilder> map) =>
        Party = Keep(await TestHost.StartAsync(map, null, Time));

    private async Task StartHostsAsync(Func<MaskOptions, MaskOptions> change)
    {
        ToParty = Keep(new WireTap(() => Party.Address.Port));
        ToSecond = Keep(new WireTap(() => Second.Address.Port));
        ToFirst = Keep(new WireTap(() => First.Address.Port));
        PartyRing = Ring("party");
        SecondRing = Ring("second");
        var card = new PartyCardSource(partyKey, PartyRing, Time, (keys, at) =>
            new PartyCard(Roles.Acquirer, "party.example", partyKey.PublicKey.Spki, keys, at));
        Party = Keep(await TestHost.StartAsync(routes =>
        {
            routes.MapPartyCard(() => card.Current);
            routes.MapPostAnswer("/echo/{name}", EchoAsync);
        }, null, Time, new PartyGateway(PartyRing)));
        Second = Keep(await StartMaskAsync(secondKey, SecondRing, change(new MaskOptions
        {
            Name = "second.example",
            Targets = [PartyAt.Origin],
            Timeout = TimeSpan.FromSeconds(2),
        })));
        First = Keep(await StartMaskAsync(firstKey, Ring("first"), new MaskOptions
        {
            Name = "first.example",
            Next = SecondAt,
            Timeout = TimeSpan.FromSeconds(4),
        }));
    }

    private async Task<TestHost> StartMaskAsync(P256PrivateKey key, GatewayKeyRing ring, MaskOptions options)
    {
        var mask = new Mask(options, key, ring, Time);
        return await TestHost.StartAsync(mask.Map, Mask.DefaultSettings, Time, mask.Gateway);
    }

    private async Task<Answer> EchoAsync(Microsoft.AspNetCore.Http.HttpContext context)
    {
        Calls++;
        if (BeforeAnswer is not null)
            await BeforeAnswer();
        var body = await context.ReadBytesAsync("application/octet-stream", 1100 * 1024);
        if (!body.IsOk)
            return Answer.Refuse(body);
        context.Response.Headers["X-Seen"] = string.Join(' ',
            context.Request.Headers.Select(field => field.Key.ToLowerInvariant()).Order(StringComparer.Ordinal));
        context.Response.Headers["X-Remote"] = context.Connection.RemoteIpAddress?.ToString() ?? "none";
        return Answer.Bytes([.. Encoding.ASCII.GetBytes($"answer-canary {context.RouteText("name")} "), .. body.Value]);
    }

    private GatewayKeyRing Ring(string name) =>
        GatewayKeyRing.Open(Path.Combine(directory.FullName, name + ".json"), Time);

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }
}
