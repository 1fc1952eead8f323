using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Wallet;

/// <summary>Where a funding stands; one that is credited or refused has no row.</summary>
internal static class FundingState
{
    public const string Asked = "asked";
    public const string Noticed = "noticed";
}

public sealed partial class Wallet
{
    private const int MaxFundingAnswers = 20;

    /// <summary>Fewer than the unknown reserves after which a restore stops: none of those that are credited may lie
    /// behind so many that never were.</summary>
    private const int MaxOpenFundings = ReserveGap - 1;

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
                if (CountFundings(transaction) >= MaxOpenFundings)
                    return null;
                var number = NextReserve(transaction);
                using var key = Store.Seed.ReserveKey(number);
                var made = new TakeInRequest(id, card, bank, ReserveId.Of(key.PublicKey), currency.Code, amount);
                var name = Store.NameOf(made.Reserve);
                transaction.Execute(
                    "INSERT INTO reserves (name, number, open) VALUES ($1, $2, $3)", name, number, true);
                transaction.Execute(
                    "INSERT INTO fundings (reserve, state, record) VALUES ($1, $2, $3)", name, FundingState.Asked,
                    Store.Seal(Place(name), StrictJson.Write(made, WalletJson.Default.TakeInRequest)));
                return made;
            },
            cancellation);
        return request is not null
            ? await TakeInAsync(request, cancellation)
            : throw new WalletException(WalletError.Refused,
                $"{MaxOpenFundings} payments are not decided yet. First: bauta wallet resume");
    }

    private static string Place(string reserve) => $"fundings/{reserve}";

    private static long CountFundings(IReadTransaction transaction) => transaction.QuerySingleOrDefault(
        "SELECT COUNT(*) FROM fundings", row => row.GetInt64(0));

    /// <summary>The lowest number that no reserve has: one whose payment was refused is used again.</summary>
    private static long NextReserve(IReadTransaction transaction)
    {
        var taken = transaction.Query(
            "SELECT number FROM reserves WHERE number IS NOT NULL ORDER BY number", row => row.GetInt64(0));
        var next = 0;
        while (next < taken.Count && taken[next] == next)
            next++;
        return next;
    }

    private async Task ResumeFundingsAsync(List<string> open, CancellationToken cancellation)
    {
        foreach (var (name, state, box) in await Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT reserve, state, record FROM fundings ORDER BY rowid",
                row => (row.GetString(0), row.GetString(1), row.GetBytes(2))),
            cancellation))
            await Attempt("funding", ResumeAsync(name, state, Store.Unseal(Place(name), box)), open);

        async Task ResumeAsync(string name, string state, byte[] record)
        {
            if (state == FundingState.Noticed)
                await CarryNoticeAsync(name, ReadNotice(record), cancellation);
            else if (!StrictJson.TryRead(record, WalletJson.Default.TakeInRequest, out var request))
                throw WalletException.Unreadable("funding");
            else if (!await TakeInAsync(request, cancellation))
                open.Add("funding: the acquirer has not decided yet");
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

        var name = Store.NameOf(request.Reserve);
        if (!answer.IsOk)
        {
            if (answer.Error != AcquirerError.TooMany)
                await ForgetFundingAsync(name, cancellation);
            throw answer.Error == AcquirerError.Declined
                ? new WalletException(WalletError.Declined, "The card was declined. Use another card.")
                : Refused("The acquirer refused", answer.Error.Value, answer.Detail);
        }

        if (answer.Value.Notice is not { } notice)
            return false;
        if (!notice.Content.Reserve.Equals(request.Reserve) || notice.Content.Amount != request.Amount)
            throw new WalletException(WalletError.Distrusted,
                "The acquirer's notice names another reserve or amount. Complain to it with the payment's receipt.");
        var box = Store.Seal(Place(name), Encoding.ASCII.GetBytes(notice.Text));
        await Store.Database.WriteAsync(
            transaction => transaction.ExecuteExpecting(
                1, "UPDATE fundings SET state = $1, record = $2 WHERE reserve = $3", FundingState.Noticed, box, name),
            cancellation);
        await CarryNoticeAsync(name, notice, cancellation);
        return true;
    }

    private async Task CarryNoticeAsync(string name, Signed<FundingNotice> notice, CancellationToken cancellation)
    {
        var answer = await network.Bank.FundAsync(new FundingRequest(notice), cancellation);
        if (!answer.IsOk)
            throw Refused("The bank refused the acquirer's notice", answer.Error.Value, answer.Detail);
        await Store.Database.WriteAsync(
            transaction => transaction.ExecuteExpecting(1, "DELETE FROM fundings WHERE reserve = $1", name),
            cancellation);
    }

    /// <summary>The acquirer refused for good: its reserve was never credited, and its number is free again, since a
    /// restore stops at a gap.</summary>
    private Task ForgetFundingAsync(string name, CancellationToken cancellation) => Store.Database.WriteAsync(
        transaction =>
        {
            transaction.ExecuteExpecting(1, "DELETE FROM fundings WHERE reserve = $1", name);
            transaction.ExecuteExpecting(1, "DELETE FROM reserves WHERE name = $1", name);
        },
        cancellation);

    /// <summary>A reserve that is planned out in full is not read again: reading several would link them.</summary>
    private static void Close(IWriteTransaction transaction, string reserve) => transaction.Execute(
        "UPDATE reserves SET open = $1 WHERE name = $2", false, reserve);

    private static Signed<FundingNotice> ReadNotice(byte[] record) =>
        Signed<FundingNotice>.TryParse(Encoding.ASCII.GetString(record), out var notice)
            ? notice
            : throw WalletException.Unreadable("funding");

    private Task<IReadOnlyList<WalletReserve>> ReservesAsync(CancellationToken cancellation) =>
        Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT name, number, token_key_id, token_number, open FROM reserves ORDER BY name",
                row => new WalletReserve(row.GetString(0),
                    row.IsDBNull(1) ? null : row.GetInt64(1), row.GetBytesOrNull(2),
                    row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4))),
            cancellation);

    /// <summary>Those that may hold something, in random order. Whoever reads more than one pauses between them: one
    /// that was paid in for and that of a refresh must not be told to belong together.</summary>
    private async Task<WalletReserve[]> OpenReservesAsync(CancellationToken cancellation)
    {
        var open = (await ReservesAsync(cancellation)).Where(reserve => reserve.IsOpen).ToArray();
        RandomNumberGenerator.Shuffle(open.AsSpan());
        return open;
    }

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
        // Cut to the minute: by whole seconds the bank would tell, from how wrong the clock is, that the reserve of a
        // refresh and one that was paid in for are read by the same wallet.
        var minute = UnixTime.FromSeconds(Now.Seconds / 60 * 60);
        var answer = await network.Bank.ReserveAsync(
            Signed<ReadOrder>.Sign(key, new ReadOrder(key.PublicKey.Spki, minute)), cancellation);
        if (answer.IsOk)
            return answer.Value;
        return answer.Error == BankError.UnknownReserve
            ? null
            : throw Refused("The bank refused to read a reserve", answer.Error.Value, answer.Detail);
    }
}

/// <summary>A reserve of this wallet: numbered, or made to refresh a token.</summary>
/// <param name="Name">Under which its row is found.</param>
/// <param name="Number">The number that its key derives from, or null.</param>
/// <param name="TokenKeyId">With the token that it takes over: the denomination key's ID.</param>
/// <param name="TokenNumber">And the token's number.</param>
/// <param name="IsOpen">Whether it may hold more than is planned out of it.</param>
internal sealed record WalletReserve(
    string Name, long? Number, byte[]? TokenKeyId, long? TokenNumber, bool IsOpen);
