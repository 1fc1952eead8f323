using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Microsoft.Extensions.Logging;

namespace Bauta.Merchant.Payouts;

/// <summary>
/// The merchant's account at the bank: opened under the account key, read, and paid out from. An order is written down
/// signed before it is sent, sent until the bank answers, and asked after until it is paid or returned.
/// </summary>
internal sealed partial class PayingOut
{
    private const int ListLimit = 100;
    private const int PollSeconds = 30;
    private const int MaxAttempts = 30;
    private const string Columns = "payout_id, amount, payout_order, ordered_at, state, attempts";

    // The index of what is unfinished has the same condition on the state, word for word.
    internal const string DueQuery = $"""
        SELECT {Columns} FROM payouts
        WHERE state IN ('sending', 'ordered') AND next_try_at <= $1 ORDER BY next_try_at LIMIT $2
        """;

    private readonly MerchantOptions options;
    private readonly IDatabase database;
    private readonly MerchantKeys keys;
    private readonly IBank bank;
    private readonly TimeProvider clock;
    private readonly ILogger log;

    public PayingOut(
        MerchantOptions options, IDatabase database, MerchantKeys keys, IBank bank, TimeProvider clock, ILogger log)
    {
        (this.options, this.database, this.keys) = (options, database, keys);
        (this.bank, this.clock, this.log) = (bank, clock, log);
    }

    /// <summary>Opens the account, or states the payee anew; true when the bank took it.</summary>
    public async Task<bool> OpenAccountAsync(CancellationToken cancellation)
    {
        var order = Signed<AccountOrder>.Sign(
            keys.Account, new AccountOrder(keys.Account.PublicKey.Spki, options.Payee, UnixTime.Now(clock)));
        var answer = await bank.OpenAccountAsync(order, cancellation);
        if (!answer.IsOk)
            LogRefused(Refusals<BankError>.Code(answer.Error.Value));
        return answer.IsOk;
    }

    /// <summary>The account's balance.</summary>
    public async Task<Result<AccountState, DeskError>> AccountAsync(CancellationToken cancellation)
    {
        var order = Signed<ReadOrder>.Sign(
            keys.Account, new ReadOrder(keys.Account.PublicKey.Spki, UnixTime.Now(clock)));
        try
        {
            var answer = await bank.AccountAsync(order, cancellation);
            return answer.IsOk ? answer.Value : Refused<AccountState>(answer.Error.Value);
        }
        catch (PartyUnreachableException)
        {
            return DeskError.BankUnreachable;
        }
    }

    /// <summary>Orders a payout, once per id, and sends it to the bank.</summary>
    public async Task<Result<Payout, DeskError>> OrderAsync(NewPayout wanted, CancellationToken cancellation)
    {
        if (wanted.Amount == Amount.Zero)
            return DeskError.Malformed;
        var now = UnixTime.Now(clock);
        var order = Signed<PayoutRequest>.Sign(keys.Account, new PayoutRequest(
            wanted.Id, keys.Account.PublicKey.Spki, options.Currency.Code, wanted.Amount));
        var stored = await database.WriteAsync(
            transaction => Find(transaction, wanted.Id) ?? Insert(transaction, order, now), cancellation);
        if (stored.Amount != wanted.Amount)
            return DeskError.IdReused;
        return await AdvanceAsync(stored, cancellation);
    }

    /// <summary>The latest payouts, newest first.</summary>
    public Task<PayoutList> ListAsync(CancellationToken cancellation) =>
        database.ReadAsync(
            transaction => new PayoutList([.. transaction.Query(
                $"""
                SELECT {Columns} FROM payouts
                ORDER BY ordered_at DESC, payout_id DESC LIMIT $1
                """,
                Load, ListLimit).Select(row => row.View())]),
            cancellation);

