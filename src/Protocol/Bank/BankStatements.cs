using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;

namespace Bauta.Protocol.Bank;

/// <summary>
/// A denomination key, announced by its issuer and entered in the archive's log before the first withdrawal.
/// Wallets refuse a key that does not stand in the log, so a bank cannot tag a customer with a key of his own.
/// </summary>
/// <param name="Issuer">The issuer's name, as in the token challenge.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Decimals">Decimals of the currency's minor unit.</param>
/// <param name="Value">What one token is worth: a power of two of the minor unit.</param>
/// <param name="TokenKey">The RSA-2048 key as RFC 9578 SPKI (RSASSA-PSS OID).</param>
/// <param name="WithdrawFrom">First second at which the key signs.</param>
/// <param name="WithdrawUntil">From here on the key signs nothing more.</param>
/// <param name="SpendUntil">From here on its tokens can only be refreshed.</param>
/// <param name="ExpiresAt">From here on its tokens are worth nothing.</param>
public sealed record Denomination(
    string Issuer, string Currency, int Decimals, Amount Value, byte[] TokenKey,
    UnixTime WithdrawFrom, UnixTime WithdrawUntil, UnixTime SpendUntil, UnixTime ExpiresAt) : IStatement<Denomination>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.denomination";

    /// <inheritdoc/>
    public static int MaxLength => 2048;

    /// <inheritdoc/>
    public static JsonTypeInfo<Denomination> Json => ProtocolJson.Default.Denomination;

    /// <summary>Largest exponent of a denomination: 2^40 minor units.</summary>
    public const int MaxExponent = 40;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsPartyName(Issuer) && Names.IsCurrency(Currency, Decimals)
        && Value.MinorUnits > 0 && long.IsPow2(Value.MinorUnits) && Value.MinorUnits <= 1L << MaxExponent
        && WithdrawFrom < WithdrawUntil && WithdrawUntil <= SpendUntil && SpendUntil <= ExpiresAt
        && RsaPublicKey.TryFromSpki(TokenKey, out _);

    /// <summary>The challenge that every token of this denomination answers: it binds issuer, currency and
    /// value.</summary>
    /// <returns>An RFC 9577 TokenChallenge without redemption context.</returns>
    public TokenChallenge Challenge() => ChallengeOf(Issuer, Currency, Value);

    /// <summary>The challenge for an issuer, currency and value.</summary>
    public static TokenChallenge ChallengeOf(string issuer, string currency, Amount value) =>
        new(issuer, [], $"{currency.ToLowerInvariant()}-{value}");
}

/// <summary>A compromised or retired denomination key: its unspent tokens are only exchanged, by recoup.</summary>
/// <param name="Issuer">The issuer's name.</param>
/// <param name="TokenKeyId">SHA-256 of the key's SPKI, 32 bytes.</param>
/// <param name="RevokedAt">When.</param>
public sealed record Revocation(string Issuer, byte[] TokenKeyId, UnixTime RevokedAt) : IStatement<Revocation>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.revocation";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<Revocation> Json => ProtocolJson.Default.Revocation;

    /// <inheritdoc/>
    public bool IsWellFormed() => Names.IsPartyName(Issuer) && TokenKeyId.Length == 32;
}

/// <summary>
/// The reserve's order to sign one or more blinded messages, sent in the header <c>Bauta-Reserve</c> beside an
/// unmodified RFC 9578 token request.
/// </summary>
/// <param name="ReserveKey">SPKI of the reserve's key, which signs this.</param>
/// <param name="BodyHash">SHA-256 of the request body.</param>
public sealed record WithdrawalOrder(byte[] ReserveKey, byte[] BodyHash) : IStatement<WithdrawalOrder>
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Bauta-Reserve";

    /// <inheritdoc/>
    public static string Typ => "bauta.withdrawal";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<WithdrawalOrder> Json => ProtocolJson.Default.WithdrawalOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => ReserveKey.Length == P256PublicKey.SpkiSize && BodyHash.Length == 32;
}

