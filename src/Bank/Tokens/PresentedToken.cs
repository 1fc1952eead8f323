using System.Security.Cryptography;
using Bauta.Bank.Denominations;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Tokens;

/// <summary>
/// A token as somebody presents it: of a known denomination, answering that denomination's challenge, owned by the key
/// beside it. Its signature is verified apart, after the cheap checks.
/// </summary>
internal sealed class PresentedToken
{
    private readonly Token token;

    private PresentedToken(Token token, DenominationKey key, byte[] serial) =>
        (this.token, Key, Serial) = (token, key, serial);

    public DenominationKey Key { get; }

    /// <summary>The nonce, 32 bytes: SHA-256 of the SPKI of the token's own key.</summary>
    public byte[] Serial { get; }

    /// <summary>What the books admit when the token is seen for the first time: its value when another bank issued it,
    /// nothing when this bank did and has its issue in the books.</summary>
    public Amount Admits => Key.IsOwn ? Amount.Zero : Key.Value;

    /// <summary>Reads a token; costs two hashes.</summary>
    public static Result<PresentedToken, BankError> Read(DenominationSet denominations, byte[] bytes, byte[] ownKeySpki)
    {
        if (!Token.TryDecode(bytes, out var token))
            return BankError.Malformed;
        if (!denominations.TryFind(token.KeyId, out var key) || !key.IsOffered)
            return BankError.UnknownKey;
        var serial = SHA256.HashData(ownKeySpki);
        return token.ChallengeDigest.AsSpan().SequenceEqual(key.ChallengeDigest)
            && token.Nonce.AsSpan().SequenceEqual(serial)
            ? new PresentedToken(token, key, serial)
            : BankError.BadToken;
    }

    /// <summary>One RSA-PSS verification.</summary>
    public bool IsGenuine() => token.Verify(Key.PublicKey);
}
