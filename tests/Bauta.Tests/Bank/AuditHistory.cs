using Bauta.Bank;
using Bauta.Bank.Inspect;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Storage;
using Bauta.Tests.Disputes;
using Bauta.Tests.Storage;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>
/// Databases of banks that have seen all there is: made once, stopped, and copied for each test. The whole bank issues
/// and locks; the issuer's tokens are locked by the locker.
/// </summary>
public sealed class AuditHistory : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly List<BankWorld> worlds = [];
    private readonly Dictionary<string, BankWorld> byName = [];
    private int copies;

    public async ValueTask InitializeAsync()
    {
        using var arbiter = new Arbiter();
        byName["whole"] = await OpenAsync("whole", BankWorld.DefaultOptions with { Arbiter = arbiter.Card });
        await LiveAsync(byName["whole"]);
        await DisputeAsync(byName["whole"], arbiter);
        byName["issuer"] = await OpenAsync("issuer", BankWorld.DefaultOptions with { SpentAt = "locker.example" });
        byName["locker"] = await OpenAsync(
            "locker", BankWorld.DefaultOptions with { Name = "locker.example", Issuer = "bank.example" },
            byName["issuer"]);
        await LiveApartAsync(byName["issuer"], byName["locker"]);
        foreach (var world in worlds)
        {
            world.Bank.Dispose();
            await world.Database.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var world in worlds)
        {
            world.Archive.Dispose();
            world.Acquirer.Dispose();
        }

        directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Audits a copy of a bank's database after somebody wrote to it.</summary>
    /// <param name="bank">whole, issuer or locker.</param>
    /// <param name="sql">What was written; no constraint stands in its way.</param>
    public async Task<AuditReport> AuditAsync(string bank, string sql)
    {
        var copy = directory.File($"copy{Interlocked.Increment(ref copies)}.db");
        File.Copy(directory.File($"{bank}.db"), copy);
        var scope = byName[bank].Scope(mark: Number(copy, "SELECT moves FROM bank_totals"));
        if (sql.Length > 0)
            Write(copy, sql);
        await using var database = await Database.OpenToReadAsync(copy, BankSchema.Migrations);
        var report = await BankAudit.RunAsync(database, scope, byName[bank].Clock);
        Assert.Equal(0, report.Unjudged);
        return report;
    }

    /// <summary>Everything that a bank does: two generations of keys, sales, an abort, refresh, recoup, payouts of each
    /// outcome, and at its end open locks of which one is just decided.</summary>
    public static async Task LiveAsync(BankWorld world)
    {
        var old = await world.CoinsAsync(8, 8, 8, 1);
        await world.SellAsync(old[0]);
        await world.SellAsync(old[1], old[3]);
        // What was never spent, and later on the accruals, pass their time.
        world.Clock.Advance(7_200);
        await world.Bank.MaintainAsync(default);
        var coins = await world.CoinsAsync(8, 8, 8, 8, 8, 8, 1, 1);
        var small = await world.CoinsAsync(4, 4);
        await SellPartAsync(world, coins[0], 3);
        using var other = P256PrivateKey.Generate();
        Assert.True((await world.Bank.OpenAccountAsync(
            Signed<AccountOrder>.Sign(other, new AccountOrder(other.PublicKey.Spki, "DE00 2", world.Clock.Now)),
            default)).IsOk);
        await SellPartAsync(world, coins[1], 2, AccountId.Of(other.PublicKey));
        await SellPartAsync(world, coins[1], 4);
        await world.SellAsync(small[0]);
        await world.LockAsync(new Sale(), coins[2]);
        world.Clock.Advance(200);
        await world.Bank.SettleDueAsync(default);
        using var reserve = P256PrivateKey.Generate();
        Assert.True((await world.Bank.RefreshAsync(world.RefreshOrder(coins[0], reserve), default)).IsOk);
        Assert.True((await world.Bank.RefreshAsync(world.RefreshOrder(coins[6], reserve), default)).IsOk);
        using var rich = P256PrivateKey.Generate();
        Assert.True((await world.Bank.FundAsync(world.Funding(70, reserve: rich), default)).IsOk);
        await world.RevokeAsync(4);
        Assert.True((await world.Bank.RecoupAsync(world.RecoupOrder(small[1], reserve), default)).IsOk);
        await PayAsync(world, 5);
        world.Acquirer.Pays = false;
        await PayAsync(world, 6);
        world.Acquirer.Pays = true;
        await PayAsync(world, 1);
        world.Acquirer.IsDown = true;
        await PayAsync(world, 2);
        await world.SellAsync(coins[3]);
        await world.LockAsync(new Sale(), coins[4], coins[7]);
        await world.LockAsync(world.Authorization(new Sale(), coins[5].Spend(5)), coins[5]);
        var sale = new Sale();
        var held = (await world.LockAsync(world.Authorization(sale, coins[2].Spend(1)), coins[2])).Value;
        await world.CommitAsync(sale, held);
    }

    /// <summary>Payments that were disputed: one is given back whole, one in part, one is open.</summary>
    public static async Task DisputeAsync(BankWorld world, Arbiter arbiter)
    {
        var coins = await world.CoinsAsync(8, 8, 8);
        using var refunds = P256PrivateKey.Generate();
        var opened = new List<DisputeState>();
        foreach (var coin in coins)
        {
            var sale = new Sale();
            var held = (await world.LockAsync(sale, coin)).Value;
            await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
            var order = new DisputeOrder(
                sale.Transaction, coin.Key.PublicKey.Spki, Claim.WrongGoods, ReserveId.Of(refunds.PublicKey),
                Arbiter.Box());
            opened.Add((await world.Bank.DisputeAsync(
                Signed<DisputeOrder>.Sign(coin.Key, order), default)).Value);
        }

        foreach (var (accepts, one) in new[] { (true, opened[0]), (false, opened[1]) })
            Assert.True((await world.Bank.AnswerAsync(
                Signed<DisputeAnswer>.Sign(world.Merchant, new DisputeAnswer(
                    one.Transaction, world.Merchant.PublicKey.Spki, accepts)), default)).IsOk);
        Assert.True((await world.Bank.RuleAsync(
            arbiter.Rule(opened[1], 3, world.Options.Name, world.Clock.Now), default)).IsOk);
    }

    /// <summary>What passes between two banks: sales, refreshes with notices, closings of tokens that were seen and of
    /// one that was not.</summary>
    public static async Task LiveApartAsync(BankWorld issuer, BankWorld locker)
    {
        var coins = await issuer.CoinsAsync(8, 8, 8, 4, 4, 4);
        await locker.Bank.MaintainAsync(default);
        await locker.SellAsync(coins[0]);
        await SellPartAsync(locker, coins[1], 3);
        await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[1]), default);
        var notice = (await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[2]), default)).Value.Notice!;
        Assert.True((await issuer.Bank.FundAsync(new FundingRequest(notice), default)).IsOk);
        await SellPartAsync(locker, coins[3], 1);
        await issuer.RevokeAsync(4);
        await locker.Bank.MaintainAsync(default);
        foreach (var coin in coins[3..5])
        {
            var closing = (await locker.CloseAsync(coin)).Value.Note;
            Assert.True((await issuer.Bank.RecoupAsync(issuer.RecoupOrder(coin, closing: closing), default)).IsOk);
        }
    }

    private static async Task SellPartAsync(BankWorld world, Coin coin, long amount, AccountId? account = null)
    {
        var sale = new Sale();
        var content = world.Authorization(sale, coin.Spend(amount)) with { Account = account ?? world.Account };
        var held = (await world.LockAsync(content, coin)).Value;
        Assert.True((await world.Bank.DecideAsync(
            sale.Transaction, await world.CommitAsync(sale, held), default)).IsOk);
    }

    private static async Task PayAsync(BankWorld world, long amount)
    {
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(amount), default)).IsOk);
        await world.Bank.PayDueAsync(default);
    }

    private async Task<BankWorld> OpenAsync(string name, BankOptions? options = null, BankWorld? issuer = null)
    {
        var world = await BankWorld.OpenAsync(
            directory.File($"{name}.db"), options, issuer is null ? null : new FixtureKeys(), issuer: issuer);
        worlds.Add(world);
        return world;
    }

    private static long Number(string path, string sql)
    {
        using var connection = Connect(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Write(string path, string sql)
    {
        using var connection = Connect(path);
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            Assert.True(command.ExecuteNonQuery() > 0, $"Nothing was changed by: {statement}");
        }
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF";
        command.ExecuteNonQuery();
        return connection;
    }
}
