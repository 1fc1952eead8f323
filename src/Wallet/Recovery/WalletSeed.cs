using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Wallet.Recovery;

/// <summary>
/// The wallet's root secret, 64 bytes. Every token key, blind, salt and reserve key derives from it by HKDF-SHA256, so
/// that the phrase alone restores them, and none of them tells anything about another.
/// </summary>
public sealed class WalletSeed : IDisposable
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 64;

    private readonly byte[] seed;

    /// <summary>Takes the seed over: the caller's array is cleared when this is disposed.</summary>
    public WalletSeed(byte[] seed) => this.seed = seed.Length == Size
        ? seed
        : throw new ArgumentException($"A seed has {Size} bytes.", nameof(seed));

    /// <summary>The key of the reserve with this number.</summary>
    public P256PrivateKey ReserveKey(long number)
    {
        Span<byte> info = stackalloc byte[24];
        "bauta reserve v1"u8.CopyTo(info);
        BinaryPrimitives.WriteInt64BigEndian(info[16..], number);
        return KeyFrom(seed, info);
    }

    /// <summary>The secrets of token <paramref name="number"/> of a denomination key.</summary>
    /// <param name="tokenKeyId">The denomination key's ID, 32 bytes.</param>
    /// <param name="number">Counts from zero for each denomination key.</param>
    public TokenSecret Token(ReadOnlySpan<byte> tokenKeyId, long number)
    {
        Span<byte> info = stackalloc byte[14 + 32 + 8];
        "bauta token v1"u8.CopyTo(info);
        tokenKeyId.CopyTo(info[14..]);
        BinaryPrimitives.WriteInt64BigEndian(info[46..], number);
        return new TokenSecret(HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, 32, null, info.ToArray()));
    }

    /// <summary>The key <c>P</c> of one purchase, by the id of its request: no two purchases share one.</summary>
    public P256PrivateKey PurchaseKey(RequestId purchase) =>
        KeyFrom(seed, [.. "bauta purchase v1"u8, .. purchase.Bytes]);

    /// <summary>The key <c>P</c> of a pseudonym, by its label alone, so that the phrase and the label restore
    /// it.</summary>
    public P256PrivateKey PseudonymKey(string label) =>
        KeyFrom(seed, [.. "bauta pseudonym v1"u8, .. Encoding.UTF8.GetBytes(label)]);

    /// <summary>The two keys of a session: <c>P</c>, and the seal of its total.</summary>
    public SessionSecret Session(RequestId purchase)
    {
        Span<byte> info = [.. "bauta session v1"u8, .. purchase.Bytes];
        return new SessionSecret(HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, 32, null, info.ToArray()));
    }

    /// <summary>A copy for sealing.</summary>
    public byte[] Export() => [.. seed];

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(seed);

    internal static P256PrivateKey KeyFrom(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> info)
    {
        Span<byte> keySeed = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, keySeed, default, info);
        var key = P256PrivateKey.FromSeed(keySeed);
        CryptographicOperations.ZeroMemory(keySeed);
        return key;
    }
}

/// <summary>The secrets of one session.</summary>
public sealed class SessionSecret : IDisposable
{
    private readonly byte[] secret;

    internal SessionSecret(byte[] secret) => this.secret = secret;

    /// <summary><c>P</c>: signs what the customer agrees to pay.</summary>
    public P256PrivateKey Key() => WalletSeed.KeyFrom(secret, "key"u8);

    /// <summary>What the shop is told of them.</summary>
    public SessionTerms Terms()
    {
        using var key = Key();
        return new SessionTerms(
            key.PublicKey.Spki, HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, null, "total"u8.ToArray()));
    }

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(secret);
}

/// <summary>The secrets of one token: its own key, its blinding, and the reserve that it is refreshed into.</summary>
public sealed class TokenSecret : IDisposable
{
    private readonly byte[] secret;

    internal TokenSecret(byte[] secret) => this.secret = secret;

    /// <summary>The token's own key <c>q</c>.</summary>
    public P256PrivateKey Key() => WalletSeed.KeyFrom(secret, "key"u8);

    /// <summary>The 32-byte seed of blind and salt.</summary>
    public byte[] BlindingSeed() => HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, null, "blinding"u8.ToArray());

    /// <summary>The key of the reserve that takes what is left of this token.</summary>
    public P256PrivateKey RefreshReserveKey() => WalletSeed.KeyFrom(secret, "refresh reserve"u8);

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(secret);
}
