using System.Security.Cryptography;
using Bauta.Bank;
using Bauta.Crypto.BlindRsa;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>What a bank states of its keys at the end of each day, and what anybody makes of it.</summary>
public abstract class DayTests : BankSuite
{
    private static readonly BankOptions options = BankWorld.DefaultOptions with
    {
        Exponents = [2, 3],
        WithdrawSeconds = 2_000_000,
        SpendSeconds = 500_000,
        RefreshSeconds = 100_000,
    };

    [Fact]
    public async Task Each_day_stands_in_the_log_with_a_root_over_its_requests()
    {
        await using var world = await OpenAsync(options);
        var firstDay = Totals.DayOf(world.Clock.Now);
        await world.FundAsync(100);
        var first = await RequestsAsync(world, 4, 4, 8);
        Refused(BankError.NotStated, await world.Bank.ProveIssueAsync(Hash(first[0]), default));
        Refused(BankError.UnknownRequest, await world.Bank.ProveIssueAsync(new byte[32], default));
        var coins = await world.CoinsAsync(4, 8);
        await world.SellAsync(coins[0]);
        await world.Bank.RefreshAsync(world.RefreshOrder(coins[1]), default);

        await NextDayAsync(world);
        // The first write of the new day belongs to it.
        var second = await RequestsAsync(world, 8);
        await StateAsync(world);
        Refused(BankError.NotStated, await world.Bank.ProveIssueAsync(Hash(second[0]), default));
        await NextDayAsync(world);
        await StateAsync(world);

        var report = await AuditAsync(world);
        Assert.Empty(report.Findings);
        Assert.Equal([(4, 3, 4, 0), (8, 3, 0, 8)], Sums(report));
        Assert.All(report.Keys, one => Assert.Equal(firstDay + 1, one.Last.Day));
        foreach (var (request, day) in first.Select(one => (one, firstDay)).Append((second[0], firstDay + 1)))
            await ProvenAsync(world, request, day);
        await world.RestartAsync();
        await ProvenAsync(world, first[1], firstDay);
        var denomination = await world.DenominationAsync(4);
        var proof = (await world.Bank.ProveIssueAsync(Hash(first[0]), default)).Value;
        Assert.False(proof.Holds(Hash(first[1]), denomination, world.StatementKey.PublicKey, world.Archive.Policy));
        Assert.False((proof with { Index = proof.Index + 1 }).Holds(
            Hash(first[0]), denomination, world.StatementKey.PublicKey, world.Archive.Policy));
    }

    [Fact]
    public async Task A_day_is_stated_once_whatever_is_cut_off()
    {
        await using var world = await OpenAsync(options);
        await RequestsFundedAsync(world, 4);
        await NextDayAsync(world);
        world.Archive.IsDown = true;
        await Assert.ThrowsAsync<PartyUnreachableException>(() => world.Bank.StateDaysAsync(default));
        var written = await StatementsAsync(world);
        Assert.NotEmpty(written);
        await world.RestartAsync();
        await RequestsFundedAsync(world, 4);
        await Assert.ThrowsAsync<PartyUnreachableException>(() => world.Bank.StateDaysAsync(default));
        world.Archive.IsDown = false;
        await StateAsync(world);
        await world.RestartAsync();
        await StateAsync(world);
        Assert.Equal(written.Order(), (await StatementsAsync(world)).Order());
        Assert.Equal(2, written.Count);
        var report = await AuditAsync(world);
        Assert.Empty(report.Findings);
        Assert.Equal([(4, 1, 0, 0), (8, 0, 0, 0)], Sums(report));
    }

    [Fact]
    public async Task Days_that_the_bank_slept_through_are_stated_when_it_wakes()
    {
        await using var world = await OpenAsync(options);
        await RequestsFundedAsync(world, 4);
        world.Clock.Advance(11 * Totals.DaySeconds);
        await world.RestartAsync();
        // Eight at once, and what is done meanwhile belongs to the day that is open then.
        await RequestsFundedAsync(world, 4);
        await StateAsync(world);
        await NextDayAsync(world);
        await StateAsync(world);
        var report = await AuditAsync(world);
        Assert.Empty(report.Findings);
        Assert.Equal(2, report.Keys.Where(one => one.Key!.Value.MinorUnits == 4).Sum(one => one.Last.Issued));
    }

    [Fact]
    public async Task While_the_clock_was_just_set_no_day_ends()
    {
        await using var world = await OpenAsync(options);
        await RequestsFundedAsync(world, 4);
        world.Clock.Jump(40 * Totals.DaySeconds);
        await world.FundAsync(4);
        await world.Bank.StateDaysAsync(default);
        Assert.Empty(await StatementsAsync(world));
        world.Clock.Jump(-40 * Totals.DaySeconds);
        world.Clock.Advance(700);
        await RequestsFundedAsync(world, 4);
        await NextDayAsync(world);
        await StateAsync(world);
        Assert.Equal((4, 2, 0, 0), Sums(await AuditAsync(world))[0]);
    }

    [Fact]
    public async Task What_was_withdrawn_before_there_were_days_is_in_the_first()
    {
        await using var world = await OpenAsync(options);
        var old = await RequestsFundedAsync(world, 4);
        await world.Database.WriteAsync(
            (transaction, _) =>
            {
                transaction.Execute("UPDATE withdrawals SET day = NULL");
                transaction.Execute("DELETE FROM closed_day");
            },
            default);
        await world.RestartAsync();
        await NextDayAsync(world);
        await StateAsync(world);
        await ProvenAsync(world, old[0], Totals.DayOf(world.Clock.Now) - 1);
        Assert.Empty((await AuditAsync(world)).Findings);
    }