/// <summary>A signed reading of one's own reserve or account; it moves nothing.</summary>
/// <param name="Key">SPKI of the key that owns what is read and signs this.</param>
/// <param name="At">When; a bank refuses one that is older or newer than five minutes.</param>
public sealed record ReadOrder(byte[] Key, UnixTime At) : IStatement<ReadOrder>
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Bauta-Read";

    /// <inheritdoc/>
    public static string Typ => "bauta.read";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<ReadOrder> Json => ProtocolJson.Default.ReadOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize;
}

/// <summary>One token in an authorization and how much of it to lock.</summary>
/// <param name="Token">The RFC 9578 token, 354 bytes.</param>
/// <param name="Key">SPKI of the token's own key <c>q</c>, 91 bytes; its SHA-256 is the token's nonce.</param>
/// <param name="Amount">How much to lock, more than zero.</param>
public sealed record TokenSpend(byte[] Token, byte[] Key, Amount Amount)
{
    /// <summary>Whether sizes and ranges hold.</summary>
    public bool IsWellFormed() =>
        Token.Length == Crypto.PrivacyPass.Token.Size && Key.Length == P256PublicKey.SpkiSize && Amount > Amount.Zero;
}

/// <summary>
/// The payload of P2, Authorization_q (FIG. 4): <c>S_q(n, expiry, M, A, c, tokens and amounts)</c>.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="ExpiresAt">After it the archive aborts.</param>
/// <param name="Account">The merchant's account <c>M</c>.</param>
/// <param name="Archive">The archive <c>A</c> with its witness quorum.</param>
/// <param name="Commitment"><c>c</c>, what the release must match.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">The whole sum; equals the sum of the tokens' amounts.</param>
/// <param name="Tokens">1 to <see cref="MaxTokens"/> different tokens, drawn on in this order.</param>
/// <param name="TotalKey">In a session (FIG. 8), 32 bytes: the commit carries what is paid of the sum, sealed under
/// this (<see cref="SealedTotal"/>); the rest is unlocked.</param>
public sealed record Authorization(
    TransactionId Transaction, UnixTime ExpiresAt, AccountId Account, PolicyId Archive, KeyCommitment Commitment,
    string Currency, Amount Amount, IReadOnlyList<TokenSpend> Tokens, byte[]? TotalKey = null)
{
    /// <summary>The JWS <c>typ</c> of each signature.</summary>
    public const string Typ = "bauta.authorization";

    /// <summary>The most tokens in one transaction.</summary>
    public const int MaxTokens = 64;

    /// <summary>The largest request body in bytes.</summary>
    public const int MaxLength = 96 * 1024;

    /// <summary>Whether sizes, ranges and the sum hold and no token stands twice.</summary>
    public bool IsWellFormed()
    {
        if (!Names.IsCurrency(Currency) || Amount == Amount.Zero || Tokens.Count is < 1 or > MaxTokens
            || !Tokens.All(token => token.IsWellFormed()) || TotalKey is { Length: not SealedTotal.KeySize })
            return false;
        if (Tokens.Any(token => token.Amount > Amount))
            return false;
        var sum = Tokens.Aggregate(0L, (total, token) => checked(total + token.Amount.MinorUnits));
        return sum == Amount.MinorUnits
            && Tokens.Select(token => Convert.ToHexString(token.Token)).Distinct().Count() == Tokens.Count;
    }

    /// <summary>The lock note that answers this.</summary>
    public LockNote ToLockNote() => new(Transaction, ExpiresAt, Archive, Commitment);

    /// <summary>The payment note that answers this.</summary>
    public PaymentNote ToPaymentNote() => new(Transaction, Account, Currency, Amount, TotalKey);
}

