using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol;

/// <summary>The transaction ID <c>n</c>: SHA-256 of the release key's SPKI, so that only the key's holder can
/// release.</summary>
[JsonConverter(typeof(IdentifierConverter<TransactionId>))]
public sealed class TransactionId : Identifier<TransactionId>, IIdentifier<TransactionId>
{
    private TransactionId(byte[] bytes) : base(bytes) { }

    static TransactionId IIdentifier<TransactionId>.Create(byte[] bytes) => new(bytes);

    /// <summary>The transaction ID that a release key <c>R</c> owns.</summary>
    /// <param name="releaseKey">The one-time key that the merchant made for the purchase.</param>
    /// <returns>SHA-256 of the key's SPKI.</returns>
    public static TransactionId Of(P256PublicKey releaseKey) => FromBytes(SHA256.HashData(releaseKey.Spki));
}

/// <summary>The id that a sender gives a value-moving request: the same id and body has the same answer for
/// ever.</summary>
[JsonConverter(typeof(IdentifierConverter<RequestId>))]
public sealed class RequestId : Identifier<RequestId>, IIdentifier<RequestId>
{
    private RequestId(byte[] bytes) : base(bytes) { }

    static RequestId IIdentifier<RequestId>.Create(byte[] bytes) => new(bytes);
}

/// <summary>Where the ciphertext of one purchase is fetched; derived from the secret in P1, known to no other
/// chain.</summary>
[JsonConverter(typeof(IdentifierConverter<DeliveryId>))]
public sealed class DeliveryId : Identifier<DeliveryId>, IIdentifier<DeliveryId>
{
    private DeliveryId(byte[] bytes) : base(bytes) { }

    static DeliveryId IIdentifier<DeliveryId>.Create(byte[] bytes) => new(bytes);

    /// <summary>HKDF-SHA256 of the purchase's secret under the label of the delivery chain.</summary>
    /// <param name="secret">The 32-byte secret in P1.</param>
    /// <returns>The delivery ID.</returns>
    public static DeliveryId Derive(ReadOnlySpan<byte> secret)
    {
        Span<byte> id = stackalloc byte[Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, id, default, "bauta delivery id v1"u8);
        return FromBytes(id);
    }
}

/// <summary>An archive with its witnesses and quorum: SHA-256 of the canonical policy text.</summary>
[JsonConverter(typeof(IdentifierConverter<PolicyId>))]
public sealed class PolicyId : Identifier<PolicyId>, IIdentifier<PolicyId>
{
    private PolicyId(byte[] bytes) : base(bytes) { }

    static PolicyId IIdentifier<PolicyId>.Create(byte[] bytes) => new(bytes);
}

/// <summary>A merchant's account at a bank: the RFC 7638 thumbprint of the account key.</summary>
[JsonConverter(typeof(IdentifierConverter<AccountId>))]
public sealed class AccountId : Identifier<AccountId>, IIdentifier<AccountId>
{
    private AccountId(byte[] bytes) : base(bytes) { }

    static AccountId IIdentifier<AccountId>.Create(byte[] bytes) => new(bytes);

    /// <summary>The account that a key controls.</summary>
    /// <param name="key">The account key.</param>
    /// <returns>Its thumbprint.</returns>
    public static AccountId Of(P256PublicKey key) => Parse(key.Thumbprint);
}

/// <summary>A reserve at a bank: the RFC 7638 thumbprint of the key that the wallet made for it.</summary>
[JsonConverter(typeof(IdentifierConverter<ReserveId>))]
public sealed class ReserveId : Identifier<ReserveId>, IIdentifier<ReserveId>
{
    private ReserveId(byte[] bytes) : base(bytes) { }

    static ReserveId IIdentifier<ReserveId>.Create(byte[] bytes) => new(bytes);

    /// <summary>The reserve that a key controls.</summary>
    /// <param name="key">The reserve key.</param>
    /// <returns>Its thumbprint.</returns>
    public static ReserveId Of(P256PublicKey key) => Parse(key.Thumbprint);
}

/// <summary>A bank's statement key: its RFC 7638 thumbprint, the <c>kid</c> of what the bank signs.</summary>
[JsonConverter(typeof(IdentifierConverter<BankKeyId>))]
public sealed class BankKeyId : Identifier<BankKeyId>, IIdentifier<BankKeyId>
{
    private BankKeyId(byte[] bytes) : base(bytes) { }

