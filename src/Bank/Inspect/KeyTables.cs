using System.Security.Cryptography;
using System.Text;
using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>Statements, denominations and totals: few rows, compared in memory.</summary>
internal static class KeyTables
{
    private sealed record Key(long Number, byte[] KeyId, byte[] Announcement, byte[]? Revocation, bool IsClosed);

    public static void Read(AuditRun run)
    {
        ReadPartner(run);
        var statements = ReadStatements(run);
        var keys = ReadKeys(run, statements);
        ReadTotals(run);
        if (run.Scope is not { } scope)
            return;
        CompareWithLog(run, scope, statements, keys);
        if (run.Bank.QuerySingleOrDefault("SELECT moves FROM bank_totals WHERE id = 1", row => row.GetInt64(0))
            is var moves && moves < scope.Mark)
            run.Notes.Add(
                AuditKind.RolledBack, "bank_totals", "1", $"{moves} moves here, {scope.Mark} at the second place");
    }

    private static void ReadPartner(AuditRun run)
    {
        var partner = run.Bank.Query(
            "SELECT issuer, spent_at FROM partner", row => (row.GetStringOrNull(0), row.GetStringOrNull(1)));
        var kept = partner.Count == 0 ? (null, null) : partner[0];
        run.IsIssuer = kept.Item1 is null;
        if (run.Scope is not { } scope)
            return;
        run.IsIssuer = scope.Issuer is null;
        if (partner.Count > 1 || kept != (scope.Issuer?.Name, scope.SpentAt?.Name))
            run.Notes.Add(
                AuditKind.PartnerAltered, "partner", "1",
                $"issuer {kept.Item1 ?? "none"}, spent at {kept.Item2 ?? "none"}");
    }

    private static Dictionary<string, Announcement> ReadStatements(AuditRun run)
    {
        var statements = new Dictionary<string, Announcement>(StringComparer.Ordinal);
        foreach (var one in run.Bank.Query(
            "SELECT id, kind, statement, entry, proof FROM announcements",
            row => new Announcement(row.GetBytes(0), row.GetString(1), row.GetString(2),
                row.GetBytesOrNull(3) is { } entry ? new LoggedEntry(entry, row.GetStringOrNull(4) ?? "") : null)))
        {
            statements[Convert.ToHexString(one.Id)] = one;
            if (!SHA256.HashData(Encoding.UTF8.GetBytes(one.Statement)).AsSpan().SequenceEqual(one.Id))
                run.Notes.Add(AuditKind.StatementAltered, "announcements", one.Id, "its id is not its hash");
            else if (WhyNot(one, run) is { } reason)
                run.Notes.Add(AuditKind.StatementAltered, "announcements", one.Id, reason);
        }

        run.Count("announcements", statements.Count);
        return statements;
    }

    private static string? WhyNot(Announcement one, AuditRun run) => one.Kind switch
    {
        LogEntry.Bank => Signed<BankRegistration>.TryParse(one.Statement, out var bank)
            ? P256PublicKey.TryFromSpki(bank.Content.Key, out var key) && bank.IsSignedBy(key)
                && (run.Scope is null || bank.Content.Name == run.Scope.Name)
                ? null
                : "not signed by this bank"
            : "does not read",
        LogEntry.Denomination => Signed<Denomination>.TryParse(one.Statement, out var denomination)
            ? WhyUnsigned(denomination, denomination.Content.Issuer, run)
                ?? (run.Scope is not { } scope || (denomination.Content.Currency, denomination.Content.Decimals)
                    == (scope.Currency.Code, scope.Currency.Decimals) ? null : "another currency")
            : "does not read",
        LogEntry.Revocation => Signed<Revocation>.TryParse(one.Statement, out var revocation)
            ? WhyUnsigned(revocation, revocation.Content.Issuer, run)
            : "does not read",
        _ => $"of no known kind: {one.Kind}",
    };

    private static string? WhyUnsigned<T>(Signed<T> statement, string issuer, AuditRun run)
        where T : class, IStatement<T>
    {
        if (run.Scope is not { } scope)
            return null;
        var bank = scope.Issuer ?? (scope.Name, scope.Key);
        return issuer != bank.Item1 ? $"of another issuer: {issuer}"
            : run.Logs.IsBy(statement, bank) ? null : "not signed by it";
    }

    private static List<Key> ReadKeys(AuditRun run, Dictionary<string, Announcement> statements)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        var keys = run.Bank.Query(
            "SELECT number, key_id, announcement, revocation, closed FROM denominations",
            row => new Key(
                row.GetInt64(0), row.GetBytes(1), row.GetBytes(2), row.GetBytesOrNull(3), row.GetInt64(4) != 0));
        foreach (var key in keys)
        {
            used.Add(Convert.ToHexString(key.Announcement));
            if (key.Revocation is not null)
                used.Add(Convert.ToHexString(key.Revocation));
            var terms = TermsOf(statements, key);
            if (terms is null || !SHA256.HashData(terms.TokenKey).AsSpan().SequenceEqual(key.KeyId))
                run.Notes.Add(
                    AuditKind.DenominationAltered, "denominations", $"{key.Number}", "its key id is not its key's");
            if (!IsRevocationOf(statements, key))
                run.Notes.Add(
                    AuditKind.DenominationAltered, "denominations", $"{key.Number}", "its revocation is of another");
            if (run.Scope is not null && terms is not null && key.IsClosed
                && run.Now.Seconds + AuditRun.GraceSeconds < terms.ExpiresAt.Seconds)
                run.Notes.Add(
                    AuditKind.ClosedTooEarly, "denominations", $"{key.Number}", $"ends at {terms.ExpiresAt}");
            run.Scratch.Execute(
                "INSERT OR IGNORE INTO keys (number, value, own, revoked, closed) VALUES ($1, $2, $3, $4, $5)",
                key.Number, terms?.Value.MinorUnits ?? 0, run.IsIssuer, key.Revocation is not null, key.IsClosed);
        }

