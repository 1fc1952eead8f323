using Bauta.Acquirer.PayOut;
using Bauta.Acquirer.TakeIn;
using Bauta.Acquirer.Totals;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Storage;

namespace Bauta.Acquirer;

/// <summary>
/// A sandbox acquirer: it knows test cards only, signs funding notices and payout receipts, and moves no real money.
/// </summary>
public sealed class Acquirer : IAcquirer
{
    private readonly IDatabase database;
    private readonly Taking taking;
    private readonly PayingOut payingOut;

    /// <param name="options">Which banks it serves.</param>
    /// <param name="database">Has <see cref="AcquirerSchema.Migrations"/>; stays the caller's.</param>
    /// <param name="key">Signs notices and receipts.</param>
    /// <param name="sealing">Keys the hashes of card numbers; lives in a file of mode 0600.</param>
    /// <param name="clock">The clock.</param>
    public Acquirer(
        AcquirerOptions options, IDatabase database, ISigner key, SealingKey sealing, TimeProvider clock)
    {
        options.Check();
        this.database = database;
        taking = new Taking(options, database, key, sealing, clock);
        payingOut = new PayingOut(options, database, key, clock);
    }

    public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation) => taking.TakeInAsync(request, cancellation);

    public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation) => payingOut.PayOutAsync(order, cancellation);

    /// <summary>Totals for each day, bank and currency from <paramref name="from"/> on, newest first.</summary>
    public Task<IReadOnlyList<DayTotals>> TotalsAsync(UnixTime from, CancellationToken cancellation) =>
        database.ReadAsync(transaction => TotalsStore.Since(transaction, from), cancellation);
}
