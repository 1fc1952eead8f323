using Bauta.Bank;
using Bauta.Bank.Denominations;
using Bauta.Crypto.BlindRsa;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class DenominationTests : BankSuite
{
    [Fact]
    public async Task After_a_change_of_witnesses_the_bank_has_its_keys_and_revocations_proven_anew()
    {
        await using var world = await OpenAsync();
        var revoked = (await world.DenominationAsync(8)).TokenKey;
        Assert.True(await world.Bank.RevokeAsync(System.Security.Cryptography.SHA256.HashData(revoked), default));
        await world.Bank.MaintainAsync(default);
        world.Archive.ChangeWitnesses();
        await world.RestartAsync();
        // The old proofs are shown until there are new ones.
        world.Archive.IsSlow = true;
        await world.Bank.MaintainAsync(default);
        Assert.Equal((4, 0, 1, 0), await ProvenAsync());
        world.Archive.IsSlow = false;
        await world.Bank.MaintainAsync(default);
        Assert.Equal((4, 4, 1, 1), await ProvenAsync());
        await world.RestartAsync();
        Assert.Equal((4, 4, 1, 1), await ProvenAsync());

        async Task<(int, int, int, int)> ProvenAsync()
        {
            var list = await world.Bank.DenominationsAsync(default);
            return (list.Denominations.Count,
                list.Denominations.Count(key => world.Archive.Policy.TryVerify(key.Proof, out _)),
                list.Revocations.Count,
                list.Revocations.Count(entry => world.Archive.Policy.TryVerify(entry, out _)));
        }
    }

    [Fact]
    public async Task Every_listed_key_is_signed_and_stands_in_the_log()
    {
        await using var world = await OpenAsync();
        var list = await world.Bank.DenominationsAsync(default);
        Assert.Equal([1, 4, 8], list.Denominations.Select(listed => listed.Key.Content.Value.MinorUnits).Order());
        foreach (var listed in list.Denominations)
        {
            Assert.True(listed.Key.IsSignedBy(world.StatementKey.PublicKey));
            Assert.True(world.Archive.Policy.TryVerify(listed.Proof, out var verified));
            Assert.Equal(LogEntry.Denomination, verified.Entry.Kind);
            Assert.Equal(listed.Key.Text, verified.Entry.Statement);
            Assert.True(verified.Entry.IsSignedBy(world.StatementKey.PublicKey));
        }
    }

    [Fact]
    public async Task A_key_is_offered_only_when_the_log_has_it_with_its_quorum()
    {
        await using var world = await OpenAsync(isQuiet: true);
        world.Archive.IsDown = true;
        await Assert.ThrowsAsync<PartyUnreachableException>(() => world.Bank.MaintainAsync(default));
        Assert.Empty((await world.Bank.DenominationsAsync(default)).Denominations);
        (world.Archive.IsDown, world.Archive.Cosigning) = (false, 1);
        await Assert.ThrowsAsync<ProtocolViolationException>(() => world.Bank.MaintainAsync(default));
        Assert.Empty((await world.Bank.DenominationsAsync(default)).Denominations);
        await world.RestartAsync();
        await Assert.ThrowsAsync<ProtocolViolationException>(() => world.Bank.MaintainAsync(default));
        Assert.Equal(3, world.Keys.Stolen.Count);
    }

    [Fact]
    public async Task A_bank_that_stops_between_making_and_announcing_goes_on_with_the_same_keys()
    {
        await using var world = await OpenAsync(isQuiet: true);
        world.Archive.IsSlow = true;
        await world.Bank.MaintainAsync(default);
        await world.RestartAsync();
        world.Archive.IsSlow = false;
        await world.Bank.MaintainAsync(default);
        Assert.Equal(3, (await world.Bank.DenominationsAsync(default)).Denominations.Count);
        Assert.Equal(3, world.Keys.Stolen.Count);
        Assert.Equal(8, (await world.CoinsAsync(8))[0].Value.MinorUnits);
    }

    [Fact]
    public async Task The_next_key_is_made_before_the_present_one_stops_and_follows_it_without_a_gap()
    {
        await using var world = await OpenAsync();
        var present = await world.DenominationAsync(8);
        world.Clock.SetTo(present.WithdrawUntil.AddSeconds(-101));
        await world.Bank.MaintainAsync(default);
        Assert.Equal(3, (await world.Bank.DenominationsAsync(default)).Denominations.Count);
        world.Clock.Advance(1);
        await world.Bank.MaintainAsync(default);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(6, (await world.Bank.DenominationsAsync(default)).Denominations.Count);
        var next = await world.DenominationAsync(8);
        Assert.Equal(present.WithdrawUntil, next.WithdrawFrom);
        await world.FundAsync(8);
        using var early = new CoinRequest(next);
        Refused(BankError.KeyExpired, await world.WithdrawAsync(early.Bytes));
        world.Clock.SetTo(next.WithdrawFrom);
        Assert.True((await world.WithdrawAsync(early.Bytes)).IsOk);
    }

    [Fact]
    public async Task A_key_that_signs_nothing_more_is_destroyed_and_its_tokens_live_on()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var denomination = await world.DenominationAsync(8);
        var keyId = Convert.ToHexStringLower(RsaPublicKey.FromSpki(denomination.TokenKey).KeyId);
        world.Clock.SetTo(denomination.WithdrawUntil.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        Assert.DoesNotContain(keyId, world.Keys.Destroyed);
        world.Clock.Advance(1);
        await world.Bank.MaintainAsync(default);
        Assert.Contains(keyId, world.Keys.Destroyed);
        await world.RestartAsync();
        Assert.True((await world.LockAsync(new Sale(), coin)).IsOk);
    }

    [Fact]
    public async Task The_last_byte_of_a_key_id_is_unique_among_keys_that_sign()
    {
        var keys = new FixtureKeys("twin-1", "twin-2", "denomination-01");
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { Exponents = [0, 3] }, keys);
        var offered = (await world.Bank.DenominationsAsync(default)).Denominations
            .Select(listed => RsaPublicKey.FromSpki(listed.Key.Content.TokenKey)).ToArray();
        var passed = Assert.Single(keys.Passed);
        Assert.Contains(offered, key => key.TruncatedKeyId == passed.TruncatedKeyId);
        Assert.Equal(2, offered.Select(key => key.TruncatedKeyId).Distinct().Count());
    }

    [Fact]
    public async Task A_request_that_comes_after_its_keys_end_is_refused_and_not_signed_by_another_key()
    {
        var keys = new FixtureKeys("twin-1", "denomination-01", "twin-2", "denomination-02", "denomination-03");
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { Exponents = [3] }, keys);
        var first = await world.DenominationAsync(8);
        await world.FundAsync(16);
        using var late = new CoinRequest(first);
        for (var i = 0; i < 2; i++)
        {
            world.Clock.SetTo((await world.DenominationAsync(8)).WithdrawUntil.AddSeconds(-1));
            await world.Bank.MaintainAsync(default);
            world.Clock.Advance(1);
        }

        Refused(BankError.KeyExpired, await world.WithdrawAsync(late.Bytes));
        Assert.Equal(16, await world.BalanceAsync());
        // Once its tokens are worth nothing the byte is free.
        world.Clock.SetTo(first.ExpiresAt);
        await world.Bank.MaintainAsync(default);
        Assert.Contains(keys.Stolen.Values, key => key.PublicKey.Equals(Assert.Single(keys.Passed.Distinct())));
        Assert.True((await world.WithdrawAsync(await world.RequestsAsync(8))).IsOk);
    }

    [Fact]
    public async Task A_key_that_signs_nothing_more_is_zeroed_in_memory()
    {
        await using var world = await OpenAsync();
        var revoked = RsaPublicKey.FromSpki((await world.DenominationAsync(8)).TokenKey);
        Assert.All(world.Keys.Handed, key => Assert.False(IsZeroed(key)));
        await world.Bank.RevokeAsync(revoked.KeyId, default);
        Assert.Equal([revoked], world.Keys.Handed.Where(IsZeroed).Select(key => key.PublicKey));
        var end = (await world.DenominationAsync(4)).WithdrawUntil;
        world.Clock.SetTo(end.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        Assert.Equal((1, 6), (world.Keys.Handed.Count(IsZeroed), world.Keys.Handed.Count));
        world.Clock.SetTo(end);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(3, world.Keys.Handed.Count(IsZeroed));
        await world.RestartAsync();
        Assert.Equal(6, world.Keys.Handed.Count(IsZeroed));
        Assert.Equal(9, world.Keys.Handed.Count);
    }

    [Fact]
    public async Task What_has_expired_is_written_off_once_and_then_costs_no_write()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var held = (await world.LockAsync(new Sale(), coins[1])).Value;
        world.Clock.SetTo((await world.DenominationAsync(8)).ExpiresAt);
        // The keys that follow are made in these rounds.
        for (var i = 0; i < 3; i++)
            await world.Bank.MaintainAsync(default);
        Assert.Equal(8, (await world.AuditAsync()).Expired);
        var before = world.Database.Counters.Writes;
        await world.Bank.MaintainAsync(default);
        Assert.Equal(before, world.Database.Counters.Writes);
        // What an abort gives back later is not forgotten.
        await world.Bank.DecideAsync(
            held.LockNote.Content.Transaction, await world.AbortAsync(held), default);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(12, (await world.AuditAsync()).Expired);
    }

    [Fact]
    public async Task A_revoked_key_is_replaced_and_its_revocation_stands_in_the_log()
    {
        await using var world = await OpenAsync();
        var old = RsaPublicKey.FromSpki((await world.DenominationAsync(8)).TokenKey);
        Assert.False(await world.Bank.RevokeAsync(new byte[32], default));
        Assert.True(await world.Bank.RevokeAsync(old.KeyId, default));
        Assert.True(await world.Bank.RevokeAsync(old.KeyId, default));
        await world.Bank.MaintainAsync(default);
        var list = await world.Bank.DenominationsAsync(default);
        Assert.True(world.Archive.Policy.TryVerify(Assert.Single(list.Revocations), out var verified));
        Assert.Equal(old.KeyId, verified.Entry.StatementAs<Revocation>().Content.TokenKeyId);
        Assert.NotEqual(old, RsaPublicKey.FromSpki((await world.DenominationAsync(8)).TokenKey));
        Assert.Contains(Convert.ToHexStringLower(old.KeyId), world.Keys.Destroyed);
        Assert.Equal(8, (await world.CoinsAsync(8))[0].Value.MinorUnits);
        await world.RestartAsync();
        Assert.Single((await world.Bank.DenominationsAsync(default)).Revocations);
    }

    [Fact]
    public async Task A_clock_that_jumps_makes_destroys_and_writes_off_nothing_until_it_has_run_for_a_while()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var key = await world.DenominationAsync(8);
        world.Clock.Advance(700);
        await world.Bank.MaintainAsync(default);
        var years = key.ExpiresAt.Seconds - world.Clock.Now.Seconds + 100;
        world.Clock.Jump(years);
        await world.Bank.MaintainAsync(default);
        world.Clock.Advance(599);
        await world.Bank.MaintainAsync(default);
        // Nor does a start under the wrong clock.
        await world.RestartAsync();
        Assert.Empty(world.Keys.Destroyed);
        Assert.Equal(3, world.Keys.Stolen.Count);
        Assert.Equal((16, 0), ((await world.AuditAsync()).Unspent, (await world.AuditAsync()).Expired));
        world.Clock.Jump(-years);
        await world.Bank.MaintainAsync(default);
        Assert.True((await world.LockAsync(new Sale(), coins[0])).IsOk);
        // A clock that stays is believed.
        world.Clock.Jump(years);
        await world.Bank.MaintainAsync(default);
        world.Clock.Advance(600);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(3, world.Keys.Destroyed.Count);
        Assert.Equal(8, (await world.AuditAsync()).Expired);
    }

    [Fact]
    public async Task No_key_is_made_that_the_list_has_no_room_for_in_bytes()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxKeyListBytes = 11_000 });
        for (var i = 0; i < 3; i++)
            await world.Bank.MaintainAsync(default);
        Assert.Equal([1, 4], (await world.Bank.DenominationsAsync(default)).Denominations
            .Select(listed => listed.Key.Content.Value.MinorUnits).Order());
        Assert.Equal(2, world.Keys.Stolen.Count);
    }

    [Fact]
    public void A_bank_whose_tokens_expire_while_they_may_be_locked_does_not_start()
    {
        BankWorld.DefaultOptions.Validate();
        Assert.Throws<ArgumentException>(
            () => (BankWorld.DefaultOptions with { RefreshSeconds = 499 }).Validate());
        (BankWorld.DefaultOptions with { RefreshSeconds = 500 }).Validate();
    }

    [Fact]
    public async Task An_expired_key_is_no_longer_listed()
    {
        await using var world = await OpenAsync();
        var expiresAt = (await world.DenominationAsync(8)).ExpiresAt;
        world.Clock.SetTo(expiresAt.AddSeconds(-1));
        Assert.Equal(3, (await world.Bank.DenominationsAsync(default)).Denominations.Count);
        world.Clock.Advance(1);
        Assert.Empty((await world.Bank.DenominationsAsync(default)).Denominations);
    }

    private static bool IsZeroed(RsaPrivateKey key)
    {
        try
        {
            key.BlindSign([.. new byte[255], 2]);
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}

public sealed class SqliteDenominationTests : DenominationTests;

public sealed class PostgresDenominationTests(PostgresServer server) : DenominationTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}

