using Bauta.Bank.Lock;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>Locks with their notes, and the merchants' accounts.</summary>
internal static class SaleTables
{
    private static readonly TablePages locks = new(
        "locks", "n, account, policy, tokens, lock_note, payment_note, state, next_poll_at, total_key, paid", "n");

    private static readonly TablePages accounts =
        new("accounts", "id, available, ordered, paid_out, held, reversed", "id");
    private static readonly TablePages accruals =
        new("accruals", "account, ready_at, amount", "account", "ready_at");

    private static readonly TablePages payouts =
        new("payouts", "id, account, amount, order_text, state, next_try_at", "id");

    private sealed record Row(
        byte[] N, byte[] Account, byte[] Policy, byte[] Tokens, string LockNote, string PaymentNote, long State,
        long PollAt, byte[]? TotalKey, long? Paid);

    private sealed record Payout(
        byte[] Id, byte[] Account, long Amount, string Order, long State, long NextTryAt);

    /// <summary>A lock, read as far as it reads, and what is wrong with it.</summary>
    private sealed record CheckedLock(
        Row Row, IReadOnlyList<LockedToken> Tokens, Signed<LockNote>? Note,
        List<(AuditKind Kind, string Detail)> Wrong);

    public static void Read(AuditRun run)
    {
        locks.Read(
            run,
            row => new Row(
                row.GetBytes(0), row.GetBytes(1), row.GetBytes(2), row.GetBytes(3), row.GetString(4),
                row.GetString(5), row.GetInt64(6), row.GetInt64(7), row.GetBytesOrNull(8),
                row.IsDBNull(9) ? null : row.GetInt64(9)),
            one => [one.N],
            page =>
            {
                foreach (var one in page.AsParallel().AsOrdered().Select(row => Check(row, run)))
                    Take(run, one);
            });
        accounts.Read(
            run,
            row => (Id: row.GetBytes(0), Sums: (long[])[.. Enumerable.Range(1, 5).Select(row.GetInt64)]),
            one => [one.Id],
            page =>
            {
                foreach (var (id, sums) in page)
                    run.Scratch.Execute(
                        """
                        INSERT OR IGNORE INTO accounts (id, available, ordered, paid_out, held, reversed)
                        VALUES ($1, $2, $3, $4, $5, $6)
                        """,
                        [id, .. sums.Select(sum => (object)run.Notes.Sane(sum, "accounts", id))]);
            });
        accruals.Read(
            run, row => (Account: row.GetBytes(0), ReadyAt: row.GetInt64(1), Amount: row.GetInt64(2)),
            one => [one.Account, one.ReadyAt],
            page =>
            {
                foreach (var (account, _, amount) in page)
                    Add(run, "accruals", account, run.Notes.Sane(amount, "accruals", account));
            });
        payouts.Read(
            run,
            row => new Payout(
                row.GetBytes(0), row.GetBytes(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4),
                row.GetInt64(5)),
            one => [one.Id],
            page =>
            {
                foreach (var (row, order) in page.AsParallel().AsOrdered().Select(
                    row => (row, Signed<PayoutOrder>.TryParse(row.Order, out var order)
                        && run.IsOwn(order) ? order : null)))
                    Take(run, row, order);
            });
    }

    private static void Add(AuditRun run, string table, byte[] account, long amount) => run.Scratch.Execute(
        $"""
        INSERT INTO {table} (account, amount) VALUES ($1, $2)
        ON CONFLICT (account) DO UPDATE SET amount = amount + excluded.amount
        """,
        account, amount);

