using Bauta.Bank;
using Bauta.Bank.Inspect;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Bauta.Tests.Tidy;
using Xunit;
using static Bauta.Bank.Inspect.AuditKind;

namespace Bauta.Tests.Bank;

/// <summary>Each case writes to a real bank's database what no bank would, and names all that the audit must find.
/// </summary>
public sealed class AuditTests(AuditHistory history, PostgresServer server)
    : BankSuite, IClassFixture<AuditHistory>
{
    private const string Settled =
        "(SELECT n FROM locks WHERE substr(tokens, 1, 32) = (SELECT serial FROM tokens WHERE settled = 3))";
    private const string Aborted = "(SELECT n FROM locks WHERE state = 2)";
    private const string Open = "(SELECT lock_n FROM tokens WHERE locked = 5)";
    private const string Fresh = "(SELECT serial FROM refreshes WHERE recoup = 0 AND amount = 5)";
    private const string Recouped = "(SELECT serial FROM refreshes WHERE recoup = 1)";
    private const string Rich = "(SELECT reserve FROM fundings WHERE amount = 70)";
    private const string Poor = "(SELECT reserve FROM fundings WHERE amount = 25)";
    private const string Whole = "(SELECT serial FROM tokens WHERE settled = 8 ORDER BY serial LIMIT 1)";
    private const string Busy = "(SELECT id FROM accounts WHERE paid_out > 0)";
    private const string Quiet = "(SELECT id FROM accounts WHERE paid_out = 0)";
    private const string Revoked = "(SELECT number FROM denominations WHERE revocation IS NOT NULL)";
    private const string Newest = "(SELECT MAX(number) FROM denominations WHERE revocation IS NULL)";

    private static readonly Dictionary<string, (string Bank, string Sql, AuditKind[] Kinds)> cases = new()
    {
        // What was issued, and for what.
        ["A withdrawal is gone"] = ("whole",
            "DELETE FROM withdrawals WHERE request_hash = "
            + "(SELECT request_hash FROM withdrawals WHERE recouped IS NULL LIMIT 1)",
            [IssueSum]),
        ["A withdrawal stands twice"] = ("whole",
            "INSERT INTO withdrawals SELECT randomblob(32), key, signature, NULL, day FROM withdrawals LIMIT 1",
            [IssueSum, WithdrawalAltered]),
        ["A withdrawal is under another key"] = ("whole",
            "UPDATE withdrawals SET key = key % 3 + 1 WHERE request_hash = "
            + "(SELECT request_hash FROM withdrawals WHERE key < 4 LIMIT 1)",
            [IssueSum, WithdrawalAltered]),
        ["A withdrawal is under a key that there is not"] = ("whole",
            "UPDATE withdrawals SET key = 99 WHERE request_hash = "
            + "(SELECT request_hash FROM withdrawals WHERE recouped IS NULL LIMIT 1)",
            [IssueSum, UnknownKey, WithdrawalAltered]),
        ["A blind signature is another"] = ("whole",
            "UPDATE withdrawals SET signature = zeroblob(256) WHERE request_hash = "
            + "(SELECT request_hash FROM withdrawals LIMIT 1)",
            [WithdrawalAltered]),
        ["A recoup is forgotten by its withdrawal"] = ("whole",
            "UPDATE withdrawals SET recouped = NULL WHERE recouped IS NOT NULL", [RecoupMismatch]),
        ["A recoup stands at two withdrawals"] = ("whole",
            $"UPDATE withdrawals SET recouped = {Recouped} WHERE recouped IS NULL AND key = {Revoked}",
            [RecoupMismatch]),

        // What came in.
        ["A funding is gone"] = ("whole",
            "DELETE FROM fundings WHERE amount = 25", [FundingSum]),
        ["A funding is gone that was not withdrawn"] = ("whole",
            "DELETE FROM fundings WHERE amount = 70", [FundingSum, ReserveTooLarge]),
        ["A funding is over more"] = ("whole",
            "UPDATE fundings SET amount = 71, balance = 71 WHERE amount = 70", [FundingSum, FundingAltered]),
        ["A funding stands twice"] = ("whole",
            "INSERT INTO fundings SELECT randomblob(32), body_hash, reserve, amount, balance FROM fundings "
            + "WHERE amount = 70",
            [FundingSum, FundingAltered]),
        ["A funding is of another reserve"] = ("whole",
            $"UPDATE fundings SET reserve = {Poor} WHERE amount = 70", [FundingAltered, ReserveTooLarge]),
        ["A reserve is larger"] = ("whole",
            $"UPDATE reserves SET balance = balance + 1 WHERE id = {Rich}", [ReserveSum, ReserveTooLarge]),
        ["Money moved between reserves"] = ("whole",
            $"UPDATE reserves SET balance = balance + 10 WHERE id = {Rich};"
            + "UPDATE reserves SET balance = balance - 10 WHERE balance = (SELECT MIN(balance) FROM reserves "
            + "WHERE balance > 9)",
            [ReserveTooLarge]),
        ["A reserve is gone"] = ("whole",
            $"DELETE FROM reserves WHERE id = {Rich}", [ReserveSum, ReserveMissing]),
        ["A reserve owes"] = ("whole",
            $"UPDATE reserves SET balance = -5 WHERE id = {Rich}", [ReserveSum, ImpossibleNumber]),

        // What is known of tokens.
        ["A spent token is forgotten"] = ("whole",
            $"DELETE FROM tokens WHERE serial = {Whole}", [TokenSum, TokenMissing]),
        ["A refreshed token is forgotten"] = ("whole",
            "DELETE FROM tokens WHERE serial = (SELECT serial FROM tokens WHERE refreshed = 1)",
            [TokenSum, TokenMissing]),
        ["A spent token is worth its value again"] = ("whole",
            $"UPDATE tokens SET settled = 0 WHERE serial = {Whole}", [TokenSum, TokenLockMismatch]),
        ["What was spent of a token moved to another"] = ("whole",
            "UPDATE tokens SET settled = settled - 1 WHERE settled = 6;"
            + "UPDATE tokens SET settled = settled + 1 WHERE aborts = 1",
            [TokenLockMismatch]),
        ["More than its value was spent of a token"] = ("whole",
            $"UPDATE tokens SET settled = 9 WHERE serial = {Whole}",
            [TokenSum, TokenOverspent, TokenLockMismatch]),
        ["A locked token is free"] = ("whole",
            "UPDATE tokens SET locked = 0, lock_n = NULL WHERE locked = 5", [TokenSum, TokenLockMismatch]),
        ["A token is held by another lock"] = ("whole",
            $"UPDATE tokens SET lock_n = {Settled} WHERE locked = 5", [TokenLockMismatch]),
        ["A token's aborts are forgotten"] = ("whole",
            "UPDATE tokens SET aborts = 0 WHERE aborts = 1", [TokenLockMismatch]),
        ["A token is worth twice as much"] = ("whole",
            $"UPDATE tokens SET value = 16 WHERE serial = {Whole}", [TokenAltered]),
        ["A token is of another key"] = ("whole",
            "UPDATE tokens SET key = (SELECT MIN(key) FROM tokens WHERE value = 8) WHERE locked = 5",
            [TokenSum, TokenAltered]),
        ["A token is of a key that there is not"] = ("whole",
            "UPDATE tokens SET key = 99 WHERE locked = 5", [TokenSum, UnknownKey, TokenAltered]),
        ["A token is admitted from nowhere"] = ("whole",
            $"UPDATE tokens SET admitted = 8 WHERE serial = {Whole}", [IssueSum, FundingSum, TokenAltered]),
        ["A token was never presented"] = ("whole",
            "INSERT INTO tokens SELECT randomblob(32), key, value, 0, 0, 0, 0, 0, NULL, 0 FROM tokens LIMIT 1",
            [TokenAltered]),
        ["A refresh is gone"] = ("whole",
            $"DELETE FROM refreshes WHERE serial = {Fresh}", [ReserveTooLarge, TokenExchangeMismatch]),
        ["A refresh is over more"] = ("whole",
            $"UPDATE refreshes SET amount = 6 WHERE serial = {Fresh}", [TokenExchangeMismatch]),
        ["A refresh went to another reserve"] = ("whole",
            $"UPDATE refreshes SET reserve = {Rich} WHERE serial = {Fresh}", [ReserveTooLarge]),
        ["A refresh is a recoup"] = ("whole",
            $"UPDATE refreshes SET recoup = 1 WHERE serial = {Fresh}", [RecoupMismatch, TokenExchangeMismatch]),
        ["A refresh stands twice"] = ("whole",
            "INSERT INTO refreshes SELECT randomblob(32), recoup, reserve, amount, notice FROM refreshes "
            + "WHERE amount = 5",
            [TokenMissing]),
        ["A refresh left something of its token"] = ("whole",
            $"UPDATE tokens SET refreshed = 4 WHERE serial = {Fresh};"
            + "UPDATE key_totals SET refreshed = refreshed - 1, unspent = unspent + 1 "
            + $"WHERE key = (SELECT key FROM tokens WHERE serial = {Fresh});"
            + "UPDATE bank_totals SET reserves = reserves - 1, unspent = unspent + 1;"
            + "UPDATE reserves SET balance = balance - 1 "
            + $"WHERE id = (SELECT reserve FROM refreshes WHERE serial = {Fresh});"
            + "UPDATE refreshes SET amount = 4 WHERE amount = 5",
            [TokenExchangeMismatch]),

        // Locks.
        ["A settled lock is gone"] = ("whole",
            $"DELETE FROM locks WHERE n = {Settled}", [TokenLockMismatch, LockMissing, AccountMismatch]),
        ["An open lock is gone"] = ("whole", $"DELETE FROM locks WHERE n = {Open}", [TokenAltered, TokenLockMismatch]),
        ["A settled lock is unlocked"] = ("whole",
            $"UPDATE locks SET state = 2 WHERE n = {Settled}",
            [TokenLockMismatch, UnlockedWithoutAbort, AccountMismatch]),
        ["An aborted lock is settled"] = ("whole",
            "UPDATE locks SET state = 1 WHERE state = 2", [TokenLockMismatch, SettledWithoutCommit, AccountMismatch]),
        ["A decided lock is open again"] = ("whole",
            "UPDATE locks SET state = 0 WHERE n = (SELECT n FROM locks ORDER BY next_poll_at LIMIT 1)",
            [TokenLockMismatch, LockOverdue, AccountMismatch]),
        ["An open lock is settled, and all books agree, without a commit"] = ("whole",
            $"INSERT INTO accruals SELECT account, 2000000000, 5 FROM locks WHERE n = {Open};"
            + $"UPDATE locks SET state = 1 WHERE n = {Open};"
            + "UPDATE key_totals SET locked = locked - 5, settled = settled + 5 "
            + "WHERE key = (SELECT key FROM tokens WHERE locked = 5);"
            + "UPDATE bank_totals SET locked = locked - 5, merchants = merchants + 5;"
            + "UPDATE tokens SET settled = 5, locked = 0, lock_n = NULL WHERE locked = 5",
            [SettledWithoutCommit]),
        ["An open lock is unlocked, and all books agree, without an abort"] = ("whole",
            $"UPDATE locks SET state = 2 WHERE n = {Open};"
            + "UPDATE key_totals SET locked = locked - 5, unspent = unspent + 5 "
            + "WHERE key = (SELECT key FROM tokens WHERE locked = 5);"
            + "UPDATE bank_totals SET locked = locked - 5, unspent = unspent + 5;"
            + "UPDATE tokens SET locked = 0, lock_n = NULL, aborts = 1 WHERE locked = 5",
            [UnlockedWithoutAbort]),
        ["An open lock is never looked at"] = ("whole",
            $"UPDATE locks SET next_poll_at = 3000000000 WHERE n = {Open}", [LockOverdue]),
        ["A lock is in a state that there is not"] = ("whole",
            $"UPDATE locks SET state = 7 WHERE n = {Aborted}", [TokenLockMismatch, LockAltered]),
        ["A lock has lost its transaction"] = ("whole",
            $"UPDATE locks SET n = X'' WHERE n = {Open}", [TokenLockMismatch, LockAltered, PaymentAltered]),
        ["A sale is another merchant's"] = ("whole",
            $"UPDATE locks SET account = {Quiet} WHERE n = (SELECT n FROM locks WHERE state = 1 AND account = {Busy} "
            + "LIMIT 1)",
            [PaymentAltered, AccountMismatch]),
        ["A lock is under another archive"] = ("whole",
            $"UPDATE locks SET policy = randomblob(32) WHERE n = {Open}", [LockAltered]),
        ["A lock has the note of another"] = ("whole",
            $"UPDATE locks SET lock_note = (SELECT lock_note FROM locks WHERE n = {Settled}) WHERE n = {Open}",
            [LockAltered]),
        ["A lock note is not signed"] = ("whole",
            "UPDATE locks SET lock_note = substr(lock_note, 1, length(lock_note) - 4) "
            + $"|| CASE substr(lock_note, -4) WHEN 'AAAA' THEN 'BBBB' ELSE 'AAAA' END WHERE n = {Open}",
            [LockAltered]),
        ["A lock has the payment note of another"] = ("whole",
            $"UPDATE locks SET payment_note = (SELECT payment_note FROM locks WHERE n = {Settled}) WHERE n = {Open}",
            [PaymentAltered]),
        ["A payment note is not signed"] = ("whole",
            "UPDATE locks SET payment_note = substr(payment_note, 1, length(payment_note) - 4) "
            + $"|| CASE substr(payment_note, -4) WHEN 'AAAA' THEN 'BBBB' ELSE 'AAAA' END WHERE n = {Open}",
            [PaymentAltered]),
        ["A lock is over more of its token"] = ("whole",
            $"UPDATE locks SET tokens = CAST(substr(tokens, 1, 47) || X'06' AS BLOB) WHERE n = {Open}",
            [TokenLockMismatch, PaymentAltered]),
        ["A token stands twice in a lock"] = ("whole",
            $"UPDATE locks SET tokens = CAST(tokens || tokens AS BLOB) WHERE n = {Open}",
            [PaymentAltered, LockTokensAltered]),
        ["A lock's tokens do not read"] = ("whole",
            $"UPDATE locks SET tokens = X'00' WHERE n = {Open}",
            [TokenAltered, TokenLockMismatch, PaymentAltered, LockTokensAltered]),
        ["A lock stands twice"] = ("whole",
            "INSERT INTO locks SELECT randomblob(32), payload_hash, account, policy, tokens, lock_note, payment_note, "
            + $"state, next_poll_at, total_key, paid, ready_at FROM locks WHERE n = {Open}",
            [TokenLockMismatch, LockAltered, PaymentAltered]),

        ["What was paid of a lock is said of one that is paid whole"] = ("whole",
            $"UPDATE locks SET paid = 1 WHERE n = {Settled}",
            [TokenLockMismatch, LockAltered, PaidMismatch, AccountMismatch]),
        ["A lock has a key for a total that its payment note has not"] = ("whole",
            $"UPDATE locks SET total_key = zeroblob(32) WHERE n = {Open}", [PaymentAltered]),

        // Accounts and payouts.
        ["An account is gone"] = ("whole",
            $"DELETE FROM accounts WHERE id = {Quiet}", [AccountSum, AccountMissing]),
        ["An account holds more"] = ("whole",
            $"UPDATE accounts SET available = available + 1 WHERE id = {Quiet}", [AccountSum, AccountMismatch]),
        ["Money moved between accounts"] = ("whole",
            $"UPDATE accruals SET account = {Quiet}", [AccountMismatch]),
        ["What waits for the dispute window is gone"] = ("whole",
            "DELETE FROM accruals", [AccountSum, AccountMismatch]),
        ["What waits for the dispute window stands twice"] = ("whole",
            "INSERT INTO accruals SELECT account, ready_at + 1, amount FROM accruals",
            [AccountSum, AccountMismatch]),
        ["What was paid out can be paid out again"] = ("whole",
            $"UPDATE accounts SET available = available + paid_out, paid_out = 0 WHERE id = {Busy}",
            [AccountSum, PayoutSum, PayoutMismatch]),
        ["A payout is gone"] = ("whole",
            "DELETE FROM payouts WHERE state = 1 AND amount = 5", [PayoutMismatch]),
        ["A paid payout is ordered again"] = ("whole",
            "UPDATE payouts SET state = 0 WHERE amount = 5", [PayoutMismatch]),
        ["A returned payout counts as paid"] = ("whole",
            "UPDATE payouts SET state = 1 WHERE state = 2", [PayoutMismatch]),
        ["A payout is over more"] = ("whole",
            "UPDATE payouts SET amount = 3 WHERE amount = 2", [PayoutAltered, PayoutMismatch]),
        ["A payout has the order of another"] = ("whole",
            "UPDATE payouts SET order_text = (SELECT order_text FROM payouts WHERE amount = 5) WHERE amount = 2",
            [PayoutAltered, PayoutDoubled]),
        ["A payout stands twice"] = ("whole",
            "INSERT INTO payouts SELECT randomblob(32), body_hash, account, amount, order_text, state, next_try_at "
            + "FROM payouts WHERE amount = 5",
            [PayoutDoubled, PayoutMismatch]),
        ["A payout is never tried again"] = ("whole",
            "UPDATE payouts SET next_try_at = 3000000000 WHERE state = 0", [PayoutStuck]),

        // Disputes.
        ["A dispute is gone"] = ("whole",
            "DELETE FROM disputes WHERE state = 2 AND refund = 8", [ReserveTooLarge, DisputeMismatch]),
        ["A dispute is over more than was paid"] = ("whole",
            "UPDATE disputes SET amount = 9 WHERE state = 0", [DisputeAltered, DisputeMismatch]),
        ["A dispute gave back more than was ruled"] = ("whole",
            "UPDATE disputes SET refund = 4 WHERE refund = 3", [DisputeAltered, DisputeMismatch]),
        ["A dispute was given back that nobody decided"] = ("whole",
            "UPDATE disputes SET state = 2, refund = 8 WHERE state = 0", [DisputeAltered, DisputeMismatch]),
        ["A dispute has the ruling of another"] = ("whole",
            "UPDATE disputes SET ruling = (SELECT ruling FROM disputes WHERE refund = 3) WHERE state = 0",
            [DisputeAltered]),
        ["A dispute is on another payment"] = ("whole",
            $"UPDATE disputes SET n = {Settled} WHERE state = 0", [DisputeAltered]),
        ["A dispute has no signature"] = ("whole",
            "UPDATE disputes SET dispute = substr(dispute, 1, length(dispute) - 4) "
            + "|| CASE substr(dispute, -4) WHEN 'AAAA' THEN 'BBBB' ELSE 'AAAA' END WHERE refund = 8",
            [ReserveTooLarge, DisputeAltered]),
        ["What is held for a dispute is free"] = ("whole",
            "UPDATE accounts SET available = available + held, held = 0 WHERE held > 0", [DisputeMismatch]),
        ["What was given back is the merchant's again"] = ("whole",
            "UPDATE accounts SET available = available + reversed, reversed = 0 WHERE reversed > 0",
            [AccountSum, DisputeMismatch]),
        ["A dispute should have lapsed long ago"] = ("whole",
            "UPDATE disputes SET rule_by = 1000 WHERE state = 0", [DisputeOverdue]),

        // Totals.
        ["A key's totals are gone"] = ("whole",
            $"DELETE FROM key_totals WHERE key = {Newest}", [TotalsMissing]),
        ["Totals are there of a key that is not"] = ("whole",
            "INSERT INTO key_totals VALUES (99, 0, 0, 0, 0, 0, 0, 0)", [TotalsMissing]),
        ["A key's totals say that more is spent"] = ("whole",
            "UPDATE key_totals SET unspent = unspent - 1, settled = settled + 1 WHERE unspent > 1",
            [KeysDisagree, TokenSum]),
        ["A key's totals do not balance"] = ("whole",
            "UPDATE key_totals SET issued = issued + 1 WHERE unspent > 1", [TotalsUnbalanced, IssueSum]),
        ["The bank's totals say that more came in"] = ("whole",
            "UPDATE bank_totals SET funded = funded + 1, reserves = reserves + 1", [FundingSum, ReserveSum]),
        ["The bank's totals say that less was paid out"] = ("whole",
            "UPDATE bank_totals SET merchants = merchants + 1, paid_out = paid_out - 1", [AccountSum, PayoutSum]),
        ["The bank's totals have a fee"] = ("whole",
            "UPDATE bank_totals SET reserves = reserves - 1, fees = 1", [TotalsUnbalanced, ReserveSum]),
        ["A key's total is larger than any sum"] = ("whole",
            $"UPDATE key_totals SET unspent = 9000000000000000000 WHERE key = {Newest}", [ImpossibleNumber]),
        ["A total of the bank is negative"] = ("whole",
            "UPDATE bank_totals SET reserves = -1", [ReserveSum, ImpossibleNumber]),
        ["The bank's totals are gone"] = ("whole", "DELETE FROM bank_totals",
            [TotalsMissing, KeysDisagree, FundingSum, ReserveSum, AccountSum, PayoutSum, RolledBack]),
        ["The database was put back"] = ("whole", "UPDATE bank_totals SET moves = moves - 1", [RolledBack]),

        // Keys and their statements.
        ["A key is gone"] = ("whole",
            $"DELETE FROM denominations WHERE number = {Newest}",
            [TotalsMissing, StatementUnused, DenominationMissing]),
        ["A key has another id"] = ("whole",
            $"UPDATE denominations SET key_id = randomblob(32) WHERE number = {Newest}",
            [DenominationMissing, DenominationAltered]),
        ["A revocation is forgotten"] = ("whole",
            "UPDATE denominations SET revocation = NULL WHERE revocation IS NOT NULL",
            [StatementUnused, RevocationMissing, RecoupMismatch]),
        ["A key is revoked by another's revocation"] = ("whole",
            $"UPDATE denominations SET revocation = announcement WHERE number = {Newest}", [DenominationAltered]),
        ["A statement is another text"] = ("whole",
            "UPDATE announcements SET statement = statement || 'A' WHERE kind = 'revocation'",
            [StatementAltered, StatementNotInLog, DenominationAltered]),
        ["A statement is of another kind"] = ("whole",
            "UPDATE announcements SET kind = 'other' WHERE kind = 'bank'", [StatementAltered, StatementUnused,
                StatementNotInLog]),
        ["A statement's entry is another's"] = ("whole",
            "UPDATE announcements SET entry = (SELECT entry FROM announcements WHERE kind = 'bank') "
            + "WHERE kind = 'revocation'",
            [StatementNotInLog]),
        ["A statement's proof does not hold"] = ("whole",
            "UPDATE announcements SET proof = (SELECT proof FROM announcements WHERE kind = 'bank') "
            + "WHERE kind = 'revocation'",
            [StatementNotInLog]),
        ["A statement's entry is forgotten"] = ("whole",
            "UPDATE announcements SET entry = NULL, proof = NULL WHERE kind = 'bank'", [StatementNotInLog]),
        ["A key is written off before its end"] = ("whole",
            $"UPDATE denominations SET closed = 1 WHERE number = {Newest}", [ClosedTooEarly]),
        ["A key that was written off is open again"] = ("whole",
            "UPDATE denominations SET closed = 0 WHERE closed = 1", [ClosedTooEarly]),
        ["The bank has a partner that it was not made with"] = ("whole",
            "INSERT INTO partner VALUES (1, NULL, 'thief.example')", [PartnerAltered]),

        // Two banks.
        ["The partner is forgotten"] = ("issuer", "DELETE FROM partner", [PartnerAltered]),
        ["A notice is gone"] = ("locker",
            "UPDATE refreshes SET notice = NULL WHERE amount = 8", [PayoutSum, ReserveMissing, RefreshAltered]),
        ["A notice is over less"] = ("locker",
            "UPDATE refreshes SET notice = (SELECT notice FROM refreshes WHERE amount = 5) WHERE amount = 8",
            [RefreshAltered]),
        ["A token that another bank issued is not admitted"] = ("locker",
            "UPDATE tokens SET admitted = 0 WHERE settled = 8", [IssueSum, FundingSum, TokenAltered]),
        ["A closing is over more"] = ("locker",
            "UPDATE closings SET amount = 4 WHERE amount = 3", [PayoutSum, TokenExchangeMismatch, ClosingAltered]),
        ["A closing is gone"] = ("locker",
            "DELETE FROM closings WHERE amount = 3", [PayoutSum, TokenExchangeMismatch]),
        ["A closing stands twice"] = ("locker",
            "INSERT INTO closings SELECT randomblob(32), amount, note FROM closings WHERE amount = 3",
            [TokenMissing, ClosingAltered]),
        ["A closed token is worth its value again"] = ("locker",
            "UPDATE tokens SET value = 4 WHERE value = 0", [TokenAltered]),
        ["The closing of a token that was never seen is gone"] = ("locker",
            "DELETE FROM closings WHERE amount = 4", [TokenAltered]),
        ["The issuer's receipt of a closing is over less"] = ("issuer",
            "UPDATE closings SET amount = 2 WHERE amount = 3", [TokenExchangeMismatch, ClosingAltered]),
        ["The issuer's receipt of a closing has another note"] = ("issuer",
            "UPDATE closings SET note = (SELECT note FROM closings WHERE amount = 4) WHERE amount = 3",
            [ClosingAltered]),
    };

    public static TheoryData<string> Cases => [.. cases.Keys];

    public static TheoryData<string> Banks => ["whole", "issuer", "locker"];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Finds(string what)
    {
        var (bank, sql, kinds) = cases[what];
        var report = await history.AuditAsync(bank, sql);
        Assert.True(
            kinds.ToHashSet().SetEquals(report.Findings.Select(found => found.Kind)),
            $"{string.Join(", ", kinds.Order())} expected; " + string.Join("; ", report.Findings.Select(
                found => $"{found.Kind} {found.Count}: {string.Join(", ", found.Rows.Select(row => row.Detail))}")));
    }

    [Theory]
    [MemberData(nameof(Banks))]
    public async Task Finds_nothing_in_a_bank_that_nobody_wrote_to(string bank) =>
        Assert.Equal([], Told(await history.AuditAsync(bank, "")));

    // Those of the log are in AuditLogTests.
    [Fact]
    public void Every_kind_is_found_by_a_test() => Assert.Equal(
        [],
        Enum.GetValues<AuditKind>().Except([SecondLockNote, LogBroken])
            .Except(cases.Values.SelectMany(one => one.Kinds)));

    [Fact]
    public void The_documented_table_is_the_list_in_the_code() => Assert.Equal(
        AuditKinds.All.Select(one =>
            $"| `{AuditKinds.Code(one.Kind)}` | {one.About.Meaning} | {one.About.Next} |"),
        File.ReadLines(Repository.PathOf("docs/operating/audit.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)));

    [Fact]
    public async Task Finds_nothing_in_a_bank_that_runs_on_postgresql_and_what_was_written_there()
    {
        var connection = await server.CreateDatabaseAsync("audit");
        await using var world = await BankWorld.OpenAsync(connection);
        await AuditHistory.LiveAsync(world);
        await using var database = await Database.OpenToReadAsync(connection, BankSchema.Migrations);
        Assert.Equal([], await FoundAsync());
        await SetAsync(1);
        Assert.Equal([ReserveSum, ReserveTooLarge], await FoundAsync());
        await SetAsync(-1);

        async Task<AuditKind[]> FoundAsync() =>
            Told(await BankAudit.RunAsync(database, world.Scope(), world.Clock));

        Task SetAsync(long by) => world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "UPDATE reserves SET balance = balance + $1 WHERE id = (SELECT reserve FROM refreshes LIMIT 1)", by),
            default);
    }

    private static AuditKind[] Told(AuditReport report) => [.. report.Findings.Select(found => found.Kind)];
}
