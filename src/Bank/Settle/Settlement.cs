using Bauta.Bank.Accounts;
using Bauta.Bank.Decide;
using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Bank.Tokens;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Settle;

/// <summary>
/// P5: moves the value of a lock, once, on a decision that carries the quorum which the lock note names. The bank has
/// no say in it.
/// </summary>
internal sealed class Settlement(
    BankDatabase database, AccountDirectory accounts, IReadOnlyDictionary<PolicyId, ArchivePolicy> policies,
    bool isJoint, TimeProvider clock)
{
    private static readonly SettlementAnswer settled = new(SettlementAnswer.Settled);
    private static readonly SettlementAnswer unlocked = new(SettlementAnswer.Unlocked);

    public async Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation)
    {
        var held = await database.ReadAsync(reader => LockRows.Find(reader, transaction), cancellation);
        if (held is null)
            return BankError.UnknownTransaction;
        if (Verify(held, decision) is not var (state, paid))
            return BankError.BadDecision;
        if (held.State != LockState.Open)
            return Answer(held.State, state);
        return await database.WriteAsync(
            (writer, books) => Move(writer, books, held, state, paid, UnixTime.Now(clock)), cancellation);
    }

    /// <summary>What a decision says of a lock, and how much of it is paid; null when it does not hold.</summary>
    private (LockState State, Amount Paid)? Verify(StoredLock held, LoggedEntry decision)
    {
        if (!policies.TryGetValue(held.Policy, out var policy) || !policy.TryVerify(decision, out var verified))
            return null;
        var entry = verified.Entry;
        // The payload is compared, so the signature need not be verified: it says what this bank said. The text may
        // differ, since anybody can turn a signature into its twin.
        if (!entry.IsDecision || !entry.LockNote!.SaysTheSameAs(held.Note))
            return null;
        if (entry.Kind == LogEntry.Abort)
            return (LockState.Unlocked, Amount.Zero);
        return Release.Matches(entry.Release!, held.Note.Content)
            ? (LockState.Settled, SealedTotal.PaidOf(held.Amount, held.TotalKey, entry.Release!.Content))
            : null;
    }

    private Result<SettlementAnswer, BankError> Move(
        IWriteTransaction transaction, Books books, StoredLock held, LockState state, Amount paid, UnixTime now)
    {
        var present = LockRows.FindState(transaction, held.Transaction)
            ?? throw new InvalidOperationException("A lock is gone.");
        if (present != LockState.Open)
            return Answer(present, state);
        var isPart = held.TotalKey is not null || (state == LockState.Settled && paid < held.Amount);
        UnixTime? readyAt = paid > Amount.Zero ? accounts.ReadyAt(now) : null;
        LockRows.Decide(transaction, held.Transaction, state, isPart ? paid : null, readyAt);
        var left = paid;
        foreach (var token in held.Tokens)
        {
            if (state == LockState.Unlocked)
            {
                TokenRows.Unlock(transaction, token.Serial, held.Transaction);
                books.Unlock(token.Key, token.Amount);
                continue;
            }

            var drawn = left < token.Amount ? left : token.Amount;
            left -= drawn;
            TokenRows.Settle(transaction, token.Serial, held.Transaction, drawn);
            books.Settle(token.Key, drawn);
            books.Unlock(token.Key, token.Amount - drawn);
        }

        if (readyAt is { } ready)
            books.Accrue(held.Account, ready, paid);
        books.CountOpenLock(held.Account, -1);
        if (isJoint)
            EarlyReleaseRows.Delete(transaction, held.Transaction);
        return Answer(state, state);
    }

    // A second decision the other way, with a quorum: the archive and its witnesses are at fault, and nothing moves.
    private static Result<SettlementAnswer, BankError> Answer(LockState present, LockState asked) =>
        present != asked ? BankError.BadDecision : present == LockState.Settled ? settled : unlocked;
}
