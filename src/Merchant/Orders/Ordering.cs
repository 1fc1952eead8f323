using Bauta.Merchant.Pay;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Orders;

/// <summary>What a payment led to: a release, or goods that wait for their acknowledgement, or neither yet.</summary>
/// <param name="Paid">With a release.</param>
/// <param name="Made">Goods that wait.</param>
/// <param name="IsAtOnce">Whether the customer is given P4 itself.</param>
internal sealed record Taken(PaidPurchase? Paid = null, Signed<MadeGoods>? Made = null, bool IsAtOnce = false);

/// <summary>
/// FIG. 5: with P3 an order begins; once its goods are made (<see cref="Making"/>) they wait for the customer's
/// acknowledgement, and when it does not come in time the commit is forced with them. Either way one release is written
/// down, in the transaction that ends the order.
/// </summary>
internal sealed class Ordering(
    MerchantOptions options, IDatabase database, MerchantKeys keys, Settling settling, TimeProvider clock)
{
    private const int FirstRetrySeconds = 10;
    private const int ForceAtOnce = 32;

    /// <summary>P3, or E5, for a purchase whose P1 says that goods are made to order.</summary>
    /// <param name="request">With notes that hold.</param>
    /// <param name="secrets">What only the merchant knows.</param>
    /// <param name="opened">Done when the order is durable.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<Result<Taken, MerchantError>> TakeAsync(
        PaymentRequest request, PurchaseSecrets secrets, Action opened, CancellationToken cancellation)
    {
        var n = request.Transaction;
        var order = await database.ReadAsync(transaction => OrderStore.Find(transaction, n), cancellation);
        if (order is null)
            return request.Agreement is null
                ? await BeginAsync(request, opened, cancellation)
                : MerchantError.BadItemAcknowledgement;
        if (request.Agreement is not { } agreement)
            return new Taken(Made: order.Made);
        if (order.Made is not { } made || !IsAgreed(agreement, made, secrets.Merchandise.Content))
            return MerchantError.BadItemAcknowledgement;
        var released = new ReleasedPurchase(request, secrets.SignRelease(agreement), 0);
        return new Taken(await ReleaseAsync(released, made, cancellation));
    }

    /// <summary>Forces what was not acknowledged in time, and gives up what could not be made; true when there may be
    /// more.</summary>
    public async Task<bool> ForceDueAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(
            transaction => OrderStore.DueToForce(transaction, now, ForceAtOnce), cancellation);
        foreach (var order in due)
        {
            using var secrets = PurchaseSecrets.Open(keys.Sealing, order.Transaction, order.Sealed);
            var released = new ReleasedPurchase(
                new PaymentRequest(order.Transaction, order.Lock), secrets.SignRelease(made: order.Made), 0);
            _ = settling.Start(await ReleaseAsync(released, order.Made!, cancellation));
        }

        var late = await database.WriteAsync(
            transaction => OrderStore.GiveUp(
                transaction, now.AddSeconds(options.OrderMarginSeconds), now, options.MaxMakeTries, ForceAtOnce),
            cancellation);
        return due.Count == ForceAtOnce || late == ForceAtOnce;
    }

    private async Task<Result<Taken, MerchantError>> BeginAsync(
        PaymentRequest request, Action opened, CancellationToken cancellation)
    {
        try
        {
            return await database.WriteAsync(
                transaction =>
                {
                    if (UnixTime.Now(clock).AddSeconds(options.OrderMarginSeconds)
                        >= request.Lock.LockNote.Content.ExpiresAt)
                        return false;
                    OrderStore.Insert(transaction, request.Transaction, request.Lock);
                    transaction.OnCommit(opened);
                    return true;
                },
                cancellation)
                ? new Taken()
                : MerchantError.Expired;
        }
        catch (StorageException conflict) when (conflict.Failure == StorageFailure.Conflict)
        {
            // The turn keeps other payments out: it was dropped as expired, or given up.
            return MerchantError.Expired;
        }
    }

    private async Task<PaidPurchase> ReleaseAsync(
        ReleasedPurchase released, Signed<MadeGoods> made, CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        try
        {
            await database.WriteAsync(
                transaction => OrderStore.Release(transaction, released, made, now, now.AddSeconds(FirstRetrySeconds)),
                cancellation);
            return released;
        }
        catch (StorageException raced) when (raced.Failure == StorageFailure.Conflict)
        {
            // Acknowledged and forced at the same moment: what was written first counts.
            return await database.ReadAsync(
                transaction => PaymentStore.Find(transaction, released.Transaction), cancellation)
                ?? throw new InvalidOperationException("An order ended without a release.", raced);
        }
    }

    private static bool IsAgreed(
        Signed<ItemAcknowledgement> agreement, Signed<MadeGoods> made, Merchandise promise)
    {
        var (said, terms) = (agreement.Content, promise.LockFirst!);
        return said.Key.AsSpan().SequenceEqual(terms.Key)
            && said.Commitment.Equals(made.Content.Commitment)
            && said.ItemHash.AsSpan().SequenceEqual(made.PayloadHash())
            && said.SealedTotal.AsSpan().SequenceEqual(
                SealedTotal.Seal(terms.TotalKey, made.Content.Commitment, promise.Contract.Price))
            && ItemAcknowledgement.Matches(agreement, promise.ToLockNote());
    }
}
