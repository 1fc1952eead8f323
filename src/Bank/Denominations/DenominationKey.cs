using Bauta.Crypto.BlindRsa;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Denominations;

/// <summary>A denomination key as it stands now. Immutable: what changes is the set that holds it.</summary>
/// <param name="Number">Names the key in the database, in 8 bytes instead of 32.</param>
/// <param name="Statement">The announcement.</param>
/// <param name="PublicKey">What verifies its tokens.</param>
/// <param name="KeyId">SHA-256 of its SPKI, 32 bytes.</param>
/// <param name="ChallengeDigest">What every token of the denomination answers.</param>
/// <param name="Proof">Its place in the log; until then the key is not offered and signs nothing.</param>
/// <param name="IsRevoked">From the operator's order on, before the log carries it.</param>
/// <param name="RevocationProof">The revocation's place in the log.</param>
/// <param name="IsClosed">Its tokens have been written off; holds even when the clock steps back.</param>
/// <param name="Signer">The private key, while the key may sign.</param>
/// <param name="IsOwn">Whether this bank issues it; if not, it only locks its tokens.</param>
internal sealed record DenominationKey(
    long Number, Signed<Denomination> Statement, RsaPublicKey PublicKey, byte[] KeyId, byte[] ChallengeDigest,
    LoggedEntry? Proof, bool IsRevoked, LoggedEntry? RevocationProof, bool IsClosed, KeptSigner? Signer, bool IsOwn)
{
    public Amount Value => Statement.Content.Value;

    public bool IsOffered => Proof is not null;

    public bool IsPastWithdrawal(UnixTime now) => now >= Statement.Content.WithdrawUntil;

    /// <summary>Whether the key signs.</summary>
    public BankError? RefusesToSign(UnixTime now) => this switch
    {
        { IsOffered: false } => BankError.UnknownKey,
        { IsRevoked: true } => BankError.KeyRevoked,
        _ when now < Statement.Content.WithdrawFrom || IsPastWithdrawal(now) => BankError.KeyExpired,
        { Signer: null } => BankError.UnknownKey,
        _ => null,
    };

    /// <summary>Whether its tokens can be locked.</summary>
    public BankError? RefusesToLock(UnixTime now) => Refuses(now, Statement.Content.SpendUntil);

    /// <summary>Whether its tokens can be refreshed.</summary>
    public BankError? RefusesToRefresh(UnixTime now) => Refuses(now, Statement.Content.ExpiresAt);

    /// <summary>Whether its tokens can be recouped.</summary>
    public BankError? RefusesToRecoup(UnixTime now) =>
        IsClosed || now >= Statement.Content.ExpiresAt ? BankError.KeyExpired
        : IsRevoked ? null : BankError.KeyNotRevoked;

    private BankError? Refuses(UnixTime now, UnixTime until) =>
        IsRevoked ? BankError.KeyRevoked : IsClosed || now >= until ? BankError.KeyExpired : null;
}
