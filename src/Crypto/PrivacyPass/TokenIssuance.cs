using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;

namespace Bauta.Crypto.PrivacyPass;

/// <summary>
/// A client's side of one issuance, RFC 9578 section 6: made with the request, and the only thing that can turn the
/// response into a token. Serves once. Thread-safe.
/// </summary>
public sealed class TokenIssuance : IDisposable
{
    private readonly byte[] signed;
    private readonly BlindingState blinding;
    private readonly byte[] request;

    private TokenIssuance(RsaPublicKey key, byte[] signed, BlindingState blinding)
    {
        this.signed = signed;
        this.blinding = blinding;
        request = new TokenRequest(key.TruncatedKeyId, blinding.BlindedMessage).Encode();
    }

    /// <summary>The encoded <see cref="TokenRequest"/>, 259 bytes, a copy.</summary>
    public byte[] Request => (byte[])request.Clone();

    /// <summary>
    /// Begins to ask <paramref name="key"/> for a token with that nonce (32 bytes) and challenge digest (32 bytes).
    /// Salt and blind follow from the secret <paramref name="seed"/> (32 bytes), so that the same request can be made
    /// again after a loss; a seed serves one token only.
    /// </summary>
    /// <exception cref="ArgumentException">An input has another size.</exception>
    public static TokenIssuance Begin(
        RsaPublicKey key, ReadOnlySpan<byte> challengeDigest, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> seed)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signed = Token.SignedBytes(key, challengeDigest, nonce);
        return new TokenIssuance(key, signed, BlindRsa.BlindRsa.Blind(key, signed, seed));
    }

    /// <summary>Finishes with the issuer's response.</summary>
    /// <exception cref="CryptographicException">The response does not make a valid token.</exception>
    /// <exception cref="InvalidOperationException">This was called before, or the issuance was disposed.</exception>
    public Token Finish(ReadOnlySpan<byte> response) => Token.FromParts(signed, blinding.Finalize(response));

    /// <summary>Zeroes what would link request and token.</summary>
    public void Dispose() => blinding.Dispose();

    /// <summary>With a salt and a blind that are given, as the published vectors do.</summary>
    internal static TokenIssuance Begin(
        RsaPublicKey key,
        ReadOnlySpan<byte> challengeDigest,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> salt,
        ReadOnlySpan<byte> blind)
    {
        var signed = Token.SignedBytes(key, challengeDigest, nonce);
        return new TokenIssuance(key, signed, BlindRsa.BlindRsa.Blind(key, signed, salt, blind));
    }
}
