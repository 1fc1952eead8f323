using Bauta.Protocol;
using Bauta.Storage;

namespace Bauta.Bank.Inspect;

/// <summary>What must hold between rows. Each rule is a query over the scratch tables that gives the rows which break
/// it: where they stand, and what was compared.</summary>
internal static class AuditRules
{
    private sealed record Rule(AuditKind Kind, string Table, string Sql);

    // A token that another bank issued counts as issued when it is first seen.
    private static readonly Rule[] totals =
    [
        new(AuditKind.TotalsMissing, "key_totals", """
            SELECT CAST(number AS TEXT) AS row, 'no totals' AS detail FROM keys
            WHERE number NOT IN (SELECT key FROM key_totals)
            """),
        new(AuditKind.TotalsMissing, "key_totals", """
            SELECT CAST(key AS TEXT) AS row, 'no such key' AS detail FROM key_totals
            WHERE key NOT IN (SELECT number FROM keys)
            """),
        new(AuditKind.IssueSum, "key_totals", """
            SELECT CAST(t.key AS TEXT) AS row, printf('issued %d; %d withdrawals of %d, %d admitted', t.issued,
                COALESCE(w.count, 0), k.value, COALESCE(s.admitted, 0)) AS detail
            FROM key_totals t JOIN keys k ON k.number = t.key LEFT JOIN withdrawn w ON w.key = t.key
            LEFT JOIN (SELECT key, SUM(admitted) AS admitted FROM tokens GROUP BY key) s ON s.key = t.key
            WHERE t.issued <> COALESCE(w.count, 0) * k.value + COALESCE(s.admitted, 0)
            """),
        new(AuditKind.TokenSum, "key_totals", """
            SELECT CAST(t.key AS TEXT) AS row, printf('locked %d of %d, settled %d of %d, refreshed %d of %d, '
                || 'refunded %d of %d', t.locked, s.locked, t.settled, s.settled, t.refreshed, s.refreshed, t.refunded,
                s.refunded) AS detail
            FROM key_totals t LEFT JOIN (SELECT key, SUM(locked) AS locked, SUM(settled) AS settled,
                SUM(refreshed) AS refreshed, SUM(refunded) AS refunded FROM tokens GROUP BY key) s ON s.key = t.key
            WHERE (t.locked, t.settled, t.refreshed, t.refunded) <> (COALESCE(s.locked, 0), COALESCE(s.settled, 0),
                COALESCE(s.refreshed, 0), COALESCE(s.refunded, 0))
            """),
        new(AuditKind.ClosedTooEarly, "denominations", """
            SELECT CAST(t.key AS TEXT) AS row, printf('%d expired of a key that is not closed', t.expired) AS detail
            FROM key_totals t JOIN keys k ON k.number = t.key WHERE k.closed = 0 AND t.expired > 0
            """),
        new(AuditKind.UnknownKey, "withdrawals", """
            SELECT CAST(key AS TEXT) AS row, printf('%d withdrawals', count) AS detail FROM withdrawn
            WHERE key NOT IN (SELECT number FROM keys)
            """),
        new(AuditKind.UnknownKey, "tokens", """
            SELECT lower(hex(serial)) AS row, printf('key %d', key) AS detail FROM tokens
            WHERE key NOT IN (SELECT number FROM keys)
            """),
    ];

