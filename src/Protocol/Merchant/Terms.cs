using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Merchant;

/// <summary>
/// Which variant of a purchase the two agreed on: the customer asks for it and P1 repeats it exactly. Absent, it is
/// FIG. 4 with one-sided delivery. Every member that is there changes what has to be done.
/// </summary>
/// <param name="CustomerKey">SPKI of the key <c>P</c> that the customer chose, 91 bytes: with it the delivery is
/// two-sided, and the merchant releases only for P's <see cref="Acknowledgement"/> of P1.</param>
/// <param name="CustomerName">What the customer wants to be called in the contract, one line, 1 to 64 characters;
/// only with a key, whose signature binds it.</param>
/// <param name="Session">With it the purchase is a session (FIG. 8); it is two-sided by itself, so the other members
/// are absent.</param>
/// <param name="LockFirst">With it the goods are made to order, after the lock (FIG. 5); two-sided by itself,
/// too.</param>
/// <param name="Release">When the merchant releases the key, and to whom beside the archive: one of
/// <see cref="ReleaseTerm"/>; absent, for the bank's notes and to the archive alone.</param>
public sealed record Terms(
    byte[]? CustomerKey = null, string? CustomerName = null, SessionTerms? Session = null,
    SessionTerms? LockFirst = null, string? Release = null)
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Whether sizes hold, and whether they say anything: to have no terms has one form, which is
    /// none.</summary>
    public bool IsWellFormed() => (Session ?? LockFirst) is { } later
        ? CustomerKey is null && CustomerName is null && Release is null && later.IsWellFormed()
            && (Session is null || LockFirst is null)
        : (CustomerKey is not null || Release is not null)
            && (CustomerKey is null || P256PublicKey.TryFromSpki(CustomerKey, out _))
            && (CustomerName is null || (CustomerKey is not null && Names.IsLine(CustomerName, MaxNameLength)))
            && (Release is null || ReleaseTerm.IsKnown(Release))
            // Before the lock there is nothing that the customer could have acknowledged.
            && (Release != ReleaseTerm.Early || CustomerKey is null);

    /// <summary>What the lock note commits to where nothing is made yet; null where P1 commits to a key.</summary>
    public KeyCommitment? CommitmentIn(TransactionId transaction) =>
        Session is not null ? KeyCommitment.To(transaction, P256PublicKey.FromSpki(Session.Key))
        : LockFirst is not null ? KeyCommitment.ToOrder(transaction, P256PublicKey.FromSpki(LockFirst.Key))
        : null;

    /// <summary>Whether two say the same; absent ones do, too.</summary>
    public static bool AreSame(Terms? one, Terms? other) => one is null || other is null
        ? one is null && other is null
        : StrictJson.Write(one, ProtocolJson.Default.Terms).AsSpan().SequenceEqual(
            StrictJson.Write(other, ProtocolJson.Default.Terms));
}

/// <summary>Ways to release a key that a merchant takes up only when it chose to: each is a risk of the
/// merchant's.</summary>
public static class ReleaseTerm
{
    /// <summary>FIG. 7: right after P1, to a bank that is its own archive, which holds the release until the lock is
    /// there too. The merchant never sees a lock before it has handed the key over.</summary>
    public const string Early = "early";

    /// <summary>Section 5.6: for the bank's notes, to archive and customer at once. Where the archive fails, the
    /// customer has the goods and keeps the money.</summary>
    public const string AtOnce = "at-once";

    /// <summary>Whether this is one of them.</summary>
    public static bool IsKnown(string release) => release is Early or AtOnce;
}

/// <summary>Who can prove what was delivered: what a merchant demands.</summary>
public static class DeliveryProof
{
    /// <summary>The customer can.</summary>
    public const string OneSided = "one-sided";

    /// <summary>The customer and the merchant can.</summary>
    public const string TwoSided = "two-sided";

    /// <summary>Whether this is one of the two.</summary>
    public static bool IsKnown(string proof) => proof is OneSided or TwoSided;
}

/// <summary>
/// <c>S_P(P1)</c> (US 6,076,078, sections 2, 5.2 and 5.8): the customer has the whole ciphertext, and it is the one
/// under P1's root. Signed by the key <c>P</c> that stands in P1's terms. Known to customer and merchant only.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Merchant">The RFC 7638 thumbprint of the key that signed P1.</param>
/// <param name="MerchandiseHash">SHA-256 of the payload of P1's JWS, 32 bytes: of what P1 says, since its signature has
/// a twin.</param>
public sealed record Acknowledgement(TransactionId Transaction, string Merchant, byte[] MerchandiseHash)
    : IStatement<Acknowledgement>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.acknowledgement";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Acknowledgement> Json => ProtocolJson.Default.Acknowledgement;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Merchant.Length == P256PublicKey.ThumbprintLength && MerchandiseHash.Length == 32;

    /// <summary>What <c>P</c> signs for a P1.</summary>
    public static Acknowledgement Of(Signed<Merchandise> merchandise) => new(
        merchandise.Content.Transaction(), merchandise.KeyId, merchandise.PayloadHash());

    /// <summary>Whether this one is signed by the key in this P1's terms and is for exactly this P1. False when the
    /// terms name no key.</summary>
    public static bool Holds(Signed<Acknowledgement> acknowledgement, Signed<Merchandise> merchandise)
    {
        var (said, expected) = (acknowledgement.Content, Of(merchandise));
        return merchandise.Content.Customer() is { } customer
            && said.Transaction.Equals(expected.Transaction) && said.Merchant == expected.Merchant
            && said.MerchandiseHash.AsSpan().SequenceEqual(expected.MerchandiseHash)
            && acknowledgement.IsSignedBy(customer);
    }
}
