using Bauta.Bank.Ledger;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class LedgerTests : BankSuite
{
    private static readonly Amount five = Amount.FromMinorUnits(5);

    [Fact]
    public async Task A_post_that_makes_value_out_of_nothing_is_not_committed()
    {
        await using var world = await OpenAsync();
        await world.CoinsAsync(8);
        await FailsAsync(world, (_, books) => books.Post(1, new KeyTotals { Unspent = 1 }));
        await FailsAsync(world, (_, books) => books.Post(new BankTotals { Reserves = 1 }));
        await FailsAsync(world, (_, books) => books.Post(new BankTotals { Reserves = -1, Merchants = 1, Fees = -1 }));
        // Balanced by itself, but the keys and the bank would disagree.
        await FailsAsync(world, (_, books) => books.Post(new BankTotals { Funded = 1, Unspent = 1 }));
        // More than there is.
        await FailsAsync(world, (_, books) => books.Lock(3, Amount.FromMinorUnits(9)));
        await FailsAsync(world, (_, books) => books.PayOut(five));
        Assert.Equal(8, (await world.AuditAsync()).Unspent);
    }

    [Fact]
    public async Task The_tables_themselves_refuse_what_is_not_conserved()
    {
        await using var world = await OpenAsync();
        await world.CoinsAsync(8);
        foreach (var sql in (string[])
            [
                "UPDATE key_totals SET unspent = unspent + 1",
                "UPDATE key_totals SET unspent = unspent - 100, locked = locked + 100",
                "UPDATE bank_totals SET reserves = reserves + 1",
                "UPDATE reserves SET balance = -1",
                "INSERT INTO tokens (serial, key, value, admitted, settled, refreshed, refunded, locked) " +
                    "VALUES ($1, 1, 8, 0, 5, 4, 0, 0)",
            ])
        {
            object?[] values = sql.Contains("$1", StringComparison.Ordinal) ? [new byte[32]] : [];
            var failure = await Assert.ThrowsAsync<StorageException>(() => world.Database.WriteAsync(
                (transaction, _) => transaction.Execute(sql, values), default));
            Assert.Equal(StorageFailure.Conflict, failure.Failure);
        }
    }

    [Fact]
    public async Task A_work_that_fails_takes_its_posts_with_it_and_no_others()
    {
        await using var world = await OpenAsync();
        var fundings = Enumerable.Range(0, 20).Select(_ => world.FundAsync(3)).ToList();
        for (var i = 0; i < 10; i++)
        {
            fundings.Add(Assert.ThrowsAsync<InvalidTimeZoneException>(() => world.Database.WriteAsync<bool>(
                (_, books) =>
                {
                    books.Fund(five);
                    throw new InvalidTimeZoneException();
                },
                default)));
            fundings.Add(FailsAsync(world, (_, books) => books.PayOut(five)));
            fundings.Add(world.FundAsync(2));
        }

        await Task.WhenAll(fundings);
        var totals = await world.AuditAsync();
        Assert.Equal((80, 80), (totals.Funded, totals.Reserves));
    }

    [Fact]
    public async Task A_work_that_throws_after_its_posts_leaves_none_behind()
    {
        await using var world = await OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidTimeZoneException>(() => world.Database.WriteAsync<bool>(
                (_, books) =>
                {
                    books.Fund(five);
                    throw new InvalidTimeZoneException();
                },
                default));
            await world.FundAsync(1);
        }

        Assert.Equal(3, (await world.AuditAsync()).Funded);
    }

    [Fact]
    public async Task A_check_after_the_books_that_refuses_leaves_no_posts_behind()
    {
        var refuse = false;
        await using var world = await OpenAsync(databaseOptions: new DatabaseOptions
        {
            BeforeCommit = _ =>
            {
                if (refuse)
                    throw new InvalidTimeZoneException();
            },
        });
        refuse = true;
        await Assert.ThrowsAsync<StorageException>(() => world.FundAsync(5));
        refuse = false;
        await world.FundAsync(3);
        Assert.Equal(3, (await world.AuditAsync()).Funded);
    }

    [Fact]
    public async Task The_audit_finds_rows_that_moved_without_a_post()
    {
        var world = await OpenAsync();
        await world.CoinsAsync(8);
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute("UPDATE reserves SET balance = balance + 1"), default);
        await Assert.ThrowsAsync<ConservationException>(world.AuditAsync);
        await Assert.ThrowsAsync<ConservationException>(async () => await world.DisposeAsync());
        world.Bank.Dispose();
        await world.Database.DisposeAsync();
    }

    [Fact]
    public async Task The_audit_finds_a_withdrawal_that_was_lost_or_posted_twice()
    {
        var world = await OpenAsync();
        await world.CoinsAsync(8, 8);
        await world.AuditAsync();
        // What is left divides the sum as well as both did.
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "DELETE FROM withdrawals WHERE request_hash = "
                + "(SELECT request_hash FROM withdrawals ORDER BY request_hash LIMIT 1)"), default);
        await Assert.ThrowsAsync<ConservationException>(world.AuditAsync);
        world.Bank.Dispose();
        await world.Database.DisposeAsync();
    }

    private static async Task FailsAsync(BankWorld world, Action<IWriteTransaction, Books> work)
    {
        var failure = await Assert.ThrowsAsync<StorageException>(() => world.Database.WriteAsync(work, default));
        Assert.Equal(StorageFailure.InvariantViolation, failure.Failure);
        Assert.IsType<ConservationException>(failure.InnerException);
    }
}

public sealed class SqliteLedgerTests : LedgerTests;

public sealed class PostgresLedgerTests(PostgresServer server) : LedgerTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
