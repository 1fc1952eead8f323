using System.Security.Cryptography;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Reserves;

/// <summary>Credits reserves on an acquirer's notice, once per notice, and tells their owners the balance.</summary>
internal sealed class ReserveDesk(
    BankOptions options, BankDatabase database, IReadOnlyList<P256PublicKey> funders, TimeProvider clock)
{
    private sealed record Funding(byte[] BodyHash, Amount Balance);

    public async Task<Result<ReserveState, BankError>> FundAsync(
        FundingRequest request, CancellationToken cancellation)
    {
        var notice = request.Notice.Content;
        var bodyHash = SHA256.HashData(StrictJson.Write(notice, FundingNotice.Json));
        if (await database.ReadAsync(transaction => Find(transaction, notice.Id), cancellation) is { } known)
            return Answer(known, bodyHash);
        if (options.Issuer is not null || notice.Bank != options.Name || notice.Currency != options.Currency.Code)
            return BankError.WrongBank;
        if (funders.FirstOrDefault(key => key.Thumbprint == request.Notice.KeyId) is not { } funder)
            return BankError.UnknownAcquirer;
        if (!request.Notice.IsSignedBy(funder))
            return BankError.BadSignature;
        return await database.WriteAsync(
            (transaction, books) => Credit(transaction, books, notice, bodyHash), cancellation);
    }

    public async Task<Result<ReserveState, BankError>> ReadAsync(
        Signed<ReadOrder> order, CancellationToken cancellation)
    {
        var owner = ReadOrders.Verify(order, UnixTime.Now(clock));
        if (!owner.IsOk)
            return owner.Error.Value;
        var reserve = ReserveId.Of(owner.Value);
        return await database.ReadAsync(transaction => ReserveRows.Find(transaction, reserve), cancellation)
            is { } balance
            ? new ReserveState(balance)
            : BankError.UnknownReserve;
    }

    private static Result<ReserveState, BankError> Credit(
        IWriteTransaction transaction, Books books, FundingNotice notice, byte[] bodyHash)
    {
        if (Find(transaction, notice.Id) is { } known)
            return Answer(known, bodyHash);
        if (books.Funded + notice.Amount.MinorUnits > Amount.Maximum)
            return Result<ReserveState, BankError>.Refuse(BankError.TooMany, "The bank cannot take in more money.");
        var balance = (ReserveRows.Find(transaction, notice.Reserve) ?? Amount.Zero) + notice.Amount;
        transaction.Execute(
            "INSERT INTO fundings (id, body_hash, reserve, amount, balance) VALUES ($1, $2, $3, $4, $5)",
            notice.Id.ToArray(), bodyHash, notice.Reserve.ToArray(), notice.Amount.MinorUnits, balance.MinorUnits);
        ReserveRows.Credit(transaction, notice.Reserve, notice.Amount);
        books.Fund(notice.Amount);
        return new ReserveState(balance);
    }

    private static Result<ReserveState, BankError> Answer(Funding known, byte[] bodyHash) =>
        known.BodyHash.AsSpan().SequenceEqual(bodyHash) ? new ReserveState(known.Balance) : BankError.IdReused;

    private static Funding? Find(IReadTransaction transaction, RequestId id) => transaction.QuerySingleOrDefault(
        "SELECT body_hash, balance FROM fundings WHERE id = $1",
        row => new Funding(row.GetBytes(0), Amount.FromMinorUnits(row.GetInt64(1))),
        id.ToArray());
}
