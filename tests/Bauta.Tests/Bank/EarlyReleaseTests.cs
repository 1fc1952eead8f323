using System.Text;
using Bauta.Bank;
using Bauta.Bank.Inspect;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>A bank that is its own archive (FIG. 6 and 7): what it decides with its own log, and the releases that it
/// holds for locks to come.</summary>
public class EarlyReleaseTests : BankSuite
{
    private readonly Storage.TemporaryDirectory keys = new();

    [Fact]
    public async Task Whichever_of_lock_and_release_comes_second_commits_and_the_value_has_moved_by_then()
    {
        await using var world = await OpenJointAsync();
        var coins = await world.CoinsAsync(8, 8);
        var (first, second) = (new Sale(), new Sale());

        var waiting = Early(world, first, 8);
        Assert.Equal(new EarlyReleaseAnswer(), (await world.Bank.ReleaseAsync(waiting, default)).Value);
        var held = (await world.LockAsync(first, coins[0])).Value;
        Assert.Equal(8, (await world.AccountStateAsync()).Balance.MinorUnits);
        var met = (await world.Bank.ReleaseAsync(waiting, default)).Value;
        Assert.Equal(held.LockNote.Text, met.Lock!.LockNote.Text);
        Assert.Equal(held.Payment.Text, met.Lock.Payment.Text);
        Assert.True(world.Archive.Policy.TryVerify(met.Decision!, out var decided));
        Assert.Equal(LogEntry.Commit, decided.Entry.Kind);

        await world.LockAsync(second, coins[1]);
        Assert.Equal(8, (await world.AccountStateAsync()).Balance.MinorUnits);
        met = (await world.Bank.ReleaseAsync(Early(world, second, 8), default)).Value;
        Assert.NotNull(met.Decision);
        Assert.Equal(16, (await world.AccountStateAsync()).Balance.MinorUnits);
        Assert.Equal(0, await WaitingAsync(world));
        Assert.Equal([], await FoundAsync(world));
    }

    [Fact]
    public async Task A_release_is_published_for_exactly_the_lock_that_it_names_and_for_no_other()
    {
        await using var world = await OpenJointAsync();
        var coins = await world.CoinsAsync(8, 8, 8, 8);
        using var stranger = P256PrivateKey.Generate();
        // The customer locks another sum, time or account than the merchant asked for.
        foreach (var (number, change) in ((Func<Authorization, Authorization>[])[
            content => content with
            {
                Amount = Amount.FromMinorUnits(7),
                Tokens = [content.Tokens[0] with { Amount = Amount.FromMinorUnits(7) }],
            },
            content => content with { ExpiresAt = content.ExpiresAt.AddSeconds(1) },
            content => content with { Commitment = new Sale().Commitment },
        ]).Index())
        {
            var sale = new Sale();
            var release = Early(world, sale, 8);
            Assert.True((await world.Bank.ReleaseAsync(release, default)).IsOk);
            Assert.True((await world.LockAsync(
                change(world.Authorization(sale, coins[number].Spend())), coins[number])).IsOk);
            Refused(BankError.OtherLock, await world.Bank.ReleaseAsync(release, default));
        }

        // Somebody else's account, who would be paid for the merchant's key.
        var last = new Sale();
        await world.LockAsync(last, coins[3]);
        await world.Bank.OpenAccountAsync(
            Signed<AccountOrder>.Sign(stranger, new AccountOrder(stranger.PublicKey.Spki, "x", world.Clock.Now)),
            default);
        Refused(BankError.OtherLock, await world.Bank.ReleaseAsync(Early(world, last, 8, by: stranger), default));

        await world.Bank.SettleDueAsync(default);
        Assert.Equal(0, (await world.AuditAsync()).Merchants);
        world.Clock.Advance(101);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal((0L, 0L), (await world.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });
    }

