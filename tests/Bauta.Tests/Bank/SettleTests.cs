using Bauta.Bank;
using Bauta.Bank.Inspect;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class SettleTests : BankSuite
{
    [Fact]
    public async Task A_commit_moves_the_value_to_the_merchant_once()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coins)).Value;
        var decision = await world.CommitAsync(sale, held);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => world.Bank.DecideAsync(sale.Transaction, decision, default))));
        Assert.All(answers, answer => Assert.Equal(SettlementAnswer.Settled, answer.Value.State));
        await world.RestartAsync();
        Assert.Equal(
            SettlementAnswer.Settled,
            (await world.Bank.DecideAsync(sale.Transaction, decision, default)).Value.State);
        Assert.Equal(12, (await world.AccountStateAsync()).Balance.MinorUnits);
        Refused(BankError.TokenSpent, await world.LockAsync(new Sale(), coins[0]));
    }

    [Fact]
    public async Task Locks_that_no_archive_of_the_configuration_can_decide_are_told_at_the_start_and_once_expired()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var held = (await world.LockAsync(new Sale(), coins[0])).Value;
        await world.LockAsync(new Sale(), coins[1]);
        using var elsewhere = new LogInMemory(world.Clock);
        await world.RestartAsync();
        Assert.DoesNotContain("that no archive of the configuration has", world.Log.Text, StringComparison.Ordinal);
        world.Archives = [new BankArchive(elsewhere.Policy, elsewhere)];
        await world.RestartAsync();
        Assert.Contains("Warning bank 2 open locks are under a policy that no archive of the configuration has",
            world.Log.Text, StringComparison.Ordinal);
        await world.Bank.SettleDueAsync(default);
        Assert.DoesNotContain("Error", world.Log.Text, StringComparison.Ordinal);
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        await world.Bank.SettleDueAsync(default);
        Assert.StartsWith(
            "Error bank 2 locks that have expired are under a policy",
            Assert.Single(world.Log.Text.Split('\n'), line => line.StartsWith("Error", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        world.Archives = null;
        await world.RestartAsync();
        world.Clock.Advance(600);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(12, (await world.AuditAsync()).Unspent);
    }

    [Fact]
    public async Task A_failure_is_logged_by_its_kind_and_never_quoted()
    {
        await using var world = await OpenAsync();
        var held = (await world.LockAsync(new Sale(), await world.CoinsAsync(8))).Value;
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        world.Archive.IsDown = true;
        await world.Bank.SettleDueAsync(default);
        Assert.Contains("Asking the archive failed (PartyUnreachableException) and is tried again.",
            world.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("The archive is down.", world.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_abort_gives_the_value_back_to_the_tokens_once()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var held = (await world.LockAsync(new Sale(), coins)).Value;
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        var decision = await world.AbortAsync(held);
        foreach (var _ in Enumerable.Range(0, 2))
            Assert.Equal(
                SettlementAnswer.Unlocked,
                (await world.Bank.DecideAsync(held.LockNote.Content.Transaction, decision, default)).Value.State);
        Assert.Equal(0, (await world.AccountStateAsync()).Balance.MinorUnits);
        Assert.True((await world.LockAsync(new Sale(), coins)).IsOk);
        Assert.Equal(
            SettlementAnswer.Unlocked,
            (await world.Bank.DecideAsync(held.LockNote.Content.Transaction, decision, default)).Value.State);
        Assert.Equal(12, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task A_decision_under_the_twin_of_the_lock_notes_signature_settles_as_well()
    {
        await using var world = await OpenAsync();
        var sale = new Sale();
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        // Anybody who has the note can make (r, n - s) of (r, s) and be the first to bring it to the archive.
        var twin = held with { LockNote = Tests.Archive.Sale.Twin(held.LockNote) };
        var answer = await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, twin), default);
        Assert.Equal(SettlementAnswer.Settled, answer.Value.State);
    }

    [Fact]
    public async Task A_second_decision_the_other_way_moves_nothing()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var (first, second) = (new Sale(), new Sale());
        var committed = (await world.LockAsync(first, coins[0])).Value;
        var aborted = (await world.LockAsync(second, coins[1])).Value;
        await world.Bank.DecideAsync(first.Transaction, await world.CommitAsync(first, committed), default);
        var commit = Commit(world, second, aborted);
        world.Clock.SetTo(aborted.LockNote.Content.ExpiresAt);
        await world.Bank.DecideAsync(second.Transaction, await world.AbortAsync(aborted), default);
        // Both with the quorum: archive and witnesses cheat together.
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            first.Transaction, Abort(world, committed), default));
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(second.Transaction, commit, default));
        var totals = await world.AuditAsync();
        Assert.Equal((4, 0, 8), (totals.Unspent, totals.Locked, totals.Merchants));
    }

    [Fact]
    public async Task A_commit_and_an_abort_that_race_settle_one_way_only()
    {
        await using var world = await OpenAsync();
        for (var round = 0; round < 10; round++)
        {
            var coin = (await world.CoinsAsync(8))[0];
            var sale = new Sale();
            var held = (await world.LockAsync(sale, coin)).Value;
            var commit = Commit(world, sale, held);
            world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
            LoggedEntry[] decisions = [commit, Abort(world, held)];
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(
                () => world.Bank.DecideAsync(sale.Transaction, decisions[i % 2], default))));
            Assert.Equal(8, answers.Count(answer => answer.IsOk));
            Assert.Single(answers.Where(answer => answer.IsOk).Select(answer => answer.Value.State).Distinct());
        }
    }

    [Fact]
    public async Task A_decision_without_the_quorum_moves_nothing()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coin)).Value;
        world.Archive.Cosigning = 1;
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            sale.Transaction, Commit(world, sale, held), default));
        world.Archive.Cosigning = 2;
        Assert.Equal(8, (await world.AuditAsync()).Locked);
        Assert.True((await world.Bank.DecideAsync(sale.Transaction, Commit(world, sale, held), default)).IsOk);
    }

    [Fact]
    public async Task A_decision_of_another_archive_moves_nothing()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coin)).Value;
        using var other = new LogInMemory(world.Clock);
        var decision = (await other.DecideAsync(
            new DecisionRequest(held.LockNote, sale.Release()), default)).Value.Decision!;
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(sale.Transaction, decision, default));
        Assert.Equal(8, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task A_commit_whose_release_is_not_what_was_promised_moves_nothing()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coin)).Value;
        foreach (var release in (Signed<Release>[])[sale.OtherRelease(), new Sale().Release()])
            Refused(BankError.BadDecision, await world.Bank.DecideAsync(
                sale.Transaction,
                world.Archive.Append(new LogEntry(LogEntry.Commit, world.Clock.Now, held.LockNote, release)), default));
        Assert.Equal(8, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task A_decision_on_another_lock_note_moves_nothing()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var (sale, other) = (new Sale(), new Sale());
        var held = (await world.LockAsync(sale, coins[0])).Value;
        var heldToo = (await world.LockAsync(other, coins[1])).Value;
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            sale.Transaction, Commit(world, other, heldToo), default));
        // The same words by a stranger, and others with a nearer expiry.
        var stranger = Signed<LockNote>.Sign(P256PrivateKey.Generate(), held.LockNote.Content);
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            sale.Transaction, Commit(world, sale, held with { LockNote = stranger }), default));
        var nearer = Signed<LockNote>.Sign(
            P256PrivateKey.Generate(), held.LockNote.Content with { ExpiresAt = world.Clock.Now });
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            sale.Transaction, Abort(world, held with { LockNote = nearer }), default));
        Refused(BankError.UnknownTransaction, await world.Bank.DecideAsync(
            TransactionId.Generate(), Commit(world, sale, held), default));
        Assert.Equal(12, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task A_denomination_entry_decides_nothing()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        await world.LockAsync(sale, coin);
        var listed = (await world.Bank.DenominationsAsync(default)).Denominations[0].Proof;
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(sale.Transaction, listed, default));
    }

    [Fact]
    public async Task The_poll_demands_the_abort_at_expiry_and_not_before()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var held = (await world.LockAsync(new Sale(), coin)).Value;
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt.AddSeconds(-1));
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(0, world.Archive.DecisionsAsked);
        world.Clock.Advance(1);
        await world.Bank.SettleDueAsync(default);
        var totals = await world.AuditAsync();
        Assert.Equal((8, 0), (totals.Unspent, totals.Locked));
    }

    [Fact]
    public async Task The_poll_learns_a_commit_that_nobody_brought()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coin)).Value;
        await world.CommitAsync(sale, held);
        await world.RestartAsync();
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await world.AccountStateAsync()).Balance.MinorUnits);
    }

    [Fact]
    public async Task The_poll_waits_for_an_archive_that_is_down_slow_or_without_quorum()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var held = (await world.LockAsync(new Sale(), coin)).Value;
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        world.Archive.IsDown = true;
        await world.Bank.SettleDueAsync(default);
        (world.Archive.IsDown, world.Archive.IsSlow) = (false, true);
        world.Clock.Advance(300);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await world.AuditAsync()).Locked);
        var asked = world.Archive.DecisionsAsked;
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(asked, world.Archive.DecisionsAsked);
        world.Archive.IsSlow = false;
        world.Clock.Advance(300);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await world.AuditAsync()).Unspent);
    }

    [Fact]
    public async Task A_clock_that_steps_back_after_the_abort_changes_nothing()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coin)).Value;
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        await world.Bank.SettleDueAsync(default);
        world.Clock.Advance(-200);
        Refused(BankError.BadDecision, await world.Bank.DecideAsync(
            sale.Transaction, Commit(world, sale, held), default));
        Assert.Equal(8, (await world.AuditAsync()).Unspent);
    }

    // As if the archive had decided so, whatever it decided before.
    private static LoggedEntry Commit(BankWorld world, Sale sale, LockAnswer held) => world.Archive.Append(new LogEntry(
        LogEntry.Commit, held.LockNote.Content.ExpiresAt.AddSeconds(-1), held.LockNote, sale.Release()));

    private static LoggedEntry Abort(BankWorld world, LockAnswer held) => world.Archive.Append(new LogEntry(
        LogEntry.Abort, held.LockNote.Content.ExpiresAt, held.LockNote));
}

