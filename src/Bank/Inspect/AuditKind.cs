using System.Reflection;

namespace Bauta.Bank.Inspect;

/// <summary>What an audit finds: the closed list. See <c>docs/operating/audit.md</c>.</summary>
public enum AuditKind
{
    [AuditMeaning("A row of the totals is missing, or one is there for a key that is not.", AuditNext.Restore)]
    TotalsMissing,

    [AuditMeaning("Totals do not balance by themselves: value was made or lost.", AuditNext.Restore)]
    TotalsUnbalanced,

    [AuditMeaning("The keys' totals and the bank's do not agree.", AuditNext.Restore)]
    KeysDisagree,

    [AuditMeaning("What a key issued is not the sum of its withdrawals.", AuditNext.Restore)]
    IssueSum,

    [AuditMeaning("A key's totals are not the sums of its tokens.", AuditNext.Restore)]
    TokenSum,

    [AuditMeaning("What the bank took in is not the sum of its fundings.", AuditNext.Restore)]
    FundingSum,

    [AuditMeaning("The total of the reserves is not the sum of their balances.", AuditNext.Restore)]
    ReserveSum,

    [AuditMeaning("The total of the merchants' money is not the sum of their accounts.", AuditNext.Restore)]
    AccountSum,

    [AuditMeaning("The total paid out is not the sum of what the accounts and the notices say.", AuditNext.Restore)]
    PayoutSum,

    [AuditMeaning("A bank's statement does not read, is not signed by its issuer, or stands under another id.",
        AuditNext.Restore)]
    StatementAltered,

    [AuditMeaning("A denomination or revocation is kept that no key refers to.", AuditNext.Restore)]
    StatementUnused,

    [AuditMeaning("A statement is said to stand in the log and does not, or stands there and is not known to.",
        "If the bank was just started, look again. Else compare with the log (bauta archive verify) and restore.")]
    StatementNotInLog,

    [AuditMeaning("The log holds a key of this bank that the bank does not have.",
        "If nobody lost the database, somebody signs with the bank's identity key: see docs/operating/keys.md.")]
    DenominationMissing,

    [AuditMeaning("A key's row does not agree with its signed statements.", AuditNext.Restore)]
    DenominationAltered,

    [AuditMeaning("The log revokes a key that the bank still honours.",
        "Stop the bank. If the identity key may be stolen see docs/operating/keys.md, else restore.")]
    RevocationMissing,

    [AuditMeaning("A key is written off before its end, or has expired value and is not.",
        "Look at the bank's clock, then restore.")]
    ClosedTooEarly,

    [AuditMeaning("A row names a key that there is not.", AuditNext.Restore)]
    UnknownKey,

    [AuditMeaning("The bank that issues or locks for this one is not the one that was fixed with the first key.",
        "Put the configuration back, or restore.")]
    PartnerAltered,

    [AuditMeaning("A funding does not hash to the notice that it was made from.",
        "Ask the acquirer for its notice of that id; restore.")]
    FundingAltered,

    [AuditMeaning("A reserve that was credited is not there.", AuditNext.Restore)]
    ReserveMissing,

    [AuditMeaning("A reserve holds more than was ever credited to it.",
        "Stop the bank before the surplus is withdrawn; restore.")]
    ReserveTooLarge,

    [AuditMeaning("A blind signature is not that of the key and request that it stands for.", AuditNext.Restore)]
    WithdrawalAltered,

    [AuditMeaning("Recoups and the withdrawals that they exchange do not agree one by one.", AuditNext.Restore)]
    RecoupMismatch,

    [AuditMeaning("A token that was locked, refreshed, recouped or closed is not remembered: it could move again.",
        AuditNext.Stop)]
    TokenMissing,

    [AuditMeaning("A token's row says what its key or the rest of the bank contradict.", AuditNext.Stop)]
    TokenAltered,

    [AuditMeaning("More of a token was moved than it is worth.", AuditNext.Stop)]
    TokenOverspent,

    [AuditMeaning("What is settled, locked or aborted of a token is not what its locks say.", AuditNext.Stop)]
    TokenLockMismatch,

    [AuditMeaning("What was refreshed or recouped of a token is not what its refresh, recoup or closing says.",
        AuditNext.Stop)]
    TokenExchangeMismatch,

    [AuditMeaning("A refresh does not agree with the notice that it gave.", AuditNext.Restore)]
    RefreshAltered,

    [AuditMeaning("A closing does not agree with its note.", AuditNext.Restore)]
    ClosingAltered,

    [AuditMeaning("A lock does not agree with the lock note that the bank signed for it.", AuditNext.Restore)]
    LockAltered,