    [Fact]
    public async Task Before_the_commit_nobody_reads_a_release_and_after_expiry_it_is_gone()
    {
        await using var world = await OpenJointAsync();
        var sale = new Sale();
        var maskedKey = sale.Release().Content.MaskedKey;
        var release = Early(world, sale, 8);
        await world.Bank.ReleaseAsync(release, default);

        Assert.Equal(1, await WaitingAsync(world));
        Assert.False(await HoldsAsync(world, release.Text.Split('.')[1]));
        Refused(ArchiveError.Undecided, await world.Bank.Archive!.DecisionAsync(
            BankKeyId.Parse(world.StatementKey.PublicKey.Thumbprint), sale.Transaction, default));
        world.Clock.Advance(100);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(0, await WaitingAsync(world));
        Refused(BankError.BadExpiry, await world.Bank.ReleaseAsync(
            Early(world, sale, 8, expiresAt: world.Clock.Now), default));

        var next = new Sale();
        await world.Bank.ReleaseAsync(Early(world, next, 8), default);
        await world.LockAsync(next, await world.CoinsAsync(8));
        Assert.True(world.Archive.Policy.TryVerify(
            (await world.Bank.ReleaseAsync(Early(world, next, 8), default)).Value.Decision!, out var decided));
        Assert.Equal(maskedKey, decided.Entry.Release!.Content.MaskedKey);
    }

    [Fact]
    public async Task A_release_is_the_account_holders_own_within_bounds_and_says_one_thing()
    {
        await using var world = await OpenJointAsync(options => options with { MaxEarlyReleasesPerAccount = 2 });
        var sale = new Sale();
        using var stranger = P256PrivateKey.Generate();
        var release = Early(world, sale, 8);
        Refused(BankError.BadSignature, await world.Bank.ReleaseAsync(
            Signed<EarlyRelease>.Sign(stranger, release.Content), default));
        Refused(BankError.BadSignature, await world.Bank.ReleaseAsync(
            Signed<EarlyRelease>.Sign(world.Merchant, release.Content with { Release = sale.OtherRelease() }),
            default));
        Refused(BankError.UnknownAccount, await world.Bank.ReleaseAsync(Early(world, sale, 8, by: stranger), default));
        Refused(BankError.WrongBank, await world.Bank.ReleaseAsync(
            Signed<EarlyRelease>.Sign(world.Merchant, release.Content with { Currency = "USD" }), default));
        Refused(BankError.NotJoint, await world.Bank.ReleaseAsync(Signed<EarlyRelease>.Sign(
            world.Merchant,
            release.Content with { Lock = release.Content.Lock with { Archive = PolicyId.Generate() } }), default));
        Refused(BankError.BadExpiry, await world.Bank.ReleaseAsync(
            Early(world, sale, 8, expiresAt: world.Clock.Now.AddSeconds(world.Options.MaxExpirySeconds + 1)), default));

        Assert.True((await world.Bank.ReleaseAsync(release, default)).IsOk);
        Assert.True((await world.Bank.ReleaseAsync(release, default)).IsOk);
        Refused(BankError.IdReused, await world.Bank.ReleaseAsync(Early(world, sale, 9), default));
        Assert.True((await world.Bank.ReleaseAsync(Early(world, new Sale(), 8), default)).IsOk);
        Refused(BankError.TooMany, await world.Bank.ReleaseAsync(Early(world, new Sale(), 8), default));
    }