    private static readonly Rule[] reserves =
    [
        new(AuditKind.ReserveMissing, "reserves", """
            SELECT lower(hex(c.reserve)) AS row, printf('credited %d', c.amount) AS detail FROM credits c
            LEFT JOIN reserves r ON r.id = c.reserve WHERE r.id IS NULL
            """),
        new(AuditKind.ReserveTooLarge, "reserves", """
            SELECT lower(hex(r.id)) AS row, printf('%d of %d credited', r.balance, COALESCE(c.amount, 0)) AS detail
            FROM reserves r LEFT JOIN credits c ON c.reserve = r.id WHERE r.balance > COALESCE(c.amount, 0)
            """),
        new(AuditKind.RecoupMismatch, "withdrawals", """
            SELECT lower(hex(w.request)) AS row, 'recouped as a token that was not, or of another key' AS detail
            FROM recouped w LEFT JOIN refreshes r ON r.serial = w.serial AND r.recoup = 1
            LEFT JOIN tokens t ON t.serial = w.serial WHERE r.serial IS NULL OR t.key <> w.key
            """),
        new(AuditKind.RecoupMismatch, "withdrawals", """
            SELECT lower(hex(MAX(request))) AS row, printf('one of %d recouped as one token', COUNT(*)) AS detail
            FROM recouped GROUP BY serial HAVING COUNT(*) > 1
            """),
        new(AuditKind.RecoupMismatch, "refreshes", """
            SELECT lower(hex(r.serial)) AS row, 'no withdrawal was recouped as it' AS detail FROM refreshes r
            WHERE r.recoup = 1 AND r.serial NOT IN (SELECT serial FROM recouped)
            """),
        new(AuditKind.RecoupMismatch, "refreshes", """
            SELECT lower(hex(r.serial)) AS row, 'its key is not revoked' AS detail FROM refreshes r
            JOIN tokens t ON t.serial = r.serial JOIN keys k ON k.number = t.key
            WHERE r.recoup = 1 AND k.revoked = 0
            """),
    ];

    private static readonly Rule[] tokens =
    [
        new(AuditKind.TokenMissing, "tokens", """
            SELECT lower(hex(p.serial)) AS row, printf('%d locks', COUNT(*)) AS detail FROM parts p
            LEFT JOIN tokens t ON t.serial = p.serial WHERE t.serial IS NULL GROUP BY p.serial
            """),
        new(AuditKind.TokenMissing, "tokens", """
            SELECT lower(hex(r.serial)) AS row, printf('%d exchanged', r.amount) AS detail FROM refreshes r
            LEFT JOIN tokens t ON t.serial = r.serial WHERE t.serial IS NULL
            """),
        new(AuditKind.TokenMissing, "tokens", """
            SELECT lower(hex(c.serial)) AS row, printf('%d closed', c.amount) AS detail FROM closings c
            LEFT JOIN tokens t ON t.serial = c.serial WHERE t.serial IS NULL
            """),
        // One that was closed before it was ever seen is worth nothing and admits nothing.
        new(AuditKind.TokenAltered, "tokens", """
            SELECT lower(hex(t.serial)) AS row, printf('value %d of %d, admitted %d', t.value, k.value, t.admitted)
                AS detail
            FROM tokens t JOIN keys k ON k.number = t.key LEFT JOIN closings c ON c.serial = t.serial
            WHERE NOT (t.value = k.value AND t.admitted = CASE WHEN k.own THEN 0 ELSE k.value END)
                AND NOT (t.value = 0 AND t.admitted = 0 AND NOT k.own AND c.amount = k.value)
            """),
        new(AuditKind.TokenAltered, "tokens", """
            SELECT lower(hex(t.serial)) AS row, printf('key %d, locked as key %d', t.key, p.key) AS detail
            FROM tokens t JOIN parts p ON p.serial = t.serial WHERE p.key <> t.key
            """),
        new(AuditKind.TokenAltered, "tokens", """
            SELECT lower(hex(t.serial)) AS row, 'nothing tells of it' AS detail FROM tokens t
            WHERE NOT EXISTS (SELECT 1 FROM parts p WHERE p.serial = t.serial)
                AND NOT EXISTS (SELECT 1 FROM refreshes r WHERE r.serial = t.serial)
                AND NOT EXISTS (SELECT 1 FROM closings c WHERE c.serial = t.serial)
            """),
        new(AuditKind.TokenOverspent, "tokens", """
            SELECT lower(hex(serial)) AS row,
                printf('%d of %d', settled + refreshed + refunded + locked, value) AS detail
            FROM tokens WHERE settled + refreshed + refunded + locked > value
            """),
        new(AuditKind.TokenLockMismatch, "tokens", """
            SELECT lower(hex(t.serial)) AS row, printf('settled %d of %d, locked %d of %d, %d aborts of %d', t.settled,
                COALESCE(p.settled, 0), t.locked, COALESCE(p.locked, 0), t.aborts, COALESCE(p.aborts, 0)) AS detail
            FROM tokens t LEFT JOIN (
                SELECT serial, SUM(CASE state WHEN 1 THEN drawn ELSE 0 END) AS settled,
                    SUM(CASE state WHEN 0 THEN amount ELSE 0 END) AS locked,
                    SUM(CASE state WHEN 2 THEN 1 ELSE 0 END) AS aborts,
                    MAX(CASE state WHEN 0 THEN n END) AS lock_n
                FROM parts GROUP BY serial) p ON p.serial = t.serial
            WHERE (t.settled, t.locked, t.aborts)
                    <> (COALESCE(p.settled, 0), COALESCE(p.locked, 0), COALESCE(p.aborts, 0))
                OR t.lock_n IS NOT p.lock_n
            """),
        new(AuditKind.TokenExchangeMismatch, "tokens", """
            SELECT lower(hex(t.serial)) AS row, printf('refreshed %d, refunded %d; exchanged %d, closed %d',
                t.refreshed, t.refunded, COALESCE(r.amount, 0), COALESCE(c.amount, 0)) AS detail
            FROM tokens t JOIN keys k ON k.number = t.key LEFT JOIN refreshes r ON r.serial = t.serial
            LEFT JOIN closings c ON c.serial = t.serial
            WHERE t.refreshed <> CASE WHEN r.recoup = 0 THEN r.amount ELSE 0 END
                    + CASE WHEN t.admitted > 0 THEN COALESCE(c.amount, 0) ELSE 0 END
                OR t.refunded <> CASE WHEN r.recoup = 1 THEN r.amount ELSE 0 END
                OR (k.own AND c.amount <> t.refunded)
                OR (c.serial IS NULL AND t.refreshed + t.refunded > 0
                    AND t.settled + t.refreshed + t.refunded + t.locked < t.value)
            """),
    ];

