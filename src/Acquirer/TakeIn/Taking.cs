using System.Text;
using Bauta.Acquirer.Totals;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Storage;

namespace Bauta.Acquirer.TakeIn;

/// <summary>
/// Takes money in from a test card and signs the funding notice. A final answer is stored in the transaction of its
/// effect and is the same for ever; a pending one turns into an approval when its time has come and it is asked again.
/// </summary>
internal sealed class Taking(
    AcquirerOptions options, IDatabase database, ISigner key, SealingKey sealing, TimeProvider clock)
{
    private const string Pending = "pending";
    private const string Approved = "approved";
    private const string Declined = "declined";

    public async Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation)
    {
        if (!request.IsWellFormed())
            return AcquirerError.Malformed;
        // A plain hash of a body with a card number in it could be searched for the number.
        var bodyHash = sealing.KeyedHash(
            "taking body"u8, StrictJson.Write(request, ProtocolJson.Default.TakeInRequest));
        var now = UnixTime.Now(clock);
        var stored = await database.ReadAsync(transaction => Find(transaction, request.Id), cancellation);
        // What was taken once is answered alike whatever the configuration says by now.
        if ((stored is null || !stored.HasBody(bodyHash)) && Refusal(request) is { } refusal)
            return refusal;
        if (stored is not null && (stored.State != Pending || stored.DecideAt > now))
            return Answer(stored, bodyHash);
        // Signed before the writer; dropped when the writer finds that somebody else was first.
        var notice = Signed<FundingNotice>.Sign(
            key, new FundingNotice(request.Id, request.Bank, request.Reserve, request.Currency, request.Amount));
        return await database.WriteAsync(
            transaction => Decide(transaction, request, bodyHash, notice, now), cancellation);
    }

    private AcquirerError? Refusal(TakeInRequest request)
    {
        if (options.Banks.FirstOrDefault(bank => bank.Name == request.Bank) is not { } served)
            return AcquirerError.UnknownBank;
        if (served.Currency != request.Currency)
            return AcquirerError.Malformed;
        if (!TestCards.IsKnown(request.Card))
            return AcquirerError.NotATestCard;
        return request.Amount.MinorUnits > options.MaxMinorUnits ? AcquirerError.TooLarge : null;
    }

    private Result<TakeInAnswer, AcquirerError> Decide(
        IWriteTransaction transaction, TakeInRequest request, byte[] bodyHash, Signed<FundingNotice> notice,
        UnixTime now)
    {
        var stored = Find(transaction, request.Id);
        if (stored is null)
        {
            var isPending = request.Card == TestCards.Delayed && options.DelaySeconds > 0;
            if (isPending && CountPending(transaction, now) >= options.MaxPending)
                return AcquirerError.TooMany;
            stored = Insert(transaction, request, bodyHash, notice, now, isPending);
        }
        else if (stored.State == Pending && stored.DecideAt <= now && stored.HasBody(bodyHash))
        {
            transaction.ExecuteExpecting(
                1, "UPDATE takings SET state = $2, notice = $3 WHERE request_id = $1 AND state = 'pending'",
                request.Id.ToArray(), Approved, notice.Text);
            TotalsStore.AddTaking(transaction, now, request.Bank, request.Currency, request.Amount);
            stored = stored with { State = Approved, Notice = notice.Text };
        }

        return Answer(stored, bodyHash);
    }

    private Row Insert(
        IWriteTransaction transaction, TakeInRequest request, byte[] bodyHash, Signed<FundingNotice> notice,
        UnixTime now, bool isPending)
    {
        var state = isPending ? Pending : request.Card == TestCards.Declined ? Declined : Approved;
        var row = new Row(
            bodyHash, state, now.AddSeconds(isPending ? options.DelaySeconds : 0),
            state == Approved ? notice.Text : null);
        transaction.Execute(
            """
            INSERT INTO takings (request_id, body_hash, card_hash, card_last_four, bank, reserve, currency, amount,
                state, received_at, decide_at, notice)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            request.Id.ToArray(), bodyHash, sealing.KeyedHash("card"u8, Encoding.ASCII.GetBytes(request.Card)),
            request.Card[^4..], request.Bank, request.Reserve.ToArray(), request.Currency, request.Amount.MinorUnits,
            row.State, now.Seconds, row.DecideAt.Seconds, row.Notice);
        if (!isPending)
            TotalsStore.AddTaking(
                transaction, now, request.Bank, request.Currency, state == Approved ? request.Amount : null);
        return row;
    }

    private static Result<TakeInAnswer, AcquirerError> Answer(Row stored, byte[] bodyHash)
    {
        if (!stored.HasBody(bodyHash))
            return AcquirerError.IdReused;
        return stored.State switch
        {
            Declined => AcquirerError.Declined,
            Pending => new TakeInAnswer(TakeInAnswer.Pending, null),
            Approved when Signed<FundingNotice>.TryParse(stored.Notice, out var notice) =>
                new TakeInAnswer(TakeInAnswer.Approved, notice),
            _ => throw new InvalidDataException("A stored taking is not in a state that this program knows."),
        };
    }

    // One whose time has come waits for nothing but its sender, who may never ask again.
    private static long CountPending(IReadTransaction transaction, UnixTime now) =>
        transaction.QuerySingleOrDefault(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM takings WHERE state = 'pending' AND decide_at > $1",
            static row => row.GetInt64(0), now.Seconds);

    private static Row? Find(IReadTransaction transaction, RequestId id) =>
        transaction.QuerySingleOrDefault(
            "SELECT body_hash, state, decide_at, notice FROM takings WHERE request_id = $1", Load, id.ToArray());

    private static Row Load(IRow row) => new(
        row.GetBytes(0), row.GetString(1), UnixTime.FromSeconds(row.GetInt64(2)), row.GetStringOrNull(3));

    private sealed record Row(byte[] BodyHash, string State, UnixTime DecideAt, string? Notice)
    {
        public bool HasBody(byte[] bodyHash) => BodyHash.AsSpan().SequenceEqual(bodyHash);
    }
}
