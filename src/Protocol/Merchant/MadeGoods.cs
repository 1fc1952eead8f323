using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Protocol.Bank;

namespace Bauta.Protocol.Merchant;

/// <summary>
/// E4, Merchandise_m (FIG. 5): <c>S_R(n, h(E_k(goods)), c)</c> for goods that were made after the lock, signed by the
/// release key. Customer and merchant alone see it when the customer acknowledges it; otherwise the archive publishes
/// it, so it names nothing but ciphertext.
/// </summary>
/// <param name="ReleaseKey">SPKI of <c>R</c>; its SHA-256 is <c>n</c>.</param>
/// <param name="Key">SPKI of the customer's <c>P</c> in P1.</param>
/// <param name="Commitment"><c>c = SHA-256(n || (k xor r))</c>, with the mask <c>r</c> of P1.</param>
/// <param name="GoodsRoot">RFC 6962 root over the ciphertext chunks, 32 bytes.</param>
/// <param name="SizeBytes">Size of the goods with their padding: one of the classes.</param>
public sealed record MadeGoods(
    byte[] ReleaseKey, byte[] Key, KeyCommitment Commitment, byte[] GoodsRoot, long SizeBytes) : IStatement<MadeGoods>
{
    /// <summary>The largest goods with their padding, 16 MiB: what an archive may have to keep.</summary>
    public const long MaxSizeBytes = 16L << 20;

    /// <summary>What stands behind the padding: the size of the goods without it, big-endian.</summary>
    public const int TrailerSize = sizeof(long);

    private const long SmallestClass = 1024;

    /// <inheritdoc/>
    public static string Typ => "bauta.made";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<MadeGoods> Json => ProtocolJson.Default.MadeGoods;

    /// <inheritdoc/>
    public bool IsWellFormed() => ReleaseKey.Length == P256PublicKey.SpkiSize && Key.Length == P256PublicKey.SpkiSize
        && GoodsRoot.Length == 32 && SizeBytes is >= SmallestClass and <= MaxSizeBytes
        && ClassOf(SizeBytes) == SizeBytes;

    /// <summary>Sizes and number of chunks.</summary>
    [JsonIgnore]
    public GoodsLayout Layout => new(SizeBytes);

    /// <summary>Whether a lock note lets a commit be forced with these goods: they are for the key that it commits to,
    /// and the key that owns its transaction signed them.</summary>
    public static bool Matches(Signed<MadeGoods> made, LockNote note) =>
        P256PublicKey.TryFromSpki(made.Content.ReleaseKey, out var release)
        && TransactionId.Of(release).Equals(note.Transaction)
        && P256PublicKey.TryFromSpki(made.Content.Key, out var customer)
        && KeyCommitment.ToOrder(note.Transaction, customer).Equals(note.Commitment)
        && made.IsSignedBy(release);

    /// <summary>Whether these are the goods of a P1: for its lock note.</summary>
    public static bool Matches(Signed<MadeGoods> made, Merchandise promise) =>
        promise.LockFirst is not null && Matches(made, promise.ToLockNote());

    /// <summary>Whether this is a chunk of the ciphertext.</summary>
    public bool Holds(long index, GoodsChunk chunk) =>
        new GoodsVerifier(Layout, MerkleHash.FromBytes(GoodsRoot)).VerifyChunk(
            index, chunk.Ciphertext, [.. chunk.Path.Select(hash => MerkleHash.FromBytes(hash))]);

    /// <summary>
    /// The size that goods of this size are padded to, trailer included: within an eighth, so that the size tells the
    /// archive little; at least 1 KiB.
    /// </summary>
    public static long PaddedSize(long sizeBytes) => ClassOf(checked(sizeBytes + TrailerSize));

    /// <summary>What follows the goods: zeros, then their size.</summary>
    public static byte[] Padding(long sizeBytes)
    {
        var padding = new byte[PaddedSize(sizeBytes) - sizeBytes];
        BinaryPrimitives.WriteInt64BigEndian(padding.AsSpan(padding.Length - TrailerSize), sizeBytes);
        return padding;
    }

    /// <summary>The size of the goods without padding; null when the trailer says none.</summary>
    /// <param name="trailer">The last 8 bytes.</param>
    /// <param name="paddedSize">Size with padding.</param>
    public static long? SizeOf(ReadOnlySpan<byte> trailer, long paddedSize) =>
        BinaryPrimitives.ReadInt64BigEndian(trailer) is >= 0 and <= MaxSizeBytes and var size
        && PaddedSize(size) == paddedSize
            ? size
            : null;

    // Three bits of a size and its magnitude are told.
    private static long ClassOf(long size)
    {
        if (size <= SmallestClass)
            return SmallestClass;
        var step = 1L << (BitOperations.Log2((ulong)(size - 1)) - 3);
        return (size + step - 1) / step * step;
    }
}