/// <summary>
/// P2 as it travels: RFC 7515 general JSON with one signature per distinct token key, in the order in which the keys
/// first appear. The bytes are kept as they were signed.
/// </summary>
public sealed class SignedAuthorization
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/jose+json";

    private readonly JwsJson signatures;

    private SignedAuthorization(byte[] utf8, JwsJson signatures, Authorization content) =>
        (Utf8, this.signatures, Content) = (utf8, signatures, content);

    /// <summary>What is authorized.</summary>
    public Authorization Content { get; }

    /// <summary>The request body; do not write to it.</summary>
    public byte[] Utf8 { get; }

    /// <summary>SHA-256 of the payload: two requests with one <c>n</c> are equal when their payloads are.</summary>
    public byte[] PayloadHash() => System.Security.Cryptography.SHA256.HashData(signatures.Payload);

    /// <summary>Signs with each distinct token key.</summary>
    /// <param name="content">What is authorized.</param>
    /// <param name="keys">The keys in the order in which they first appear in the tokens.</param>
    public static SignedAuthorization Sign(Authorization content, IReadOnlyList<ISigner> keys)
    {
        var body = JwsJson.Sign(Authorization.Typ, StrictJson.Write(content, ProtocolJson.Default.Authorization), keys);
        return TryParse(Encoding.ASCII.GetBytes(body), out var signed)
            ? signed
            : throw new ArgumentException("This authorization is not well formed.", nameof(content));
    }

    /// <summary>Reads the body strictly; signatures are verified apart, after the cheap checks.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out SignedAuthorization? signed)
    {
        signed = null;
        if (!JwsJson.TryParse(body, Authorization.MaxLength, Authorization.MaxTokens, out var signatures)
            || signatures.Typ != Authorization.Typ
            || !StrictJson.TryRead(signatures.Payload, ProtocolJson.Default.Authorization, out var content)
            || !content.IsWellFormed())
            return false;
        signed = new SignedAuthorization(body.ToArray(), signatures, content);
        return true;
    }

    /// <summary>
    /// Whether every token's own key signed, each once and nobody else. Costs one verification per distinct key, so
    /// it stands after the cheap checks.
    /// </summary>
    public bool IsSignedByItsTokenKeys()
    {
        var keys = Content.Tokens.Select(token => Convert.ToHexString(token.Key)).Distinct().ToArray();
        if (keys.Length != signatures.Signatures.Count)
            return false;
        for (var i = 0; i < keys.Length; i++)
            if (!P256PublicKey.TryFromSpki(Convert.FromHexString(keys[i]), out var key) || !signatures.Verify(i, key))
                return false;
        return true;
    }
}

/// <summary>
/// The lock note, the part of P3 that the archive sees: <c>S_b(n, expiry, A, c)</c>. A bank signs one per
/// transaction; two different ones for one <c>n</c> prove it at fault.
/// </summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="ExpiresAt">By the archive's clock.</param>
/// <param name="Archive">The archive <c>A</c> with its witness quorum.</param>
/// <param name="Commitment"><c>c</c>.</param>
public sealed record LockNote(TransactionId Transaction, UnixTime ExpiresAt, PolicyId Archive, KeyCommitment Commitment)
    : IStatement<LockNote>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.lock-note";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<LockNote> Json => ProtocolJson.Default.LockNote;

    /// <inheritdoc/>
    public bool IsWellFormed() => true;
}

/// <summary>The part of P3 that only the merchant sees: <c>S_b(n, M, value)</c>.</summary>
/// <param name="Transaction">The transaction ID <c>n</c>.</param>
/// <param name="Account">The account <c>M</c> that the value goes to on commit.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">The value locked.</param>
/// <param name="TotalKey">In a session: the key under which the bank reads what is paid of it.</param>
public sealed record PaymentNote(
    TransactionId Transaction, AccountId Account, string Currency, Amount Amount, byte[]? TotalKey = null)
    : IStatement<PaymentNote>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.payment-note";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<PaymentNote> Json => ProtocolJson.Default.PaymentNote;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Names.IsCurrency(Currency) && Amount > Amount.Zero && TotalKey is not { Length: not SealedTotal.KeySize };

    /// <summary>Whether this says what another one says.</summary>
    public bool Matches(PaymentNote other) => other with { TotalKey = null } == this with { TotalKey = null }
        && TotalKey.AsSpan().SequenceEqual(other.TotalKey);
}

