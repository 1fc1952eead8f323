using Bauta.Crypto.BinaryHttp;
using Bauta.Protocol.Relay;

namespace Bauta.Http.Gateway;

/// <summary>The Oblivious HTTP gateway of a role (RFC 9458), at the path that RFC 9540 names.</summary>
/// <param name="Keys">The keys.</param>
/// <param name="Dispatch">
/// Answers an opened request. Null for a party, which answers it with its own routes; a mask forwards it instead.
/// </param>
public sealed record PartyGateway(
    GatewayKeyRing Keys, Func<BinaryRequest, CancellationToken, Task<Answer>>? Dispatch = null)
{
    /// <summary>GET gives the key configurations, POST takes encapsulated requests.</summary>
    public const string Path = MaskRoute.GatewayPath;
}
