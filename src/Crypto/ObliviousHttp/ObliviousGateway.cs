using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// What became of an encapsulated request. Closed; anything but <see cref="Opened"/> is answered unsealed.
/// </summary>
public enum Decapsulation
{
    /// <summary>The request is open and its response can be sealed.</summary>
    Opened = 0,

    /// <summary>Too short to be an encapsulated request, or its encapsulated key is no valid key (HTTP 400).</summary>
    Malformed,

    /// <summary>Larger than the largest size class (HTTP 413).</summary>
    TooLarge,

    /// <summary>
    /// No key has this identifier, or not with this mechanism and cipher: the client's configuration is out of date
    /// (HTTP 422, RFC 9458 section 6.4).
    /// </summary>
    UnknownKey,

    /// <summary>
    /// The key is known but does not open the request: altered on the way, or sealed under an older key with the same
    /// identifier (HTTP 422, RFC 9458 section 6.4).
    /// </summary>
    Undecryptable,

    /// <summary>The same encapsulation was opened before, within the window (HTTP 409).</summary>
    Replayed,

    /// <summary>
    /// No room to remember another encapsulation, so none is opened until the window moves (HTTP 503).
    /// </summary>
    Busy,
}

/// <summary>
/// The gateway's side of Oblivious HTTP (RFC 9458 section 4.3): opens encapsulated requests under any of its keys, each
/// encapsulation once. Thread-safe.
/// </summary>
public sealed class ObliviousGateway
{
    private readonly ReplayCache replays;
    private volatile GatewayKeys keys;

    /// <summary>A gateway with its keys and its memory of what it opened.</summary>
    public ObliviousGateway(GatewayKeys keys, ReplayCache replays)
    {
        this.keys = keys;
        this.replays = replays;
    }

    /// <summary>The keys accepted now.</summary>
    public GatewayKeys Keys => keys;

    /// <summary>Exchanges the keys; requests under way finish under those they began with.</summary>
    public void Rotate(GatewayKeys keys) => this.keys = keys;

    /// <summary>The status for the unsealed answer to a request that was not opened; 200 for one that was.</summary>
    public static int StatusOf(Decapsulation outcome) => outcome switch
    {
        Decapsulation.Opened => 200,
        Decapsulation.Malformed => 400,
        Decapsulation.TooLarge => 413,
        Decapsulation.UnknownKey or Decapsulation.Undecryptable => 422,
        Decapsulation.Replayed => 409,
        Decapsulation.Busy => 503,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    /// <summary>Opens an encapsulated request.</summary>
    /// <param name="encapsulated">The content of the POST.</param>
    /// <param name="request">The open request when the outcome is <see cref="Decapsulation.Opened"/>.</param>
    public Decapsulation Open(ReadOnlySpan<byte> encapsulated, out ObliviousRequest? request)
    {
        request = null;
        if (encapsulated.Length < Encapsulation.HeaderSize)
            return Decapsulation.Malformed;
        if (encapsulated.Length > PaddingClasses.Largest)
            return Decapsulation.TooLarge;
        // 1. Parse; find the key (1a) and the suite it may be used with (1b).
        var header = encapsulated[..Encapsulation.HeaderSize];
        if (!TryFindKey(header, out var key, out var suite))
            return Decapsulation.UnknownKey;
        if (encapsulated.Length < Encapsulation.RequestOverhead(suite))
            return Decapsulation.Malformed;
        var encapsulatedKey = encapsulated.Slice(Encapsulation.HeaderSize, suite.EncapsulatedKeySize);
        // Before the expensive part, so that a flood of copies costs little.
        if (replays.Contains(encapsulatedKey))
            return Decapsulation.Replayed;
        // 2. and 3. The receiving context, which refuses an all-zero agreement.
        Span<byte> info = stackalloc byte[Encapsulation.InfoSize];
        Encapsulation.WriteInfo(info, header);
        if (!HpkeRecipient.TrySetup(suite, key.PrivateKey, encapsulatedKey, info, out var context))
            return Decapsulation.Malformed;
        using (context)
        {
            // 4. Decrypt.
            var ciphertext = encapsulated[(Encapsulation.HeaderSize + suite.EncapsulatedKeySize)..];
            if (!context.TryOpen([], ciphertext, out var message))
                return Decapsulation.Undecryptable;
            // Remembered only now: nobody can fill the memory with what does not open. Adding also decides between
            // two copies that came at the same moment.
            var verdict = replays.Add(encapsulatedKey);
            if (verdict != ReplayVerdict.Fresh)
                return verdict == ReplayVerdict.Replayed ? Decapsulation.Replayed : Decapsulation.Busy;
            request = new ObliviousRequest(
                suite,
                message,
                encapsulated.Length,
                encapsulatedKey.ToArray(),
                Encapsulation.ExportResponseSecret(context));
            return Decapsulation.Opened;
        }
    }

    private bool TryFindKey(
        ReadOnlySpan<byte> header,
        [NotNullWhen(true)] out GatewayKey? key,
        [NotNullWhen(true)] out HpkeSuite? suite)
    {
        suite = null;
        return keys.TryFind(header[0], out key)
            && HpkeSuite.TryGet(
                BinaryPrimitives.ReadUInt16BigEndian(header[1..]),
                BinaryPrimitives.ReadUInt16BigEndian(header[3..]),
                BinaryPrimitives.ReadUInt16BigEndian(header[5..]),
                out suite)
            && key.Configuration.Suites.Contains(suite);
    }
}
