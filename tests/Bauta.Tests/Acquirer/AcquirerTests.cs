using System.Text;
using Bauta.Acquirer;
using Bauta.Crypto.Jose;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Storage;
using Bauta.Tests.Bank;
using Bauta.Tests.Storage;
using Xunit;
using Sandbox = Bauta.Acquirer.Acquirer;

namespace Bauta.Tests.Acquirer;

/// <summary>What the sandbox must do alike on every database.</summary>
public abstract class AcquirerTests : IAsyncLifetime
{
    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly P256PrivateKey bankKey = P256PrivateKey.Generate();
    private readonly HandClock clock = new();
    private readonly ReserveId reserve = ReserveId.Generate();
    private string connection = "";
    private SealingKey sealing = null!;
    private IDatabase database = null!;

    protected TemporaryDirectory Folder { get; } = new();

    private protected Sandbox Sandbox { get; private set; } = null!;

    protected abstract Task<string> NewDatabaseAsync();

    public async ValueTask InitializeAsync()
    {
        connection = await NewDatabaseAsync();
        Open();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        key.Dispose();
        bankKey.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Approves_declines_and_refuses_by_the_test_card()
    {
        var request = Request(TestCards.Approved);
        var notice = (await Sandbox.TakeInAsync(request, default)).Value.Notice!;
        Assert.True(notice.IsSignedBy(key.PublicKey));
        Assert.Equal(
            new FundingNotice(request.Id, "bank.example", reserve, "EUR", Amount.FromMinorUnits(500)), notice.Content);
        await RefusedAsync(AcquirerError.Declined, Request(TestCards.Declined));
        await RefusedAsync(AcquirerError.NotATestCard, Request("4111111111111111"));
        await RefusedAsync(AcquirerError.Malformed, Request("4242"));
        await RefusedAsync(AcquirerError.TooLarge, request with
        {
            Id = RequestId.Generate(),
            Amount = Amount.FromMinorUnits(10_000_001),
        });
        Assert.True((await Sandbox.TakeInAsync(
            request with { Id = RequestId.Generate(), Amount = Amount.FromMinorUnits(10_000_000) }, default)).IsOk);
        await RefusedAsync(AcquirerError.Malformed, request with { Id = RequestId.Generate(), Amount = Amount.Zero });
        await RefusedAsync(AcquirerError.Malformed, request with { Id = RequestId.Generate(), Currency = "USD" });
        await RefusedAsync(AcquirerError.UnknownBank, request with { Id = RequestId.Generate(), Bank = "x.example" });
    }

    [Theory]
    [InlineData(TestCards.Approved)]
    [InlineData(TestCards.Declined)]
    public async Task The_same_request_has_the_same_answer_and_counts_once(string card)
    {
        var request = Request(card);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => Task.Run(() => Sandbox.TakeInAsync(request, default))));
        Assert.Single(answers.Select(Text).Distinct());
        await CloseAsync();
        Open();
        clock.Advance(100_000);
        Assert.Equal(Text(answers[0]), Text(await Sandbox.TakeInAsync(request, default)));
        await RefusedAsync(AcquirerError.IdReused, request with { Amount = Amount.FromMinorUnits(501) });
        await RefusedAsync(AcquirerError.IdReused, request with { Reserve = ReserveId.Generate() });
        await RefusedAsync(AcquirerError.IdReused, request with { Card = TestCards.Delayed });
        var totals = Assert.Single(await Sandbox.TotalsAsync(UnixTime.FromSeconds(0), default));
        Assert.Equal(card == TestCards.Approved ? (1, 500, 0) : (0, 0, 1),
            (totals.Approved, totals.TakenIn.MinorUnits, totals.Declined));
    }

    [Fact]
    public async Task A_delayed_card_is_pending_until_its_time_and_then_approved_once()
    {
        var request = Request(TestCards.Delayed);
        for (var i = 0; i < 2; i++)
        {
            var pending = (await Sandbox.TakeInAsync(request, default)).Value;
            Assert.Equal((TakeInAnswer.Pending, null), (pending.State, pending.Notice));
        }

        clock.Advance(4);
        Assert.Equal(TakeInAnswer.Pending, (await Sandbox.TakeInAsync(request, default)).Value.State);
        Assert.Empty(await Sandbox.TotalsAsync(UnixTime.FromSeconds(0), default));
        await CloseAsync();
        Open();
        clock.Advance(1);
        await RefusedAsync(AcquirerError.IdReused, request with { Amount = Amount.FromMinorUnits(501) });
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => Task.Run(() => Sandbox.TakeInAsync(request, default))));
        Assert.Single(answers.Select(answer => answer.Value.Notice!.Text).Distinct());
        Assert.Equal(500, Assert.Single(
            await Sandbox.TotalsAsync(UnixTime.FromSeconds(0), default)).TakenIn.MinorUnits);
    }

    [Fact]
    public async Task Pending_requests_are_bounded()
    {
        await CloseAsync();
        Open(options => options with { MaxPending = 2 });
        await Sandbox.TakeInAsync(Request(TestCards.Delayed), default);
        var second = Request(TestCards.Delayed);
        await Sandbox.TakeInAsync(second, default);
        await RefusedAsync(AcquirerError.TooMany, Request(TestCards.Delayed));
        Assert.True((await Sandbox.TakeInAsync(Request(TestCards.Approved), default)).IsOk);
        clock.Advance(5);
        Assert.True((await Sandbox.TakeInAsync(second, default)).IsOk);
        Assert.True((await Sandbox.TakeInAsync(Request(TestCards.Delayed), default)).IsOk);
    }

    [Fact]
    public async Task Pending_requests_that_nobody_asks_about_again_do_not_count_when_their_time_has_come()
    {
        await CloseAsync();
        Open(options => options with { MaxPending = 2 });
        await Sandbox.TakeInAsync(Request(TestCards.Delayed), default);
        await Sandbox.TakeInAsync(Request(TestCards.Delayed), default);
        await RefusedAsync(AcquirerError.TooMany, Request(TestCards.Delayed));
        clock.Advance(5);
        Assert.Equal(
            TakeInAnswer.Pending, (await Sandbox.TakeInAsync(Request(TestCards.Delayed), default)).Value.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_answered_is_answered_alike_under_another_configuration(bool hasBank)
    {
        var approved = Request(TestCards.Approved);
        var declined = Request(TestCards.Declined);
        var pending = Request(TestCards.Delayed);
        var order = new PayoutOrder(
            RequestId.Generate(), "bank.example", "sandbox:shop", "EUR", Amount.FromMinorUnits(70));
        var signed = Signed<PayoutOrder>.Sign(bankKey, order);
        var notice = Text(await Sandbox.TakeInAsync(approved, default));
        await RefusedAsync(AcquirerError.Declined, declined);
        await Sandbox.TakeInAsync(pending, default);
        var receipt = (await Sandbox.PayOutAsync(signed, default)).Value.Text;
        await CloseAsync();
        Open(options => hasBank
            ? options with
            {
                MaxMinorUnits = 1,
                Banks = [new ServedBank("bank.example", "USD", key.PublicKey)],
            }
            : options with { Banks = [] });
        clock.Advance(5);

        Assert.Equal(notice, Text(await Sandbox.TakeInAsync(approved, default)));
        await RefusedAsync(AcquirerError.Declined, declined);
        Assert.Equal(pending.Id, (await Sandbox.TakeInAsync(pending, default)).Value.Notice!.Content.Id);
        Assert.Equal(receipt, (await Sandbox.PayOutAsync(signed, default)).Value.Text);
        // A new request meets the new configuration, and so does a known id with another body.
        var refusal = hasBank ? AcquirerError.Malformed : AcquirerError.UnknownBank;
        await RefusedAsync(refusal, Request(TestCards.Approved));
        await RefusedAsync(refusal, approved with { Amount = Amount.FromMinorUnits(501) });
        Assert.Equal(AcquirerError.UnknownBank, (await Sandbox.PayOutAsync(
            Signed<PayoutOrder>.Sign(bankKey, order with { Amount = Amount.FromMinorUnits(71) }), default)).Error);
    }

    [Theory]
    [InlineData("sandbox:shop", true)]
    [InlineData(TestCards.RefusedPayee, false)]
    [InlineData("DE00 1234", false)]
    public async Task Pays_sandbox_payees_only_and_says_so_for_ever(string payee, bool isPaid)
    {
        var order = new PayoutOrder(
            RequestId.Generate(), "bank.example", payee, "EUR", Amount.FromMinorUnits(70));
        var receipt = (await Sandbox.PayOutAsync(Signed<PayoutOrder>.Sign(bankKey, order), default)).Value;
        Assert.True(receipt.IsSignedBy(key.PublicKey));
        Assert.Equal(new PayoutReceipt(order.Id, isPaid), receipt.Content);
        await CloseAsync();
        Open();
        // The same words under a fresh signature are the same order.
        Assert.Equal(
            receipt.Text, (await Sandbox.PayOutAsync(Signed<PayoutOrder>.Sign(bankKey, order), default)).Value.Text);
        Assert.Equal(AcquirerError.IdReused, (await Sandbox.PayOutAsync(
            Signed<PayoutOrder>.Sign(bankKey, order with { Amount = Amount.FromMinorUnits(71) }), default)).Error);
        var totals = Assert.Single(await Sandbox.TotalsAsync(clock.Now, default));
        Assert.Equal(isPaid ? (1, 70, 0) : (0, 0, 1), (totals.Paid, totals.PaidOut.MinorUnits, totals.Refused));
    }

    [Fact]
    public async Task Refuses_a_payout_that_no_served_bank_signed()
    {
        using var stranger = P256PrivateKey.Generate();
        var order = new PayoutOrder(
            RequestId.Generate(), "bank.example", "sandbox:shop", "EUR", Amount.FromMinorUnits(70));
        Assert.Equal(AcquirerError.UnknownBank, (await Sandbox.PayOutAsync(
            Signed<PayoutOrder>.Sign(stranger, order), default)).Error);
        Assert.Equal(AcquirerError.UnknownBank, (await Sandbox.PayOutAsync(
            Signed<PayoutOrder>.Sign(bankKey, order with { Bank = "x.example" }), default)).Error);
        Assert.Equal(AcquirerError.Malformed, (await Sandbox.PayOutAsync(
            Signed<PayoutOrder>.Sign(bankKey, order with { Currency = "USD" }), default)).Error);
        Assert.Empty(await Sandbox.TotalsAsync(UnixTime.FromSeconds(0), default));
    }

    [Fact]
    public async Task Totals_are_kept_by_day()
    {
        await Sandbox.TakeInAsync(Request(TestCards.Approved), default);
        clock.Advance(86_400);
        await Sandbox.TakeInAsync(Request(TestCards.Approved), default);
        await Sandbox.TakeInAsync(Request(TestCards.Approved), default);
        var totals = await Sandbox.TotalsAsync(UnixTime.FromSeconds(0), default);
        Assert.Equal([1000, 500], totals.Select(day => day.TakenIn.MinorUnits));
        Assert.Equal(1000, Assert.Single(await Sandbox.TotalsAsync(clock.Now, default)).TakenIn.MinorUnits);
    }

    [Fact]
    public async Task Runs_over_HTTP_and_says_on_every_answer_that_it_moves_no_real_money()
    {
        await using var host = PartyHost.Build(new PartyHostSettings(), routes => routes.MapAcquirer(Sandbox));
        await host.StartAsync();
        using var handler = new SocketsHttpHandler();
        using var http = new HttpClient(handler) { BaseAddress = host.Address() };
        var acquirer = new AcquirerClient(http);
        var request = Request(TestCards.Approved);
        var notice = (await acquirer.TakeInAsync(request, default)).Value.Notice!;
        Assert.Equal(notice.Text, (await acquirer.TakeInAsync(request, default)).Value.Notice!.Text);
        Assert.Equal(
            AcquirerError.Declined, (await acquirer.TakeInAsync(Request(TestCards.Declined), default)).Error);
        Assert.Equal(
            TakeInAnswer.Pending, (await acquirer.TakeInAsync(Request(TestCards.Delayed), default)).Value.State);
        var order = Signed<PayoutOrder>.Sign(bankKey, new PayoutOrder(
            RequestId.Generate(), "bank.example", "sandbox:shop", "EUR", Amount.FromMinorUnits(70)));
        Assert.True((await acquirer.PayOutAsync(order, default)).Value.Content.Paid);
        foreach (var path in (string[])["fundings", "payouts"])
        {
            using var response = await http.PostAsync(new Uri(path, UriKind.Relative), null);
            Assert.False(response.IsSuccessStatusCode);
            Assert.Equal("moves no real money", response.Headers.GetValues(AcquirerEndpoints.SandboxHeader).Single());
        }

        Assert.Contains("no real money", await http.GetStringAsync(new Uri("sandbox", UriKind.Relative)),
            StringComparison.Ordinal);
    }

    protected async Task TakeSomeInAsync()
    {
        foreach (var card in (string[])[TestCards.Approved, TestCards.Declined, TestCards.Delayed])
            await Sandbox.TakeInAsync(Request(card), default);
    }

    protected async Task CloseAsync()
    {
        await database.DisposeAsync();
        sealing.Dispose();
    }

    protected void Open() => Open(options => options);

    private void Open(Func<AcquirerOptions, AcquirerOptions> change)
    {
        sealing = SealingKey.OpenOrCreate(Folder.File("sealing.key"));
        database = Database.Open(connection, AcquirerSchema.Migrations);
        Sandbox = new Sandbox(
            change(new AcquirerOptions
            {
                Name = "acquirer.example",
                Banks = [new ServedBank("bank.example", "EUR", bankKey.PublicKey)],
            }),
            database, key, sealing, clock);
    }

    private TakeInRequest Request(string card) =>
        new(RequestId.Generate(), card, "bank.example", reserve, "EUR", Amount.FromMinorUnits(500));

    private async Task RefusedAsync(AcquirerError error, TakeInRequest request) =>
        Assert.Equal(error, (await Sandbox.TakeInAsync(request, default)).Error);

    private static string Text(Result<TakeInAnswer, AcquirerError> answer) =>
        answer.IsOk ? answer.Value.Notice!.Text : answer.Error.Value.ToString();
}

public sealed class SqliteAcquirerTests : AcquirerTests
{
    [Fact]
    public async Task No_card_number_stands_in_the_database_files()
    {
        await TakeSomeInAsync();
        await CloseAsync();
        var files = Directory.GetFiles(Folder.File("data")).Select(File.ReadAllBytes).ToArray();
        bool Stands(string text) => files.Any(file => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0);
        Assert.True(Stands("0259"));
        Assert.False(Stands(TestCards.Approved));
        Assert.False(Stands(TestCards.Declined));
        Assert.False(Stands(TestCards.Delayed));
        Open();
    }

    protected override Task<string> NewDatabaseAsync()
    {
        Directory.CreateDirectory(Folder.File("data"));
        return Task.FromResult(Path.Combine(Folder.File("data"), "acquirer.db"));
    }
}

public sealed class PostgresAcquirerTests(PostgresServer server) : AcquirerTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("acquirer");
}
