using System.Collections.Concurrent;
using Bauta.Merchant.Orders;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Microsoft.Extensions.Logging;

namespace Bauta.Merchant.Pay;

/// <summary>
/// What follows a release: sends P4 to the archive, verifies the decision with its witness quorum, tells the bank.
/// Each step can be repeated: the archive gives one decision for ever and the bank acts on it once, so after a crash
/// everything unfinished is simply done again from its last durable state. One attempt at a time for each purchase.
/// </summary>
internal sealed partial class Settling
{
    private const int MaxAttempts = 30;

    private readonly MerchantOptions options;
    private readonly IDatabase database;
    private readonly MerchantKeys keys;
    private readonly IBank bank;
    private readonly IReadOnlyDictionary<PolicyId, MerchantArchive> archives;
    private readonly TimeProvider clock;
    private readonly Forcing forcing;
    private readonly ILogger log;
    private readonly CancellationToken lifetime;
    private readonly ConcurrentDictionary<TransactionId, Attempt> running = new();
    private int hearing;

    public Settling(
        MerchantOptions options, IDatabase database, MerchantKeys keys, IBank bank,
        IReadOnlyDictionary<PolicyId, MerchantArchive> archives, Forcing forcing, TimeProvider clock, ILogger log,
        CancellationToken lifetime)
    {
        this.forcing = forcing;
        (this.options, this.database, this.keys, this.bank) = (options, database, keys, bank);
        (this.archives, this.clock, this.log, this.lifetime) = (archives, clock, log, lifetime);
    }

    /// <summary>Starts an attempt, or joins the one that runs.</summary>
    /// <returns>The decision once it is known, before the bank is told; null when this attempt has none.</returns>
    public Task<LoggedEntry?> Start(PaidPurchase purchase) => Begin(purchase).Decision.Task;

    /// <summary>
    /// Something was decided, as the archive pushes it: goes on from there when it is about a purchase that waits for
    /// it and holds as it would if the archive had been asked. What does not hold changes nothing.
    /// </summary>
    public void Hear(TransactionId n, LoggedEntry decision)
    {
        if (Interlocked.Increment(ref hearing) <= options.StepsAtOnce)
            _ = Task.Run(() => HearAsync(n, decision));
        else
            Interlocked.Decrement(ref hearing);
    }

    private async Task HearAsync(TransactionId n, LoggedEntry decision)
    {
        try
        {
            // An attempt that runs may still wait for an answer that was lost: this follows it.
            for (var isDone = false; !isDone
                && await database.ReadAsync(transaction => PaymentStore.Find(transaction, n), lifetime)
                    is ReleasedPurchase released
                && archives.TryGetValue(released.LockNote.Content.Archive, out var archive);)
            {
                var known = Verified(released, archive.Policy, decision);
                var attempt = Begin(known);
                isDone = ReferenceEquals(attempt.Purchase, known);
                await attempt.Done.Task;
            }
        }
        catch (Exception failure)
        {
            if (!lifetime.IsCancellationRequested)
                LogFailed(failure.GetType().Name);
        }
        finally
        {
            Interlocked.Decrement(ref hearing);
        }
    }

    /// <summary>The decision, when it is known within the time that a customer waits for it.</summary>
    public async Task<PaymentAnswer> AnswerAsync(PaidPurchase purchase, CancellationToken cancellation)
    {
        if (purchase.Known is { } known)
            return new PaymentAnswer(known);
        try
        {
            return new PaymentAnswer(await Start(purchase).WaitAsync(options.DecisionWait, clock, cancellation));
        }
        catch (TimeoutException)
        {
            return new PaymentAnswer();
        }
    }

