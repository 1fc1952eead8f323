using Bauta.Crypto.Jose;
using Bauta.Http.Gateway;
using Bauta.Protocol;
using Bauta.Protocol.Parties;

namespace Bauta.Http;

/// <summary>The party's card, signed anew when the gateway's keys have changed. Thread-safe.</summary>
/// <param name="key">The identity key.</param>
/// <param name="ring">The gateway's keys.</param>
/// <param name="time">The clock.</param>
/// <param name="make">Makes the card from the published keys and the time of issue.</param>
public sealed class PartyCardSource(
    ISigner key, GatewayKeyRing ring, TimeProvider time, Func<byte[], UnixTime, PartyCard> make)
{
    private readonly Lock signing = new();
    private volatile Signed<PartyCard>? current;

    /// <summary>The card with the keys published now.</summary>
    public Signed<PartyCard> Current
    {
        get
        {
            var keys = ring.Published;
            return IsOf(current, keys) ? current! : Sign(keys);
        }
    }

    private static bool IsOf(Signed<PartyCard>? card, byte[] keys) =>
        card is not null && card.Content.ObliviousKeys.AsSpan().SequenceEqual(keys);

    private Signed<PartyCard> Sign(byte[] keys)
    {
        lock (signing)
        {
            if (!IsOf(current, keys))
                current = Signed<PartyCard>.Sign(key, make(keys, UnixTime.Now(time)));
            return current!;
        }
    }
}
