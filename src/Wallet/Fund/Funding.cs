using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Wallet;

/// <summary>Where a funding stands.</summary>
internal static class FundingState
{
    public const string Asked = "asked";
    public const string Noticed = "noticed";
    public const string Credited = "credited";
    public const string Declined = "declined";
}

public sealed partial class Wallet
{
    private const int MaxFundingAnswers = 20;

    /// <summary>
    /// Takes money in through the acquirer and carries its notice to the bank, which credits a fresh reserve. The
    /// acquirer sees the payer, the bank sees the sum; neither sees what it will buy.
    /// </summary>
    /// <returns>Whether the reserve is credited; false while the acquirer has not decided, and resume goes
    /// on.</returns>
    public async Task<bool> FundAsync(Amount amount, string card, CancellationToken cancellation)
    {
        var currency = await CurrencyAsync(cancellation);
        var bank = (await network.BankCardAsync(cancellation)).Content.Name;
        var id = RequestId.Generate();
        var request = await Store.Database.WriteAsync(
            transaction =>
            {
                var number = transaction.QuerySingleOrDefault(
                    "SELECT COALESCE(MAX(number), -1) FROM reserves", row => row.GetInt64(0)) + 1;
                using var key = Store.Seed.ReserveKey(number);
                var reserve = ReserveId.Of(key.PublicKey);
                var made = new TakeInRequest(id, card, bank, reserve, currency.Code, amount);
                transaction.Execute("INSERT INTO reserves (reserve, number, open) VALUES ($1, $2, $3)",
                    reserve.ToArray(), number, true);
                transaction.Execute(
                    "INSERT INTO fundings (id, reserve, amount, state, record) VALUES ($1, $2, $3, $4, $5)",
                    id.ToArray(), reserve.ToArray(), amount.MinorUnits, FundingState.Asked,
                    Store.Seal(Place(id), StrictJson.Write(made, WalletJson.Default.TakeInRequest)));
                return made;
            },
            cancellation);
        return await TakeInAsync(request, cancellation);
    }

    private static string Place(RequestId funding) => $"fundings/{funding}";