    private static readonly Rule[] sales =
    [
        new(AuditKind.AccountMissing, "accounts", """
            SELECT lower(hex(l.account)) AS row, printf('%d locks', COUNT(*)) AS detail FROM locks l
            WHERE l.state <> 2 AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = l.account) GROUP BY l.account
            """),
        new(AuditKind.AccountMissing, "accounts", """
            SELECT lower(hex(s.account)) AS row, printf('%d waits', s.amount) AS detail FROM accruals s
            WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = s.account)
            """),
        new(AuditKind.AccountMissing, "accounts", """
            SELECT lower(hex(p.account)) AS row, printf('%d payouts', COUNT(*)) AS detail FROM payouts p
            WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = p.account) GROUP BY p.account
            """),
        new(AuditKind.AccountMismatch, "accounts", """
            SELECT lower(hex(a.id)) AS row, printf('%d held and paid, %d settled',
                a.available + a.ordered + a.paid_out + a.held + a.reversed + COALESCE(s.amount, 0),
                COALESCE(e.amount, 0)) AS detail
            FROM accounts a LEFT JOIN accruals s ON s.account = a.id LEFT JOIN earned e ON e.account = a.id
            WHERE a.available + a.ordered + a.paid_out + a.held + a.reversed + COALESCE(s.amount, 0)
                <> COALESCE(e.amount, 0)
            """),
        new(AuditKind.PayoutMismatch, "accounts", """
            SELECT lower(hex(a.id)) AS row, printf('ordered %d of %d, paid out %d of %d', a.ordered,
                COALESCE(p.ordered, 0), a.paid_out, COALESCE(p.paid, 0)) AS detail
            FROM accounts a LEFT JOIN (SELECT account, SUM(CASE state WHEN 0 THEN amount ELSE 0 END) AS ordered,
                SUM(CASE state WHEN 1 THEN amount ELSE 0 END) AS paid FROM payouts GROUP BY account) p
                ON p.account = a.id
            WHERE (a.ordered, a.paid_out) <> (COALESCE(p.ordered, 0), COALESCE(p.paid, 0))
            """),
        new(AuditKind.DisputeMismatch, "accounts", """
            SELECT lower(hex(a.id)) AS row, printf('held %d of %d, given back %d of %d', a.held,
                COALESCE(d.held, 0), a.reversed, COALESCE(d.refund, 0)) AS detail
            FROM accounts a LEFT JOIN (SELECT account, SUM(CASE WHEN state < 2 THEN amount ELSE 0 END) AS held,
                SUM(refund) AS refund FROM disputes GROUP BY account) d ON d.account = a.id
            WHERE (a.held, a.reversed) <> (COALESCE(d.held, 0), COALESCE(d.refund, 0))
            """),
        new(AuditKind.DisputeAltered, "disputes", """
            SELECT lower(hex(d.n)) AS row, printf('%d disputed of %d paid', d.amount, COALESCE(l.paid, l.amount, 0))
                AS detail
            FROM disputes d LEFT JOIN locks l ON l.n = d.n
            WHERE l.n IS NULL OR l.state <> 1 OR l.account <> d.account OR COALESCE(l.paid, l.amount) <> d.amount
                OR (l.owner IS NOT NULL AND l.owner IS NOT d.owner)
            """),
        new(AuditKind.PayoutDoubled, "payouts", """
            SELECT lower(hex(MAX(id))) AS row, printf('one of %d under one order', COUNT(*)) AS detail FROM payouts
            WHERE order_id IS NOT NULL GROUP BY order_id HAVING COUNT(*) > 1
            """),
    ];

