using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Hpke;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Disputes;

/// <summary>What a customer says went wrong. The list is closed.</summary>
public static class Claim
{
    /// <summary>The delivered ciphertext does not open with the published key, or opens to another file than the one
    /// whose hash the contract names: a judge decides from the evidence alone.</summary>
    public const string WrongContent = "wrong-content";

    /// <summary>The file is the one whose hash the contract names, and is not what its description says: a person
    /// decides.</summary>
    public const string WrongGoods = "wrong-goods";

    /// <summary>Whether this is a claim.</summary>
    public static bool IsKnown(string claim) => claim is WrongContent or WrongGoods;
}

/// <summary>
/// Who decides a bank's disputes: a person or an office with two keys. The bank's card carries it, so that customers
/// and merchants know before they deal who would judge between them.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">SPKI of the key that signs this and its rulings.</param>
/// <param name="CaseKey">The X25519 key that cases are sealed to (RFC 9180), 32 bytes.</param>
public sealed record ArbiterCard(string Name, byte[] Key, byte[] CaseKey) : IStatement<ArbiterCard>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.arbiter";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<ArbiterCard> Json => ProtocolJson.Default.ArbiterCard;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Name) && P256PublicKey.TryFromSpki(Key, out _)
        && CaseKey.Length == HpkePublicKey.SizeOf(HpkeKem.X25519);

    /// <summary>Whether a card is signed by the key that it names.</summary>
    public static bool Holds(Signed<ArbiterCard> card) => card.IsSignedBy(P256PublicKey.FromSpki(card.Content.Key));
}

/// <summary>
/// Opens a dispute on a payment (section 2 of the patent, and its paragraphs after FIG. 2): signed by the key of the
/// lock's first token, so that the customer complains without a name and without an account.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>: there is one dispute on it at most.</param>
/// <param name="Key">SPKI of the key <c>q</c> of the first token in P2.</param>
/// <param name="Claim">One of <see cref="Disputes.Claim"/>.</param>
/// <param name="Reserve">The fresh reserve that takes a refund.</param>
/// <param name="Case">What the arbiter is shown, sealed to it (<see cref="SealedCase"/>): the bank cannot read
/// it.</param>
public sealed record DisputeOrder(
    TransactionId Transaction, byte[] Key, string Claim, ReserveId Reserve, byte[] Case) : IStatement<DisputeOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.dispute";

    /// <inheritdoc/>
    public static int MaxLength => 128 * 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<DisputeOrder> Json => ProtocolJson.Default.DisputeOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize && Disputes.Claim.IsKnown(Claim)
        && Case.Length is > SealedCase.Overhead and <= SealedCase.MaxLength;
}

/// <summary>The merchant's answer to a dispute, signed by the account key: the money back at once, or its own side of
/// it for the arbiter.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Key">SPKI of the account key.</param>
/// <param name="Accepts">Whether the customer is refunded.</param>
/// <param name="Case">The merchant's side, sealed to the arbiter; only without <paramref name="Accepts"/>.</param>
public sealed record DisputeAnswer(TransactionId Transaction, byte[] Key, bool Accepts, byte[]? Case = null)
    : IStatement<DisputeAnswer>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.dispute-answer";

    /// <inheritdoc/>
    public static int MaxLength => 128 * 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<DisputeAnswer> Json => ProtocolJson.Default.DisputeAnswer;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize
        && (Case is null || (!Accepts && Case.Length is > SealedCase.Overhead and <= SealedCase.MaxLength));
}

/// <summary>The arbiter's decision, signed by its key. What is refunded is paid from the merchant's balance.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Bank">The bank's name.</param>
/// <param name="Claim">The claim that was decided.</param>
/// <param name="Refund">What the customer gets back: all, a part (a discount), or nothing.</param>
/// <param name="At">When.</param>
public sealed record Ruling(TransactionId Transaction, string Bank, string Claim, Amount Refund, UnixTime At)
    : IStatement<Ruling>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.ruling";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Ruling> Json => ProtocolJson.Default.Ruling;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Bank) && Disputes.Claim.IsKnown(Claim);
}
