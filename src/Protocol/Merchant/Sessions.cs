using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Archive;

namespace Bauta.Protocol.Merchant;

/// <summary>What an offer costs that is sold by the item, in sessions (FIG. 8).</summary>
/// <param name="Price">Of one item; more than zero.</param>
/// <param name="Per"><see cref="Item"/> or <see cref="Minute"/>.</param>
public sealed record Tariff(Amount Price, string Per)
{
    /// <summary>Each item costs the price.</summary>
    public const string Item = "item";

    /// <summary>The item that begins a minute costs the price, and what follows within that minute nothing.</summary>
    public const string Minute = "minute";

    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Price > Amount.Zero && Per is Item or Minute;
}

/// <summary>
/// The customer's two keys for a session, or for goods made to order: with them P1 promises no goods that are there
/// already, and its commitment is to <see cref="Key"/>. In a session the price is the most that it may cost.
/// </summary>
/// <param name="Key">SPKI of <c>P</c>, made for this purchase: its signatures are published.</param>
/// <param name="TotalKey">32 bytes that seal the total: see <see cref="SealedTotal"/>.</param>
public sealed record SessionTerms(byte[] Key, byte[] TotalKey)
{
    /// <summary>Whether sizes hold and the key is one.</summary>
    public bool IsWellFormed() =>
        P256PublicKey.TryFromSpki(Key, out _) && TotalKey.Length == SealedTotal.KeySize;
}

/// <summary>
/// R6, Merchandise_mi (FIG. 8): <c>S_R(n, i, price, running total, request, h(E_ki(item)), c_i)</c>, signed by the
/// release key, which P1 names. The ciphertext stands beside it.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Index">1, 2, 3 ...</param>
/// <param name="Price">Of this item; zero within a minute that is paid for.</param>
/// <param name="Total">Of all items up to this one.</param>
/// <param name="RequestHash">SHA-256 of what was asked for, 32 bytes.</param>
/// <param name="Commitment"><c>c_i</c>.</param>
/// <param name="GoodsRoot">RFC 6962 leaf hash of the ciphertext, which is one chunk, 32 bytes.</param>
/// <param name="SizeBytes">Size of the plain item, at most <see cref="MaxSizeBytes"/>.</param>
/// <param name="PaidUntil">With a price per minute, until when items cost nothing once this one is
/// acknowledged.</param>
public sealed record SessionItem(
    TransactionId Transaction, long Index, Amount Price, Amount Total, byte[] RequestHash, KeyCommitment Commitment,
    byte[] GoodsRoot, long SizeBytes, UnixTime? PaidUntil = null) : IStatement<SessionItem>
{
    /// <summary>The largest item.</summary>
    public const int MaxSizeBytes = GoodsLayout.ChunkSize;

    /// <inheritdoc/>
    public static string Typ => "bauta.item";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<SessionItem> Json => ProtocolJson.Default.SessionItem;

    /// <inheritdoc/>
    public bool IsWellFormed() => Index > 0 && Price <= Total && RequestHash.Length == 32 && GoodsRoot.Length == 32
        && SizeBytes is >= 0 and <= MaxSizeBytes;

    /// <summary><c>r_i</c>: HKDF-SHA256 of the secret in P1 under a label and the item's number.</summary>
    public static GoodsMask MaskOf(byte[] secret, long index)
    {
        Span<byte> mask = stackalloc byte[GoodsMask.Size];
        Span<byte> info = [.. "bauta session mask v1"u8, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt64BigEndian(info[^sizeof(long)..], index);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, mask, default, info);
        var made = GoodsMask.FromBytes(mask);
        CryptographicOperations.ZeroMemory(mask);
        return made;
    }
}

/// <summary>
/// One round trip of a session: R7 for the item before, R5 for the next one, or both.
/// </summary>
/// <param name="Acknowledgement">R7: pays up to the item that it acknowledges and asks for its key.</param>
/// <param name="Index">R5: the number of the item that is asked for.</param>
/// <param name="Request">R5: what is asked for, at most <see cref="MaxRequestLength"/> bytes.</param>
public sealed record SessionStep(
    Signed<ItemAcknowledgement>? Acknowledgement = null, long? Index = null, byte[]? Request = null)
{
    /// <summary>The longest request for an item, in bytes.</summary>
    public const int MaxRequestLength = 256 * 1024;

    /// <summary>The longest step as JSON, in bytes.</summary>
    public const int MaxLength = (MaxRequestLength * 4 / 3) + 4096;

    /// <summary>Whether members agree and sizes hold.</summary>
    public bool IsWellFormed() => (Acknowledgement is not null || Index is not null)
        && Index is null == Request is null && Index is null or > 0
        && Request is null or { Length: <= MaxRequestLength };
}

/// <summary>R8 for the item that was acknowledged, R6 for the one that was asked for.</summary>
/// <param name="MaskedKey"><c>k_i xor r_i</c>, 32 bytes; it hashes to <c>c_i</c>.</param>
/// <param name="Item">R6.</param>
/// <param name="Ciphertext">The item as it was encrypted.</param>
public sealed record SessionAnswer(
    byte[]? MaskedKey = null, Signed<SessionItem>? Item = null, byte[]? Ciphertext = null)
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/vnd.bauta.item";

    private const int KeySize = 32;

    /// <summary>The longest binary form in bytes.</summary>
    public static int MaxLength { get; } = 1 + KeySize + sizeof(ushort) + SessionItem.MaxLength
        + GoodsLayout.CiphertextChunkSize;

    // struct {
    //   uint8  key_length;            0 or 32
    //   opaque masked_key[key_length];
    //   uint16 item_length;           0 when there is no item
    //   opaque item[item_length];     R6, compact JWS in ASCII
    //   opaque ciphertext[rest];
    // }

    /// <summary>The binary form.</summary>
    public byte[] Encode()
    {
        var (key, item, ciphertext) =
            (MaskedKey ?? [], Encoding.ASCII.GetBytes(Item?.Text ?? string.Empty), Ciphertext ?? []);
        var bytes = new byte[1 + key.Length + sizeof(ushort) + item.Length + ciphertext.Length];
        bytes[0] = checked((byte)key.Length);
        var rest = bytes.AsSpan(1);
        key.CopyTo(rest);
        rest = rest[key.Length..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, checked((ushort)item.Length));
        item.CopyTo(rest[sizeof(ushort)..]);
        ciphertext.CopyTo(rest[(sizeof(ushort) + item.Length)..]);
        return bytes;
    }

    /// <summary>Reads the binary form.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SessionAnswer? answer)
    {
        answer = null;
        if (bytes.IsEmpty || bytes.Length > MaxLength || bytes[0] is not (0 or KeySize)
            || bytes.Length < 1 + bytes[0] + sizeof(ushort))
            return false;
        var key = bytes.Slice(1, bytes[0]);
        var rest = bytes[(1 + key.Length)..];
        int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        rest = rest[sizeof(ushort)..];
        if (length > rest.Length)
            return false;
        Signed<SessionItem>? item = null;
        if (length > 0 && !Signed<SessionItem>.TryParse(Encoding.ASCII.GetString(rest[..length]), out item))
            return false;
        var ciphertext = rest[length..];
        if (item is null ? !ciphertext.IsEmpty
            : ciphertext.Length != new GoodsLayout(item.Content.SizeBytes).CiphertextSize)
            return false;
        answer = new SessionAnswer(
            key.IsEmpty ? null : key.ToArray(), item, item is null ? null : ciphertext.ToArray());
        return true;
    }
}
