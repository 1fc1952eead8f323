using System.Security.Cryptography;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Accounts;

/// <summary>
/// Pays merchants out. The order to the acquirer is durable before it is sent, and sent until the acquirer's signed
/// receipt says that it was paid or refused; its id is not the merchant's, so the two cannot be matched by it.
/// </summary>
internal sealed class PayoutDesk(
    BankOptions options, BankDatabase database, ISigner statementKey, BankAcquirer acquirer, TimeProvider clock,
    BankLog log)
{
    private const int BatchSize = 64;
    private const int AtOnce = 4;
    private const long RetrySeconds = 5;

    public async Task<Result<PayoutState, BankError>> OrderAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation)
    {
        var content = request.Content;
        var bodyHash = SHA256.HashData(StrictJson.Write(content, PayoutRequest.Json));
        if (!P256PublicKey.TryFromSpki(content.Key, out var key) || !request.IsSignedBy(key))
            return BankError.BadSignature;
        var account = AccountId.Of(key);
        var (known, row) = await database.ReadAsync(
            reader => (PayoutRows.Find(reader, content.Id), AccountRows.Find(reader, account)), cancellation);
        if (known is not null)
            return known.For(bodyHash);
        if (content.Currency != options.Currency.Code)
            return BankError.WrongBank;
        if (row is null)
            return BankError.UnknownAccount;
        var order = Signed<PayoutOrder>.Sign(statementKey, new PayoutOrder(
            RequestId.Generate(), options.Name, row.Payee, content.Currency, content.Amount));
        return await database.WriteAsync(
            (transaction, _) => Store(transaction, content.Id, bodyHash, account, order), cancellation);
    }

    /// <summary>Sends the orders that are due.</summary>
    /// <returns>Whether there may be more to send now.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(reader => PayoutRows.Due(reader, now, BatchSize), cancellation);
        await SideBySide.ForEachAsync(
            due,
            AtOnce,
            async (payout, stop) => await FinishAsync(payout, await SendAsync(payout, stop), stop),
            cancellation);
        return due.Count == BatchSize;
    }

    private Result<PayoutState, BankError> Store(
        IWriteTransaction transaction, RequestId id, byte[] bodyHash, AccountId account, Signed<PayoutOrder> order)
    {
        if (PayoutRows.Find(transaction, id) is { } known)
            return known.For(bodyHash);
        var now = UnixTime.Now(clock);
        // Dropped meanwhile, to make room: it had nothing to pay out.
        if (AccountRows.Find(transaction, account) is not { } row)
            return BankError.UnknownAccount;
        // The payee was stated anew while this order was being signed; the same request may simply come again.
        if (row.Payee != order.Content.Payee
            || PayoutRows.CountOpen(transaction, account) >= options.MaxOpenPayoutsPerAccount)
            return BankError.TooMany;
        var ready = AccountRows.Accrued(transaction, account, now).Ready;
        if (order.Content.Amount > row.Available + ready)
            return BankError.NotAvailable;
        AccountRows.Collect(transaction, account, now, ready);
        AccountRows.Order(transaction, account, order.Content.Amount);
        PayoutRows.Insert(transaction, id, bodyHash, account, order, now);
        return new PayoutState(PayoutState.Ordered);
    }

    /// <summary>The acquirer's final word, or null while there is none.</summary>
    private async Task<bool?> SendAsync(OpenPayout payout, CancellationToken cancellation)
    {
        try
        {
            var answer = await acquirer.Client.PayOutAsync(payout.Order, cancellation);
            if (!answer.IsOk)
            {
                log.PayoutRefused(answer.Error.Value);
                return null;
            }

            var receipt = answer.Value;
            if (receipt.IsSignedBy(acquirer.Key) && receipt.Content.Id.Equals(payout.Order.Content.Id))
                return receipt.Content.Paid;
            log.ReceiptBad();
            return null;
        }
        catch (IOException failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            log.Failed("Paying out", failure);
            return null;
        }
    }

    private Task FinishAsync(OpenPayout payout, bool? isPaid, CancellationToken cancellation) =>
        database.WriteAsync(
            (transaction, books) =>
            {
                switch (isPaid)
                {
                    case true:
                        PayoutRows.Finish(transaction, payout.Id, PayoutStage.Paid);
                        AccountRows.Paid(transaction, payout.Account, payout.Amount);
                        books.PayOut(payout.Amount);
                        break;
                    case false:
                        PayoutRows.Finish(transaction, payout.Id, PayoutStage.Returned);
                        AccountRows.Return(transaction, payout.Account, payout.Amount);
                        break;
                    default:
                        PayoutRows.TryLater(transaction, payout.Id, UnixTime.Now(clock).AddSeconds(RetrySeconds));
                        break;
                }
            },
            cancellation);
}
