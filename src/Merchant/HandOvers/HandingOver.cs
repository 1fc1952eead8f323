using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.HandOvers;

/// <summary>
/// The merchant's own list of what was handed over: whichever counter is first, each sale is in it once. A counter that
/// worked offline brings its list later.
/// </summary>
internal sealed class HandingOver(IDatabase database, MerchantKeys keys, TimeProvider clock)
{
    public async Task<Result<KnownHandOver, DeskError>> TakeAsync(
        NewHandOver handOver, CancellationToken cancellation)
    {
        var (receipt, answer) = (handOver.Receipt, handOver.Answer);
        if (!receipt.IsSignedBy(keys.Identity.PublicKey) || !HandOver.Holds(answer, receipt))
            return DeskError.BadHandOver;
        var now = UnixTime.Now(clock);
        return await database.WriteAsync<Result<KnownHandOver, DeskError>>(
            transaction =>
            {
                if (HandOverStore.Find(transaction, answer.Content.Transaction) is { } known)
                    return known.Answer.SaysTheSameAs(answer)
                        ? new KnownHandOver(known.HandedAt)
                        : DeskError.HandedOver;
                if (!HandOverStore.IsCommitted(transaction, answer.Content.Transaction))
                    return DeskError.NotPaid;
                HandOverStore.Insert(transaction, answer, now);
                return new KnownHandOver(now);
            },
            cancellation);
    }
}
