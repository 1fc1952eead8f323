using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Judge;

/// <summary>The denomination keys in evidence, each signed by the issuer and standing in the archive's log.</summary>
internal sealed class TokenKeys
{
    private readonly Dictionary<string, (Denomination Terms, RsaPublicKey Key)> byId = new(StringComparer.Ordinal);

    public TokenKeys(
        IReadOnlyList<ListedDenomination> listed, string issuerName, P256PublicKey issuer, ArchivePolicy policy)
    {
        foreach (var entry in listed)
            if (entry.Key.Content.Issuer == issuerName && entry.Key.IsSignedBy(issuer)
                && entry.StandsIn(policy)
                && RsaPublicKey.TryFromSpki(entry.Key.Content.TokenKey, out var key))
                byId[Convert.ToHexString(key.KeyId)] = (entry.Key.Content, key);
    }

    /// <summary>Whether a token is the issuer's, is owned by the key in the spend and is worth what is spent of
    /// it.</summary>
    public bool Honours(TokenSpend spend) =>
        Token.TryDecode(spend.Token, out var token)
        && byId.TryGetValue(Convert.ToHexString(token.KeyId), out var entry)
        && P256PublicKey.TryFromSpki(spend.Key, out var owner)
        && TokenSerial.Of(owner).Bytes.SequenceEqual(token.Nonce)
        && token.ChallengeDigest.AsSpan().SequenceEqual(entry.Terms.Challenge().Digest)
        && spend.Amount <= entry.Terms.Value
        && token.Verify(entry.Key);

    /// <summary>What a token is worth whose key stands here.</summary>
    public Amount? ValueOf(byte[] token) =>
        Token.TryDecode(token, out var read) && byId.TryGetValue(Convert.ToHexString(read.KeyId), out var entry)
            ? entry.Terms.Value
            : null;
}
