using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Purchase;

/// <summary>
/// What only the merchant knows of a purchase: the release key <c>R</c>, the goods key <c>k</c>, and P1, in which the
/// mask <c>r</c> and the secret stand. Stored sealed, bound to <c>n</c>.
/// </summary>
internal sealed class PurchaseSecrets : IDisposable
{
    private const byte Version = 1;
    private const int HeadSize = 1 + P256PrivateKey.ScalarSize + GoodsKey.Size;

    private readonly byte[] scalar;

    /// <param name="scalar"><c>R</c>, 32 bytes.</param>
    /// <param name="goodsKey"><c>k</c>; disposed with this.</param>
    /// <param name="merchandise">P1.</param>
    public PurchaseSecrets(ReadOnlySpan<byte> scalar, GoodsKey goodsKey, Signed<Merchandise> merchandise)
    {
        if (scalar.Length != P256PrivateKey.ScalarSize)
            throw new ArgumentException("R has 32 bytes.", nameof(scalar));
        this.scalar = scalar.ToArray();
        (Key, Merchandise) = (goodsKey, merchandise);
    }

    /// <summary>P1 as it was signed.</summary>
    public Signed<Merchandise> Merchandise { get; }

    /// <summary><c>k</c>.</summary>
    public GoodsKey Key { get; }

    /// <summary><c>R</c> as a key; the caller disposes it.</summary>
    public P256PrivateKey ReleaseKey() => P256PrivateKey.FromScalar(scalar);

    /// <summary>Signs P4: <c>S_R(n, k xor r)</c>; with goods made to order also what the customer acknowledged, or else
    /// what was made.</summary>
    public Signed<Protocol.Archive.Release> SignRelease(
        Signed<Protocol.Archive.ItemAcknowledgement>? agreement = null, Signed<MadeGoods>? made = null)
    {
        using var release = ReleaseKey();
        using var mask = GoodsMask.FromBytes(Merchandise.Content.Mask);
        return Signed<Protocol.Archive.Release>.Sign(
            release, new Protocol.Archive.Release(
                release.PublicKey.Spki, Key.Mask(mask).Span.ToArray(), agreement, made));
    }

    // struct {
    //   uint8  version = 1;
    //   opaque release_scalar[32];
    //   opaque goods_key[32];
    //   opaque p1[rest];             compact JWS in ASCII
    // }

    public byte[] Seal(SealingKey sealing, TransactionId transaction)
    {
        var plain = new byte[HeadSize + Merchandise.Text.Length];
        var key = Key.Export();
        try
        {
            plain[0] = Version;
            scalar.CopyTo(plain, 1);
            key.CopyTo(plain, 1 + P256PrivateKey.ScalarSize);
            Encoding.ASCII.GetBytes(Merchandise.Text, plain.AsSpan(HeadSize));
            return sealing.Seal(plain, Context(transaction));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public static PurchaseSecrets Open(SealingKey sealing, TransactionId transaction, byte[] @sealed)
    {
        var plain = sealing.Open(@sealed, Context(transaction));
        try
        {
            if (plain.Length < HeadSize || plain[0] != Version
                || !Signed<Merchandise>.TryParse(Encoding.ASCII.GetString(plain.AsSpan(HeadSize)), out var merchandise))
                throw new InvalidDataException("A sealed purchase is not in a form that this program knows.");
            return new PurchaseSecrets(
                plain.AsSpan(1, P256PrivateKey.ScalarSize),
                GoodsKey.FromBytes(plain.AsSpan(1 + P256PrivateKey.ScalarSize, GoodsKey.Size)), merchandise);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(scalar);
        Key.Dispose();
    }

    private static byte[] Context(TransactionId transaction) => [.. "purchase"u8, .. transaction.Bytes];
}