        foreach (var (id, one) in statements)
            if (one.Kind != LogEntry.Bank && !used.Contains(id))
                run.Notes.Add(AuditKind.StatementUnused, "announcements", one.Id, one.Kind);
        run.Count("denominations", keys.Count);
        return [.. keys];
    }

    private static Denomination? TermsOf(Dictionary<string, Announcement> statements, Key key) =>
        statements.TryGetValue(Convert.ToHexString(key.Announcement), out var one)
            && one.Kind == LogEntry.Denomination && Signed<Denomination>.TryParse(one.Statement, out var signed)
            ? signed.Content
            : null;

    private static bool IsRevocationOf(Dictionary<string, Announcement> statements, Key key) =>
        key.Revocation is null
        || (statements.TryGetValue(Convert.ToHexString(key.Revocation), out var one)
            && one.Kind == LogEntry.Revocation && Signed<Revocation>.TryParse(one.Statement, out var signed)
            && signed.Content.TokenKeyId.AsSpan().SequenceEqual(key.KeyId));

    private static void ReadTotals(AuditRun run)
    {
        foreach (var (key, written) in BookRows.Keys(run.Bank))
        {
            long Sane(long amount) => run.Notes.Sane(amount, "key_totals", $"{key}");
            var totals = new KeyTotals(
                Sane(written.Issued), Sane(written.Unspent), Sane(written.Locked), Sane(written.Settled),
                Sane(written.Refreshed), Sane(written.Refunded), Sane(written.Expired));
            run.Scratch.Execute(
                """
                INSERT OR IGNORE INTO key_totals
                    (key, issued, unspent, locked, settled, refreshed, refunded, expired)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                key, totals.Issued, totals.Unspent, totals.Locked, totals.Settled, totals.Refreshed, totals.Refunded,
                totals.Expired);
            if (totals == written && !totals.IsConserved)
                run.Notes.Add(AuditKind.TotalsUnbalanced, "key_totals", $"{key}", $"{totals}");
        }

        var bank = BookRows.Bank(run.Bank);
        run.Totals = new BankTotals(
            Whole(bank.Funded), Whole(bank.Reserves), Whole(bank.Unspent), Whole(bank.Locked), Whole(bank.Merchants),
            Whole(bank.PaidOut), Whole(bank.Fees), Whole(bank.Expired));
        var rows = run.Bank.QuerySingleOrDefault("SELECT COUNT(*) FROM bank_totals", row => row.GetInt64(0));
        if (rows != 1)
            run.Notes.Add(AuditKind.TotalsMissing, "bank_totals", "1", $"{rows} rows");
        // Nothing takes a fee yet.
        if (run.Totals == bank && (!bank.IsConserved || bank.Fees != 0))
            run.Notes.Add(AuditKind.TotalsUnbalanced, "bank_totals", "1", $"{bank}");

        long Whole(long amount) => run.Notes.Sane(amount, "bank_totals", "1");
    }

    private static void CompareWithLog(
        AuditRun run, AuditScope scope, Dictionary<string, Announcement> statements, List<Key> keys)
    {
        if (!run.Logs.IsWhole)
            return;
        foreach (var one in statements.Values)
        {
            var stands = run.Logs.Statements.TryGetValue(Convert.ToHexString(one.Id), out var logged);
            if (one.Entry is null)
            {
                if (stands && logged!.At.Seconds + AuditRun.GraceSeconds < run.Now.Seconds)
                    run.Notes.Add(AuditKind.StatementNotInLog, "announcements", one.Id, "stands there, unknown here");
            }
            else if (!stands || !IsLeafOf(one))
                run.Notes.Add(AuditKind.StatementNotInLog, "announcements", one.Id, "does not stand there");
            else if (!IsProven(one, scope, run.Now))
                run.Notes.Add(AuditKind.StatementNotInLog, "announcements", one.Id, "its proof does not hold");
        }

        var revoked = keys.Where(key => key.Revocation is not null)
            .Select(key => Convert.ToHexString(key.KeyId)).ToHashSet();
        var known = keys.Select(key => Convert.ToHexString(key.KeyId)).ToHashSet();
        foreach (var logged in run.Logs.Statements.Values.Where(one => one.IsEarly))
        {
            // What the issuer has just announced or revoked, this bank learns of in a few seconds.
            var isDue = scope.Issuer is null || logged.At.Seconds + AuditRun.GraceSeconds < run.Now.Seconds;
            var id = Convert.ToHexString(logged.TokenKeyId);
            if (logged.Kind == LogEntry.Denomination && scope.Issuer is null && !known.Contains(id))
                run.Notes.Add(AuditKind.DenominationMissing, "denominations", logged.TokenKeyId, "key id in the log");
            if (logged.Kind == LogEntry.Revocation && isDue && known.Contains(id) && !revoked.Contains(id))
                run.Notes.Add(AuditKind.RevocationMissing, "denominations", logged.TokenKeyId, $"at {logged.At}");
        }
    }

    private static bool IsLeafOf(Announcement one) => LogEntry.TryParse(one.Entry!.Entry, out var leaf)
        && leaf.Kind == one.Kind && leaf.Statement == one.Statement;

    // A key that has ended is listed no more, so nobody renews its proof when other witnesses come.
    private static bool IsProven(Announcement one, AuditScope scope, UnixTime now) =>
        scope.Logs.Any(log => log.Policy.TryVerify(one.Entry!, out _))
        || (scope.Issuer is not null && Signed<Denomination>.TryParse(one.Statement, out var key)
            && key.Content.ExpiresAt <= now);
}
