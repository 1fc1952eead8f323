using Bauta.Protocol.Archive;
using Bauta.Protocol.Disputes;

namespace Bauta.Protocol.Bank;

/// <summary>A denomination as the bank lists it: the announcement and the proof that it stands in the log.</summary>
/// <param name="Key">The announcement.</param>
/// <param name="Proof">Its entry in the log with the witness quorum.</param>
public sealed record ListedDenomination(Signed<Denomination> Key, LoggedEntry Proof)
{
    /// <summary>Whether the announcement stands in an archive's log under its quorum.</summary>
    public bool StandsIn(ArchivePolicy policy) => policy.TryVerify(Proof, out var logged)
        && logged.Entry.Kind == LogEntry.Denomination && logged.Entry.Statement == Key.Text;
}

/// <summary>All denominations that can still be withdrawn, spent or refreshed, and the revocations in force.</summary>
/// <param name="Denominations">At most <see cref="MaxDenominations"/>.</param>
/// <param name="Revocations">Revoked keys, each with its entry in the log.</param>
public sealed record DenominationList(
    IReadOnlyList<ListedDenomination> Denominations, IReadOnlyList<LoggedEntry> Revocations)
{
    /// <summary>The most keys that a wallet reads.</summary>
    public const int MaxDenominations = 256;

    /// <summary>The most keys of one issuer, currency and value that can be withdrawn from at one time: who withdraws
    /// from the same key cannot be told apart. Revoked ones do not count.</summary>
    public const int MaxConcurrent = 3;

    /// <summary>The most bytes of JSON that a bank answers, so that the list passes through a mask.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The IDs of the revoked keys in hexadecimal, as the bank states them: nothing is verified.</summary>
    public IReadOnlySet<string> RevokedKeyIds() => Revocations
        .Select(entry => LogEntry.TryParse(entry.Entry, out var leaf)
            ? Convert.ToHexString(leaf.StatementAs<Revocation>().Content.TokenKeyId)
            : string.Empty)
        .ToHashSet();
}

/// <summary>Credits a reserve with money that an acquirer took in, or with what another bank refreshed.</summary>
/// <param name="Notice">The signed notice; its id makes it count once.</param>
public sealed record FundingRequest(Signed<Acquirer.FundingNotice> Notice);

/// <summary>A reserve as its owner sees it.</summary>
/// <param name="Balance">What can be withdrawn.</param>
public sealed record ReserveState(Amount Balance);

/// <summary>P3, Authorization_b: the lock note for the archive and the payment note for the merchant.</summary>
/// <param name="LockNote"><c>S_b(n, expiry, A, c)</c>.</param>
/// <param name="Payment"><c>S_b(n, M, value)</c>.</param>
public sealed record LockAnswer(Signed<LockNote> LockNote, Signed<PaymentNote> Payment);

/// <summary>What became of a lock.</summary>
/// <param name="State"><c>settled</c> after a commit, <c>unlocked</c> after an abort.</param>
public sealed record SettlementAnswer(string State)
{
    /// <summary>The value went to the merchant's account.</summary>
    public const string Settled = "settled";

    /// <summary>The value went back to the tokens.</summary>
    public const string Unlocked = "unlocked";
}

/// <summary>How much a refresh or recoup credited.</summary>
/// <param name="Amount">All that was left of the token.</param>
/// <param name="Notice">
/// When the issuer is another operator: the notice that the wallet carries to it. Otherwise null: the reserve has
/// been credited.
/// </param>
public sealed record RefreshAnswer(Amount Amount, Signed<Acquirer.FundingNotice>? Notice = null);

/// <summary>A token of a revoked key that the locking bank has closed.</summary>
/// <param name="Note">What the wallet carries to the issuer.</param>
public sealed record ClosingAnswer(Signed<ClosingNote> Note);

/// <summary>A merchant's account as its owner sees it.</summary>
/// <param name="Balance">Settled and not paid out.</param>
/// <param name="Available">The part of it that is past the dispute window.</param>
/// <param name="PaidOut">Paid out in all.</param>
/// <param name="Held">The part of the balance that is held for disputes; absent when there is none.</param>
public sealed record AccountState(Amount Balance, Amount Available, Amount PaidOut, Amount? Held = null);

/// <summary>A payout as the merchant sees it.</summary>
/// <param name="State"><c>ordered</c>, <c>paid</c> or <c>returned</c>.</param>
public sealed record PayoutState(string State)
{
    /// <summary>On its way to the acquirer.</summary>
    public const string Ordered = "ordered";

    /// <summary>Paid by the acquirer.</summary>
    public const string Paid = "paid";

    /// <summary>Refused by the acquirer and back in the account.</summary>
    public const string Returned = "returned";
}

