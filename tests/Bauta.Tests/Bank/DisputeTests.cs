using Bauta.Bank.Inspect;
using Bauta.Bank.Retain;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Tests.Disputes;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class DisputeTests : BankSuite
{
    private readonly Arbiter arbiter = new();
    private readonly P256PrivateKey refunds = P256PrivateKey.Generate();

    [Fact]
    public async Task A_merchant_that_accepts_refunds_once_and_all()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8, 4);
        var opened = (await DisputeAsync(world, paid)).Value;
        Assert.Equal((DisputeState.Open, 12L), (opened.State, opened.Amount.MinorUnits));
        var account = await world.AccountStateAsync();
        Assert.Equal((12L, 0L, 12L), (
            account.Balance.MinorUnits, account.Available.MinorUnits, account.Held!.Value.MinorUnits));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => AnswerAsync(world, paid, accepts: true))));
        Assert.All(answers, answer => Assert.Equal(DisputeState.Refunded, answer.Value.State));
        await world.RestartAsync();
        Assert.Equal(12, (await AnswerAsync(world, paid, accepts: true)).Value.Refund!.Value.MinorUnits);
        Assert.Equal(12, await world.BalanceAsync(refunds));
        Assert.Equal(0, (await world.AccountStateAsync()).Balance.MinorUnits);
        // Tokens come out of it like out of any other reserve.
        Assert.True((await world.WithdrawAsync(await world.RequestsAsync(8, 4), refunds)).IsOk);
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task What_is_disputed_is_not_paid_out_when_the_window_is_over()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8);
        await PayAsync(world, 4);
        Assert.True((await DisputeAsync(world, paid)).IsOk);
        world.Clock.Advance(61);
        await world.Bank.MaintainAsync(default);
        Refused(BankError.NotAvailable, await world.Bank.PayOutAsync(world.PayoutRequest(5), default));
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(4), default)).IsOk);
        Assert.True((await AnswerAsync(world, paid, accepts: false)).IsOk);
        Assert.Equal(
            DisputeState.Dismissed, (await world.Bank.RuleAsync(arbiter.Rule(await ReadAsync(world, paid), 0), default))
                .Value.State);
        Assert.True((await world.Bank.PayOutAsync(world.PayoutRequest(8), default)).IsOk);
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task The_arbiter_decides_once_the_merchant_has_answered_or_its_time_is_over()
    {
        await using var world = await OpenDisputedAsync();
        var (first, second) = (await PayAsync(world, 8), await PayAsync(world, 4));
        var contested = (await DisputeAsync(world, first)).Value;
        var silent = (await DisputeAsync(world, second)).Value;
        Refused(BankError.NotDue, await world.Bank.RuleAsync(arbiter.Rule(contested, 3), default));
        Assert.Equal(DisputeState.Contested, (await AnswerAsync(world, first, accepts: false)).Value.State);
        Assert.Equal([contested.Transaction], await CasesAsync(world));
        // A part of the sum: the patent's discount.
        var ruled = await world.Bank.RuleAsync(arbiter.Rule(contested, 3), default);
        Assert.Equal((DisputeState.Refunded, 3L), (ruled.Value.State, ruled.Value.Refund!.Value.MinorUnits));
        var again = await world.Bank.RuleAsync(arbiter.Rule(contested, 3), default);
        Assert.Equal(3, again.Value.Refund!.Value.MinorUnits);
        Refused(BankError.AlreadyDecided, await world.Bank.RuleAsync(arbiter.Rule(contested, 4), default));
        Refused(BankError.AlreadyDecided, await AnswerAsync(world, first, accepts: true));
        Assert.Equal(5, (await world.AccountStateAsync()).Available.MinorUnits);
        world.Clock.SetTo(silent.AnswerBy);
        Assert.Equal([silent.Transaction], await CasesAsync(world));
        Assert.True((await world.Bank.RuleAsync(arbiter.Rule(silent, 4), default)).IsOk);
        Assert.Equal(7, await world.BalanceAsync(refunds));
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task A_dispute_that_nobody_decides_lapses_and_the_merchant_has_its_money()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8);
        var opened = (await DisputeAsync(world, paid)).Value;
        world.Clock.SetTo(opened.RuleBy.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        Assert.Equal(DisputeState.Open, (await ReadAsync(world, paid)).State);
        world.Clock.Advance(1);
        await world.Bank.MaintainAsync(default);
        await world.RestartAsync();
        Assert.Equal(DisputeState.Lapsed, (await ReadAsync(world, paid)).State);
        Refused(BankError.AlreadyDecided, await world.Bank.RuleAsync(arbiter.Rule(opened, 8), default));
        Assert.Equal(8, (await world.AccountStateAsync()).Available.MinorUnits);
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task Only_what_was_paid_is_disputed_and_only_within_its_window()
    {
        await using var world = await OpenDisputedAsync();
        var coins = await world.CoinsAsync(8, 8, 8);
        var held = new Sale();
        var answer = (await world.LockAsync(held, coins[0])).Value;
        Refused(BankError.NotPaid, await DisputeAsync(world, new Paid(held, [coins[0]])));
        world.Clock.SetTo(answer.LockNote.Content.ExpiresAt);
        await world.Bank.SettleDueAsync(default);
        Refused(BankError.NotPaid, await DisputeAsync(world, new Paid(held, [coins[0]])));
        Refused(BankError.UnknownTransaction, await DisputeAsync(world, new Paid(new Sale(), [coins[1]])));
        var late = await PayAsync(world, coins[1]);
        // Cut into parts, a window ends up to a part later.
        world.Clock.Advance(61);
        Refused(BankError.WindowOver, await DisputeAsync(world, late));
        // Also when the clock goes back after the sum was collected.
        var early = await PayAsync(world, coins[2]);
        world.Clock.Advance(61);
        await world.Bank.MaintainAsync(default);
        world.Clock.Jump(-61);
        Refused(BankError.WindowOver, await DisputeAsync(world, early));
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task Each_statement_is_taken_from_who_must_sign_it()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8, 4);
        // The second token's key is the same customer's; one of them is the key of the dispute, so that there is one.
        Refused(BankError.BadSignature, await DisputeAsync(world, paid, by: paid.Coins[1].Key));
        Refused(BankError.BadSignature, await DisputeAsync(world, paid, by: world.Merchant));
        var opened = (await DisputeAsync(world, paid)).Value;
        Refused(BankError.UnknownDispute, await AnswerAsync(world, paid, true, by: paid.Coins[0].Key));
        using var stranger = new Arbiter();
        Refused(BankError.BadSignature, await world.Bank.RuleAsync(stranger.Rule(opened, 1), default));
        Refused(BankError.WrongBank, await world.Bank.RuleAsync(arbiter.Rule(opened, 1, "other.example"), default));
        Refused(BankError.Malformed, await world.Bank.RuleAsync(arbiter.Rule(opened, 13), default));
        Refused(BankError.Malformed, await world.Bank.RuleAsync(
            arbiter.Rule(opened with { Claim = Claim.WrongGoods }, 1), default));
        Refused(BankError.UnknownDispute, await world.Bank.DisputeAsync(
            opened.Transaction, world.ReadOrder(stranger.Key), default));
        Assert.Equal(DisputeState.Open, (await ReadAsync(world, paid)).State);
    }

    [Fact]
    public async Task Each_reads_what_is_meant_for_it()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8);
        var order = Order(paid);
        Assert.True((await world.Bank.DisputeAsync(order, default)).IsOk);
        Assert.True((await AnswerAsync(world, paid, accepts: false)).IsOk);
        var customer = await ReadAsync(world, paid);
        var merchant = (await world.Bank.DisputeAsync(
            paid.Sale.Transaction, world.ReadOrder(world.Merchant), default)).Value;
        var judge = (await world.Bank.DisputeAsync(
            paid.Sale.Transaction, world.ReadOrder(arbiter.Key), default)).Value;
        Assert.Equal(order.Content.Case, judge.Case);
        Assert.NotNull(judge.AnswerCase);
        Assert.All([customer, merchant], one => Assert.True(one is { Case: null, AnswerCase: null }));
        var list = (await world.Bank.DisputesAsync(world.ReadOrder(world.Merchant), null, default)).Value;
        Assert.Equal(paid.Sale.Transaction, Assert.Single(list.Disputes).Transaction);
        Assert.Null(list.Disputes[0].Case);
        using var other = P256PrivateKey.Generate();
        Assert.Empty((await world.Bank.DisputesAsync(world.ReadOrder(other), null, default)).Value.Disputes);
    }

    [Fact]
    public async Task A_payment_is_disputed_once_whatever_is_asked_again()
    {
        await using var world = await OpenDisputedAsync();
        var paid = await PayAsync(world, 8);
        var order = Order(paid);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => world.Bank.DisputeAsync(order, default))));
        Assert.All(answers, answer => Assert.Equal(8, answer.Value.Amount.MinorUnits));
        Refused(BankError.IdReused, await world.Bank.DisputeAsync(Order(paid), default));
        Assert.True((await AnswerAsync(world, paid, accepts: true)).IsOk);
        Assert.Equal(DisputeState.Refunded, (await world.Bank.DisputeAsync(order, default)).Value.State);
        Assert.Equal(8, await world.BalanceAsync(refunds));
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task Of_a_session_what_was_paid_is_disputed()
    {
        await using var world = await OpenDisputedAsync();
        var coins = await world.CoinsAsync(8);
        var sale = new Sale(isSession: true) { Total = 3 };
        var held = (await world.LockAsync(sale, coins[0])).Value;
        Assert.True((await world.Bank.DecideAsync(
            sale.Transaction, await world.CommitAsync(sale, held), default)).IsOk);
        Assert.Equal(3, (await DisputeAsync(world, new Paid(sale, coins))).Value.Amount.MinorUnits);
        await IsCleanAsync(world);
    }

    [Fact]
    public async Task A_bank_keeps_each_p2_until_its_tokens_end_and_proves_with_it_what_was_spent()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var (sale, serial) = (new Sale(), TokenSerial.Of(coin.Key.PublicKey).ToArray());
        var held = (await world.LockAsync(sale, coin)).Value;
        Assert.Empty(await TokenUses.FindAsync(world.Database, serial, default));
        Assert.True((await world.Bank.DecideAsync(
            sale.Transaction, await world.CommitAsync(sale, held), default)).IsOk);
        await world.RestartAsync();
        var use = Assert.Single(await TokenUses.FindAsync(world.Database, serial, default));
        Assert.Equal((sale.Transaction, world.Archive.Policy.Id), (use.Transaction, use.Archive));
        Assert.True(SignedAuthorization.TryParse(use.Authorization, out var p2));
        Assert.True(p2.IsSignedByItsTokenKeys());
        var end = (await world.DenominationAsync(8)).ExpiresAt;
        world.Clock.SetTo(end.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        Assert.NotNull(Assert.Single(await TokenUses.FindAsync(world.Database, serial, default)).Authorization);
        world.Clock.SetTo(end);
        await world.Bank.MaintainAsync(default);
        Assert.Null(Assert.Single(await TokenUses.FindAsync(world.Database, serial, default)).Authorization);
    }

    [Fact]
    public async Task A_bank_without_an_arbiter_takes_in_no_disputes()
    {
        await using var world = await OpenAsync();
        Refused(BankError.NoArbiter, await DisputeAsync(world, await PayAsync(world, 8)));
    }

    [Fact]
    public async Task Where_another_bank_issued_the_tokens_a_notice_takes_the_refund_there()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await BankWorld.OpenAsync(
            await NewDatabaseAsync(), LockerOptions with { Arbiter = arbiter.Card }, new FixtureKeys(),
            issuer: issuer);
        var coins = await issuer.CoinsAsync(8);
        await locker.Bank.MaintainAsync(default);
        var paid = await PayAsync(locker, coins);
        Assert.True((await DisputeAsync(locker, paid)).IsOk);
        Assert.True((await AnswerAsync(locker, paid, accepts: true)).IsOk);
        var notice = (await ReadAsync(locker, paid)).Notice!;
        Assert.Equal("bank.example", notice.Content.Bank);
        for (var i = 0; i < 2; i++)
            Assert.True((await issuer.Bank.FundAsync(new FundingRequest(notice), default)).IsOk);
        Assert.Equal(8, await issuer.BalanceAsync(refunds));
        await IsCleanAsync(locker);
        await IsCleanAsync(issuer);
    }

    private sealed record Paid(Sale Sale, Coin[] Coins);

    private Task<BankWorld> OpenDisputedAsync() =>
        OpenAsync(BankWorld.DefaultOptions with { Arbiter = arbiter.Card });

    private static async Task<Paid> PayAsync(BankWorld world, params long[] values) =>
        await PayAsync(world, await world.CoinsAsync(values));

    private static async Task<Paid> PayAsync(BankWorld world, params Coin[] coins)
    {
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coins)).Value;
        Assert.True((await world.Bank.DecideAsync(
            sale.Transaction, await world.CommitAsync(sale, held), default)).IsOk);
        return new Paid(sale, coins);
    }

    private Signed<DisputeOrder> Order(Paid paid, P256PrivateKey? by = null) => Signed<DisputeOrder>.Sign(
        by ?? paid.Coins[0].Key, new DisputeOrder(
            paid.Sale.Transaction, (by ?? paid.Coins[0].Key).PublicKey.Spki, Claim.WrongContent,
            ReserveId.Of(refunds.PublicKey), Arbiter.Box()));

    private Task<Result<DisputeState, BankError>> DisputeAsync(
        BankWorld world, Paid paid, P256PrivateKey? by = null) => world.Bank.DisputeAsync(Order(paid, by), default);

    private static Task<Result<DisputeState, BankError>> AnswerAsync(
        BankWorld world, Paid paid, bool accepts, P256PrivateKey? by = null) => world.Bank.AnswerAsync(
            Signed<DisputeAnswer>.Sign(by ?? world.Merchant, new DisputeAnswer(
                paid.Sale.Transaction, (by ?? world.Merchant).PublicKey.Spki, accepts,
                accepts ? null : Arbiter.Box())),
            default);

    private static async Task<DisputeState> ReadAsync(BankWorld world, Paid paid) =>
        (await world.Bank.DisputeAsync(paid.Sale.Transaction, world.ReadOrder(paid.Coins[0].Key), default)).Value;

    private async Task<IEnumerable<TransactionId>> CasesAsync(BankWorld world) =>
        (await world.Bank.DisputesAsync(world.ReadOrder(arbiter.Key), null, default)).Value.Disputes
        .Select(one => one.Transaction);

    private static async Task IsCleanAsync(BankWorld world) => Assert.Equal(
        [], (await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings
            .Select(found => $"{found.Kind}: {found.Rows[0].Detail}"));
}

public sealed class SqliteDisputeTests : DisputeTests;

public sealed class PostgresDisputeTests(PostgresServer server) : DisputeTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
