using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class AccountTests : BankSuite
{
    [Fact]
    public async Task A_notice_funds_once_and_its_answer_stays_the_same()
    {
        await using var world = await OpenAsync();
        var id = RequestId.Generate();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => world.Bank.FundAsync(world.Funding(100, id), default))));
        Assert.All(answers, answer => Assert.Equal(100, answer.Value.Balance.MinorUnits));
        await world.FundAsync(50);
        await world.RestartAsync();
        Assert.Equal(100, (await world.Bank.FundAsync(world.Funding(100, id), default)).Value.Balance.MinorUnits);
        Refused(BankError.IdReused, await world.Bank.FundAsync(world.Funding(101, id), default));
        Refused(BankError.IdReused, await world.Bank.FundAsync(
            world.Funding(100, id, P256PrivateKey.Generate()), default));
        Assert.Equal(150, await world.BalanceAsync());
    }

    [Fact]
    public async Task Refuses_a_notice_for_another_bank_or_by_an_unknown_acquirer()
    {
        await using var world = await OpenAsync();
        var reserve = ReserveId.Of(world.Reserve.PublicKey);
        Refused(BankError.WrongBank, await world.Bank.FundAsync(
            new FundingRequest(world.Acquirer.Notice("other.example", reserve, "EUR", 5)), default));
        Refused(BankError.WrongBank, await world.Bank.FundAsync(
            new FundingRequest(world.Acquirer.Notice("bank.example", reserve, "USD", 5)), default));
        using var stranger = new TillAcquirer();
        Refused(BankError.UnknownAcquirer, await world.Bank.FundAsync(
            new FundingRequest(stranger.Notice("bank.example", reserve, "EUR", 5)), default));
        var text = world.Funding(5).Notice.Text;
        Assert.True(Signed<FundingNotice>.TryParse(
            text[..^4] + (text.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA"), out var spoiled));
        Refused(BankError.BadSignature, await world.Bank.FundAsync(new FundingRequest(spoiled), default));
        Refused(BankError.UnknownReserve, await world.Bank.ReserveAsync(world.ReadOrder(world.Reserve), default));
    }

    [Fact]
    public async Task The_bank_takes_in_no_more_than_it_can_count()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(Amount.Maximum - 1);
        Refused(BankError.TooMany, await world.Bank.FundAsync(world.Funding(2), default));
        await world.FundAsync(1);
        Assert.Equal(Amount.Maximum, await world.BalanceAsync());
    }

    [Fact]
    public async Task Only_the_owner_reads_and_only_now()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(5);
        var order = world.ReadOrder(world.Reserve);
        Refused(BankError.BadSignature, await world.Bank.ReserveAsync(
            Signed<ReadOrder>.Sign(P256PrivateKey.Generate(), order.Content), default));
        world.Clock.Advance(300);
        Assert.True((await world.Bank.ReserveAsync(order, default)).IsOk);
        world.Clock.Advance(1);
        Refused(BankError.BadExpiry, await world.Bank.ReserveAsync(order, default));
        Refused(BankError.UnknownAccount, await world.Bank.AccountAsync(world.ReadOrder(world.Reserve), default));
    }

    [Fact]
    public async Task An_older_order_does_not_bring_an_old_payee_back()
    {
        await using var world = await OpenAsync(isQuiet: true);
        await world.Bank.MaintainAsync(default);
        var old = world.AccountOrder("old payee", world.Clock.Now);
        Assert.True((await world.Bank.OpenAccountAsync(old, default)).IsOk);
        Assert.True((await world.Bank.OpenAccountAsync(old, default)).IsOk);
        world.Clock.Advance(1);
        await world.OpenAccountAsync("new payee");
        Refused(BankError.IdReused, await world.Bank.OpenAccountAsync(old, default));
        Refused(BankError.BadSignature, await world.Bank.OpenAccountAsync(
            Signed<AccountOrder>.Sign(
                P256PrivateKey.Generate(), world.AccountOrder("thief", world.Clock.Now).Content), default));
        Refused(BankError.BadExpiry, await world.Bank.OpenAccountAsync(
            world.AccountOrder("far future", world.Clock.Now.AddSeconds(301)), default));
        await SellAndWaitAsync(world, 8);
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(8), default)).IsOk);
        await world.Bank.PayDueAsync(default);
        Assert.Equal("new payee", Assert.Single(world.Acquirer.Paid).Payee);
    }

    [Fact]
    public async Task When_accounts_are_full_the_longest_unused_one_makes_room_and_none_that_has_money()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxAccounts = 3 });
        var coins = await world.CoinsAsync(8, 8);
        await world.SellAsync(coins[0]);
        var strangers = Enumerable.Range(0, 4).Select(_ => P256PrivateKey.Generate()).ToArray();
        for (var i = 0; i < 2; i++)
            Assert.True((await OpenOneAsync(strangers[i])).IsOk);
        // The bank has looked at both accounts; the first one is stated again, so the second one is the longest unused.
        var second = world.Authorization(new Sale(), coins[1].Spend()) with
        {
            Account = AccountId.Of(strangers[1].PublicKey),
        };
        Refused(BankError.BadSignature, await world.Bank.LockAsync(
            SignedAuthorization.Sign(second, [strangers[0]]), default));
        Assert.True((await OpenOneAsync(strangers[0])).IsOk);
        for (var i = 2; i < 4; i++)
            Assert.True((await OpenOneAsync(strangers[i])).IsOk);
        foreach (var gone in strangers[..2])
            Refused(BankError.UnknownAccount, await world.Bank.AccountAsync(world.ReadOrder(gone), default));
        foreach (var kept in strangers[2..])
            Assert.True((await world.Bank.AccountAsync(world.ReadOrder(kept), default)).IsOk);
        Assert.Equal((8, 0), Sums(await world.AccountStateAsync()));
        Refused(BankError.UnknownAccount, await world.LockAsync(second, coins[1]));
        Assert.True((await OpenOneAsync(strangers[1])).IsOk);
        await world.RestartAsync();
        Assert.True((await world.LockAsync(second, coins[1])).IsOk);

        Task<Result<AccountState, BankError>> OpenOneAsync(P256PrivateKey key)
        {
            world.Clock.Advance(1);
            return world.Bank.OpenAccountAsync(
                Signed<AccountOrder>.Sign(key, new AccountOrder(key.PublicKey.Spki, "payee", world.Clock.Now)),
                default);
        }
    }

    [Fact]
    public async Task An_account_with_an_open_lock_or_with_money_is_not_dropped()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxAccounts = 1 });
        var sale = new Sale();
        var held = (await world.LockAsync(sale, await world.CoinsAsync(8))).Value;
        await RefusesAnotherAsync();
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        await RefusesAnotherAsync();
        world.Clock.Advance(60);
        await world.Bank.MaintainAsync(default);
        await RefusesAnotherAsync();
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(8), default)).IsOk);
        await RefusesAnotherAsync();
        await world.Bank.PayDueAsync(default);
        await RefusesAnotherAsync();
        Assert.Equal((0, 0), Sums(await world.AccountStateAsync()));

        async Task RefusesAnotherAsync()
        {
            var other = P256PrivateKey.Generate();
            Refused(BankError.TooMany, await world.Bank.OpenAccountAsync(
                Signed<AccountOrder>.Sign(
                    other, new AccountOrder(other.PublicKey.Spki, "another", world.Clock.Now)), default));
            Assert.NotNull(await world.OpenAccountAsync());
        }
    }

    [Fact]
    public async Task An_account_that_the_bank_has_seen_and_dropped_takes_no_lock_that_races_with_it()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxAccounts = 1 });
        for (var round = 0; round < 10; round++)
        {
            await world.OpenAccountAsync();
            var coin = (await world.CoinsAsync(1))[0];
            var other = P256PrivateKey.Generate();
            world.Clock.Advance(1);
            var order = Signed<AccountOrder>.Sign(
                other, new AccountOrder(other.PublicKey.Spki, "another", world.Clock.Now));
            var opening = Task.Run(() => world.Bank.OpenAccountAsync(order, default));
            var locking = Task.Run(() => world.LockAsync(new Sale(), coin));
            var (opened, locked) = ((await opening).IsOk, (await locking).IsOk);
            Assert.True(opened != locked, $"opened: {opened}, locked: {locked}");
            if (locked)
                return;
        }
    }

    [Fact]
    public async Task A_settled_sum_is_available_after_the_dispute_window_to_the_second()
    {
        await using var world = await OpenAsync();
        await world.SellAsync(await world.CoinsAsync(8));
        world.Clock.Advance(59);
        Assert.Equal((8, 0), Sums(await world.AccountStateAsync()));
        Refused(BankError.NotAvailable, await world.Bank.PayOutAsync(world.PayoutRequest(1), default));
        world.Clock.Advance(1);
        Assert.Equal((8, 8), Sums(await world.AccountStateAsync()));
        Refused(BankError.NotAvailable, await world.Bank.PayOutAsync(world.PayoutRequest(9), default));
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(8), default)).IsOk);
    }

    [Fact]
    public async Task A_bank_of_which_one_part_breaks_ends_rather_than_going_on_without_it()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        await world.Bank.PayOutAsync(world.PayoutRequest(5), default);
        world.Acquirer.IsBroken = true;
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => world.Bank.RunAsync(default).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_payout_is_ordered_once_and_paid_once()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        var request = world.PayoutRequest(5);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => world.Bank.PayOutAsync(request, default))));
        Assert.All(answers, answer => Assert.Equal(PayoutState.Ordered, answer.Value.State));
        Assert.Equal((8, 3), Sums(await world.AccountStateAsync()));
        world.Acquirer.IsDown = true;
        await world.Bank.PayDueAsync(default);
        await world.RestartAsync();
        world.Acquirer.IsDown = false;
        world.Clock.Advance(60);
        await world.Bank.PayDueAsync(default);
        await world.Bank.PayDueAsync(default);
        var paid = Assert.Single(world.Acquirer.Paid);
        Assert.Equal(5, paid.Amount.MinorUnits);
        Assert.NotEqual(request.Content.Id, paid.Id);
        // The answer has grown, and stays; the effect was had once.
        for (var i = 0; i < 2; i++)
            Assert.Equal(PayoutState.Paid, (await world.Bank.PayOutAsync(request, default)).Value.State);
        Assert.Single(world.Acquirer.Paid);
        var state = await world.AccountStateAsync();
        Assert.Equal((3, 3, 5), (
            state.Balance.MinorUnits, state.Available.MinorUnits, state.PaidOut.MinorUnits));
        Assert.Equal(5, (await world.AuditAsync()).PaidOut);
        Refused(BankError.IdReused, await world.Bank.PayOutAsync(
            world.PayoutRequest(3, request.Content.Id), default));
    }

    [Fact]
    public async Task Concurrent_payouts_never_overdraw_the_account()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => world.Bank.PayOutAsync(world.PayoutRequest(3), default))));
        Assert.Equal(2, answers.Count(answer => answer.IsOk));
        Assert.Equal((8, 2), Sums(await world.AccountStateAsync()));
    }

    [Fact]
    public async Task A_payout_that_the_acquirer_refuses_for_good_comes_back()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        world.Acquirer.Pays = false;
        var request = world.PayoutRequest(8);
        await world.Bank.PayOutAsync(request, default);
        await world.Bank.PayDueAsync(default);
        Assert.Equal(PayoutState.Returned, (await world.Bank.PayOutAsync(request, default)).Value.State);
        Assert.Equal((8, 8), Sums(await world.AccountStateAsync()));
    }

    [Fact]
    public async Task A_receipt_that_is_not_the_acquirers_pays_nothing()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        var request = world.PayoutRequest(8);
        await world.Bank.PayOutAsync(request, default);
        world.Acquirer.OtherKey = P256PrivateKey.Generate();
        await world.Bank.PayDueAsync(default);
        Assert.Equal(PayoutState.Ordered, (await world.Bank.PayOutAsync(request, default)).Value.State);
        Assert.Equal(0, (await world.AuditAsync()).PaidOut);
    }

    [Fact]
    public async Task Refuses_a_payout_by_a_stranger_and_in_another_currency()
    {
        await using var world = await OpenAsync();
        await SellAndWaitAsync(world, 8);
        var content = world.PayoutRequest(8).Content;
        Refused(BankError.BadSignature, await world.Bank.PayOutAsync(
            Signed<PayoutRequest>.Sign(P256PrivateKey.Generate(), content), default));
        Refused(BankError.WrongBank, await world.Bank.PayOutAsync(
            Signed<PayoutRequest>.Sign(world.Merchant, content with { Currency = "USD" }), default));
        Refused(BankError.UnknownAccount, await world.Bank.PayOutAsync(
            Signed<PayoutRequest>.Sign(
                world.Reserve, content with { Key = world.Reserve.PublicKey.Spki }), default));
    }

    [Fact]
    public async Task An_account_that_sells_much_keeps_few_pending_sums()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { DisputeWindowSeconds = 12_800 });
        var coins = await world.CoinsAsync([.. Enumerable.Repeat(1L, 40)]);
        foreach (var coin in coins)
        {
            await world.SellAsync(coin);
            world.Clock.Advance(1);
        }

        var rows = await world.Database.ReadAsync(
            reader => reader.Query("SELECT amount FROM accruals", row => row.GetInt64(0)), default);
        Assert.InRange(rows.Count, 1, 2);
        world.Clock.Advance(12_800 + 100);
        await world.Bank.MaintainAsync(default);
        Assert.Equal((40, 40), Sums(await world.AccountStateAsync()));
        Assert.Empty(await world.Database.ReadAsync(
            reader => reader.Query("SELECT amount FROM accruals", row => row.GetInt64(0)), default));
    }

    private static async Task SellAndWaitAsync(BankWorld world, params long[] values)
    {
        await world.SellAsync(await world.CoinsAsync(values));
        world.Clock.Advance(world.Options.DisputeWindowSeconds);
    }

    private static (long Balance, long Available) Sums(AccountState state) =>
        (state.Balance.MinorUnits, state.Available.MinorUnits);
}

public sealed class SqliteAccountTests : AccountTests;

public sealed class PostgresAccountTests(PostgresServer server) : AccountTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
