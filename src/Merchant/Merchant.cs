using Bauta.Merchant.Deliver;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Disputes;
using Bauta.Merchant.HandOvers;
using Bauta.Merchant.Offers;
using Bauta.Merchant.Orders;
using Bauta.Merchant.Pay;
using Bauta.Merchant.Payouts;
using Bauta.Merchant.Purchase;
using Bauta.Merchant.Sessions;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bauta.Merchant;

/// <summary>
/// The merchant: offers, encrypts, releases. One process holds the database; <see cref="RunAsync"/> finishes by itself
/// whatever a restart or an unreachable party left unfinished.
/// </summary>
public sealed partial class Merchant : IMerchant, IDecisionListener, IAsyncDisposable
{
    private static readonly TimeSpan resumePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan openPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan sweepPause = TimeSpan.FromHours(1);

    private const ConfigureAwaitOptions Quietly =
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private readonly CancellationTokenSource lifetime = new();
    private readonly TimeSpan dropPause;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly Catalogue catalogue;
    private readonly Selling selling;
    private readonly Delivering delivering;
    private readonly Settling settling;
    private readonly Collecting collecting;
    private readonly PayingOut payingOut;
    private readonly UnusedGoods unusedGoods;
    private readonly Metering metering;
    private readonly Ordering ordering;
    private readonly Making making;
    private readonly int makersAtOnce;
    private readonly EarlyReleasing early;

    private Merchant(
        MerchantOptions options, IDatabase database, MerchantKeys keys, IBank bank,
        IReadOnlyList<MerchantArchive> archives, TimeProvider clock, ILogger log, IItemSource? items,
        IGoodsMaker? maker)
    {
        options.Check();
        makersAtOnce = options.MakersAtOnce;
        (this.clock, this.log) = (clock, log);
        // So that what is to go after the grace goes within a tenth of it.
        dropPause = TimeSpan.FromSeconds(Math.Clamp(options.GraceSeconds / 10, 1, 30));
        Terms = new MerchantTerms(
            options.Bank, keys.Bank.Thumbprint, [.. archives.Select(archive => archive.Policy.Text)],
            options.Proof == DeliveryProof.TwoSided ? DeliveryProof.TwoSided : null,
            options.Releases.Count == 0 ? null : options.Releases);
        var byPolicy = archives.ToDictionary(archive => archive.Policy.Id);
        var goods = new GoodsStore(options.GoodsDirectory, clock);
        var budget = new OpenBudget(options.MaxOpenPurchases, options.MaxOpenBytes);
        catalogue = new Catalogue(options, database, goods, maker is not null, clock);
        early = new EarlyReleasing(
            options, database, keys, bank as IJointBank, byPolicy, budget, clock, log, lifetime.Token);
        selling = new Selling(
            options, database, catalogue, goods, budget, keys, byPolicy, clock, n => _ = early.StartAsync(n));
        delivering = new Delivering(options, database, goods, keys.Sealing, clock);
        unusedGoods = new UnusedGoods(options, database, goods, clock);
        settling = new Settling(
            options, database, keys, bank, byPolicy, new Forcing(database, delivering), clock, log, lifetime.Token);
        metering = new Metering(options, database, keys, items, settling, clock, LogFailed);
        ordering = new Ordering(options, database, keys, settling, clock);
        making = new Making(options, database, keys, goods, maker, byPolicy, clock, log);
        collecting = new Collecting(options, database, keys, budget, settling, metering, ordering, early, clock);
        payingOut = new PayingOut(options, database, keys, bank, clock, log);
        Desk = new ShopDesk(options, database, catalogue, goods, delivering, payingOut,
            new Answering(keys, bank, clock), new HandingOver(database, keys, clock), keys.Sealing, byPolicy);
    }

    /// <summary>What the shop's owner does.</summary>
    public IShopDesk Desk { get; }

    /// <summary>The terms for the party card.</summary>
    public MerchantTerms Terms { get; }

    /// <summary>Starts a merchant on its database, which has <see cref="MerchantSchema.Migrations"/>.</summary>
    public static async Task<Merchant> OpenAsync(
        MerchantOptions options, IDatabase database, MerchantKeys keys, IBank bank,
        IReadOnlyList<MerchantArchive> archives, TimeProvider clock, ILogger? log = null,
        IItemSource? items = null, IGoodsMaker? maker = null, CancellationToken cancellation = default)
    {
        var merchant = new Merchant(
            options, database, keys, bank, archives, clock, log ?? NullLogger.Instance, items, maker);
        await merchant.catalogue.LoadAsync(cancellation);
        await merchant.selling.LoadAsync(cancellation);
        await database.WriteAsync(
            transaction =>
            {
                PaymentStore.MakeAllDue(transaction);
                EarlyStore.MakeAllDue(transaction);
                OrderStore.MakeAllDue(transaction);
            },
            cancellation);
        return merchant;
    }