    /// <summary>Sends and asks after what is unfinished and due.</summary>
    public async Task ResumeAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var due = await database.ReadAsync(
            transaction => transaction.Query(DueQuery, Load, now.Seconds, options.StepsAtOnce),
            cancellation);
        foreach (var payout in due)
            await AdvanceAsync(payout, cancellation);
    }

    private async Task<Result<Payout, DeskError>> AdvanceAsync(Row payout, CancellationToken cancellation)
    {
        if (payout.State is not (Payout.Sending or Payout.Ordered))
            return payout.View();
        Result<PayoutState, BankError> answer;
        try
        {
            answer = await bank.PayOutAsync(payout.Order, cancellation);
        }
        catch (Exception failure) when (failure is PartyUnreachableException or ProtocolViolationException)
        {
            LogFailed(failure.GetType().Name);
            return (await StoreAsync(payout, payout.State, cancellation)).View();
        }

        if (answer.IsOk)
            return (await StoreAsync(payout, answer.Value.State, cancellation)).View();
        LogRefused(Refusals<BankError>.Code(answer.Error.Value));
        // A bank that is only busy, or that has taken the order before, is asked again; any other refusal is final.
        if (answer.Error == BankError.TooMany || payout.State == Payout.Ordered)
            return (await StoreAsync(payout, payout.State, cancellation)).View();
        var stored = await StoreAsync(payout, Payout.Refused, cancellation);
        return stored.State == Payout.Refused ? Refused<Payout>(answer.Error.Value) : stored.View();
    }

    private async Task<Row> StoreAsync(Row payout, string state, CancellationToken cancellation)
    {
        if (state is not (Payout.Sending or Payout.Ordered or Payout.Paid or Payout.Returned or Payout.Refused))
            throw new ProtocolViolationException("The bank named a state of a payout that does not exist.");
        var attempts = Math.Min(payout.Attempts + 1, MaxAttempts);
        var pause = state == Payout.Ordered ? PollSeconds : Math.Min(options.MaxRetrySeconds, 1L << attempts);
        var nextTry = UnixTime.Now(clock).AddSeconds(pause);
        // Two may ask at once, and an answer may be long under way: what the bank has taken is not refused any more,
        // and what has ended stays as it ended.
        return await database.WriteAsync(
            transaction =>
            {
                transaction.Execute(
                    """
                    UPDATE payouts SET state = $2, attempts = $3, next_try_at = $4
                    WHERE payout_id = $1 AND (state = 'sending'
                        OR state IN ('ordered', 'refused') AND $2 IN ('ordered', 'paid', 'returned'))
                    """,
                    payout.Id.ToArray(), state, attempts, nextTry.Seconds);
                return Find(transaction, payout.Id) ?? throw new InvalidOperationException("A payout is gone.");
            },
            cancellation);
    }

    private static Result<T, DeskError> Refused<T>(BankError error) => Result<T, DeskError>.Refuse(
        DeskError.BankRefused, $"The bank says: {Refusals<BankError>.Meaning(error)}");

    private static Row Insert(IWriteTransaction transaction, Signed<PayoutRequest> order, UnixTime now)
    {
        transaction.Execute(
            """
            INSERT INTO payouts (payout_id, amount, payout_order, ordered_at, state, attempts, next_try_at)
            VALUES ($1, $2, $3, $4, $5, 0, $6)
            """,
            order.Content.Id.ToArray(), order.Content.Amount.MinorUnits, order.Text, now.Seconds, Payout.Sending,
            now.Seconds);
        return new Row(order.Content.Id, order.Content.Amount, order, now, Payout.Sending, 0);
    }

    private static Row? Find(IReadTransaction transaction, RequestId id) =>
        transaction.QuerySingleOrDefault(
            $"SELECT {Columns} FROM payouts WHERE payout_id = $1", Load, id.ToArray());

    private static Row Load(IRow row) => new(
        RequestId.FromBytes(row.GetBytes(0)), Amount.FromMinorUnits(row.GetInt64(1)),
        Signed<PayoutRequest>.TryParse(row.GetString(2), out var order)
            ? order
            : throw new InvalidDataException("A stored payout order does not parse."),
        UnixTime.FromSeconds(row.GetInt64(3)), row.GetString(4), (int)row.GetInt64(5));

    [LoggerMessage(LogLevel.Warning, "The bank refused an order of the account with {Code}.")]
    private partial void LogRefused(string code);

    [LoggerMessage(LogLevel.Warning, "A payout step failed ({Reason}) and will be tried again.")]
    private partial void LogFailed(string reason);

    private sealed record Row(
        RequestId Id, Amount Amount, Signed<PayoutRequest> Order, UnixTime OrderedAt, string State, int Attempts)
    {
        public Payout View() => new(Id, Amount, OrderedAt, State);
    }
}