/// <summary>
/// The bank: issues blind tokens, locks them, settles, refreshes. Every method may be called again with the same
/// request; it takes effect once, and what was answered is durable. The second answer is the first, byte for byte, but
/// for those that tell a state: accounts, reserves, payouts (ordered, then paid or returned) and revocations. Safe for
/// concurrent use.
/// </summary>
public interface IBank : IDisputes
{
    /// <summary>The denominations in force.</summary>
    Task<DenominationList> DenominationsAsync(CancellationToken cancellation);

    /// <summary>Credits a reserve, once per notice.</summary>
    Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation);

    /// <summary>The balance of a reserve, for the holder of its key.</summary>
    Task<Result<ReserveState, BankError>> ReserveAsync(Signed<ReadOrder> order, CancellationToken cancellation);

    /// <summary>
    /// Signs one or more blinded messages (RFC 9578 section 5.2) and debits the reserve. A blinded message seen before
    /// has its stored signature returned and is never charged again. All or none are signed.
    /// </summary>
    /// <param name="order">The reserve's order over the whole body.</param>
    /// <param name="body">The body as received, whose hash the order names.</param>
    /// <param name="requests">1 to 64 TokenRequest structs of 259 bytes, parsed from the body.</param>
    /// <param name="cancellation">Gives up waiting; the work may still happen.</param>
    /// <returns>As many blind signatures of 256 bytes.</returns>
    Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<Crypto.PrivacyPass.TokenRequest> requests,
        CancellationToken cancellation);

    /// <summary>Proves that a token request which was signed is counted in the statement of its day.</summary>
    /// <param name="requestHash">SHA-256 of its 259 bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<Result<IssueProof, BankError>> ProveIssueAsync(byte[] requestHash, CancellationToken cancellation);

    /// <summary>P2 to P3: locks tokens to a transaction. The id is <c>n</c>, equality is by the payload.</summary>
    Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation);

    /// <summary>Settles or unlocks on a decision that carries the witness quorum named in the lock; once per
    /// <c>n</c>.</summary>
    Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation);

    /// <summary>Turns the rest of a token into a reserve credit.</summary>
    Task<Result<RefreshAnswer, BankError>> RefreshAsync(Signed<RefreshOrder> order, CancellationToken cancellation);

    /// <summary>Closes a token of another issuer's revoked key, so that the issuer can exchange it.</summary>
    Task<Result<ClosingAnswer, BankError>> CloseAsync(Signed<ClosingOrder> order, CancellationToken cancellation);

    /// <summary>Exchanges a token of a revoked key.</summary>
    Task<Result<RefreshAnswer, BankError>> RecoupAsync(Signed<RecoupOrder> order, CancellationToken cancellation);

    /// <summary>Opens a merchant account, or states its payee anew.</summary>
    Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation);

    /// <summary>The state of an account, for the holder of its key.</summary>
    Task<Result<AccountState, BankError>> AccountAsync(Signed<ReadOrder> order, CancellationToken cancellation);

    /// <summary>Orders a payout; the same id gives the payout's present state.</summary>
    Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation);
}

/// <summary>What a bank does on the word of its own operator, which is a statement under its identity key.</summary>
public interface IBankOperator
{
    /// <summary>Revokes a denomination key: at once here, and for everybody through the log. May be repeated.</summary>
    Task<Result<RevocationAnswer, BankError>> RevokeAsync(
        Signed<Revocation> order, CancellationToken cancellation);
}

/// <summary>Where a revocation stands.</summary>
/// <param name="State"><c>revoked</c> at the bank, <c>logged</c> once it stands in the archive's log for
/// everybody.</param>
public sealed record RevocationAnswer(string State)
{
    /// <summary>The bank honours the key no longer.</summary>
    public const string Revoked = "revoked";

    /// <summary>The log carries the revocation.</summary>
    public const string Logged = "logged";
}

/// <summary>What a bank refuses, and why. The list is closed.</summary>
public enum BankError
{
    /// <summary>Not readable.</summary>
    [Refusal(400, "The request is not well formed. Correct it; nothing was changed.")]
    Malformed,

    /// <summary>Wrong signature.</summary>
    [Refusal(403, "A signature does not verify under the key it must be made with.")]
    BadSignature,

    /// <summary>Same id, other body.</summary>
    [Refusal(409, "This id was used before with another body. Use a new id for a new request.")]
    IdReused,

    /// <summary>Not this bank, currency or issuer.</summary>
    [Refusal(422, "The request names another bank, issuer or currency.")]
    WrongBank,

    /// <summary>The acquirer is not known.</summary>
    [Refusal(403, "The notice is not signed by an acquirer that this bank accepts.")]
    UnknownAcquirer,

    /// <summary>No such reserve.</summary>
    [Refusal(404, "This reserve was never funded. Fund it first.")]
    UnknownReserve,

