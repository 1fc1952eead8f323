using System.Security.Cryptography;
using Bauta.Acquirer.Totals;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Storage;

namespace Bauta.Acquirer.PayOut;

/// <summary>
/// Pays out on a bank's signed order, once per id, and signs a receipt. Equality is by what the order says: a bank may
/// sign the same order again.
/// </summary>
internal sealed class PayingOut(AcquirerOptions options, IDatabase database, ISigner key, TimeProvider clock)
{
    public async Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation)
    {
        var content = order.Content;
        var bodyHash = SHA256.HashData(StrictJson.Write(content, ProtocolJson.Default.PayoutOrder));
        var stored = await database.ReadAsync(transaction => Find(transaction, content.Id), cancellation);
        // What was paid once is receipted alike whatever the configuration says by now.
        if (stored is not null && stored.HasBody(bodyHash))
            return Answer(stored, bodyHash);
        if (options.Banks.FirstOrDefault(bank => bank.Name == content.Bank) is not { } served
            || !order.IsSignedBy(served.Key))
            return AcquirerError.UnknownBank;
        if (served.Currency != content.Currency)
            return AcquirerError.Malformed;
        if (stored is not null)
            return AcquirerError.IdReused;
        var receipt = Signed<PayoutReceipt>.Sign(
            key, new PayoutReceipt(content.Id, TestCards.IsPaid(content.Payee)));
        var now = UnixTime.Now(clock);
        var row = await database.WriteAsync(
            transaction => Find(transaction, content.Id) ?? Insert(transaction, content, bodyHash, receipt, now),
            cancellation);
        return Answer(row, bodyHash);
    }

    private static Row Insert(
        IWriteTransaction transaction, PayoutOrder order, byte[] bodyHash, Signed<PayoutReceipt> receipt, UnixTime now)
    {
        var isPaid = receipt.Content.Paid;
        transaction.Execute(
            """
            INSERT INTO payouts (payout_id, body_hash, bank, payee, currency, amount, paid, received_at, receipt)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            order.Id.ToArray(), bodyHash, order.Bank, order.Payee, order.Currency, order.Amount.MinorUnits,
            isPaid ? 1 : 0, now.Seconds, receipt.Text);
        TotalsStore.AddPayout(transaction, now, order.Bank, order.Currency, isPaid ? order.Amount : null);
        return new Row(bodyHash, receipt.Text);
    }

    private static Result<Signed<PayoutReceipt>, AcquirerError> Answer(Row stored, byte[] bodyHash)
    {
        if (!stored.HasBody(bodyHash))
            return AcquirerError.IdReused;
        return Signed<PayoutReceipt>.TryParse(stored.Receipt, out var receipt)
            ? receipt
            : throw new InvalidDataException("A stored receipt does not parse.");
    }

    private static Row? Find(IReadTransaction transaction, RequestId id) =>
        transaction.QuerySingleOrDefault(
            "SELECT body_hash, receipt FROM payouts WHERE payout_id = $1",
            static row => new Row(row.GetBytes(0), row.GetString(1)), id.ToArray());

    private sealed record Row(byte[] BodyHash, string Receipt)
    {
        public bool HasBody(byte[] bodyHash) => BodyHash.AsSpan().SequenceEqual(bodyHash);
    }
}
