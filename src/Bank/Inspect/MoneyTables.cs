using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>What came in, what was issued for it, and what is known of tokens.</summary>
internal static class MoneyTables
{
    private static readonly TablePages fundings = new("fundings", "id, body_hash, reserve, amount, balance", "id");
    private static readonly TablePages reserves = new("reserves", "id, balance", "id");
    private static readonly TablePages withdrawals =
        new("withdrawals", "request_hash, key, signature, recouped", "request_hash");

    private static readonly TablePages tokens = new(
        "tokens", "serial, key, value, admitted, settled, refreshed, refunded, locked, lock_n, aborts", "serial");

    private static readonly TablePages refreshes =
        new("refreshes", "serial, recoup, reserve, amount, notice", "serial");

    private static readonly TablePages closings = new("closings", "serial, amount, note", "serial");

    private sealed record Funding(byte[] Id, byte[] BodyHash, byte[] Reserve, long Amount, long Balance);

    private sealed record Withdrawal(byte[] RequestHash, long Key, byte[] Signature, byte[]? Recouped);

    private sealed record Refresh(byte[] Serial, bool IsRecoup, byte[] Reserve, long Amount, string? Notice);

    private sealed record Closing(byte[] Serial, long Amount, string Note);

    public static void Read(AuditRun run)
    {
        fundings.Read(
            run,
            row => new Funding(
                row.GetBytes(0), row.GetBytes(1), row.GetBytes(2), row.GetInt64(3), row.GetInt64(4)),
            one => [one.Id],
            page =>
            {
                foreach (var one in page)
                    Take(run, one);
            });
        ReadWithdrawals(run);
        ReadTokens(run);
        refreshes.Read(
            run,
            row => new Refresh(
                row.GetBytes(0), row.GetInt64(1) != 0, row.GetBytes(2), row.GetInt64(3), row.GetStringOrNull(4)),
            one => [one.Serial],
            page =>
            {
                foreach (var one in page)
                    Take(run, one);
            });
        closings.Read(
            run, row => new Closing(row.GetBytes(0), row.GetInt64(1), row.GetString(2)), one => [one.Serial],
            page =>
            {
                foreach (var one in page)
                    Take(run, one);
            });
        reserves.Read(
            run, row => (Id: row.GetBytes(0), Balance: row.GetInt64(1)), one => [one.Id],
            page =>
            {
                foreach (var (id, balance) in page)
                    run.Scratch.Execute(
                        "INSERT OR IGNORE INTO reserves (id, balance) VALUES ($1, $2)", id,
                        run.Notes.Sane(balance, "reserves", id));
            });
    }

    private static void Take(AuditRun run, Funding one)
    {
        var amount = run.Notes.Sane(one.Amount, "fundings", one.Id);
        run.Fundings += amount;
        Credit(run, one.Reserve, amount);
        if (run.Scope is not { } scope)
            return;
        if (one.Id.Length != RequestId.Size || one.Reserve.Length != ReserveId.Size || amount != one.Amount
            || !SHA256.HashData(StrictJson.Write(
                new FundingNotice(
                    RequestId.FromBytes(one.Id), scope.Name, ReserveId.FromBytes(one.Reserve), scope.Currency.Code,
                    Amount.FromMinorUnits(amount)),
                FundingNotice.Json)).AsSpan().SequenceEqual(one.BodyHash))
            run.Notes.Add(AuditKind.FundingAltered, "fundings", one.Id, "does not hash to its notice");
    }

    public static void Credit(AuditRun run, byte[] reserve, long amount) => run.Scratch.Execute(
        """
        INSERT INTO credits (reserve, amount) VALUES ($1, $2)
        ON CONFLICT (reserve) DO UPDATE SET amount = amount + excluded.amount
        """,
        reserve, amount);

    private static void ReadWithdrawals(AuditRun run)
    {
        var keys = run.Bank.Query(
            "SELECT d.number, a.statement FROM denominations d JOIN announcements a ON a.id = d.announcement",
            row => (Number: row.GetInt64(0), Key: Signed<Denomination>.TryParse(row.GetString(1), out var key)
                ? RsaPublicKey.FromSpki(key.Content.TokenKey)
                : null))
            .Where(one => one.Key is not null).DistinctBy(one => one.Number)
            .ToDictionary(one => one.Number, one => one.Key!);
        withdrawals.Read(
            run,
            row => new Withdrawal(row.GetBytes(0), row.GetInt64(1), row.GetBytes(2), row.GetBytesOrNull(3)),
            one => [one.RequestHash],
            page =>
            {
                // A public operation with the key leads from the signature to the request.
                foreach (var one in page.AsParallel().Where(one => !IsGenuine(one, keys)))
                    run.Notes.Add(
                        AuditKind.WithdrawalAltered, "withdrawals", one.RequestHash, $"under key {one.Key}");
                foreach (var group in page.GroupBy(one => one.Key))
                    run.Scratch.Execute(
                        """
                        INSERT INTO withdrawn (key, count) VALUES ($1, $2)
                        ON CONFLICT (key) DO UPDATE SET count = count + excluded.count
                        """,
                        group.Key, group.Count());
                foreach (var one in page.Where(one => one.Recouped is not null))
                    run.Scratch.Execute(
                        "INSERT OR IGNORE INTO recouped (request, serial, key) VALUES ($1, $2, $3)", one.RequestHash,
                        one.Recouped, one.Key);
            });
    }