    private static readonly Rule[] decisions =
    [
        new(AuditKind.LockMissing, "locks", """
            SELECT lower(hex(d.n)) AS row, printf('%s in the log', d.kind) AS detail FROM decisions d
            WHERE d.early AND NOT EXISTS (SELECT 1 FROM locks l WHERE l.n = d.n)
            """),
        new(AuditKind.SecondLockNote, "locks", """
            SELECT lower(hex(l.n)) AS row, printf('%s in the log of another note', d.kind) AS detail FROM locks l
            JOIN decisions d ON d.n = l.n WHERE l.note IS NOT NULL AND d.note <> l.note
            """),
        new(AuditKind.SettledWithoutCommit, "locks", """
            SELECT lower(hex(l.n)) AS row, COALESCE(d.kind, 'nothing') || ' in the log' AS detail FROM locks l
            LEFT JOIN decisions d ON d.n = l.n
            WHERE l.state = 1 AND (d.kind IS NOT NULL OR l.judged) AND d.kind IS NOT 'commit'
            """),
        new(AuditKind.UnlockedWithoutAbort, "locks", """
            SELECT lower(hex(l.n)) AS row, COALESCE(d.kind, 'nothing') || ' in the log' AS detail FROM locks l
            LEFT JOIN decisions d ON d.n = l.n
            WHERE l.state = 2 AND (d.kind IS NOT NULL OR l.judged) AND d.kind IS NOT 'abort'
            """),
    ];

    // What was decided just now, or while the audit ran, is on its way.
    private static readonly Rule[] overdue =
    [
        new(AuditKind.LockOverdue, "locks", """
            SELECT lower(hex(l.n)) AS row, COALESCE(d.kind, 'nothing') || ' in the log' AS detail FROM locks l
            LEFT JOIN decisions d ON d.n = l.n
            WHERE l.state = 0 AND (
                (l.expires_at + $2 < $1 AND (d.n IS NULL OR (d.early AND d.at + $2 < $1)))
                OR l.poll_at > MAX(l.expires_at, $1) + $2)
            """),
        new(AuditKind.DisputeOverdue, "disputes", """
            SELECT lower(hex(n)) AS row, printf('to be decided by %d', rule_by) AS detail FROM disputes
            WHERE state < 2 AND rule_by + $2 < $1
            """),
        new(AuditKind.PayoutStuck, "payouts", """
            SELECT lower(hex(id)) AS row, 'not before ' || next_try_at AS detail FROM payouts
            WHERE state = 0 AND next_try_at > $1 + $2
            """),
    ];

