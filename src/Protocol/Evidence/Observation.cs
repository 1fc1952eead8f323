using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;
using Bauta.Protocol.Archive;

namespace Bauta.Protocol.Evidence;

/// <summary>
/// What a notary saw (section 4: "the archive's non-responsiveness can be automatically detected and certified by any
/// authority at the merchant's request"): it sent somebody's own request to a party, for as long as it says, and this
/// is what came.
/// </summary>
/// <param name="Notary">The notary's name.</param>
/// <param name="Key">SPKI of the key that signs this.</param>
/// <param name="Asked">Whom: the archive's policy ID, or the thumbprint of the bank's identity key.</param>
/// <param name="RequestHash">What was asked, 32 bytes: <see cref="Of(DecisionRequest)"/> or the hash of P2's
/// payload.</param>
/// <param name="From">When it asked first, by the notary's clock.</param>
/// <param name="Until">When it gave up, or had the refusal.</param>
/// <param name="Refusal">The code of the refusal; absent when nothing came.</param>
public sealed record Observation(
    string Notary, byte[] Key, string Asked, byte[] RequestHash, UnixTime From, UnixTime Until,
    string? Refusal = null) : IStatement<Observation>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.observation";

    /// <inheritdoc/>
    public static int MaxLength => 2048;

    /// <inheritdoc/>
    public static JsonTypeInfo<Observation> Json => ProtocolJson.Default.Observation;

    /// <summary>How far a notary's clock and the archive's may differ: what was observed closer to the expiry proves
    /// nothing.</summary>
    public const long MarginSeconds = 30;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Notary) && P256PublicKey.TryFromSpki(Key, out _)
        && Asked.Length == P256PublicKey.ThumbprintLength && RequestHash.Length == 32 && From <= Until
        && (Refusal is null || Names.IsLine(Refusal, 64));

    /// <summary>Whether the notary's key signed it.</summary>
    public static bool Holds(Signed<Observation> observation) =>
        observation.IsSignedBy(P256PublicKey.FromSpki(observation.Content.Key));

    /// <summary>The hash of a demand to an archive: SHA-256 over the payload hashes of the lock note and, when there is
    /// one, of the release. Other signatures of the same statements make no other demand.</summary>
    public static byte[] Of(DecisionRequest demand) => SHA256.HashData(
        [.. demand.LockNote.PayloadHash(), .. demand.Release?.PayloadHash() ?? []]);
}
