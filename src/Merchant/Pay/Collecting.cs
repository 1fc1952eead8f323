using Bauta.Merchant.Orders;
using Bauta.Merchant.Purchase;
using Bauta.Merchant.Sessions;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Pay;

/// <summary>
/// P3 to P4: checks the bank's two notes against P1, and the customer's acknowledgement where P1 asks for one; writes
/// the release down, and only then sends it. The order: look for a payment with the same notes; verify the notes; match
/// them with P1; verify the acknowledgement; sign P4; commit the intent with what it stands on; send.
/// </summary>
internal sealed class Collecting(
    MerchantOptions options, IDatabase database, MerchantKeys keys, OpenBudget budget, Settling settling,
    Metering metering, Ordering ordering, EarlyReleasing early, TimeProvider clock)
{
    private const int MaxWaitingForOnePurchase = 16;

    // An attempt runs at once; the background work looks after it only when that one died.
    private const int FirstRetrySeconds = 10;

    private readonly KeyedGate<TransactionId> gate = new(MaxWaitingForOnePurchase);

    public async Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation)
    {
        Result<Taken, MerchantError> taken;
        using (var turn = await gate.EnterAsync(request.Transaction, cancellation))
        {
            if (turn is null)
                return MerchantError.TooMany;
            taken = await TakeAsync(request, cancellation);
        }

        if (!taken.IsOk)
            return Result<PaymentAnswer, MerchantError>.Refuse(taken.Error.Value, taken.Detail);
        if (taken.Value.Paid is not { } purchase)
            return new PaymentAnswer(Made: taken.Value.Made);
        if (!taken.Value.IsAtOnce)
            return await settling.AnswerAsync(purchase, cancellation);
        // Section 5.6: the customer need not wait for what the archive says.
        _ = settling.Start(purchase);
        return new PaymentAnswer(Release: purchase.Release);
    }

    private async Task<Result<Taken, MerchantError>> TakeAsync(
        PaymentRequest request, CancellationToken cancellation)
    {
        var n = request.Transaction;
        var (stored, row) = await database.ReadAsync(
            transaction => (PaymentStore.Find(transaction, n), PurchaseStore.Sealed(transaction, n)), cancellation);
        if (stored is not null && stored.IsFor(request))
            return new Taken(stored, IsAtOnce: stored.Known is null && IsAtOnce(n, row));
        // Every n is public in the archive's log once it is decided. Whoever does not hold this bank's notes for this
        // merchant gets the same answer whether the purchase exists or not, and so cannot find out who sold it.
        if (!HoldNotes(request))
            return MerchantError.BadPayment;
        if (stored is not null)
            return MerchantError.IdReused;
        if (row is null)
            return MerchantError.UnknownPurchase;
        using var secrets = PurchaseSecrets.Open(keys.Sealing, n, row);
        var merchandise = secrets.Merchandise.Content;
        if (!Match(request.Lock, merchandise))
            return MerchantError.BadPayment;
        if (!IsAcknowledged(request, secrets.Merchandise))
            return MerchantError.BadAcknowledgement;
        if (request.Agreement is not null && merchandise.LockFirst is null)
            return MerchantError.BadItemAcknowledgement;
        if (merchandise.Terms?.Release == ReleaseTerm.Early)
            return await AskBankAsync(n, cancellation);
        var now = UnixTime.Now(clock);
        if (now.AddSeconds(options.PayMarginSeconds) >= merchandise.ExpiresAt)
            return MerchantError.Expired;
        if (merchandise.Session is not null)
            return await BeginSessionAsync(request, merchandise, cancellation);
        if (merchandise.LockFirst is not null)
            return await ordering.TakeAsync(
                request, secrets, () => budget.Paid(merchandise.ExpiresAt, 0), cancellation);
        var released = new ReleasedPurchase(request, secrets.SignRelease(), 0);
        return await CommitAsync(released, merchandise, now, cancellation);
    }

    private bool IsAtOnce(TransactionId n, byte[]? row)
    {
        if (row is null)
            return false;
        using var secrets = PurchaseSecrets.Open(keys.Sealing, n, row);
        return secrets.Merchandise.Content.Terms?.Release == ReleaseTerm.AtOnce;
    }

    // The release is at the bank already; who brings the notes only has the bank asked sooner.
    private async Task<Result<Taken, MerchantError>> AskBankAsync(TransactionId n, CancellationToken cancellation)
    {
        await early.StartAsync(n).WaitAsync(cancellation);
        return new Taken(await database.ReadAsync(transaction => PaymentStore.Find(transaction, n), cancellation));
    }

    private async Task<Result<Taken, MerchantError>> BeginSessionAsync(
        PaymentRequest request, Merchandise merchandise, CancellationToken cancellation)
    {
        try
        {
            return await metering.BeginAsync(
                request.Transaction, request.Lock, () => budget.Paid(merchandise.ExpiresAt, 0), cancellation)
                ? new Taken()
                : MerchantError.Expired;
        }
        catch (StorageException conflict) when (conflict.Failure == StorageFailure.Conflict)
        {
            return MerchantError.Expired;
        }
    }

    // After this transaction P4 exists and may be sent, now or after a restart. Before it P4 exists nowhere.
    private async Task<Result<Taken, MerchantError>> CommitAsync(
        ReleasedPurchase released, Merchandise merchandise, UnixTime now, CancellationToken cancellation)
    {
        try
        {
            await database.WriteAsync(
                transaction =>
                {
                    PaymentStore.InsertReleased(transaction, released, now, now.AddSeconds(FirstRetrySeconds));
                    transaction.OnCommit(() => budget.Paid(merchandise.ExpiresAt, merchandise.Contract.SizeBytes));
                },
                cancellation);
            return new Taken(released, IsAtOnce: merchandise.Terms?.Release == ReleaseTerm.AtOnce);
        }
        catch (StorageException conflict) when (conflict.Failure == StorageFailure.Conflict)
        {
            // The turn keeps other payments out, so what took the purchase away is the deletion of expired ones.
            return MerchantError.Expired;
        }
    }

    private bool HoldNotes(PaymentRequest request)
    {
        var (note, payment) = (request.Lock.LockNote, request.Lock.Payment);
        return note.Content.Transaction.Equals(request.Transaction)
            && payment.Content.Transaction.Equals(request.Transaction)
            && payment.Content.Account.Equals(keys.AccountId)
            && note.IsSignedBy(keys.Bank) && payment.IsSignedBy(keys.Bank);
    }

    // Without it P4 would give the key away, and only the customer could prove what was delivered.
    private static bool IsAcknowledged(PaymentRequest request, Signed<Merchandise> merchandise) =>
        request.Acknowledgement is { } acknowledgement
            ? Acknowledgement.Holds(acknowledgement, merchandise)
            : merchandise.Content.Terms?.CustomerKey is null;

    private static bool Match(LockAnswer notes, Merchandise merchandise) =>
        notes.LockNote.Content == merchandise.ToLockNote()
        && notes.Payment.Content.Matches(merchandise.ToPaymentNote());
}