    private static bool IsGenuine(Withdrawal one, Dictionary<long, RsaPublicKey> keys) =>
        keys.TryGetValue(one.Key, out var key)
        && BlindRsa.TryOpen(key, one.Signature, out var blindedMessage)
        && SHA256.HashData(new TokenRequest(key.TruncatedKeyId, blindedMessage).Encode())
            .AsSpan().SequenceEqual(one.RequestHash);

    private static void ReadTokens(AuditRun run) => tokens.Read(
        run,
        row => (
            Serial: row.GetBytes(0), Key: row.GetInt64(1),
            Sums: (long[])[.. Enumerable.Range(2, 6).Select(row.GetInt64)], Lock: row.GetBytesOrNull(8),
            Aborts: row.GetInt64(9)),
        one => [one.Serial],
        page =>
        {
            foreach (var (serial, key, sums, held, aborts) in page)
            {
                var sane = sums.Select(sum => run.Notes.Sane(sum, "tokens", serial)).ToArray();
                run.Scratch.Execute(
                    """
                    INSERT OR IGNORE INTO tokens
                        (serial, key, value, admitted, settled, refreshed, refunded, locked, lock_n, aborts)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                    """,
                    serial, key, sane[0], sane[1], sane[2], sane[3], sane[4], sane[5], held, aborts);
            }
        });

    private static void Take(AuditRun run, Refresh one)
    {
        var amount = run.Notes.Sane(one.Amount, "refreshes", one.Serial);
        run.Scratch.Execute(
            "INSERT OR IGNORE INTO refreshes (serial, recoup, amount, noticed) VALUES ($1, $2, $3, $4)", one.Serial,
            one.IsRecoup, amount, one.Notice is not null);
        // Where another bank issues, the notice takes the credit there.
        if (one.Notice is null)
            Credit(run, one.Reserve, amount);
        if (WhyNot(one, run) is { } reason)
            run.Notes.Add(AuditKind.RefreshAltered, "refreshes", one.Serial, reason);
    }

    private static string? WhyNot(Refresh one, AuditRun run)
    {
        if (run.IsIssuer || one.IsRecoup)
            return one.Notice is null && run.IsIssuer ? null : "has a notice, or is a recoup where none is made";
        if (!Signed<FundingNotice>.TryParse(one.Notice, out var notice))
            return "its notice does not read";
        if (notice.Content.Amount.MinorUnits != one.Amount
            || !notice.Content.Reserve.Bytes.SequenceEqual(one.Reserve))
            return "its notice is over another sum or reserve";
        return run.Scope is not { } scope
            || (notice.Content.Bank == scope.Issuer?.Name && notice.Content.Currency == scope.Currency.Code
                && run.IsOwn(notice))
            ? null
            : "its notice is not this bank's to the issuer";
    }

    private static void Take(AuditRun run, Closing one)
    {
        run.Scratch.Execute(
            "INSERT OR IGNORE INTO closings (serial, amount) VALUES ($1, $2)", one.Serial,
            run.Notes.Sane(one.Amount, "closings", one.Serial));
        if (WhyNot(one, run) is { } reason)
            run.Notes.Add(AuditKind.ClosingAltered, "closings", one.Serial, reason);
    }

    private static string? WhyNot(Closing one, AuditRun run)
    {
        if (!Signed<ClosingNote>.TryParse(one.Note, out var note))
            return "its note does not read";
        if (note.Content.Amount.MinorUnits != one.Amount || !note.Content.Serial.AsSpan().SequenceEqual(one.Serial))
            return "its note is over another sum or token";
        if (run.Scope is not { } scope)
            return null;
        var signer = scope.Issuer is null ? scope.SpentAt : (scope.Name, scope.Key);
        return signer is { } bank && note.Content.Issuer == (scope.Issuer?.Name ?? scope.Name)
            && run.Logs.IsBy(note, bank)
            ? null
            : "its note is not the locking bank's to the issuer";
    }
}
