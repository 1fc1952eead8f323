using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Protocol.Parties;

/// <summary>
/// What a party says of itself at <see cref="Path"/>, signed by its identity key: whoever knows the key's thumbprint
/// can fetch this through anybody, a mask included, and trust the Oblivious HTTP keys in it.
/// </summary>
/// <param name="Role">One of <see cref="Roles"/>.</param>
/// <param name="Name">The party's name.</param>
/// <param name="Key">SPKI of the identity key, which signs this and the party's statements.</param>
/// <param name="ObliviousKeys">The gateway's keys in the form of application/ohttp-keys (RFC 9458 section 3.2).</param>
/// <param name="IssuedAt">When; a client keeps the newest.</param>
/// <param name="Bank">With a bank: its terms.</param>
/// <param name="Merchant">With a merchant: its terms.</param>
/// <param name="Archive">With an archive: its policy in C2SP tlog-policy form.</param>
public sealed record PartyCard(
    string Role, string Name, byte[] Key, byte[] ObliviousKeys, UnixTime IssuedAt,
    BankTerms? Bank = null, MerchantTerms? Merchant = null, string? Archive = null) : IStatement<PartyCard>
{
    /// <summary>Where a party publishes its card.</summary>
    public const string Path = "/.well-known/bauta";

    /// <inheritdoc/>
    public static string Typ => "bauta.party";

    /// <inheritdoc/>
    public static int MaxLength => 64 * 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<PartyCard> Json => ProtocolJson.Default.PartyCard;

    /// <inheritdoc/>
    public bool IsWellFormed() => Roles.IsKnown(Role) && Names.IsPartyName(Name)
        && P256PublicKey.TryFromSpki(Key, out _) && ObliviousKeys.Length <= 4096
        && (Bank is null) == (Role != Roles.Bank) && (Merchant is null) == (Role != Roles.Merchant)
        && (Archive is null) == (Role != Roles.Archive)
        && (Bank?.IsWellFormed() ?? true) && (Merchant?.IsWellFormed() ?? true);

    /// <summary>The key that signs this and the party's statements.</summary>
    public P256PublicKey IdentityKey() => P256PublicKey.FromSpki(Key);
}

/// <summary>The roles of the network.</summary>
public static class Roles
{
    /// <summary>A relay: strips the network address, or opens the outer layer.</summary>
    public const string Mask = "mask";

    /// <summary>Issues, locks, settles.</summary>
    public const string Bank = "bank";

    /// <summary>Decides and publishes.</summary>
    public const string Archive = "archive";

    /// <summary>Cosigns.</summary>
    public const string Witness = "witness";

    /// <summary>Clears real money.</summary>
    public const string Acquirer = "acquirer";

    /// <summary>Sells.</summary>
    public const string Merchant = "merchant";

    /// <summary>Whether this is a role.</summary>
    public static bool IsKnown(string role) => role is Mask or Bank or Archive or Witness or Acquirer or Merchant;
}

/// <summary>A bank's terms.</summary>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Decimals">Decimals of the minor unit.</param>
/// <param name="Policies">The archives and quorums whose decisions it acts on, each in C2SP tlog-policy form.</param>
/// <param name="MinExpirySeconds">The least time from lock to expiry.</param>
/// <param name="MaxExpirySeconds">The most.</param>
/// <param name="DisputeWindowSeconds">How long a settled sum waits before it can be paid out.</param>
/// <param name="Issuer">The other bank that issues the tokens which this one locks; absent when it issues them
/// itself.</param>
/// <param name="SpentAt">The only other bank that locks what this one issues; absent when it locks it itself.</param>
/// <param name="Arbiter">Who decides disputes on payments at this bank; absent when it takes in none.</param>
/// <param name="Joint">The archive that this bank runs itself (FIG. 6 and 7), by its policy: whoever locks and whoever
/// decides are then one.</param>
public sealed record BankTerms(
    string Currency, int Decimals, IReadOnlyList<string> Policies, long MinExpirySeconds, long MaxExpirySeconds,
    long DisputeWindowSeconds, BankPeer? Issuer = null, BankPeer? SpentAt = null,
    Signed<ArbiterCard>? Arbiter = null, PolicyId? Joint = null)
{
    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Names.IsCurrency(Currency, Decimals)
        && Policies.Count is >= 1 and <= 16 && Policies.All(policy => policy.Length <= ArchivePolicy.MaxLength)
        && MinExpirySeconds >= 0 && MaxExpirySeconds >= MinExpirySeconds && DisputeWindowSeconds >= 0
        && (Issuer is null || SpentAt is null)
        && (Issuer?.IsWellFormed() ?? true) && (SpentAt?.IsWellFormed() ?? true)
        && (Arbiter is null || ArbiterCard.Holds(Arbiter));
}

/// <summary>Another bank, as a bank's card names it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">The RFC 7638 thumbprint of its identity key.</param>
public sealed record BankPeer(string Name, string Key)
{
    /// <summary>The bank that a card is of.</summary>
    public static BankPeer Of(PartyCard card) => new(card.Name, card.IdentityKey().Thumbprint);

    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Names.IsPartyName(Name) && Key.Length == P256PublicKey.ThumbprintLength;
}

/// <summary>A merchant's terms.</summary>
/// <param name="Bank">The name of its bank.</param>
/// <param name="BankKey">The RFC 7638 thumbprint of the bank's identity key.</param>
/// <param name="Policies">The archives and quorums it sells under, each in C2SP tlog-policy form.</param>
/// <param name="Proof"><c>two-sided</c> when it sells only with two-sided delivery; otherwise absent.</param>
/// <param name="Releases">The ways to release a key that it takes when a customer asks for one; otherwise
/// absent.</param>
public sealed record MerchantTerms(
    string Bank, string BankKey, IReadOnlyList<string> Policies, string? Proof = null,
    IReadOnlyList<string>? Releases = null)
{
    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() => Names.IsPartyName(Bank) && BankKey.Length == P256PublicKey.ThumbprintLength
        && Policies.Count is >= 1 and <= 16 && Policies.All(policy => policy.Length <= ArchivePolicy.MaxLength)
        && (Proof is null or DeliveryProof.TwoSided)
        && (Releases is null || (Releases.Count is 1 or 2 && Releases.Distinct().Count() == Releases.Count
            && Releases.All(ReleaseTerm.IsKnown)));

    /// <summary>Whether it releases in that way when it is asked to.</summary>
    public bool Takes(string release) => Releases?.Contains(release) is true;
}