public sealed class DenominationKeyFilesTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void A_key_file_is_its_owners_alone_and_opens_again_until_it_is_destroyed()
    {
        var files = new DenominationKeyFiles(directory.File("keys"));
        var refusals = 0;
        var key = files.Create(_ => refusals++ > 0);
        Assert.Equal(2, refusals);
        var file = Assert.Single(Directory.GetFiles(directory.File("keys")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var keyId = key.PublicKey.KeyId;
        Assert.Equal(key.PublicKey, new DenominationKeyFiles(directory.File("keys")).TryOpen(keyId)!.PublicKey);
        files.Destroy(keyId);
        Assert.Null(files.TryOpen(keyId));
        Assert.Empty(Directory.GetFiles(directory.File("keys")));
    }

    [Fact]
    public void What_a_killed_bank_had_begun_to_write_is_swept_and_nothing_else()
    {
        var folder = directory.File("keys");
        var files = new DenominationKeyFiles(folder);
        using var key = files.Create(_ => true);
        var name = Path.GetFileName(Assert.Single(Directory.GetFiles(folder)));
        string[] others = ["notes.txt", "denomination-old.pem", name + ".bak", "x" + name];
        foreach (var other in (string[])[.. others, name + ".0123456789abcdef.tmp"])
            File.WriteAllText(Path.Combine(folder, other), "x");
        new DenominationKeyFiles(folder).Sweep();
        Assert.Equal(
            others.Append(name).Order(), Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order());
    }

    public void Dispose() => directory.Dispose();
}

public sealed class DenominationPeriodsTests
{
    [Fact]
    public void The_keys_of_a_bank_with_the_default_periods_fit_into_its_list()
    {
        // What a key with its proof takes once the log has a million leaves: docs/operating/configuration.md.
        const long keyBytes = 4_250;
        var options = new BankOptions { Name = "bank.example", Currency = BankWorld.DefaultOptions.Currency };
        var life = options.WithdrawSeconds + options.SpendSeconds + options.RefreshSeconds + options.OverlapSeconds;
        var keys = (life + options.WithdrawSeconds - 1) / options.WithdrawSeconds;

        Assert.InRange(keys, 2, DenominationBook.MaxLivingKeys);
        // One more of each is announced before it is counted.
        Assert.InRange((keys + 1) * options.Exponents.Count * keyBytes, 1, options.MaxKeyListBytes);
    }
}
