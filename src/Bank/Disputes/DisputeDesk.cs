using Bauta.Bank.Accounts;
using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Bank.Reserves;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Storage;

namespace Bauta.Bank.Disputes;

/// <summary>
/// Reverses payments (the patent's sections 2 and 4 and the paragraphs after FIG. 2). What was paid leaves the
/// merchant's accruals while the window is open and is held; then it goes to a fresh reserve or back to the merchant,
/// once. The bank decides nothing: it acts on the merchant's word against itself, or on the arbiter's.
/// </summary>
/// <remarks>
/// The money is there: a sum can be disputed only before it is past the window, and until then nothing else draws on
/// it. So no deposit is needed.
/// </remarks>
internal sealed class DisputeDesk(
    BankOptions options, BankDatabase database, ISigner statementKey, TimeProvider clock)
{
    private const int LapseAtOnce = 64;

    private readonly P256PublicKey? arbiter =
        options.Arbiter is { } card ? P256PublicKey.FromSpki(card.Content.Key) : null;

    public async Task<Result<DisputeState, BankError>> OpenAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation)
    {
        if (arbiter is null)
            return BankError.NoArbiter;
        var content = order.Content;
        if (await database.ReadAsync(reader => LockRows.Find(reader, content.Transaction), cancellation)
            is not { } held)
            return BankError.UnknownTransaction;
        if (!P256PublicKey.TryFromSpki(content.Key, out var key) || !IsOwner(held, key) || !order.IsSignedBy(key))
            return BankError.BadSignature;
        return await database.WriteAsync(
            (transaction, books) => Store(transaction, books, held, order, UnixTime.Now(clock)), cancellation);
    }

    public async Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation)
    {
        var content = answer.Content;
        if (!P256PublicKey.TryFromSpki(content.Key, out var key) || !answer.IsSignedBy(key))
            return BankError.BadSignature;
        if (await FindAsync(content.Transaction, cancellation) is not { } known
            || !known.Account.Equals(AccountId.Of(key)))
            return BankError.UnknownDispute;
        var refund = content.Accepts ? known.Amount : Amount.Zero;
        var notice = NoticeOf(known, refund);
        return await database.WriteAsync<Result<DisputeState, BankError>>(
            (transaction, books) =>
            {
                var dispute = Again(transaction, content.Transaction);
                // One sealed box is as good as another: what counts of an answer is whether it accepts.
                if (dispute.Answer is { } first)
                    return first.Content.Accepts == content.Accepts ? dispute.State : Contradicts(dispute, content);
                if (!dispute.IsOpen)
                    return BankError.AlreadyDecided;
                var next = dispute with { Answer = answer };
                return content.Accepts
                    ? End(transaction, books, next, refund, notice)
                    : Keep(transaction, next with { Stage = DisputeStage.Contested });

                // Who contested may still give in.
                Result<DisputeState, BankError> Contradicts(StoredDispute present, DisputeAnswer other) =>
                    other.Accepts && present.IsOpen
                        ? End(transaction, books, present with { Answer = answer }, refund, notice)
                        : BankError.AlreadyDecided;
            },
            cancellation);
    }

    public async Task<Result<DisputeState, BankError>> RuleAsync(
        Signed<Ruling> ruling, CancellationToken cancellation)
    {
        var content = ruling.Content;
        if (arbiter is null || !ruling.IsSignedBy(arbiter))
            return BankError.BadSignature;
        if (content.Bank != options.Name)
            return BankError.WrongBank;
        if (await FindAsync(content.Transaction, cancellation) is not { } known)
            return BankError.UnknownDispute;
        if (content.Claim != known.Order.Content.Claim || content.Refund > known.Amount)
            return BankError.Malformed;
        var notice = NoticeOf(known, content.Refund);
        return await database.WriteAsync<Result<DisputeState, BankError>>(
            (transaction, books) =>
            {
                var dispute = Again(transaction, content.Transaction);
                if (dispute.Ruling is { } first && first.Content.Refund == content.Refund)
                    return dispute.State;
                if (!dispute.IsOpen)
                    return BankError.AlreadyDecided;
                return dispute.WaitsForArbiter(UnixTime.Now(clock))
                    ? End(transaction, books, dispute with { Ruling = ruling }, content.Refund, notice)
                    : BankError.NotDue;
            },
            cancellation);
    }

    public async Task<Result<DisputeState, BankError>> ReadAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation)
    {
        var reader = ReadOrders.Verify(order, UnixTime.Now(clock));
        if (!reader.IsOk)
            return reader.Error.Value;
        if (await FindAsync(transaction, cancellation) is not { } dispute)
            return BankError.UnknownDispute;
        var key = reader.Value;
        if (key.Spki.AsSpan().SequenceEqual(dispute.Order.Content.Key))
            return dispute.State with { Notice = dispute.Notice };
        if (IsArbiter(key))
            return dispute.State with
            {
                Case = dispute.Order.Content.Case,
                AnswerCase = dispute.Answer?.Content.Case,
            };
        return dispute.Account.Equals(AccountId.Of(key)) ? dispute.State : BankError.UnknownDispute;
    }

    public async Task<Result<DisputeList, BankError>> ListAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var reader = ReadOrders.Verify(order, now);
        if (!reader.IsOk)
            return reader.Error.Value;
        var (key, limit) = (reader.Value, DisputeList.MaxDisputes + 1);
        var rows = await database.ReadAsync(
            transaction => IsArbiter(key)
                ? DisputeRows.Waiting(transaction, after, now, limit)
                : DisputeRows.OfAccount(transaction, AccountId.Of(key), after, limit),
            cancellation);
        var page = rows.Take(DisputeList.MaxDisputes).Select(dispute => dispute.State).ToArray();
        return new DisputeList(page, rows.Count == limit ? page[^1].Transaction : null);
    }

    /// <summary>Ends what nobody decided in time. The burden of proof is the customer's: the merchant has its money
    /// again.</summary>
    public async Task LapseAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        foreach (var due in await database.ReadAsync(
            reader => DisputeRows.Overdue(reader, now, LapseAtOnce), cancellation))
            await database.WriteAsync(
                (transaction, _) =>
                {
                    if (DisputeRows.Find(transaction, due.Transaction) is { IsOpen: true } dispute)
                    {
                        AccountRows.EndHold(transaction, dispute.Account, dispute.Amount, Amount.Zero);
                        DisputeRows.Move(transaction, dispute with { Stage = DisputeStage.Lapsed });
                    }
                },
                cancellation);
    }

    private static bool IsOwner(StoredLock held, P256PublicKey key) =>
        TokenSerial.Of(key).Bytes.SequenceEqual(held.Tokens[0].Serial);

    private bool IsArbiter(P256PublicKey key) => arbiter?.Thumbprint == key.Thumbprint;

    private Task<StoredDispute?> FindAsync(TransactionId transaction, CancellationToken cancellation) =>
        database.ReadAsync(reader => DisputeRows.Find(reader, transaction), cancellation);

    private static StoredDispute Again(IReadTransaction transaction, TransactionId n) =>
        DisputeRows.Find(transaction, n) ?? throw new InvalidOperationException("A dispute is gone.");

    private Result<DisputeState, BankError> Store(
        IWriteTransaction transaction, Books books, StoredLock held, Signed<DisputeOrder> order, UnixTime now)
    {
        var n = held.Transaction;
        if (DisputeRows.Find(transaction, n) is { } known)
            return known.Order.SaysTheSameAs(order)
                ? known.State with { Notice = known.Notice }
                : BankError.IdReused;
        var payment = DisputeRows.PaymentOf(transaction, n);
        var paid = payment is null ? Amount.Zero : payment.Paid ?? held.Amount;
        if (paid == Amount.Zero)
            return BankError.NotPaid;
        // Also asked of the slot itself: it may have been collected by a clock that has gone back since.
        if (payment!.ReadyAt is not { } readyAt || now >= readyAt
            || books.Accrued(transaction, held.Account, readyAt) < paid.MinorUnits)
            return BankError.WindowOver;
        var answerBy = now.AddSeconds(options.DisputeAnswerSeconds);
        var dispute = new StoredDispute(
            n, order, held.Account, paid, now, answerBy, answerBy.AddSeconds(options.DisputeRulingSeconds),
            DisputeStage.Open, Amount.Zero, null, null, null);
        books.Withhold(held.Account, readyAt, paid);
        AccountRows.Hold(transaction, held.Account, paid);
        DisputeRows.Insert(transaction, dispute);
        return dispute.State;
    }

    private static Result<DisputeState, BankError> Keep(IWriteTransaction transaction, StoredDispute next)
    {
        DisputeRows.Move(transaction, next);
        return next.State;
    }

    /// <summary>Where another bank issued the tokens it also takes the refund: by a notice, signed before the
    /// write.</summary>
    private Signed<FundingNotice>? NoticeOf(StoredDispute dispute, Amount refund) =>
        options.Issuer is null || refund == Amount.Zero || !dispute.IsOpen
            ? null
            : Signed<FundingNotice>.Sign(statementKey, new FundingNotice(
                RequestId.Generate(), options.Issuer, dispute.Order.Content.Reserve, options.Currency.Code, refund));

    private Result<DisputeState, BankError> End(
        IWriteTransaction transaction, Books books, StoredDispute dispute, Amount refund,
        Signed<FundingNotice>? notice)
    {
        if (refund > Amount.Zero && notice is null != options.Issuer is null)
            throw new InvalidOperationException("A refund goes to a reserve here, or with a notice to the issuer.");
        var next = dispute with
        {
            Stage = refund == Amount.Zero ? DisputeStage.Dismissed : DisputeStage.Refunded,
            Refund = refund,
            Notice = notice,
        };
        AccountRows.EndHold(transaction, dispute.Account, dispute.Amount, refund);
        if (refund > Amount.Zero)
        {
            if (notice is null)
                ReserveRows.Credit(transaction, dispute.Order.Content.Reserve, refund);
            books.Reverse(refund, isOwn: notice is null);
        }

        DisputeRows.Move(transaction, next);
        return next.State;
    }
}