    /// <summary>The reserve is too small.</summary>
    [Refusal(402, "The reserve does not cover the withdrawal. Fund it or withdraw less.")]
    ReserveTooSmall,

    /// <summary>No such denomination key.</summary>
    [Refusal(422, "No active denomination key matches. Read the denominations again.")]
    UnknownKey,

    /// <summary>Outside the key's dates.</summary>
    [Refusal(410, "The denomination key is outside the dates announced for this use. Refresh the token, or withdraw anew.")]
    KeyExpired,

    /// <summary>The key is revoked.</summary>
    [Refusal(410, "The denomination key is revoked. Recoup its tokens.")]
    KeyRevoked,

    /// <summary>The key is in force.</summary>
    [Refusal(409, "The denomination key is not revoked, so its tokens are spent or refreshed, not recouped.")]
    KeyNotRevoked,

    /// <summary>A blinded message that cannot be signed.</summary>
    [Refusal(422, "The blinded message is not one that can be signed: it must lie between 1 and n - 1, exclusive.")]
    BadBlindedMessage,

    /// <summary>The token does not verify.</summary>
    [Refusal(403, "A token is not one that this bank honours: its signature, its key or its challenge does not match.")]
    BadToken,

    /// <summary>Nothing is left.</summary>
    [Refusal(409, "A token has less left than the amount asked for. Refresh or drop it.")]
    TokenSpent,

    /// <summary>Locked elsewhere.</summary>
    [Refusal(409, "A token is locked to another transaction. Wait for its end.")]
    TokenLocked,

    /// <summary>Too many aborts.</summary>
    [Refusal(409, "A token was part of too many aborted transactions. Refresh it, then use the fresh ones.")]
    RefreshFirst,

    /// <summary>One serial under two keys.</summary>
    [Refusal(409, "This token's serial was seen under another denomination key. It moves value once.")]
    SerialReused,

    /// <summary>The archive is not accepted.</summary>
    [Refusal(422, "This bank does not act on decisions of that archive and quorum.")]
    UnknownArchive,

    /// <summary>Expiry out of range.</summary>
    [Refusal(422, "The expiry lies outside the range that this bank allows.")]
    BadExpiry,

    /// <summary>No such account.</summary>
    [Refusal(404, "There is no such account.")]
    UnknownAccount,

    /// <summary>No such lock.</summary>
    [Refusal(404, "Nothing is locked to this transaction.")]
    UnknownTransaction,

    /// <summary>The decision does not hold.</summary>
    [Refusal(422, "The decision does not verify: entry, inclusion, witness quorum or lock note do not match.")]
    BadDecision,

    /// <summary>Too little past the window.</summary>
    [Refusal(409, "Less than that is past the dispute window. Ask for less or wait.")]
    NotAvailable,

    /// <summary>Too many open locks or accounts.</summary>
    [Refusal(429, "A limit of open requests is reached. Try again later.")]
    TooMany,

    /// <summary>The blinding does not lead to an issued token.</summary>
    [Refusal(403, "The blinding seed does not lead to a blinded message that this bank signed.")]
    NeverIssued,

    /// <summary>No archive of its own.</summary>
    [Refusal(422, "This bank is not the archive that the release names, so it holds no releases. Release for the bank's notes, to the archive.")]
    NotJoint,

    /// <summary>Another lock.</summary>
    [Refusal(409, "What is locked to this transaction is not what the release is for. The release is not published.")]
    OtherLock,

    /// <summary>No such request.</summary>
    [Refusal(404, "No token request with this hash was signed here.")]
    UnknownRequest,

    /// <summary>Its day is not in the log.</summary>
    [Refusal(404, "The day on which it was signed is not stated in the log yet. Ask again tomorrow.")]
    NotStated,

    /// <summary>The locking bank's note does not fit.</summary>
    [Refusal(422, "The note of the bank that locks this issuer's tokens is missing, not by it, or on another token.")]
    BadClosing,

    /// <summary>The bank names no arbiter.</summary>
    [Refusal(422, "This bank names no arbiter, so it takes in no disputes.")]
    NoArbiter,

    /// <summary>Nothing was paid.</summary>
    [Refusal(409, "Nothing was paid on this transaction, so there is nothing to give back.")]
    NotPaid,

    /// <summary>Too late.</summary>
    [Refusal(410, "The dispute window of this payment is over.")]
    WindowOver,

    /// <summary>No such dispute.</summary>
    [Refusal(404, "There is no dispute on this transaction, or it is not yours to read.")]
    UnknownDispute,

    /// <summary>Answered or decided otherwise.</summary>
    [Refusal(409, "The dispute was answered or decided otherwise before.")]
    AlreadyDecided,

    /// <summary>The merchant may still answer.</summary>
    [Refusal(409, "The merchant may still answer. Decide when it has, or its time is over.")]
    NotDue,
}
