using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.Jose;

namespace Bauta.Protocol.Evidence;

/// <summary>
/// "Signed and dated by a trusted authority" (section 3): that this file was there at that time. For evidence near a
/// transaction's end, so that nobody gains by waiting until the others have forgotten.
/// </summary>
/// <param name="Notary">The notary's name.</param>
/// <param name="Key">SPKI of the key that signs this.</param>
/// <param name="FileHash">SHA-256 of the file, 32 bytes: the notary need not read it.</param>
/// <param name="At">By the notary's clock.</param>
public sealed record Certificate(string Notary, byte[] Key, byte[] FileHash, UnixTime At) : IStatement<Certificate>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.certificate";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Certificate> Json => ProtocolJson.Default.Certificate;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsPartyName(Notary) && P256PublicKey.TryFromSpki(Key, out _) && FileHash.Length == 32;

    /// <summary>Whether the notary's key signed it, for this file.</summary>
    public static bool Holds(Signed<Certificate> certificate, ReadOnlySpan<byte> file) =>
        certificate.IsSignedBy(P256PublicKey.FromSpki(certificate.Content.Key))
        && SHA256.HashData(file).AsSpan().SequenceEqual(certificate.Content.FileHash);
}