    private async Task ResumeFundingsAsync(CancellationToken cancellation)
    {
        foreach (var (id, state, box) in await Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT id, state, record FROM fundings WHERE state IN ($1, $2)",
                row => (RequestId.FromBytes(row.GetBytes(0)), row.GetString(1), row.GetBytes(2)),
                FundingState.Asked, FundingState.Noticed),
            cancellation))
        {
            var record = Store.Unseal(Place(id), box);
            if (state == FundingState.Noticed)
                await CarryNoticeAsync(id, ReadNotice(record), cancellation);
            else if (StrictJson.TryRead(record, WalletJson.Default.TakeInRequest, out var request))
                await TakeInAsync(request, cancellation);
        }
    }

    private async Task<bool> TakeInAsync(TakeInRequest request, CancellationToken cancellation)
    {
        var answer = await network.Acquirer.TakeInAsync(request, cancellation);
        for (var tries = 1;
            answer is { IsOk: true, Value.State: TakeInAnswer.Pending } && tries < MaxFundingAnswers; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), clock, cancellation);
            answer = await network.Acquirer.TakeInAsync(request, cancellation);
        }

        if (!answer.IsOk)
        {
            if (answer.Error != AcquirerError.TooMany)
                await SetFundingAsync(request.Id, FundingState.Declined, [], cancellation, request.Reserve);
            throw answer.Error == AcquirerError.Declined
                ? new WalletException(WalletError.Declined, "The card was declined. Use another card.")
                : Refused("The acquirer refused", answer.Error.Value, answer.Detail);
        }

        if (answer.Value.Notice is not { } notice)
            return false;
        if (!notice.Content.Reserve.Equals(request.Reserve) || notice.Content.Amount != request.Amount)
            throw new WalletException(WalletError.Distrusted,
                "The acquirer's notice names another reserve or amount. Complain to it with the payment's receipt.");
        await SetFundingAsync(
            request.Id, FundingState.Noticed, Encoding.ASCII.GetBytes(notice.Text), cancellation);
        await CarryNoticeAsync(request.Id, notice, cancellation);
        return true;
    }

    private async Task CarryNoticeAsync(RequestId id, Signed<FundingNotice> notice, CancellationToken cancellation)
    {
        var answer = await network.Bank.FundAsync(new FundingRequest(notice), cancellation);
        if (!answer.IsOk)
            throw Refused("The bank refused the acquirer's notice", answer.Error.Value, answer.Detail);
        await SetFundingAsync(id, FundingState.Credited, [], cancellation);
    }

    private Task SetFundingAsync(
        RequestId id, string state, byte[] record, CancellationToken cancellation, ReserveId? unused = null)
    {
        var box = Store.Seal(Place(id), record);
        return Store.Database.WriteAsync(
            transaction =>
            {
                transaction.ExecuteExpecting(
                    1, "UPDATE fundings SET state = $1, record = $2 WHERE id = $3", state, box, id.ToArray());
                if (unused is not null)
                    Close(transaction, unused);
            },
            cancellation);
    }

    /// <summary>A reserve that is planned out in full is not read again: reading several would link them.</summary>
    private static void Close(IWriteTransaction transaction, ReserveId reserve) => transaction.Execute(
        "UPDATE reserves SET open = $1 WHERE reserve = $2", false, reserve.ToArray());

    private static Signed<FundingNotice> ReadNotice(byte[] record) =>
        Signed<FundingNotice>.TryParse(Encoding.ASCII.GetString(record), out var notice)
            ? notice
            : throw WalletException.Unreadable("funding");

    private Task<IReadOnlyList<WalletReserve>> ReservesAsync(CancellationToken cancellation) =>
        Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT reserve, number, token_key_id, token_number, open FROM reserves ORDER BY reserve",
                row => new WalletReserve(ReserveId.FromBytes(row.GetBytes(0)),
                    row.IsDBNull(1) ? null : row.GetInt64(1), row.GetBytesOrNull(2),
                    row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4))),
            cancellation);

    private P256PrivateKey KeyOf(WalletReserve reserve)
    {
        if (reserve.Number is { } number)
            return Store.Seed.ReserveKey(number);
        using var secret = Store.Seed.Token(reserve.TokenKeyId!, reserve.TokenNumber!.Value);
        return secret.RefreshReserveKey();
    }

    private async Task<Amount> ReserveBalanceAsync(WalletReserve reserve, CancellationToken cancellation)
    {
        using var key = KeyOf(reserve);
        return (await ReadReserveAsync(key, cancellation))?.Balance ?? Amount.Zero;
    }

    /// <summary>A reserve as the bank has it; null when it does not know it.</summary>
    private async Task<ReserveState?> ReadReserveAsync(P256PrivateKey key, CancellationToken cancellation)
    {
        var answer = await network.Bank.ReserveAsync(
            Signed<ReadOrder>.Sign(key, new ReadOrder(key.PublicKey.Spki, Now)), cancellation);
        if (answer.IsOk)
            return answer.Value;
        return answer.Error == BankError.UnknownReserve
            ? null
            : throw Refused("The bank refused to read a reserve", answer.Error.Value, answer.Detail);
    }
}

/// <summary>A reserve of this wallet: numbered, or made to refresh a token.</summary>
/// <param name="Id">Its thumbprint.</param>
/// <param name="Number">The number that its key derives from, or null.</param>
/// <param name="TokenKeyId">With the token that it takes over: the denomination key's ID.</param>
/// <param name="TokenNumber">And the token's number.</param>
/// <param name="IsOpen">Whether it may hold more than is planned out of it.</param>
internal sealed record WalletReserve(
    ReserveId Id, long? Number, byte[]? TokenKeyId, long? TokenNumber, bool IsOpen);
