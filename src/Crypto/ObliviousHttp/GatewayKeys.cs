using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// A gateway's private key with the configuration that clients seal under. Thread-safe until disposed.
/// </summary>
public sealed class GatewayKey : IDisposable
{
    /// <summary>Takes over a key, to be used with both ciphers, AES-128-GCM first.</summary>
    public GatewayKey(byte keyId, HpkePrivateKey privateKey)
        : this(new KeyConfiguration(keyId, privateKey.PublicKey, SuitesOf(privateKey.Kem)), privateKey)
    {
    }

    private GatewayKey(KeyConfiguration configuration, HpkePrivateKey privateKey)
    {
        Configuration = configuration;
        PrivateKey = privateKey;
    }

    /// <summary>What clients are given.</summary>
    public KeyConfiguration Configuration { get; }

    internal HpkePrivateKey PrivateKey { get; }

    /// <summary>A new key.</summary>
    public static GatewayKey Generate(byte keyId, HpkeKem kem = HpkeKem.X25519) =>
        new(keyId, HpkePrivateKey.Generate(kem));

    /// <inheritdoc />
    public void Dispose() => PrivateKey.Dispose();

    private static HpkeSuite[] SuitesOf(HpkeKem kem) => kem == HpkeKem.X25519
        ? [HpkeSuite.X25519Aes128Gcm, HpkeSuite.X25519ChaCha20Poly1305]
        : [HpkeSuite.P256Aes128Gcm, HpkeSuite.P256ChaCha20Poly1305];
}

/// <summary>
/// The keys a gateway accepts at one time: those it publishes, best first, and those it has replaced but still opens
/// until clients have fetched the new ones. Immutable; a rotation is a new object.
/// </summary>
public sealed class GatewayKeys
{
    private readonly GatewayKey?[] byId = new GatewayKey?[byte.MaxValue + 1];
    private readonly byte[] encoded;

    /// <summary>Makes the set.</summary>
    /// <param name="published">At least one, best first.</param>
    /// <param name="replaced">Still accepted, no longer published.</param>
    /// <exception cref="ArgumentException">Nothing is published, or two keys share an identifier.</exception>
    public GatewayKeys(IEnumerable<GatewayKey> published, IEnumerable<GatewayKey>? replaced = null)
    {
        Published = [.. published.Select(k => k.Configuration)];
        if (Published.Count is 0 or > KeyConfiguration.MaxListCount)
            throw new ArgumentException("A gateway publishes 1 to 16 keys.", nameof(published));
        foreach (var key in published.Concat(replaced ?? []))
        {
            ref var place = ref byId[key.Configuration.KeyId];
            place = place is null ? key : throw new ArgumentException("Two keys share an identifier.");
        }

        encoded = KeyConfiguration.EncodeList(Published);
    }

    /// <summary>The configurations published, best first.</summary>
    public IReadOnlyList<KeyConfiguration> Published { get; }

    /// <summary>The <c>application/ohttp-keys</c> list to serve.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    internal bool TryFind(byte keyId, [NotNullWhen(true)] out GatewayKey? key)
    {
        key = byId[keyId];
        return key is not null;
    }
}
