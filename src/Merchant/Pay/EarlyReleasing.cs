using System.Collections.Concurrent;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Microsoft.Extensions.Logging;

namespace Bauta.Merchant.Pay;

/// <summary>
/// JB3 (FIG. 7): hands the release of a P1 to a bank that is its own archive, and learns what became of it by the same
/// message sent again: the notes of the lock that it met and the decision, on which the bank has acted. It is written
/// down with P1, so that a restart in between sends it once more. One attempt at a time for each purchase.
/// </summary>
internal sealed partial class EarlyReleasing(
    MerchantOptions options, IDatabase database, MerchantKeys keys, IJointBank? bank,
    IReadOnlyDictionary<PolicyId, MerchantArchive> archives, OpenBudget budget, TimeProvider clock, ILogger log,
    CancellationToken lifetime)
{
    private const int MaxAttempts = 30;

    // Until then the bank may still hold a lock that its clock calls open.
    private const int AfterExpirySeconds = 60;

    private readonly ConcurrentDictionary<TransactionId, Lazy<Task<bool>>> running = new();

    /// <summary>JB3 for a P1.</summary>
    public static Signed<EarlyRelease> Sign(MerchantKeys keys, PurchaseSecrets secrets)
    {
        var (promise, payment) = (secrets.Merchandise.Content, secrets.Merchandise.Content.ToPaymentNote());
        return Signed<EarlyRelease>.Sign(keys.Account, new EarlyRelease(
            keys.Account.PublicKey.Spki, promise.ToLockNote(), payment.Currency, payment.Amount,
            secrets.SignRelease()));
    }

    /// <summary>Sends it, or joins the attempt that runs.</summary>
    /// <returns>Whether what came of it is durable.</returns>
    public Task<bool> StartAsync(TransactionId n) =>
        running.GetOrAdd(n, one => new Lazy<Task<bool>>(() => Task.Run(() => RunAsync(one)))).Value;

    /// <summary>Something was decided: asks the bank now if it may be about a release of this shop.</summary>
    public void Hear(TransactionId n)
    {
        if (running.Count < options.StepsAtOnce)
            _ = StartAsync(n);
    }

    /// <summary>Takes up what is due and waits for it; true when there may be more.</summary>
    public async Task<bool> ResumeAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(
            transaction => EarlyStore.Due(transaction, now, options.StepsAtOnce), cancellation);
        var results = await Task.WhenAll(due.Select(StartAsync)).WaitAsync(cancellation);
        return due.Count == options.StepsAtOnce && results.All(isStored => isStored);
    }

    /// <summary>Waits until no attempt runs.</summary>
    public Task DrainAsync() => Task.WhenAll(running.Values.Select(one => one.Value));

    private async Task<bool> RunAsync(TransactionId n)
    {
        try
        {
            if (await database.ReadAsync(transaction => EarlyStore.Find(transaction, keys.Sealing, n), lifetime)
                is { } purchase && !await TryAsync(purchase))
            {
                var attempts = Math.Min(purchase.Attempts + 1, MaxAttempts);
                await database.WriteAsync(
                    transaction => EarlyStore.Postpone(transaction, n, attempts, NextTry(attempts)), lifetime);
            }

            return true;
        }
        catch (Exception failure)
        {
            // Nothing is lost: the row is due again after a while, or after a restart.
            if (!lifetime.IsCancellationRequested)
                LogFailed(failure.GetType().Name);
            return false;
        }
        finally
        {
            running.TryRemove(n, out _);
        }
    }

    /// <summary>True when it is over.</summary>
    private async Task<bool> TryAsync(EarlyPurchase purchase)
    {
        try
        {
            if (bank is null)
                throw new InvalidOperationException("The bank takes no early releases, and one is open.");
            var answer = await bank.ReleaseAsync(purchase.Release, lifetime);
            if (answer.IsOk)
            {
                if (answer.Value is not { Decision: { } decision, Lock: { } notes })
                    return false;
                await EndAsync(purchase, notes, decision);
                return true;
            }

            // A bank that has a lock for it never refuses it so, and none can come any more.
            if (UnixTime.Now(clock) >= purchase.ExpiresAt.AddSeconds(AfterExpirySeconds)
                && answer.Error is BankError.BadExpiry or BankError.OtherLock)
            {
                await database.WriteAsync(
                    transaction => EarlyStore.Delete(transaction, purchase.Transaction), lifetime);
                return true;
            }

            LogRefused(Refusals<BankError>.Code(answer.Error.Value));
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            LogFailed(failure.GetType().Name);
        }

        return false;
    }

    private async Task EndAsync(EarlyPurchase purchase, LockAnswer notes, LoggedEntry decision)
    {
        var expected = purchase.Release.Content;
        if (!expected.IsFor(notes.LockNote.Content, notes.Payment.Content)
            || !notes.LockNote.IsSignedBy(keys.Bank) || !notes.Payment.IsSignedBy(keys.Bank))
            throw new ProtocolViolationException("The bank shows notes of another lock than the release is for.");
        if (!archives.TryGetValue(expected.Lock.Archive, out var archive)
            || !archive.Policy.TryVerify(decision, out var verified) || !verified.Entry.IsDecision
            || !notes.LockNote.SaysTheSameAs(verified.Entry.LockNote)
            || (verified.Entry.Release is { } release && !Release.Matches(release, expected.Lock)))
            throw new ProtocolViolationException("The bank shows no decision on this purchase.");
        var n = purchase.Transaction;
        var released = new ReleasedPurchase(new PaymentRequest(n, notes), expected.Release, 0);
        var settled = released.Decided(verified.Entry.Kind, decision).Settled();
        var now = UnixTime.Now(clock);
        await database.WriteAsync(
            transaction =>
            {
                var size = PurchaseStore.SizeOf(transaction, n);
                PaymentStore.InsertReleased(transaction, released, now, now);
                PaymentStore.Update(transaction, settled, now);
                EarlyStore.Delete(transaction, n);
                transaction.OnCommit(() => budget.Paid(expected.Lock.ExpiresAt, size));
            },
            lifetime);
    }

    private UnixTime NextTry(int attempts) => UnixTime.Now(clock).AddSeconds(Math.Min(
        Math.Min(options.MaxRetrySeconds, Math.Max(1, options.GraceSeconds / 2)), 1L << attempts));

    [LoggerMessage(LogLevel.Warning, "An early release was not handed over ({Reason}); it will be tried again.")]
    private partial void LogFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "The bank refused an early release with {Code}; it will be tried again.")]
    private partial void LogRefused(string code);
}