    [Fact]
    public async Task Whoever_alters_the_banks_rows_is_found_by_anybody()
    {
        await using var world = await OpenAsync(options);
        var requests = await RequestsFundedAsync(world, 4, 4);
        var spent = await world.CoinsAsync(4);
        await world.SellAsync(spent);
        // One is taken out of the day, and its issue is hidden.
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "UPDATE withdrawals SET day = NULL WHERE request_hash = $1", Hash(requests[0])), default);
        await NextDayAsync(world);
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "UPDATE day_totals SET issued = issued - 1 WHERE issued > 0"), default);
        await StateAsync(world);
        // The sums hold; its owner sees that his is missing.
        Assert.Empty((await AuditAsync(world)).Findings);
        Refused(BankError.UnknownRequest, await world.Bank.ProveIssueAsync(Hash(requests[0]), default));
        await ProvenAsync(world, requests[1], Totals.DayOf(world.Clock.Now) - 1);
        // Without hiding the issue, everybody sees it.
        var later = await RequestsFundedAsync(world, 4);
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "UPDATE withdrawals SET day = NULL WHERE request_hash = $1", Hash(later[0])),
            default);
        await NextDayAsync(world);
        await StateAsync(world);
        Assert.Contains((await AuditAsync(world)).Findings, one => one.Fault == TotalsFault.IssuedOutsideRoot);
        // So is more spent than issued.
        await NextDayAsync(world);
        await world.Database.WriteAsync(
            (transaction, _) => transaction.Execute(
                "UPDATE day_totals SET spent = 1000 WHERE statement IS NULL"), default);
        await StateAsync(world);
        Assert.Contains((await AuditAsync(world)).Findings, one => one.Fault == TotalsFault.SpentMoreThanIssued);
    }

    [Fact]
    public async Task The_bank_that_locks_states_what_it_has_seen()
    {
        await using var issuer = await OpenAsync(options with { SpentAt = "locker.example" });
        await using var locker = await BankWorld.OpenAsync(
            await NewDatabaseAsync(), options with { Name = "locker.example", Issuer = "bank.example" },
            new FixtureKeys(), issuer: issuer);
        var coins = await issuer.CoinsAsync(4, 4, 8);
        await locker.SellAsync(coins[0]);
        await NextDayAsync(issuer);
        await StateAsync(issuer);
        await StateAsync(locker);
        await NextDayAsync(issuer);
        await StateAsync(issuer);
        await StateAsync(locker);
        var report = await AuditAsync(issuer);
        Assert.Empty(report.Findings);
        Assert.Equal([(4, 2, 0, 0), (8, 1, 0, 0), (4, 1, 4, 0), (8, 0, 0, 0)], Sums(report));
    }

    private static async Task<byte[][]> RequestsFundedAsync(BankWorld world, params long[] values)
    {
        await world.FundAsync(values.Sum());
        return await RequestsAsync(world, values);
    }

    private static async Task<byte[][]> RequestsAsync(BankWorld world, params long[] values)
    {
        var requests = await world.RequestsAsync(values);
        Assert.True((await world.WithdrawAsync(requests)).IsOk);
        return [.. requests.Select(request => request.Bytes)];
    }

    private static async Task ProvenAsync(BankWorld world, byte[] request, long day)
    {
        var proof = (await world.Bank.ProveIssueAsync(Hash(request), default)).Value;
        var key = (await world.Bank.DenominationsAsync(default)).Denominations.Select(one => one.Key.Content)
            .Single(one => RsaPublicKey.FromSpki(one.TokenKey).TruncatedKeyId == request[2]);
        Assert.True(proof.Holds(Hash(request), key, world.StatementKey.PublicKey, world.Archive.Policy));
        Assert.True(world.Archive.Policy.TryVerify(proof.Entry, out var logged));
        Assert.Equal(day, logged.Entry.StatementAs<Totals>().Content.Day);
    }

    private static async Task NextDayAsync(BankWorld world)
    {
        world.Clock.Advance(Totals.DaySeconds - (world.Clock.Now.Seconds % Totals.DaySeconds));
        await world.Bank.MaintainAsync(default);
    }

    private static async Task StateAsync(BankWorld world)
    {
        for (var rounds = 0; await world.Bank.StateDaysAsync(default) <= TimeSpan.FromSeconds(1); rounds++)
            Assert.True(rounds < 10);
    }

    private static Task<PublicReport> AuditAsync(BankWorld world) =>
        PublicAudit.RunAsync(new LogReader(world.Archive, world.Archive.Policy), null, default);

    private static (long Value, long Issued, long Spent, long Refreshed)[] Sums(PublicReport report) =>
        [.. report.Keys.Select(one => (
            one.Key!.Value.MinorUnits, one.Last.Issued, one.Last.Spent.MinorUnits, one.Last.Refreshed.MinorUnits))];

    private static Task<IReadOnlyList<string>> StatementsAsync(BankWorld world) => world.Database.ReadAsync(
        transaction => transaction.Query(
            "SELECT statement FROM day_totals WHERE statement IS NOT NULL", row => row.GetString(0)));

    private static byte[] Hash(byte[] request) => SHA256.HashData(request);
}

public sealed class SqliteDayTests : DayTests;

public sealed class PostgresDayTests(PostgresServer server) : DayTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
