using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol.Parties;

namespace Bauta.Protocol.Relay;

/// <summary>
/// The cards of parties whose identity keys are known, fetched when needed and kept for a while. Whoever carries a card
/// can withhold it, but neither change it nor put an older one in the place of one that this object has seen.
/// Thread-safe.
/// </summary>
public sealed class PartyCards
{
    /// <summary>How long a client keeps a card unless told otherwise: well below the grace of replaced keys.</summary>
    public static readonly TimeSpan DefaultMaxAge = TimeSpan.FromHours(12);

    private readonly ConcurrentDictionary<PartyAddress, Slot> slots = new();
    private readonly Func<PartyAddress, CancellationToken, Task<byte[]>> fetch;
    private readonly TimeProvider clock;
    private readonly TimeSpan maxAge;

    /// <summary>Makes an empty set.</summary>
    /// <param name="fetch">Gets the bytes of a card, at most <see cref="PartyCard.MaxLength"/>, by whatever
    /// way.</param>
    /// <param name="clock">Measures ages.</param>
    /// <param name="maxAge">How long a card is kept.</param>
    public PartyCards(
        Func<PartyAddress, CancellationToken, Task<byte[]>> fetch, TimeProvider clock, TimeSpan? maxAge = null) =>
        (this.fetch, this.clock, this.maxAge) = (fetch, clock, maxAge ?? DefaultMaxAge);

    /// <summary>The card of a party.</summary>
    /// <exception cref="HttpRequestException">It could not be fetched.</exception>
    /// <exception cref="ProtocolViolationException">What came is not this party's card, or older than one
    /// seen.</exception>
    public async Task<Signed<PartyCard>> GetAsync(PartyAddress party, CancellationToken cancellation)
    {
        var slot = slots.GetOrAdd(party, _ => new Slot());
        if (IsYoung(slot.Kept))
            return slot.Kept.Card;
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            return IsYoung(slot.Kept) ? slot.Kept.Card : (await FetchAsync(party, slot, cancellation)).Card;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The key to seal requests for a party with.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async ValueTask<KeyConfiguration> KeyAsync(PartyAddress party, CancellationToken cancellation)
    {
        if (slots.TryGetValue(party, out var slot) && IsYoung(slot.Kept))
            return slot.Kept.Key;
        await GetAsync(party, cancellation);
        return slots[party].Kept!.Key;
    }

    /// <summary>Fetches the card again because a gateway does not have a key.</summary>
    /// <param name="party">The party.</param>
    /// <param name="refused">The key that the gateway does not have.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Whether there is another key now.</returns>
    public async Task<bool> RefreshAsync(
        PartyAddress party, KeyConfiguration refused, CancellationToken cancellation)
    {
        var slot = slots.GetOrAdd(party, _ => new Slot());
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            // Of many requests refused at the same time, the first fetches for all.
            if (slot.Kept is null || IsSame(slot.Kept.Key, refused))
                await FetchAsync(party, slot, cancellation);
            return !IsSame(slot.Kept!.Key, refused);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Reads a card and verifies that it is signed by the key with this thumbprint.</summary>
    public static bool TryVerify(
        ReadOnlySpan<byte> bytes, string thumbprint, [NotNullWhen(true)] out Signed<PartyCard>? card)
    {
        if (Signed<PartyCard>.TryParse(Encoding.Latin1.GetString(bytes), out card)
            && card.KeyId == thumbprint
            && P256PublicKey.TryFromSpki(card.Content.Key, out var key)
            && key.Thumbprint == thumbprint
            && card.IsSignedBy(key))
            return true;
        card = null;
        return false;
    }

    private async Task<Kept> FetchAsync(PartyAddress party, Slot slot, CancellationToken cancellation)
    {
        var bytes = await fetch(party, cancellation);
        if (!TryVerify(bytes, party.Thumbprint, out var card))
            throw new ProtocolViolationException("The card is not signed by the key that this party is known by.");
        if (card.Content.IssuedAt < slot.Kept?.Card.Content.IssuedAt)
            throw new ProtocolViolationException("The card is older than one that this party has shown before.");
        if (!KeyConfiguration.TryDecodeList(card.Content.ObliviousKeys, out var keys))
            throw new ProtocolViolationException("The card holds no key that a request can be sealed with.");
        return slot.Kept = new Kept(card, keys[0], clock.GetTimestamp());
    }

    private bool IsYoung([NotNullWhen(true)] Kept? kept) =>
        kept is not null && clock.GetElapsedTime(kept.FetchedAt) < maxAge;

    private static bool IsSame(KeyConfiguration one, KeyConfiguration other) =>
        one.KeyId == other.KeyId && one.PublicKey.Equals(other.PublicKey);

    private sealed record Kept(Signed<PartyCard> Card, KeyConfiguration Key, long FetchedAt);

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public volatile Kept? Kept;
    }
}
