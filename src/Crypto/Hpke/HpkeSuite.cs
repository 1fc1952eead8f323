using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Bauta.Crypto.Hpke;

/// <summary>Key encapsulation mechanisms of RFC 9180 section 7.1 that are spoken here.</summary>
public enum HpkeKem
{
    /// <summary>DHKEM(P-256, HKDF-SHA256): public key and encapsulated key 65 bytes, private key 32.</summary>
    P256 = 0x0010,

    /// <summary>DHKEM(X25519, HKDF-SHA256): all keys 32 bytes.</summary>
    X25519 = 0x0020,
}

/// <summary>Ciphers of RFC 9180 section 7.3 that are spoken here; nonce 12 bytes, tag 16 bytes.</summary>
public enum HpkeAead
{
    /// <summary>AES-128-GCM, key 16 bytes.</summary>
    Aes128Gcm = 0x0001,

    /// <summary>ChaCha20-Poly1305, key 32 bytes.</summary>
    ChaCha20Poly1305 = 0x0003,
}

/// <summary>
/// One combination of RFC 9180 algorithms in base mode (mode 0); the KDF is always HKDF-SHA256. There are four, each
/// a single object.
/// </summary>
public sealed class HpkeSuite
{
    /// <summary>HKDF-SHA256, RFC 9180 section 7.2.</summary>
    public const int HkdfSha256 = 0x0001;

    /// <summary>Nn, bytes of an AEAD nonce.</summary>
    public const int NonceSize = 12;

    /// <summary>Nt, bytes that an AEAD adds to the plaintext.</summary>
    public const int TagSize = 16;

    /// <summary>DHKEM(X25519) with AES-128-GCM, what RFC 9458 clients speak.</summary>
    public static readonly HpkeSuite X25519Aes128Gcm = new(HpkeKem.X25519, HpkeAead.Aes128Gcm);

    /// <summary>DHKEM(X25519) with ChaCha20-Poly1305.</summary>
    public static readonly HpkeSuite X25519ChaCha20Poly1305 = new(HpkeKem.X25519, HpkeAead.ChaCha20Poly1305);

    /// <summary>DHKEM(P-256) with AES-128-GCM.</summary>
    public static readonly HpkeSuite P256Aes128Gcm = new(HpkeKem.P256, HpkeAead.Aes128Gcm);

    /// <summary>DHKEM(P-256) with ChaCha20-Poly1305.</summary>
    public static readonly HpkeSuite P256ChaCha20Poly1305 = new(HpkeKem.P256, HpkeAead.ChaCha20Poly1305);

    private static readonly HpkeSuite[] all =
        [X25519Aes128Gcm, X25519ChaCha20Poly1305, P256Aes128Gcm, P256ChaCha20Poly1305];

    private HpkeSuite(HpkeKem kem, HpkeAead aead)
    {
        Kem = kem;
        Aead = aead;
        SuiteId = new byte[10];
        "HPKE"u8.CopyTo(SuiteId);
        BinaryPrimitives.WriteUInt16BigEndian(SuiteId.AsSpan(4), (ushort)kem);
        BinaryPrimitives.WriteUInt16BigEndian(SuiteId.AsSpan(6), HkdfSha256);
        BinaryPrimitives.WriteUInt16BigEndian(SuiteId.AsSpan(8), (ushort)aead);
        PskIdHash = new byte[LabeledHkdf.HashSize];
        LabeledHkdf.Extract(SuiteId, [], "psk_id_hash"u8, [], PskIdHash);
    }

    /// <summary>The key encapsulation mechanism.</summary>
    public HpkeKem Kem { get; }

    /// <summary>The cipher.</summary>
    public HpkeAead Aead { get; }

    /// <summary>Nk, bytes of the cipher's key: 16 or 32.</summary>
    public int KeySize => Aead == HpkeAead.Aes128Gcm ? 16 : 32;

    /// <summary>Nenc, bytes of an encapsulated key: 32 or 65.</summary>
    public int EncapsulatedKeySize => HpkePublicKey.SizeOf(Kem);

    /// <summary>"HPKE" and the three identifiers, 10 bytes.</summary>
    internal byte[] SuiteId { get; }

    /// <summary>The hash of the empty psk_id, the same for every base mode context of this suite.</summary>
    internal byte[] PskIdHash { get; }

    /// <summary>Finds the suite of three registered identifiers.</summary>
    /// <returns>False when one of them is not spoken here.</returns>
    public static bool TryGet(int kem, int kdf, int aead, [NotNullWhen(true)] out HpkeSuite? suite)
    {
        suite = kdf == HkdfSha256 ? Array.Find(all, s => (int)s.Kem == kem && (int)s.Aead == aead) : null;
        return suite is not null;
    }

    /// <summary>Names the algorithms, for logs.</summary>
    public override string ToString() => $"{Kem}-HkdfSha256-{Aead}";
}