    [Fact]
    public async Task A_bank_that_is_no_archive_takes_no_release()
    {
        await using var world = await OpenAsync();
        Assert.Null(world.Bank.Archive);
        Refused(BankError.NotJoint, await world.Bank.ReleaseAsync(Early(world, new Sale(), 8), default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_crash_leaves_between_lock_and_decision_or_before_settlement_is_taken_up_at_the_start(
        bool isDecided)
    {
        await using var world = await OpenJointAsync();
        var sale = new Sale();
        await world.Bank.ReleaseAsync(Early(world, sale, 8), default);
        world.Archive.IsDown = true;
        var held = (await world.LockAsync(sale, await CoinsAsync(world))).Value;
        world.Archive.IsDown = false;
        if (isDecided)
            await world.CommitAsync(sale, held);
        Assert.Equal(8, (await world.AuditAsync()).Locked);

        await world.RestartAsync();
        await world.Bank.SettleDueAsync(default);
        // Long before the lock's expiry, and nobody asked.
        Assert.Equal((0L, 8L), (await world.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });
        Assert.Equal(0, await WaitingAsync(world));
    }

    [Fact]
    public async Task No_decision_leaves_the_banks_own_archive_before_the_bank_has_acted_on_it()
    {
        await using var world = await OpenJointAsync();
        var coins = await world.CoinsAsync(8, 8);
        var (paid, unpaid) = (new Sale(), new Sale());
        var held = (await world.LockAsync(paid, coins[0])).Value;
        var other = (await world.LockAsync(unpaid, coins[1])).Value;

        world.Archive.IsSlow = true;
        var pending = (await world.Bank.Archive!.DecideAsync(
            new DecisionRequest(held.LockNote, paid.Release()), default)).Value;
        Assert.Null(pending.Decision);
        Assert.Equal(16, (await world.AuditAsync()).Locked);
        world.Archive.IsSlow = false;
        // The witnesses have cosigned, and nobody came back for it.
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await world.AccountStateAsync()).Balance.MinorUnits);
        var key = BankKeyId.Parse(world.StatementKey.PublicKey.Thumbprint);
        Assert.NotNull((await world.Bank.Archive.DecisionAsync(key, paid.Transaction, default)).Value.Decision);

        world.Clock.Advance(100);
        Assert.NotNull((await world.Bank.Archive.DecideAsync(
            new DecisionRequest(other.LockNote), default)).Value.Decision);
        Assert.Equal((0L, 8L), (await world.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });
        Assert.Equal([], await FoundAsync(world));
    }

    private async Task<BankWorld> OpenJointAsync(Func<BankOptions, BankOptions>? change = null)
    {
        var world = await OpenAsync(change?.Invoke(BankWorld.DefaultOptions));
        world.Joint = SealingKey.OpenOrCreate(keys.File("sealing.key"));
        await world.RestartAsync();
        return world;
    }

    private static async Task<Coin[]> CoinsAsync(BankWorld world)
    {
        world.Archive.IsDown = false;
        var coins = await world.CoinsAsync(8);
        world.Archive.IsDown = true;
        return coins;
    }

    private static Signed<EarlyRelease> Early(
        BankWorld world, Sale sale, long amount, UnixTime? expiresAt = null, P256PrivateKey? by = null)
    {
        var key = by ?? world.Merchant;
        return Signed<EarlyRelease>.Sign(key, new EarlyRelease(
            key.PublicKey.Spki,
            new LockNote(
                sale.Transaction, expiresAt ?? world.Clock.Now.AddSeconds(100), world.Archive.Policy.Id,
                sale.Commitment),
            "EUR", Amount.FromMinorUnits(amount), Released(sale)));
    }

    // The same signature each time: a merchant keeps what it sent.
    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<Sale, Signed<Release>> released = [];

    private static Signed<Release> Released(Sale sale) => released.GetValue(sale, one => one.Release());

    private static Task<long> WaitingAsync(BankWorld world) => world.Database.ReadAsync(
        transaction => transaction.QuerySingleOrDefault("SELECT COUNT(*) FROM early_releases", row => row.GetInt64(0)));

    private static async Task<AuditKind[]> FoundAsync(BankWorld world) =>
        [.. (await BankAudit.RunAsync(world.Database, world.Scope(), world.Clock)).Findings.Select(one => one.Kind)];

    /// <summary>Whether what waits stands there as it travelled.</summary>
    private static Task<bool> HoldsAsync(BankWorld world, string secret) => world.Database.ReadAsync(transaction =>
        transaction.Query("SELECT sealed FROM early_releases", row => row.GetBytes(0))
            .Any(row => row.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) >= 0));

    private static void Refused(ArchiveError expected, Result<DecisionAnswer, ArchiveError> result) =>
        Assert.Equal(expected, result.Error);
}