    [AuditMeaning("A lock does not agree with the payment note that the bank signed for it.", AuditNext.Restore)]
    PaymentAltered,

    [AuditMeaning("The tokens of a lock do not read, or are not ones that can be locked together.", AuditNext.Restore)]
    LockTokensAltered,

    [AuditMeaning("A lock is settled and the log has no commit of it.",
        "Stop payouts to the account. Show the lock note and the log to the judge; restore.")]
    SettledWithoutCommit,

    [AuditMeaning("A lock is unlocked and the log has no abort of it.", AuditNext.Stop)]
    UnlockedWithoutAbort,

    [AuditMeaning("A session's lock paid another sum than its commit in the log carries.",
        "Stop payouts to the account. Show the lock note and the log to the judge; restore.")]
    PaidMismatch,

    [AuditMeaning("A lock is open long after its expiry, or is not looked at when it should be.",
        "Start the bank. If it runs, its log says why it does not reach the archive.")]
    LockOverdue,

    [AuditMeaning("The log decides on a lock note of this bank, and the bank has no such lock.",
        "If no database was lost, somebody signs with the bank's identity key: see docs/operating/keys.md.")]
    LockMissing,

    [AuditMeaning("The log decides on another lock note than the one that the bank keeps for the transaction.",
        "Two notes on one transaction prove the bank at fault: keep both, and see docs/operating/keys.md.")]
    SecondLockNote,

    [AuditMeaning("A lock, an accrual or a payout names an account that is not there.", AuditNext.Restore)]
    AccountMissing,

    [AuditMeaning("An account does not hold what was settled for it.",
        "Stop payouts to the account; restore.")]
    AccountMismatch,

    [AuditMeaning("A payout does not agree with the order that the bank signed for it.",
        "Ask the acquirer for its receipt of that order; restore.")]
    PayoutAltered,

    [AuditMeaning("One order stands under two payouts.", "Ask the acquirer for its receipts; restore.")]
    PayoutDoubled,

    [AuditMeaning("What an account has ordered and was paid is not what its payouts say.",
        "Ask the acquirer for its receipts; restore.")]
    PayoutMismatch,

    [AuditMeaning("A payout that is ordered is not tried again when it should be.", AuditNext.Restore)]
    PayoutStuck,

    [AuditMeaning("A dispute does not agree with the payment that it is on, or with what was signed for it.",
        AuditNext.Restore)]
    DisputeAltered,

    [AuditMeaning("What an account has held and given back is not what its disputes say.", AuditNext.Restore)]
    DisputeMismatch,

    [AuditMeaning("A dispute that nobody decided in time is still open.",
        "Look at the bank's clock. If the bank runs, its log says why it does not end it.")]
    DisputeOverdue,

    [AuditMeaning("A sum is negative or larger than any sum can be.", AuditNext.Restore)]
    ImpossibleNumber,

    [AuditMeaning("The second place has seen value move more often than this database knows of.",
        "Stop the bank: spent tokens could be spent again. See docs/operating/backup.md.")]
    RolledBack,

    [AuditMeaning("The log breaks its own rules, so that its decisions cannot be compared.",
        "Run bauta archive verify, and keep what it finds.")]
    LogBroken,
}

/// <summary>Advice that many kinds share.</summary>
internal static class AuditNext
{
    public const string Restore = "Keep a copy of the database as it is, find out who wrote to it, and restore.";
    public const string Stop = "Stop the bank: value could move twice or be held back. Keep a copy, and restore.";
}

/// <summary>The sentences that the report, the documentation and the tests share.</summary>
/// <param name="meaning">What was found.</param>
/// <param name="next">What an operator does next.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class AuditMeaningAttribute(string meaning, string next) : Attribute
{
    public string Meaning { get; } = meaning;

    public string Next { get; } = next;
}

/// <summary>The closed list as a table.</summary>
public static class AuditKinds
{
    public static IEnumerable<(AuditKind Kind, AuditMeaningAttribute About)> All => Enum.GetValues<AuditKind>()
        .Select(kind => (kind, typeof(AuditKind).GetField(kind.ToString())!
            .GetCustomAttribute<AuditMeaningAttribute>()!));

    /// <summary>As scripts read it: <c>TokenSum</c> is <c>token-sum</c>. No code changes its meaning.</summary>
    public static string Code(AuditKind kind) => string.Concat(kind.ToString().Select((letter, i) =>
        char.IsAsciiLetterUpper(letter) ? (i == 0 ? "" : "-") + char.ToLowerInvariant(letter) : letter.ToString()));
}
