using Bauta.Bank.Inspect;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Xunit;
using static Bauta.Bank.Inspect.AuditKind;

namespace Bauta.Tests.Bank;

/// <summary>What the log says against a bank, and what is only on its way.</summary>
public sealed class AuditLogTests : BankSuite
{
    [Fact]
    public async Task What_is_on_its_way_between_archive_and_bank_is_reported_only_once_it_is_overdue()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coins[0])).Value;
        await world.LockAsync(new Sale(), coins[1]);
        await world.CommitAsync(sale, held);
        Assert.Equal([], await FoundAsync(world));
        world.Clock.Advance(100 + AuditRun.GraceSeconds);
        Assert.Equal([], await FoundAsync(world));
        world.Clock.Advance(1);
        Assert.Equal([LockOverdue], await FoundAsync(world));
        await world.Bank.SettleDueAsync(default);
        Assert.Equal([], await FoundAsync(world));
    }

    [Fact]
    public async Task Sales_that_are_made_while_the_audit_runs_are_not_reported()
    {
        await using var world = await OpenAsync();
        var coins = new Queue<Coin>(await world.CoinsAsync(8, 8));
        var log = new BusyLog(world.Archive, () => world.SellAsync(coins.Dequeue()));
        var report = await BankAudit.RunAsync(
            world.Database, world.Scope() with { Logs = [new AuditedLog(world.Archive.Policy, log)] }, world.Clock);
        Assert.Empty(report.Findings);
        Assert.Empty(coins);
        // The second sale was made after the rows were read.
        Assert.Equal(1, report.Rows["locks"]);
    }

    [Fact]
    public async Task A_decision_on_a_note_that_the_bank_signed_and_has_no_lock_for_is_found()
    {
        await using var world = await OpenAsync();
        var (known, forgotten) = (new Sale(), new Sale());
        var held = (await world.LockAsync(known, await world.CoinsAsync(8))).Value.LockNote;
        Append(world, held.Content with { Transaction = forgotten.Transaction, Commitment = forgotten.Commitment },
            forgotten);
        Assert.Equal([LockMissing], await FoundAsync(world));
        Append(world, held.Content with { ExpiresAt = held.Content.ExpiresAt.AddSeconds(1) }, known);
        Assert.Equal([LockMissing, SecondLockNote], await FoundAsync(world));
    }

    [Fact]
    public async Task Another_banks_decision_under_the_same_transaction_is_not_this_banks()
    {
        await using var world = await OpenAsync();
        var sale = new Sale();
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value.LockNote;
        world.Archive.Append(new LogEntry(
            LogEntry.Commit, world.Clock.Now,
            Signed<LockNote>.Sign(world.Locker, held.Content), sale.Release()));
        Assert.Equal([], await FoundAsync(world));
    }

    [Fact]
    public async Task A_second_decision_breaks_the_log_and_is_not_held_against_the_bank()
    {
        await using var world = await OpenAsync();
        var sale = new Sale();
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        world.Archive.Append(new LogEntry(LogEntry.Abort, world.Clock.Now, held.LockNote));
        Assert.Equal([LogBroken], await FoundAsync(world));
    }

    [Fact]
    public async Task A_log_without_its_quorum_is_not_believed()
    {
        await using var world = await OpenAsync();
        await world.SellAsync(await world.CoinsAsync(8));
        world.Archive.Cosigning = 1;
        var report = await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock);
        Assert.Equal([LogBroken], report.Findings.Select(found => found.Kind));
        Assert.Equal(1, report.Unjudged);
    }

    [Fact]
    public async Task Locks_under_an_archive_that_is_not_read_are_counted_and_not_judged()
    {
        await using var world = await OpenAsync();
        await world.SellAsync(await world.CoinsAsync(8));
        using var elsewhere = new LogInMemory(world.Clock);
        elsewhere.Append(new LogEntry(LogEntry.Bank, world.Clock.Now, Statement: Signed<BankRegistration>.Sign(
            world.Locker, new BankRegistration("other.example", world.Locker.PublicKey.Spki)).Text));
        var report = await BankAudit.RunAsync(
            world.Database, world.Scope() with { Logs = [new AuditedLog(elsewhere.Policy, elsewhere)] }, world.Clock);
        // Its denominations stand in no log that is read.
        Assert.Equal([StatementNotInLog], report.Findings.Select(found => found.Kind));
        Assert.Equal(1, report.Unjudged);
    }

    [Fact]
    public async Task Counts_are_exact_where_not_all_rows_are_named()
    {
        await using var world = await OpenAsync();
        await world.CoinsAsync([.. Enumerable.Repeat(8L, 30)]);
        var scope = world.Scope();
        await AddAsync(1);
        var report = await BankAudit.RunAsync(world.Database, scope, world.Clock);
        var found = Assert.Single(report.Findings);
        Assert.Equal((TokenAltered, 30L, AuditReport.MaxShown), (found.Kind, found.Count, found.Rows.Count));
        await AddAsync(-1);

        Task AddAsync(int sign) => world.Database.WriteAsync(
            (transaction, _) =>
            {
                for (var i = 0; i < 30; i++)
                {
                    byte[] serial = [(byte)i, .. new byte[31]];
                    if (sign > 0)
                        transaction.Execute(
                            "INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked) "
                            + "VALUES ($1, (SELECT key FROM withdrawals LIMIT 1), 8, 0, 0, 0, 0, 0)", serial);
                    else
                        transaction.Execute("DELETE FROM tokens WHERE serial = $1", serial);
                }
            },
            default);
    }

    private static void Append(BankWorld world, LockNote content, Sale sale) => world.Archive.Append(new LogEntry(
        LogEntry.Commit, world.Clock.Now, Signed<LockNote>.Sign(world.StatementKey, content), sale.Release()));

    private static async Task<AuditKind[]> FoundAsync(BankWorld world) =>
        [.. (await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings.Select(one => one.Kind)];

    /// <summary>A log in which a sale is decided just after its first checkpoint and another before the next.</summary>
    private sealed class BusyLog(ILog log, Func<Task> sell) : ILog
    {
        private bool isAsked;

        public async Task<string> CheckpointAsync(CancellationToken cancellation)
        {
            var first = isAsked ? null : await log.CheckpointAsync(cancellation);
            isAsked = true;
            await sell();
            return first ?? await log.CheckpointAsync(cancellation);
        }

        public Task<byte[]?> ReadAsync(string path, CancellationToken cancellation) =>
            log.ReadAsync(path, cancellation);
    }
}
