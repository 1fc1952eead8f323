using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Http;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>What a locking bank makes of an issuer, or of who stands for it, that lists what it should not.</summary>
public sealed class IssuerFollowerTests : BankSuite
{
    private int asked;

    [Fact]
    public async Task An_entry_that_proves_nothing_hides_no_revocation_and_no_other_key()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 4);
        var sale = new Sale();
        var held = (await locker.LockAsync(locker.Authorization(sale, coins[1].Spend(3)), coins[1])).Value;
        await locker.Bank.DecideAsync(sale.Transaction, await locker.CommitAsync(sale, held), default);
        await issuer.RevokeAsync(8);
        var list = await issuer.Bank.DenominationsAsync(default);
        var proof = list.Denominations[0].Proof;
        using var other = new FixtureKeys("denomination-12").Create(_ => true);
        var unproven = Signed<Denomination>.Sign(
            issuer.StatementKey, list.Denominations[0].Key.Content with { TokenKey = other.PublicKey.Spki });
        await using var host = await ServeAsync(Result<DenominationList, BankError>.Ok(new DenominationList(
            [new ListedDenomination(unproven, proof), .. list.Denominations], [proof, .. list.Revocations])));
        await FollowAsync(locker, host);

        await Assert.ThrowsAsync<ProtocolViolationException>(() => locker.Bank.MaintainAsync(default));
        Refused(BankError.KeyRevoked, await locker.LockAsync(new Sale(), coins[0]));
        var taken = await locker.Bank.DenominationsAsync(default);
        Assert.Equal(list.Denominations.Select(key => key.Key.Text), taken.Denominations.Select(key => key.Key.Text));
        Assert.Equal(list.Revocations.Count, taken.Revocations.Count);

        // Nor is the locker kept from its own work.
        locker.Clock.SetTo(list.Denominations[^1].Key.Content.ExpiresAt);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => locker.Bank.MaintainAsync(default));
        Assert.Equal(1, (await locker.AuditAsync()).Expired);
    }

    [Fact]
    public async Task A_key_that_was_revoked_before_the_locker_knew_it_comes_revoked()
    {
        await using var issuer = await OpenIssuerAsync();
        var coin = (await issuer.CoinsAsync(8))[0];
        await issuer.RevokeAsync(8);
        await using var locker = await OpenLockerAsync(issuer);
        Refused(BankError.KeyRevoked, await locker.LockAsync(new Sale(), coin));
        await locker.RestartAsync();
        Refused(BankError.KeyRevoked, await locker.LockAsync(new Sale(), coin));
        Assert.Single((await locker.Bank.DenominationsAsync(default)).Revocations);
    }

    [Fact]
    public async Task An_issuer_that_refuses_its_list_does_not_stop_the_locker()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        await using var host = await ServeAsync(BankError.Malformed);
        await FollowAsync(locker, host);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => locker.Bank.MaintainAsync(default));
        using var stop = new CancellationTokenSource();
        var running = locker.Bank.RunAsync(stop.Token);
        for (var i = 0; i < 200 && Volatile.Read(ref asked) < 3 && !running.IsCompleted; i++)
            await Task.Delay(50);
        Assert.False(running.IsCompleted, $"{running.Exception}");
        Assert.InRange(Volatile.Read(ref asked), 3, int.MaxValue);
        await stop.CancelAsync();
        await running;
    }

    private Task<TestHost> ServeAsync(Result<DenominationList, BankError> answer) => TestHost.StartAsync(
        routes => routes.MapGetAnswer("/denominations", _ =>
        {
            Interlocked.Increment(ref asked);
            return Task.FromResult(Answer.Json(answer, ProtocolJson.Default.DenominationList));
        }));

    private static async Task FollowAsync(BankWorld locker, TestHost host)
    {
        locker.IssuerClient = new BankClient(host.Client);
        await locker.RestartAsync();
    }
}