    /// <summary>Takes up what is due and waits for it; true when there may be more.</summary>
    public async Task<bool> ResumeAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(
            transaction => PaymentStore.Due(transaction, now, options.StepsAtOnce), cancellation);
        var results = await Task.WhenAll(due.Select(purchase => Begin(purchase).Done.Task)).WaitAsync(cancellation);
        // An attempt that could not even store when to try again would be due again at once, for ever.
        return due.Count == options.StepsAtOnce && results.All(isStored => isStored);
    }

    /// <summary>Waits until no attempt runs.</summary>
    public Task DrainAsync() => Task.WhenAll(running.Values.Select(attempt => attempt.Done.Task));

    private Attempt Begin(PaidPurchase purchase)
    {
        var attempt = new Attempt(purchase);
        var first = running.GetOrAdd(purchase.Transaction, attempt);
        if (ReferenceEquals(first, attempt))
            _ = RunAsync(attempt, purchase);
        return first;
    }

    private async Task RunAsync(Attempt attempt, PaidPurchase purchase)
    {
        var isStored = false;
        try
        {
            var next = await AdvanceAsync(attempt, purchase);
            var nextTry = NextTry(next.Attempts);
            await database.WriteAsync(
                transaction =>
                {
                    if (next is ReleasedPurchase)
                        PaymentStore.Postpone(transaction, next.Transaction, next.Attempts, nextTry);
                    else
                        PaymentStore.Update(transaction, next, nextTry);
                },
                lifetime);
            isStored = true;
        }
        catch (Exception failure)
        {
            // Nothing is lost: the row is unfinished and due again after a while, or after a restart.
            if (!lifetime.IsCancellationRequested)
                LogFailed(failure.GetType().Name);
        }
        finally
        {
            running.TryRemove(purchase.Transaction, out _);
            attempt.Decision.TrySetResult(null);
            attempt.Done.TrySetResult(isStored);
        }
    }

    private async Task<PaidPurchase> AdvanceAsync(Attempt attempt, PaidPurchase purchase)
    {
        try
        {
            if (purchase is ReleasedPurchase released)
                purchase = await DecideAsync(released) ?? purchase;
            attempt.Decision.TrySetResult(purchase.Known);
            if (purchase is DecidedPurchase decided && await TellBankAsync(decided))
                return decided.Settled();
        }
        catch (Exception failure) when (!lifetime.IsCancellationRequested)
        {
            // Whatever it was, the next attempt is put off, so that one sale that fails does not hold up the others.
            LogFailed(failure.GetType().Name);
        }

        return purchase is SettledPurchase or DisputedPurchase
            ? purchase
            : purchase with { Attempts = Math.Min(purchase.Attempts + 1, MaxAttempts) };
    }

    private async Task<PaidPurchase?> DecideAsync(ReleasedPurchase purchase)
    {
        var note = purchase.LockNote.Content;
        if (!archives.TryGetValue(note.Archive, out var archive))
            throw new InvalidOperationException("An archive was taken from the configuration before its sales ended.");
        var answer = await archive.Archive.DecideAsync(
            new DecisionRequest(purchase.LockNote, purchase.Release), lifetime);
        if (answer.Error == ArchiveError.NotKept && purchase.Release.Content.Made is { } made)
        {
            if (await forcing.GiveAsync(purchase, made, archive.Archive, lifetime) is { } refusal)
                LogRefused("archive", Refusals<ArchiveError>.Code(refusal));
            answer = await archive.Archive.DecideAsync(
                new DecisionRequest(purchase.LockNote, purchase.Release), lifetime);
        }

        if (!answer.IsOk)
            answer = await AfterRefusalAsync(purchase, archive.Archive, answer);
        if (!answer.IsOk)
        {
            LogRefused("archive", Refusals<ArchiveError>.Code(answer.Error.Value));
            return null;
        }

        return answer.Value.Decision is { } decision ? Verified(purchase, archive.Policy, decision) : null;
    }

    // Too late to commit: the abort is demanded, so that the customer's tokens unlock and the sale ends.
    private async Task<Result<DecisionAnswer, ArchiveError>> AfterRefusalAsync(
        ReleasedPurchase purchase, IArchive archive, Result<DecisionAnswer, ArchiveError> refusal)
    {
        if (refusal.Error == ArchiveError.OtherLockNote)
            return await archive.DecisionAsync(
                BankKeyId.Of(purchase.LockNote), purchase.Transaction, lifetime);
        return refusal.Error == ArchiveError.Expired || UnixTime.Now(clock) >= purchase.LockNote.Content.ExpiresAt
            ? await archive.DecideAsync(new DecisionRequest(purchase.LockNote), lifetime)
            : refusal;
    }

    private PaidPurchase Verified(ReleasedPurchase purchase, ArchivePolicy policy, LoggedEntry decision)
    {
        if (!policy.TryVerify(decision, out var verified) || !verified.Entry.IsDecision
            || !verified.Entry.LockNote!.Content.Transaction.Equals(purchase.Transaction))
            throw new ProtocolViolationException("The archive's answer is not a decision on this purchase.");
        var entry = verified.Entry;
        var sameNote = entry.LockNote.SaysTheSameAs(purchase.LockNote);
        // Our own note and release were verified or made here; anything else must stand on its signatures.
        if (!(sameNote && (entry.Release is null || entry.Release.Text == purchase.Release.Text))
            && !entry.IsSignedBy(keys.Bank))
            throw new ProtocolViolationException("The archive decided on a note that the bank did not sign.");
        if (sameNote)
            return purchase.Decided(entry.Kind, decision);
        LogDisputed();
        return purchase.Disputed(entry.Kind, decision);
    }

    private async Task<bool> TellBankAsync(DecidedPurchase purchase)
    {
        var answer = await bank.DecideAsync(purchase.Transaction, purchase.Decision, lifetime);
        if (!answer.IsOk)
        {
            LogRefused("bank", Refusals<BankError>.Code(answer.Error.Value));
            return false;
        }

        var expected = purchase.Outcome == LogEntry.Commit ? SettlementAnswer.Settled : SettlementAnswer.Unlocked;
        return answer.Value.State == expected
            ? true
            : throw new ProtocolViolationException("The bank did not act as the archive decided.");
    }

    // A customer who asks again and again makes an attempt each time; however many failed, the pause stays within the
    // grace, so that a sale is over by its end.
    private UnixTime NextTry(int attempts) => UnixTime.Now(clock).AddSeconds(Math.Min(
        Math.Min(options.MaxRetrySeconds, Math.Max(1, options.GraceSeconds / 2)),
        1L << Math.Min(attempts, MaxAttempts)));

    [LoggerMessage(LogLevel.Warning, "A settlement step failed ({Reason}) and will be tried again.")]
    private partial void LogFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "The {Party} refused a settlement step with {Code}; it will be tried again.")]
    private partial void LogRefused(string party, string code);

    [LoggerMessage(LogLevel.Error, "The archive decided a sale under another lock note: the bank is at fault.")]
    private partial void LogDisputed();

    private sealed class Attempt(PaidPurchase purchase)
    {
        public PaidPurchase Purchase => purchase;

        public TaskCompletionSource<LoggedEntry?> Decision { get; } =
            new(SideBySide.Elsewhere);

        public TaskCompletionSource<bool> Done { get; } = new(SideBySide.Elsewhere);
    }
}