public abstract class SessionSettleTests : BankSuite
{
    // Tokens of 8, 4 and 1 are locked whole, and drawn on in that order.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(11)]
    [InlineData(13)]
    public async Task A_commit_pays_the_acknowledged_total_and_unlocks_the_rest(int total)
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4, 1);
        var sale = new Sale(isSession: true) { Total = total };
        var held = (await world.LockAsync(sale, coins)).Value;
        Assert.Equal(sale.TotalKey, held.Payment.Content.TotalKey);
        var decision = await world.CommitAsync(sale, held);
        for (var i = 0; i < 2; i++)
            Assert.Equal(
                SettlementAnswer.Settled,
                (await world.Bank.DecideAsync(sale.Transaction, decision, default)).Value.State);

        var totals = await world.AuditAsync();
        Assert.Equal((total, 13 - total, 0), (totals.Merchants, totals.Unspent, totals.Locked));
        Assert.Equal(total, (await world.AccountStateAsync()).Balance.MinorUnits);
        // What is left of each can be locked again, and not a unit more.
        var left = new[] { 8 - Math.Min(total, 8), 4 - Math.Clamp(total - 8, 0, 4), 1 - Math.Max(0, total - 12) };
        for (var i = 0; i < coins.Length; i++)
        {
            var next = new Sale();
            Refused(BankError.TokenSpent, await world.LockAsync(
                world.Authorization(next, coins[i].Spend(left[i] + 1)), coins[i]));
            if (left[i] > 0)
                Assert.True((await world.LockAsync(
                    world.Authorization(next, coins[i].Spend(left[i])), coins[i])).IsOk);
        }

        var report = await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock);
        Assert.Empty(report.Findings);
    }

    [Fact]
    public async Task A_total_of_more_than_was_locked_pays_what_was_locked()
    {
        await using var world = await OpenAsync();
        var sale = new Sale(isSession: true) { Total = 9 };
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        Assert.Equal(8, (await world.AuditAsync()).Merchants);
    }

    [Fact]
    public async Task A_merchant_that_agrees_with_itself_is_paid_nothing()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8);
        var sale = new Sale(isSession: true) { Total = 8 };
        var held = (await world.LockAsync(
            world.Authorization(sale, coins[0].Spend()) with { TotalKey = null }, coins)).Value;
        Assert.Null(held.Payment.Content.TotalKey);
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        var totals = await world.AuditAsync();
        Assert.Equal((0, 8, 0), (totals.Merchants, totals.Unspent, totals.Locked));
        Assert.Empty((await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_forced_commit_pays_all_where_the_customer_agreed_that_it_may_be_and_else_nothing(bool isAgreed)
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8);
        var sale = new Sale(isForced: true);
        var authorization = world.Authorization(sale, coins[0].Spend());
        var held = (await world.LockAsync(
            isAgreed ? authorization : authorization with { TotalKey = null }, coins)).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        var totals = await world.AuditAsync();
        Assert.Equal(isAgreed ? (8, 0, 0) : (0, 8, 0), (totals.Merchants, totals.Unspent, totals.Locked));
        Assert.Empty((await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings);
    }

    [Fact]
    public async Task Nobody_but_the_customer_acknowledges()
    {
        await using var world = await OpenAsync();
        using var somebody = P256PrivateKey.Generate();
        var sale = new Sale(isSession: true) { Total = 3 };
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        foreach (var release in new[] { sale.ReleaseAgreedBy(somebody), sale.OtherRelease() })
        {
            Assert.False(Release.Matches(release, held.LockNote.Content));
            // Nor does a log that takes it move anything.
            var forged = world.Archive.Append(
                new LogEntry(LogEntry.Commit, world.Clock.Now, held.LockNote, release));
            Refused(BankError.BadDecision, await world.Bank.DecideAsync(sale.Transaction, forged, default));
        }

        Assert.True(Release.Matches(sale.Release(), held.LockNote.Content));
        Assert.Equal(8, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task An_audit_finds_what_a_session_was_paid_too_much()
    {
        await using var world = await OpenAsync();
        var sale = new Sale(isSession: true) { Total = 3 };
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        Assert.Empty((await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings);

        // All books agree with each other.
        await world.Database.WriteAsync((transaction, _) =>
        {
            foreach (var sql in new[]
            {
                "UPDATE locks SET paid = 5", "UPDATE tokens SET settled = 5", "UPDATE accruals SET amount = 5",
                "UPDATE key_totals SET settled = settled + 2, unspent = unspent - 2 WHERE settled > 0",
                "UPDATE bank_totals SET merchants = merchants + 2, unspent = unspent - 2",
            })
                transaction.Execute(sql);
        }, default);
        var found = (await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings;
        Assert.Equal([AuditKind.PaidMismatch], found.Select(one => one.Kind));
    }
}

public sealed class SqliteSessionSettleTests : SessionSettleTests;

public sealed class PostgresSessionSettleTests(PostgresServer server) : SessionSettleTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}

public sealed class SqliteSettleTests : SettleTests;

public sealed class PostgresSettleTests(PostgresServer server) : SettleTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
