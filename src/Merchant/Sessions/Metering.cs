using System.Security.Cryptography;
using Bauta.Merchant.Pay;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Sessions;

/// <summary>
/// FIG. 8: items in turn, each encrypted under a key of its own, which is given out once the customer's acknowledgement
/// of it is durable; at the end one release for all of them. The order of a step: verify R7, store it, make the next
/// item, answer. A process that dies before R7 is stored has given out no key; what it made and was not acknowledged is
/// made anew.
/// </summary>
internal sealed class Metering(
    MerchantOptions options, IDatabase database, MerchantKeys keys, IItemSource? source, Settling settling,
    TimeProvider clock, Action<string> closingFailed) : IDisposable
{
    private const int MaxWaitingForOne = 16;
    private const int FirstRetrySeconds = 10;
    private const int SecondsInAMinute = 60;
    private const int CloseTries = 10;
    private const int CloseAtOnce = 32;

    private readonly KeyedGate<DeliveryId> gate = new(MaxWaitingForOne);
    private readonly SessionCache open = new(options.MaxSessionsInMemory, options.MaxPendingBytes);

    /// <summary>P3 of a session: from here on items are made.</summary>
    /// <returns>False when it is too late for that.</returns>
    public Task<bool> BeginAsync(
        TransactionId n, LockAnswer notes, Action opened, CancellationToken cancellation) =>
        database.WriteAsync(
            transaction =>
            {
                if (SessionStore.NotesOf(transaction, n) is not null)
                    return true;
                if (UnixTime.Now(clock) >= CloseAt(notes.LockNote.Content.ExpiresAt))
                    return false;
                SessionStore.Insert(transaction, n, notes);
                transaction.OnCommit(opened);
                return true;
            },
            cancellation);

    public async Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation)
    {
        if (!step.IsWellFormed())
            return MerchantError.Malformed;
        using var turn = await gate.EnterAsync(session, cancellation);
        if (turn is null)
            return MerchantError.TooMany;
        try
        {
            return await FindAsync(session, cancellation) is { } running
                ? await StepAsync(session, running, step, cancellation)
                : MerchantError.UnknownSession;
        }
        finally
        {
            open.Leave(session);
        }
    }

    private async Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, OpenSession running, SessionStep step, CancellationToken cancellation)
    {
        byte[]? key = null;
        if (step.Acknowledgement is { } acknowledgement)
        {
            var taken = await TakeAsync(session, running, acknowledgement, cancellation);
            if (!taken.IsOk)
                return taken.Map(_ => new SessionAnswer());
            key = taken.Value;
        }

        if (step.Index is not { } index)
            return new SessionAnswer(key);
        var made = await MakeAsync(session, running, index, step.Request!, cancellation);
        return made.Map(item => new SessionAnswer(key, item.Item, item.Ciphertext));
    }

    /// <summary>R9: what was acknowledged last goes to the archive. Null when nothing was.</summary>
    public async Task<Result<PaidPurchase?, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation)
    {
        // Without a turn, which others could keep it from: whatever a step writes meanwhile, one of the two is told so.
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await CloseOnceAsync(session, cancellation);
            }
            catch (StorageException raced) when (raced.Failure == StorageFailure.Conflict && tries < CloseTries)
            {
                // An item was acknowledged in between, or somebody else has closed it.
            }
        }
    }

    private async Task<Result<PaidPurchase?, MerchantError>> CloseOnceAsync(
        DeliveryId session, CancellationToken cancellation)
    {
        if (await database.ReadAsync(transaction => SessionStore.Find(transaction, session), cancellation)
            is not { } stored)
        {
            var paid = await database.ReadAsync(
                transaction => SessionStore.TransactionOf(transaction, session) is { } n
                    ? PaymentStore.Find(transaction, n)
                    : null,
                cancellation);
            return paid is null ? MerchantError.UnknownSession : Result<PaidPurchase?, MerchantError>.Ok(paid);
        }

        using var running = Load(stored);
        if (running.Last is not { } last)
        {
            // It goes on until shortly before it expires, since something may still be bought.
            if (UnixTime.Now(clock) >= CloseAt(running.ExpiresAt))
                await EndAsync(
                    session,
                    transaction => SessionStore.GiveUp(transaction, running.Transaction, running.ExpiresAt),
                    cancellation);
            return Result<PaidPurchase?, MerchantError>.Ok(null);
        }

        var released = new ReleasedPurchase(
            new PaymentRequest(running.Transaction, running.Lock), running.SignRelease(last), 0);
        var now = UnixTime.Now(clock);
        await EndAsync(
            session,
            transaction =>
            {
                PaymentStore.Release(transaction, released, now, now.AddSeconds(FirstRetrySeconds));
                SessionStore.Close(transaction, running.Transaction, last);
            },
            cancellation);
        return released;
    }

    /// <summary>Closes what expires soon; true when there is more.</summary>
    public async Task<bool> CloseDueAsync(CancellationToken cancellation)
    {
        var until = UnixTime.Now(clock).AddSeconds(options.SessionMarginSeconds);
        var due = await database.ReadAsync(
            transaction => SessionStore.Due(transaction, until, CloseAtOnce), cancellation);
        var failed = 0;
        await SideBySide.ForEachAsync(due, -1, async (session, stop) =>
        {
            try
            {
                if (await CloseAsync(session, stop) is { IsOk: true, Value: { } paid })
                    _ = settling.Start(paid);
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                // One that fails does not hold up the others; the next pass tries it again.
                Interlocked.Increment(ref failed);
                closingFailed(failure.GetType().Name);
            }
        }, cancellation);
        return due.Count == CloseAtOnce && failed == 0;
    }

    public void Dispose() => open.Dispose();

    private UnixTime CloseAt(UnixTime expiresAt) =>
        UnixTime.FromSeconds(expiresAt.Seconds - options.SessionMarginSeconds);

    private async Task EndAsync(
        DeliveryId session, Action<IWriteTransaction> end, CancellationToken cancellation)
    {
        await database.WriteAsync(end, cancellation);
        open.Remove(session);
    }

    private async Task<OpenSession?> FindAsync(DeliveryId session, CancellationToken cancellation)
    {
        if (open.Find(session) is { } running)
            return running;
        var stored = await database.ReadAsync(
            transaction => SessionStore.Find(transaction, session), cancellation);
        if (stored is null)
            return null;
        var loaded = Load(stored);
        open.Keep(session, loaded);
        return loaded;
    }

    private OpenSession Load(StoredSession stored) =>
        new(stored, PurchaseSecrets.Open(keys.Sealing, stored.Transaction, stored.Sealed));

    /// <summary>R7 to R8: the key, once what pays for it is durable.</summary>
    private async Task<Result<byte[], MerchantError>> TakeAsync(
        DeliveryId session, OpenSession running, Signed<ItemAcknowledgement> acknowledgement,
        CancellationToken cancellation)
    {
        if (running.Last is { } last && last.Acknowledgement.SaysTheSameAs(acknowledgement))
            return last.MaskedKey;
        if (running.Pending is not { } pending || !running.IsAgreed(acknowledgement, pending))
            return MerchantError.BadItemAcknowledgement;
        var now = UnixTime.Now(clock);
        if (now >= CloseAt(running.ExpiresAt))
            return MerchantError.Expired;
        var item = pending.Item.Content;
        var acknowledged = new Acknowledged(
            item.Index, item.Total, pending.MaskedKey, acknowledgement, pending.Item, item.PaidUntil ?? default);
        try
        {
            await database.WriteAsync(
                transaction => SessionStore.Acknowledge(transaction, running.Transaction, acknowledged), cancellation);
        }
        catch
        {
            // It may be durable all the same: what the database holds is read anew.
            open.Remove(session);
            throw;
        }

        (running.Last, running.Pending, running.Makes, running.Refusals) = (acknowledged, null, 0, 0);
        open.HasRoomFor(session, 0);
        return pending.MaskedKey;
    }

    /// <summary>R5 to R6.</summary>
    private async Task<Result<PendingItem, MerchantError>> MakeAsync(
        DeliveryId session, OpenSession running, long index, byte[] request, CancellationToken cancellation)
    {
        if (source is null)
            return MerchantError.NotMade;
        var requestHash = SHA256.HashData(request);
        if (running.Pending is { Ciphertext: not null } pending && pending.Index == index
            && pending.RequestHash.AsSpan().SequenceEqual(requestHash))
            return pending;
        if (index != (running.Last?.Index ?? 0) + 1)
            return MerchantError.WrongItem;
        if (running.Makes >= options.MaxUnpaidItems || running.Refusals >= options.MaxRefusedItems)
            return MerchantError.TooMany;
        var now = UnixTime.Now(clock);
        if (now >= CloseAt(running.ExpiresAt))
            return MerchantError.Expired;
        var tariff = running.Promise.Contract.Tariff!;
        var paidUntil = running.Last?.PaidUntil ?? default;
        var price = tariff.Per == Tariff.Minute && now < paidUntil ? Amount.Zero : tariff.Price;
        if (price > Amount.Zero)
            paidUntil = now.AddSeconds(SecondsInAMinute);
        if ((running.Last?.Total ?? Amount.Zero) + price > running.Promise.Contract.Price)
            return MerchantError.SumUsedUp;
        // Counted before, for a source that throws.
        running.Refusals++;
        var content = await source.MakeAsync(request, cancellation);
        if (!content.IsOk)
            return content.Map(_ => running.Pending!);
        running.Makes++;
        if (content.Value.Length > SessionItem.MaxSizeBytes)
            return Result<PendingItem, MerchantError>.Refuse(MerchantError.NotMade, "It is larger than 1 MiB.");
        var made = running.Offer(
            index, price, requestHash, content.Value, tariff.Per == Tariff.Minute ? paidUntil : null);
        running.Pending = open.HasRoomFor(session, made.Ciphertext!.Length) ? made : made with { Ciphertext = null };
        return made;
    }
}