    public static void Judge(AuditRun run)
    {
        foreach (var rule in (IEnumerable<Rule>)[.. totals, .. reserves, .. tokens, .. sales])
            run.Notes.AddAll(rule.Kind, rule.Table, run.Scratch, rule.Sql);
        JudgeSums(run);
        if (run.Scope is null)
            return;
        if (run.Logs.IsWhole)
        {
            foreach (var rule in decisions)
                run.Notes.AddAll(rule.Kind, rule.Table, run.Scratch, rule.Sql);
            JudgeSessions(run);
        }

        foreach (var rule in overdue)
            run.Notes.AddAll(rule.Kind, rule.Table, run.Scratch, rule.Sql, run.Now.Seconds, AuditRun.GraceSeconds);
    }

    /// <summary>Decided locks that no log was there for to judge.</summary>
    public static long Unjudged(AuditRun run) => run.Number(
        """
        SELECT COUNT(*) FROM locks l
        WHERE l.state <> 0 AND NOT l.judged AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.n = l.n)
        """);

    // What a session paid is sealed in its commit, so no query compares it.
    private static void JudgeSessions(AuditRun run)
    {
        foreach (var (n, key, amount, paid, commitment, sealedTotal) in run.Scratch.Query(
            """
            SELECT l.n, l.total_key, l.amount, l.paid, d.commitment, d.sealed_total FROM locks l
            JOIN decisions d ON d.n = l.n
            WHERE l.state = 1 AND d.kind = 'commit' AND COALESCE(LENGTH(l.total_key), $1) = $1
                AND (l.paid IS NOT NULL OR d.commitment IS NOT NULL)
            """,
            static row => (row.GetBytes(0), row.GetBytesOrNull(1), row.GetInt64(2),
                row.IsDBNull(3) ? row.GetInt64(2) : row.GetInt64(3), row.GetBytesOrNull(4),
                row.GetBytesOrNull(5)),
            SealedTotal.KeySize))
        {
            var owed = SealedTotal.PaidOf(
                Amount.FromMinorUnits(amount), key, commitment is null ? null : KeyCommitment.FromBytes(commitment),
                sealedTotal).MinorUnits;
            if (owed != paid)
                run.Notes.Add(AuditKind.PaidMismatch, "locks", n, $"paid {paid}, and its commit says {owed}");
        }
    }

    private static void JudgeSums(AuditRun run)
    {
        var bank = run.Totals;
        Compare(AuditKind.KeysDisagree, "unspent", bank.Unspent, "SELECT SUM(unspent) FROM key_totals");
        Compare(AuditKind.KeysDisagree, "locked", bank.Locked, "SELECT SUM(locked) FROM key_totals");
        Compare(AuditKind.KeysDisagree, "expired", bank.Expired, "SELECT SUM(expired) FROM key_totals");
        var admitted = run.Number("SELECT COALESCE(SUM(admitted), 0) FROM tokens");
        Differ(AuditKind.FundingSum, "funded", bank.Funded, run.Fundings + admitted);
        Compare(AuditKind.ReserveSum, "reserves", bank.Reserves, "SELECT SUM(balance) FROM reserves");
        Compare(AuditKind.AccountSum, "merchants", bank.Merchants, """
            SELECT COALESCE((SELECT SUM(amount) FROM accruals), 0)
                + COALESCE((SELECT SUM(available + ordered + held) FROM accounts), 0)
            """);
        // Not counted: what was closed before it was ever admitted, and the issuer's receipts.
        Compare(AuditKind.PayoutSum, "paid out", bank.PaidOut, """
            SELECT COALESCE((SELECT SUM(paid_out) FROM accounts), 0)
                + COALESCE((SELECT SUM(amount) FROM refreshes WHERE noticed), 0)
                + COALESCE((SELECT SUM(refund) FROM disputes WHERE noticed), 0)
                + COALESCE((SELECT SUM(c.amount) FROM closings c JOIN tokens t ON t.serial = c.serial
                    WHERE t.admitted > 0), 0)
            """);

        void Compare(AuditKind kind, string what, long total, string sql) =>
            Differ(kind, what, total, run.Number($"SELECT COALESCE(({sql}), 0)"));

        void Differ(AuditKind kind, string what, long total, long sum)
        {
            if (total != sum)
                run.Notes.Add(kind, "bank_totals", "1", $"{what} {total}, and the rows give {sum}");
        }
    }
}