    public Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation) =>
        Task.FromResult(catalogue.Page(after));

    // The work goes on when the customer's connection breaks, so that the hashing of a large file is not lost.
    public Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation) =>
        selling.SellAsync(request, lifetime.Token).WaitAsync(cancellation);

    public Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation) =>
        delivering.ChunkAsync(delivery, index, cancellation);

    public Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation) =>
        collecting.PayAsync(request, cancellation);

    // Every n is public once it is decided: whether one was sold here shows neither in the answer nor in its time.
    public Task HearAsync(TransactionId transaction, LoggedEntry decision, CancellationToken cancellation)
    {
        settling.Hear(transaction, decision);
        early.Hear(transaction);
        return Task.CompletedTask;
    }

    // As above: what the customer agreed to is not undone by a connection that breaks.
    public Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation) =>
        metering.StepAsync(session, step, lifetime.Token).WaitAsync(cancellation);

    public async Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation)
    {
        var closed = await metering.CloseAsync(session, lifetime.Token).WaitAsync(cancellation);
        if (!closed.IsOk)
            return Result<PaymentAnswer, MerchantError>.Refuse(closed.Error.Value, closed.Detail);
        return closed.Value is { } paid ? await settling.AnswerAsync(paid, cancellation) : new PaymentAnswer();
    }

    /// <summary>The background work: opens the account, resumes what is unfinished, makes what is ordered, drops what
    /// has expired.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll([
            RunAllElseAsync(cancellation), RunEachSecondAsync(CloseSessionsAsync, cancellation),
            RunEachSecondAsync(ForceOrdersAsync, cancellation),
            .. Enumerable.Range(0, makersAtOnce).Select(_ => RunEachSecondAsync(MakeOrdersAsync, cancellation)),
        ]);

    private async Task RunEachSecondAsync(Func<CancellationToken, Task> pass, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await pass(cancellation);
            }
            catch (Exception failure)
            {
                if (cancellation.IsCancellationRequested)
                    return;
                LogFailed(failure.GetType().Name);
            }

            await Task.Delay(resumePause, clock, cancellation).ConfigureAwait(Quietly);
        }
    }

    private async Task RunAllElseAsync(CancellationToken cancellation)
    {
        long? openedAt = null;
        var droppedAt = clock.GetTimestamp();
        long? sweptAt = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await ResumeAsync(cancellation);
                if (clock.GetElapsedTime(droppedAt) >= dropPause)
                {
                    droppedAt = clock.GetTimestamp();
                    await DropExpiredAsync(cancellation);
                }

                if (sweptAt is not { } swept || clock.GetElapsedTime(swept) >= sweepPause)
                {
                    sweptAt = clock.GetTimestamp();
                    await RemoveUnusedGoodsAsync(cancellation);
                }

                // Again from time to time: a bank drops accounts that nobody used to make room.
                if ((openedAt is not { } at || clock.GetElapsedTime(at) >= openPause)
                    && await OpenAccountAsync(cancellation))
                    openedAt = clock.GetTimestamp();
            }
            catch (Exception failure)
            {
                if (cancellation.IsCancellationRequested)
                    return;
                LogFailed(failure.GetType().Name);
            }

            await Task.Delay(resumePause, clock, cancellation).ConfigureAwait(Quietly);
        }
    }

    /// <summary>Opens the account at the bank, or states the payee anew; <see cref="RunAsync"/> does it.</summary>
    public Task<bool> OpenAccountAsync(CancellationToken cancellation) => payingOut.OpenAccountAsync(cancellation);

    /// <summary>One pass over what is unfinished and due; <see cref="RunAsync"/> makes one each second.</summary>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        var isMore = true;
        while (isMore)
            isMore = await settling.ResumeAsync(cancellation) | await early.ResumeAsync(cancellation);
        await payingOut.ResumeAsync(cancellation);
    }

    /// <summary>Ends the sessions that expire soon; <see cref="RunAsync"/> does it each second, beside all else, since
    /// what was sold in them is lost when they are late.</summary>
    public async Task CloseSessionsAsync(CancellationToken cancellation)
    {
        var isMore = true;
        while (isMore)
            isMore = await metering.CloseDueAsync(cancellation);
    }

    /// <summary>Makes what is ordered and locked, one after another until none is due; <see cref="RunAsync"/> does it a
    /// few times over, so that what takes long does not hold up all else.</summary>
    public async Task MakeOrdersAsync(CancellationToken cancellation)
    {
        var isMore = true;
        while (isMore)
            isMore = await making.MakeOneAsync(cancellation);
    }

    /// <summary>Forces what was made and not acknowledged in time; <see cref="RunAsync"/> does it each
    /// second.</summary>
    public async Task ForceOrdersAsync(CancellationToken cancellation)
    {
        var isMore = true;
        while (isMore)
            isMore = await ordering.ForceDueAsync(cancellation);
    }

    /// <summary>Waits for the attempts at settlement that run now.</summary>
    public Task IdleAsync() => Task.WhenAll(settling.DrainAsync(), early.DrainAsync());

    /// <summary>Drops purchases that were not paid before expiry and grace.</summary>
    public async Task DropExpiredAsync(CancellationToken cancellation)
    {
        var isMore = true;
        while (isMore)
            isMore = await selling.DropExpiredAsync(cancellation);
    }

    /// <summary>Removes copies of files that are sold no more; <see cref="RunAsync"/> does it.</summary>
    public Task RemoveUnusedGoodsAsync(CancellationToken cancellation) => unusedGoods.RemoveAsync(cancellation);

    /// <summary>Stops attempts under way; what they left unfinished is resumed by the next start. The database and the
    /// keys stay the caller's.</summary>
    public async ValueTask DisposeAsync()
    {
        await lifetime.CancelAsync();
        await IdleAsync();
        selling.Dispose();
        metering.Dispose();
        delivering.Dispose();
        lifetime.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "A pass of the background work failed ({Reason}); the next one follows.")]
    private partial void LogFailed(string reason);
}