    private static CheckedLock Check(Row row, AuditRun run)
    {
        var wrong = new List<(AuditKind, string)>();
        var note = Signed<LockNote>.TryParse(row.LockNote, out var held) ? held : null;
        if (note is null)
            wrong.Add((AuditKind.LockAltered, "its lock note does not read"));
        else if (!note.Content.Transaction.Bytes.SequenceEqual(row.N)
            || !note.Content.Archive.Bytes.SequenceEqual(row.Policy))
            wrong.Add((AuditKind.LockAltered, "its lock note is of another transaction or archive"));
        else if (!run.IsOwn(note))
            wrong.Add((AuditKind.LockAltered, "its lock note is not signed by this bank"));
        var tokens = TokensOf(row.Tokens, wrong);
        if (!Signed<PaymentNote>.TryParse(row.PaymentNote, out var payment))
            wrong.Add((AuditKind.PaymentAltered, "its payment note does not read"));
        else if (!payment.Content.Transaction.Bytes.SequenceEqual(row.N)
            || !payment.Content.Account.Bytes.SequenceEqual(row.Account))
            wrong.Add((AuditKind.PaymentAltered, "its payment note is of another transaction or account"));
        else if (payment.Content.Amount.MinorUnits != tokens.Sum(token => token.Amount.MinorUnits))
            wrong.Add((AuditKind.PaymentAltered, "its payment note is over another sum than its tokens"));
        else if (!run.IsOwn(payment)
            || (run.Scope is { } scope && payment.Content.Currency != scope.Currency.Code))
            wrong.Add((AuditKind.PaymentAltered, "its payment note is not signed by this bank"));
        else if (!row.TotalKey.AsSpan().SequenceEqual(payment.Content.TotalKey))
            wrong.Add((AuditKind.PaymentAltered, "its payment note has another key for the total"));
        if (row.State is not (0 or 1 or 2))
            wrong.Add((AuditKind.LockAltered, $"its state is {row.State}"));
        if (row.Paid is null != (row.TotalKey is null || row.State == (long)LockState.Open)
            && !(row.TotalKey is null && row.Paid == 0 && row.State == (long)LockState.Settled)
            || row.Paid < 0 || row.Paid > tokens.Sum(token => token.Amount.MinorUnits)
            || (row.Paid > 0 && row.State == (long)LockState.Unlocked))
            wrong.Add((AuditKind.LockAltered, $"what was paid of it cannot be {row.Paid?.ToString() ?? "absent"}"));
        return new CheckedLock(row, tokens, note, wrong);
    }

    private static IReadOnlyList<LockedToken> TokensOf(
        byte[] column, List<(AuditKind Kind, string Detail)> wrong)
    {
        try
        {
            var tokens = LockedTokens.Decode(column);
            if (tokens.Count <= Authorization.MaxTokens && tokens.All(token => token.Amount > Amount.Zero)
                && tokens.DistinctBy(token => Convert.ToHexString(token.Serial)).Count() == tokens.Count)
                return tokens;
            wrong.Add((AuditKind.LockTokensAltered, "too many tokens, one twice, or nothing of one"));
            return tokens;
        }
        catch (Exception malformed) when (malformed is InvalidDataException or ArgumentException)
        {
            wrong.Add((AuditKind.LockTokensAltered, "its tokens do not read"));
            return [];
        }
    }

    private static void Take(AuditRun run, CheckedLock one)
    {
        var row = one.Row;
        foreach (var (kind, detail) in one.Wrong)
            run.Notes.Add(kind, "locks", row.N, detail);
        var amount = run.Notes.Sane(one.Tokens.Sum(token => token.Amount.MinorUnits), "locks", row.N);
        var isJudged = run.Logs.IsWhole && run.Scope is not null && one.Note is not null
            && run.Scope.Logs.Any(log => log.Policy.Id.Equals(one.Note.Content.Archive));
        run.Scratch.Execute(
            """
            INSERT OR IGNORE INTO locks
                (n, state, account, amount, expires_at, poll_at, note, judged, total_key, paid, owner)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            row.N, row.State, row.Account, amount, one.Note?.Content.ExpiresAt.Seconds, row.PollAt,
            one.Note is null ? null : LogFacts.HashOf(one.Note.Content), isJudged, row.TotalKey, row.Paid,
            one.Tokens.Count == 0 ? null : one.Tokens[0].Serial);
        // A session draws on its tokens in their order.
        var left = row.Paid ?? amount;
        foreach (var token in one.Tokens)
        {
            var drawn = Math.Clamp(left, 0, token.Amount.MinorUnits);
            left -= drawn;
            run.Scratch.Execute(
                "INSERT OR IGNORE INTO parts (serial, n, key, amount, state, drawn) VALUES ($1, $2, $3, $4, $5, $6)",
                token.Serial, row.N, token.Key, token.Amount.MinorUnits, row.State, drawn);
        }

        if (row.State == (long)LockState.Settled)
            Add(run, "earned", row.Account, run.Notes.Sane(row.Paid ?? amount, "locks", row.N));
    }

    private static void Take(AuditRun run, Payout row, Signed<PayoutOrder>? order)
    {
        var amount = run.Notes.Sane(row.Amount, "payouts", row.Id);
        if (order is null || order.Content.Amount.MinorUnits != row.Amount
            || (run.Scope is { } scope
                && (order.Content.Bank, order.Content.Currency) != (scope.Name, scope.Currency.Code)))
            run.Notes.Add(
                AuditKind.PayoutAltered, "payouts", row.Id,
                order is null ? "its order does not read, or is not signed by this bank" : "its order says otherwise");
        run.Scratch.Execute(
            """
            INSERT OR IGNORE INTO payouts (id, account, amount, state, order_id, next_try_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            row.Id, row.Account, amount, row.State, order?.Content.Id.ToArray(), row.NextTryAt);
    }
}
