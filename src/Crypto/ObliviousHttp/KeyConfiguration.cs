using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Bauta.Crypto.Hpke;

namespace Bauta.Crypto.ObliviousHttp;

/// <summary>
/// What a client needs to seal a request for a gateway (RFC 9458 section 3): a key, its one-byte identifier, and the
/// ciphers that the gateway accepts with it, best first. Immutable.
/// </summary>
public sealed class KeyConfiguration
{
    /// <summary>The media type of a list of key configurations (RFC 9458 section 3.2).</summary>
    public const string MediaType = "application/ohttp-keys";

    /// <summary>Bytes of the longest list that is decoded.</summary>
    public const int MaxListSize = 16 * 1024;

    /// <summary>Entries of the longest list that is decoded.</summary>
    public const int MaxListCount = 16;

    private const int AlgorithmSize = 4;
    private const int FixedSize = 5;

    /// <summary>Makes a configuration.</summary>
    /// <param name="keyId">What requests name the key by.</param>
    /// <param name="publicKey">The key to seal to.</param>
    /// <param name="suites">One suite or more of the key's mechanism, best first, none twice.</param>
    /// <exception cref="ArgumentException">The suites do not fit the key.</exception>
    public KeyConfiguration(byte keyId, HpkePublicKey publicKey, IEnumerable<HpkeSuite> suites)
    {
        KeyId = keyId;
        PublicKey = publicKey;
        Suites = [.. suites];
        if (Suites.Count == 0 || Suites.Any(s => s.Kem != publicKey.Kem) || Suites.Distinct().Count() != Suites.Count)
            throw new ArgumentException("The suites do not fit the key.", nameof(suites));
    }

    /// <summary>What requests name the key by.</summary>
    public byte KeyId { get; }

    /// <summary>The key to seal to.</summary>
    public HpkePublicKey PublicKey { get; }

    /// <summary>Suites of the key's mechanism, best first; at least one.</summary>
    public IReadOnlyList<HpkeSuite> Suites { get; }

    // Key Config {
    //   Key Identifier (8),
    //   HPKE KEM ID (16),
    //   HPKE Public Key (Npk * 8),
    //   HPKE Symmetric Algorithms Length (16) = 4..65532,
    //   HPKE Symmetric Algorithms { HPKE KDF ID (16), HPKE AEAD ID (16) } ...,
    // }

    /// <summary>
    /// One configuration without a length in front: 37 bytes and 4 for each suite (X25519), or 70 (P-256).
    /// </summary>
    public byte[] Encode()
    {
        var key = PublicKey.Bytes.Span;
        var encoded = new byte[FixedSize + key.Length + AlgorithmSize * Suites.Count];
        encoded[0] = KeyId;
        BinaryPrimitives.WriteUInt16BigEndian(encoded.AsSpan(1), (ushort)PublicKey.Kem);
        key.CopyTo(encoded.AsSpan(3));
        var rest = encoded.AsSpan(3 + key.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)(AlgorithmSize * Suites.Count));
        rest = rest[2..];
        foreach (var suite in Suites)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, HpkeSuite.HkdfSha256);
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)suite.Aead);
            rest = rest[AlgorithmSize..];
        }

        return encoded;
    }

    /// <summary>Decodes one configuration; ciphers that are not spoken here are left out.</summary>
    /// <returns>False when it is malformed, its key invalid, or nothing in it is spoken here.</returns>
    public static bool TryDecode(
        ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out KeyConfiguration? configuration) =>
        TryDecode(encoded, out configuration, out _) && configuration is not null;

    /// <summary>The <c>application/ohttp-keys</c> list: each configuration behind its length in two bytes.</summary>
    public static byte[] EncodeList(IReadOnlyList<KeyConfiguration> configurations)
    {
        var output = new List<byte>();
        Span<byte> length = stackalloc byte[2];
        foreach (var configuration in configurations)
        {
            var encoded = configuration.Encode();
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)encoded.Length);
            output.AddRange(length);
            output.AddRange(encoded);
        }

        return [.. output];
    }

    /// <summary>
    /// Decodes an <c>application/ohttp-keys</c> list, in its order, leaving out what is not spoken here. A list with
    /// one malformed entry is refused whole: clients that recover different parts of it could be told apart.
    /// </summary>
    /// <returns>
    /// False when the list is malformed, over its caps, names a key twice, or nothing in it is spoken here.
    /// </returns>
    public static bool TryDecodeList(
        ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out IReadOnlyList<KeyConfiguration>? configurations)
    {
        configurations = null;
        if (encoded.Length > MaxListSize)
            return false;
        var spoken = new List<KeyConfiguration>();
        for (var count = 0; !encoded.IsEmpty; count++)
        {
            if (count == MaxListCount || encoded.Length < 2)
                return false;
            var length = BinaryPrimitives.ReadUInt16BigEndian(encoded);
            encoded = encoded[2..];
            if (length > encoded.Length || !TryDecode(encoded[..length], out var configuration, out var keyId))
                return false;
            encoded = encoded[length..];
            if (configuration is null)
                continue;
            if (spoken.Exists(c => c.KeyId == keyId))
                return false;
            spoken.Add(configuration);
        }

        configurations = spoken.Count > 0 ? spoken : null;
        return configurations is not null;
    }

    // True with no configuration: well formed as far as can be seen, but not spoken here.
    private static bool TryDecode(ReadOnlySpan<byte> encoded, out KeyConfiguration? configuration, out byte keyId)
    {
        configuration = null;
        keyId = 0;
        if (encoded.Length < FixedSize)
            return false;
        keyId = encoded[0];
        var kem = (HpkeKem)BinaryPrimitives.ReadUInt16BigEndian(encoded[1..]);
        // The size of a key of an unknown mechanism is unknown too, so nothing behind it can be checked.
        if (kem is not (HpkeKem.X25519 or HpkeKem.P256))
            return true;
        var keySize = HpkePublicKey.SizeOf(kem);
        if (encoded.Length < FixedSize + keySize
            || !HpkePublicKey.TryFromBytes(kem, encoded.Slice(3, keySize), out var key))
            return false;
        var algorithms = encoded[(FixedSize + keySize)..];
        var length = BinaryPrimitives.ReadUInt16BigEndian(encoded[(3 + keySize)..]);
        if (length != algorithms.Length || length == 0 || length % AlgorithmSize != 0)
            return false;
        var suites = new List<HpkeSuite>();
        for (; !algorithms.IsEmpty; algorithms = algorithms[AlgorithmSize..])
        {
            var kdf = BinaryPrimitives.ReadUInt16BigEndian(algorithms);
            var aead = BinaryPrimitives.ReadUInt16BigEndian(algorithms[2..]);
            if (HpkeSuite.TryGet((int)kem, kdf, aead, out var suite) && !suites.Contains(suite))
                suites.Add(suite);
        }

        if (suites.Count > 0)
            configuration = new KeyConfiguration(keyId, key, suites);
        return true;
    }
}