    static BankKeyId IIdentifier<BankKeyId>.Create(byte[] bytes) => new(bytes);

    /// <summary>The bank that a lock note claims to be signed by.</summary>
    /// <param name="note">The lock note.</param>
    /// <returns>Its <c>kid</c>.</returns>
    public static BankKeyId Of(Signed<Bank.LockNote> note) => Parse(note.KeyId);
}

/// <summary>A merchant's offer.</summary>
[JsonConverter(typeof(IdentifierConverter<OfferId>))]
public sealed class OfferId : Identifier<OfferId>, IIdentifier<OfferId>
{
    private OfferId(byte[] bytes) : base(bytes) { }

    static OfferId IIdentifier<OfferId>.Create(byte[] bytes) => new(bytes);
}

/// <summary>A token's serial: its nonce, SHA-256 of the SPKI of the token's own key.</summary>
[JsonConverter(typeof(IdentifierConverter<TokenSerial>))]
public sealed class TokenSerial : Identifier<TokenSerial>, IIdentifier<TokenSerial>
{
    private TokenSerial(byte[] bytes) : base(bytes) { }

    static TokenSerial IIdentifier<TokenSerial>.Create(byte[] bytes) => new(bytes);

    /// <summary>The serial that a token key <c>q</c> owns.</summary>
    /// <param name="key">The token's own key.</param>
    /// <returns>SHA-256 of the key's SPKI.</returns>
    public static TokenSerial Of(P256PublicKey key) => FromBytes(SHA256.HashData(key.Spki));
}

/// <summary>
/// <c>c = SHA-256(n || (k xor r))</c>: what the lock note promises and the release must match, so that a merchant
/// is paid only for the key that P1 named. In a session (FIG. 8) <c>c = SHA-256(n || P)</c>: the customer's key
/// <c>P</c> then signs the commitment to the key of the item that the session ends with. With goods made to order
/// (FIG. 5) <c>c = SHA-256(n || P || "bauta may be forced v1")</c>: the same, or the merchant forces the commit.
/// </summary>
[JsonConverter(typeof(IdentifierConverter<KeyCommitment>))]
public sealed class KeyCommitment : Identifier<KeyCommitment>, IIdentifier<KeyCommitment>
{
    private KeyCommitment(byte[] bytes) : base(bytes) { }

    static KeyCommitment IIdentifier<KeyCommitment>.Create(byte[] bytes) => new(bytes);

    /// <summary>Commits to a masked key within one transaction.</summary>
    /// <param name="transaction">The transaction ID <c>n</c>, 32 bytes.</param>
    /// <param name="maskedKey"><c>k xor r</c>, 32 bytes.</param>
    /// <returns>The commitment.</returns>
    public static KeyCommitment To(TransactionId transaction, ReadOnlySpan<byte> maskedKey)
    {
        if (maskedKey.Length != Size)
            throw new ArgumentException("A masked key has 32 bytes.", nameof(maskedKey));
        Span<byte> input = stackalloc byte[2 * Size];
        transaction.Bytes.CopyTo(input);
        maskedKey.CopyTo(input[Size..]);
        return FromBytes(SHA256.HashData(input));
    }

    /// <summary>Commits to whatever the customer will acknowledge within one transaction.</summary>
    /// <param name="transaction">The transaction ID <c>n</c>, 32 bytes.</param>
    /// <param name="customer"><c>P</c>: its SPKI has 91 bytes, so this is never a commitment to a masked key.</param>
    /// <returns>The commitment.</returns>
    public static KeyCommitment To(TransactionId transaction, P256PublicKey customer) =>
        FromBytes(SHA256.HashData([.. transaction.Bytes, .. customer.Spki]));

    /// <summary>Commits to what the customer will acknowledge, or the merchant will have made for it and given to the
    /// archive. Longer than the others' input, so it is never one of them.</summary>
    /// <param name="transaction">The transaction ID <c>n</c>, 32 bytes.</param>
    /// <param name="customer"><c>P</c>, 91 bytes of SPKI.</param>
    /// <returns>The commitment.</returns>
    public static KeyCommitment ToOrder(TransactionId transaction, P256PublicKey customer) =>
        FromBytes(SHA256.HashData([.. transaction.Bytes, .. customer.Spki, .. "bauta may be forced v1"u8]));
}
