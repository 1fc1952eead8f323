using Bauta.Bank;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>One bank issues, another one locks: neither sees both ends of a token.</summary>
public abstract class TwoBankTests : BankSuite
{
    [Fact]
    public async Task What_one_bank_issues_the_other_locks_and_settles()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 4);
        Assert.Equal(3, (await locker.Bank.DenominationsAsync(default)).Denominations.Count);
        await locker.SellAsync(coins);
        await locker.RestartAsync();
        var totals = await locker.AuditAsync();
        Assert.Equal((12, 12, 0), (totals.Funded, totals.Merchants, totals.Unspent));
        Refused(BankError.TokenSpent, await locker.LockAsync(new Sale(), coins[0]));
        locker.Clock.Advance(60);
        Assert.True((await locker.Bank.PayOutAsync(locker.PayoutRequest(12), default)).IsOk);
        await locker.Bank.PayDueAsync(default);
        Assert.Equal(12, Assert.Single(locker.Acquirer.Paid).Amount.MinorUnits);
    }

    [Fact]
    public async Task The_issuer_does_not_lock_and_the_locker_does_not_issue()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coin = (await issuer.CoinsAsync(8))[0];
        await issuer.OpenAccountAsync();
        Refused(BankError.WrongBank, await issuer.LockAsync(new Sale(), coin));
        Refused(BankError.WrongBank, await issuer.Bank.RefreshAsync(issuer.RefreshOrder(coin), default));
        Refused(BankError.WrongBank, await issuer.CloseAsync(coin));
        Refused(BankError.KeyNotRevoked, await issuer.Bank.RecoupAsync(issuer.RecoupOrder(coin), default));
        Refused(BankError.KeyNotRevoked, await locker.CloseAsync(coin));
        Refused(BankError.WrongBank, await locker.Bank.FundAsync(locker.Funding(8), default));
        Refused(BankError.WrongBank, await locker.Bank.RecoupAsync(locker.RecoupOrder(coin), default));
        Refused(BankError.UnknownReserve, await locker.WithdrawAsync(await issuer.RequestsAsync(8)));
        Assert.False(await locker.Bank.RevokeAsync(coin.Token.KeyId, default));
    }

    [Fact]
    public async Task A_refresh_is_a_notice_that_the_issuer_credits_once()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8);
        var sale = new Sale();
        var held = (await locker.LockAsync(locker.Authorization(sale, coins[0].Spend(3)), coins[0])).Value;
        Refused(BankError.TokenLocked, await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[0]), default));
        await locker.Bank.DecideAsync(sale.Transaction, await locker.CommitAsync(sale, held), default);
        var fresh = P256PrivateKey.Generate();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => locker.Bank.RefreshAsync(locker.RefreshOrder(coins[0], fresh), default))));
        var notice = Assert.Single(answers.Select(answer => answer.Value.Notice!.Text).Distinct());
        await locker.RestartAsync();
        var again = (await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[0], fresh), default)).Value;
        Assert.Equal((5, notice), (again.Amount.MinorUnits, again.Notice!.Text));
        for (var i = 0; i < 2; i++)
        {
            var funded = await issuer.Bank.FundAsync(new FundingRequest(again.Notice), default);
            Assert.Equal(5, funded.Value.Balance.MinorUnits);
        }

        var whole = (await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[1]), default)).Value;
        Assert.Equal(8, whole.Notice!.Content.Amount.MinorUnits);
        var totals = await locker.AuditAsync();
        Assert.Equal((16, 3, 13), (totals.Funded, totals.Merchants, totals.PaidOut));
    }

    [Fact]
    public async Task A_refresh_and_a_lock_that_race_at_the_locker_move_the_value_one_way()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        await RaceAsync(issuer, locker, rounds: 5);
    }

    [Fact]
    public async Task The_locker_takes_over_only_keys_that_the_issuer_signed_and_the_log_holds()
    {
        await using var issuer = await OpenIssuerAsync();
        var impostor = new BankIssuer(P256PrivateKey.Generate().PublicKey, issuer.Bank);
        await using var database = await Bauta.Bank.Ledger.BankDatabase.OpenAsync(await NewDatabaseAsync());
        using var locker = await Bauta.Bank.Bank.OpenAsync(
            LockerOptions, database, issuer.Locker, new FixtureKeys(), Parties(issuer, impostor), issuer.Clock);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => locker.MaintainAsync(default));
        Assert.Empty((await locker.DenominationsAsync(default)).Denominations);
        using var elsewhere = new LogInMemory(issuer.Clock);
        using var other = await Bauta.Bank.Bank.OpenAsync(
            LockerOptions, database, issuer.Locker, new FixtureKeys(),
            Parties(issuer, new BankIssuer(issuer.StatementKey.PublicKey, issuer.Bank)) with
            {
                Archives = [new BankArchive(elsewhere.Policy, elsewhere)],
            },
            issuer.Clock);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => other.MaintainAsync(default));
        Assert.Empty((await other.DenominationsAsync(default)).Denominations);
    }

    [Fact]
    public async Task The_issuers_revocation_stops_the_locker()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coin = (await issuer.CoinsAsync(8))[0];
        await issuer.Bank.RevokeAsync(
            RsaPublicKey.FromSpki((await issuer.DenominationAsync(8)).TokenKey).KeyId, default);
        await issuer.Bank.MaintainAsync(default);
        await locker.Bank.MaintainAsync(default);
        Refused(BankError.KeyRevoked, await locker.LockAsync(new Sale(), coin));
        await locker.RestartAsync();
        Refused(BankError.KeyRevoked, await locker.Bank.RefreshAsync(locker.RefreshOrder(coin), default));
        Assert.Single((await locker.Bank.DenominationsAsync(default)).Revocations);
    }

    [Fact]
    public async Task What_is_left_at_expiry_is_written_off()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coin = (await issuer.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await locker.LockAsync(locker.Authorization(sale, coin.Spend(3)), coin)).Value;
        await locker.Bank.DecideAsync(sale.Transaction, await locker.CommitAsync(sale, held), default);
        locker.Clock.SetTo((await issuer.DenominationAsync(8)).ExpiresAt);
        await locker.Bank.MaintainAsync(default);
        var totals = await locker.AuditAsync();
        Assert.Equal((8, 3, 5), (totals.Funded, totals.Merchants, totals.Expired));
    }

    [Fact]
    public async Task Where_tokens_are_spent_cannot_be_changed_once_there_are_keys()
    {
        await using var issuer = await OpenIssuerAsync();
        foreach (var spentAt in (string?[])[null, "another.example"])
            await Assert.ThrowsAsync<InvalidDataException>(() => Bauta.Bank.Bank.OpenAsync(
                issuer.Options with { SpentAt = spentAt }, issuer.Database, issuer.StatementKey, issuer.Keys,
                Parties(issuer, null, spentAt), issuer.Clock));
        await issuer.RestartAsync();
        await using var whole = await OpenAsync();
        await Assert.ThrowsAsync<InvalidDataException>(() => Bauta.Bank.Bank.OpenAsync(
            whole.Options with { SpentAt = "locker.example" }, whole.Database, whole.StatementKey, whole.Keys,
            Parties(whole, null, "locker.example"), whole.Clock));
    }

    private static BankParties Parties(BankWorld issuer, BankIssuer? stated, string? spentAt = null) => new(
        [new BankArchive(issuer.Archive.Policy, issuer.Archive)],
        new BankAcquirer(issuer.Acquirer.Key, issuer.Acquirer), [], stated,
        spentAt is null ? null : issuer.Locker.PublicKey);
}

public sealed class SqliteTwoBankTests : TwoBankTests;

public sealed class PostgresTwoBankTests(PostgresServer server) : TwoBankTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