/// <summary>
/// Turns all that is left of a token into a credit on a fresh reserve, from which tokens are withdrawn that cannot
/// be linked to it. Signed by the token's key; the same token and reserve has the same answer for ever.
/// </summary>
/// <param name="Token">The token, 354 bytes.</param>
/// <param name="Key">SPKI of the token's own key.</param>
/// <param name="Reserve">The reserve to credit.</param>
public sealed record RefreshOrder(byte[] Token, byte[] Key, ReserveId Reserve) : IStatement<RefreshOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.refresh";

    /// <inheritdoc/>
    public static int MaxLength => 2048;

    /// <inheritdoc/>
    public static JsonTypeInfo<RefreshOrder> Json => ProtocolJson.Default.RefreshOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Token.Length == Crypto.PrivacyPass.Token.Size && Key.Length == P256PublicKey.SpkiSize;
}

/// <summary>
/// Exchanges an unspent token of a revoked key. A thief of the key can sign tokens but was never issued them, so the
/// holder shows the seed of the blinding: salt and blind derive from it and lead to the blinded message that the bank
/// has on record. They cannot be chosen, since with the stolen key a blind can be computed for any message.
/// </summary>
/// <param name="Token">The token, 354 bytes.</param>
/// <param name="Key">SPKI of the token's own key, which signs this.</param>
/// <param name="Seed">The seed that salt and blind derive from, 32 bytes.</param>
/// <param name="Reserve">The reserve to credit.</param>
/// <param name="Closing">When another bank locks the issuer's tokens, and only then: its note that closed this
/// one.</param>
public sealed record RecoupOrder(
    byte[] Token, byte[] Key, byte[] Seed, ReserveId Reserve, Signed<ClosingNote>? Closing = null)
    : IStatement<RecoupOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.recoup";

    /// <inheritdoc/>
    public static int MaxLength => 4096;

    /// <inheritdoc/>
    public static JsonTypeInfo<RecoupOrder> Json => ProtocolJson.Default.RecoupOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Token.Length == Crypto.PrivacyPass.Token.Size && Key.Length == P256PublicKey.SpkiSize
        && Seed.Length == BlindRsa.SeedSize;
}

/// <summary>Opens a merchant's account, or states its payee anew.</summary>
/// <param name="Key">SPKI of the account key, which signs this.</param>
/// <param name="Payee">Where the acquirer pays out to, in the acquirer's own form, 1 to 128 printable
/// characters.</param>
/// <param name="At">When it was signed; the newest order counts, so that an old one sent again changes nothing.</param>
public sealed record AccountOrder(byte[] Key, string Payee, UnixTime At) : IStatement<AccountOrder>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.account";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<AccountOrder> Json => ProtocolJson.Default.AccountOrder;

    /// <inheritdoc/>
    public bool IsWellFormed() => Key.Length == P256PublicKey.SpkiSize && Names.IsLine(Payee, 128);
}

/// <summary>Orders a payout from a merchant's account; signed by the account key.</summary>
/// <param name="Id">The request id.</param>
/// <param name="Key">SPKI of the account key.</param>
/// <param name="Currency">Three upper-case letters.</param>
/// <param name="Amount">At most what is past the dispute window.</param>
public sealed record PayoutRequest(RequestId Id, byte[] Key, string Currency, Amount Amount) : IStatement<PayoutRequest>
{
    /// <inheritdoc/>
    public static string Typ => "bauta.payout-request";

    /// <inheritdoc/>
    public static int MaxLength => 1024;

    /// <inheritdoc/>
    public static JsonTypeInfo<PayoutRequest> Json => ProtocolJson.Default.PayoutRequest;

    /// <inheritdoc/>
    public bool IsWellFormed() =>
        Key.Length == P256PublicKey.SpkiSize && Names.IsCurrency(Currency) && Amount > Amount.Zero;
}
