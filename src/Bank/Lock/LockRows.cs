using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Lock;

/// <summary>What became of a lock; the numbers stand in the database.</summary>
internal enum LockState
{
    Open = 0,
    Settled = 1,
    Unlocked = 2,
}

/// <summary>A lock, of which only the state ever changes.</summary>
internal sealed record StoredLock(
    TransactionId Transaction, AccountId Account, PolicyId Policy, IReadOnlyList<LockedToken> Tokens,
    Signed<LockNote> Note, LockState State, byte[]? TotalKey)
{
    public Amount Amount => Tokens.Aggregate(Amount.Zero, (sum, token) => sum + token.Amount);

    /// <summary>Whether an early release is for exactly this lock.</summary>
    public bool IsFor(EarlyRelease release) => release.IsFor(
        Note.Content, new PaymentNote(Transaction, Account, release.Currency, Amount, TotalKey));
}

/// <summary>The answer to an earlier P2 and the hash of its payload.</summary>
internal sealed record StoredLockAnswer(byte[] PayloadHash, string LockNote, string PaymentNote)
{
    /// <summary>The same answer for the same payload, whatever became of the lock since.</summary>
    public Result<LockAnswer, BankError> For(byte[] payloadHash)
    {
        return PayloadHash.AsSpan().SequenceEqual(payloadHash) ? Read() : BankError.IdReused;
    }

    /// <summary>Both notes.</summary>
    public LockAnswer Read() => Signed<LockNote>.TryParse(LockNote, out var note)
        && Signed<PaymentNote>.TryParse(PaymentNote, out var payment)
        ? new LockAnswer(note, payment)
        : throw new InvalidDataException("A stored lock answer does not parse.");
}

/// <summary>Locks as rows.</summary>
internal static class LockRows
{
    public static StoredLockAnswer? FindAnswer(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT payload_hash, lock_note, payment_note FROM locks WHERE n = $1",
            row => new StoredLockAnswer(row.GetBytes(0), row.GetString(1), row.GetString(2)),
            n.ToArray());

    public static StoredLock? Find(IReadTransaction transaction, TransactionId n) => transaction.QuerySingleOrDefault(
        "SELECT n, account, policy, tokens, lock_note, state, total_key FROM locks WHERE n = $1", Read, n.ToArray());

    public static LockState? FindState(IReadTransaction transaction, TransactionId n) =>
        transaction.QuerySingleOrDefault(
            "SELECT state FROM locks WHERE n = $1", row => (LockState?)(LockState)row.GetInt64(0), n.ToArray());

    public static IReadOnlyList<StoredLock> Due(IReadTransaction transaction, UnixTime now, int limit) =>
        transaction.Query(
            """
            SELECT n, account, policy, tokens, lock_note, state, total_key FROM locks
            WHERE state = 0 AND next_poll_at <= $1 ORDER BY next_poll_at, n LIMIT $2
            """,
            Read, now.Seconds, limit);

    /// <summary>How many locks wait for a decision under each policy.</summary>
    public static IReadOnlyList<(PolicyId Policy, long Count)> OpenByPolicy(IReadTransaction transaction) =>
        transaction.Query(
            "SELECT policy, COUNT(*) FROM locks WHERE state = 0 GROUP BY policy",
            row => (PolicyId.FromBytes(row.GetBytes(0)), row.GetInt64(1)));

    public static void Insert(
        IWriteTransaction transaction, byte[] payloadHash, AccountId account, IReadOnlyList<LockedToken> tokens,
        LockAnswer answer)
    {
        var note = answer.LockNote.Content;
        transaction.Execute(
            """
            INSERT INTO locks
                (n, payload_hash, account, policy, tokens, lock_note, payment_note, state, next_poll_at, total_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
            """,
            note.Transaction.ToArray(), payloadHash, account.ToArray(), note.Archive.ToArray(),
            LockedTokens.Encode(tokens), answer.LockNote.Text, answer.Payment.Text, note.ExpiresAt.Seconds,
            answer.Payment.Content.TotalKey);
    }

    /// <param name="transaction">The transaction.</param>
    /// <param name="n">The lock's.</param>
    /// <param name="state">What it ends in.</param>
    /// <param name="paid">With a session's lock: how much of it was paid.</param>
    /// <param name="readyAt">When something was paid: until when it can be disputed.</param>
    public static void Decide(
        IWriteTransaction transaction, TransactionId n, LockState state, Amount? paid, UnixTime? readyAt) =>
        transaction.ExecuteExpecting(
            1, "UPDATE locks SET state = $2, paid = $3, ready_at = $4 WHERE n = $1 AND state = 0", n.ToArray(),
            (long)state, paid?.MinorUnits, readyAt?.Seconds);

    public static void PollLater(IWriteTransaction transaction, TransactionId n, UnixTime at) => transaction.Execute(
        "UPDATE locks SET next_poll_at = $2 WHERE n = $1 AND state = 0", n.ToArray(), at.Seconds);

    /// <summary>Makes every open lock under a policy due: what was decided before a crash is settled now.</summary>
    public static void MakeDue(IWriteTransaction transaction, PolicyId policy) => transaction.Execute(
        "UPDATE locks SET next_poll_at = 0 WHERE state = 0 AND policy = $1", policy.ToArray());

    private static StoredLock Read(IRow row) =>
        Signed<LockNote>.TryParse(row.GetString(4), out var note)
            ? new StoredLock(
                TransactionId.FromBytes(row.GetBytes(0)), AccountId.FromBytes(row.GetBytes(1)),
                PolicyId.FromBytes(row.GetBytes(2)), LockedTokens.Decode(row.GetBytes(3)), note,
                (LockState)row.GetInt64(5), row.GetBytesOrNull(6))
            : throw new InvalidDataException("A stored lock does not parse.");
}
