using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class RefreshTests : BankSuite
{
    [Fact]
    public async Task The_rest_of_a_token_becomes_a_reserve_credit_once_with_the_same_answer_for_ever()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var sale = new Sale();
        var held = (await world.LockAsync(world.Authorization(sale, coin.Spend(3)), coin)).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        var fresh = P256PrivateKey.Generate();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => world.Bank.RefreshAsync(world.RefreshOrder(coin, fresh), default))));
        Assert.All(answers, answer => Assert.Equal(5, answer.Value.Amount.MinorUnits));
        await world.RestartAsync();
        world.Clock.SetTo((await world.DenominationAsync(8)).ExpiresAt);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(answers[0].Value, (await world.Bank.RefreshAsync(world.RefreshOrder(coin, fresh), default)).Value);
        Assert.Equal(5, await world.BalanceAsync(fresh));
    }

    [Fact]
    public async Task A_refreshed_token_is_worth_nothing_and_is_not_refreshed_to_another_reserve()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        Assert.True((await world.Bank.RefreshAsync(world.RefreshOrder(coin), default)).IsOk);
        Refused(BankError.TokenSpent, await world.LockAsync(world.Authorization(new Sale(), coin.Spend(1)), coin));
        Refused(BankError.TokenSpent, await world.Bank.RefreshAsync(
            world.RefreshOrder(coin, P256PrivateKey.Generate()), default));
        Assert.Equal(8, await world.BalanceAsync());
    }

    [Fact]
    public async Task A_refresh_and_a_lock_that_race_move_the_value_one_way()
    {
        await using var world = await OpenAsync();
        await RaceAsync(world, world, rounds: 10);
    }

    [Fact]
    public async Task A_token_is_refreshed_after_its_spending_ends_and_up_to_the_second_before_its_expiry()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var denomination = await world.DenominationAsync(8);
        world.Clock.SetTo(denomination.ExpiresAt.AddSeconds(-1));
        Assert.True((await world.Bank.RefreshAsync(world.RefreshOrder(coins[0]), default)).IsOk);
        world.Clock.SetTo(denomination.ExpiresAt);
        Refused(BankError.KeyExpired, await world.Bank.RefreshAsync(world.RefreshOrder(coins[1]), default));
    }

    [Fact]
    public async Task What_is_unspent_at_expiry_is_written_off_and_stays_so_when_the_clock_steps_back()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var denomination = await world.DenominationAsync(8);
        // Locked before expiry, unlocked after it.
        world.Clock.SetTo(denomination.SpendUntil.AddSeconds(-1));
        var content = world.Authorization(new Sale(), coins[1].Spend(3));
        Assert.True((await world.LockAsync(content, coins[1])).IsOk);
        world.Clock.SetTo(denomination.ExpiresAt.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        Assert.Equal(0, (await world.AuditAsync()).Expired);
        world.Clock.Advance(1);
        await world.Bank.MaintainAsync(default);
        Assert.Equal((13, 3), ((await world.AuditAsync()).Expired, (await world.AuditAsync()).Locked));
        await world.Bank.SettleDueAsync(default);
        await world.Bank.MaintainAsync(default);
        Assert.Equal((16, 0), ((await world.AuditAsync()).Expired, (await world.AuditAsync()).Unspent));
        world.Clock.Advance(-1_000);
        Refused(BankError.KeyExpired, await world.Bank.RefreshAsync(world.RefreshOrder(coins[0]), default));
        await world.RestartAsync();
        Refused(BankError.KeyExpired, await world.Bank.RefreshAsync(world.RefreshOrder(coins[0]), default));
    }

    [Fact]
    public async Task A_refresh_that_meets_the_write_off_of_its_key_is_late_and_no_forgery()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(1))[0];
        var expiresAt = (await world.DenominationAsync(1)).ExpiresAt;
        world.Clock.SetTo(expiresAt.AddSeconds(-1));
        await world.Bank.MaintainAsync(default);
        using var gate = new ManualResetEventSlim();
        var blocking = world.Database.WriteAsync((_, _) => gate.Wait(), default);
        world.Clock.Advance(1);
        var writingOff = Task.Run(() => world.Bank.MaintainAsync(default));
        await Task.Delay(500);
        // Both wait for the writer: the write-off, then a refresh that came before the end by the clock it saw.
        world.Clock.Advance(-1);
        var refreshing = Task.Run(() => world.Bank.RefreshAsync(world.RefreshOrder(coin), default));
        await Task.Delay(500);
        gate.Set();
        await blocking;
        Refused(BankError.KeyExpired, await refreshing);
        await writingOff;
        await world.Bank.MaintainAsync(default);
        Assert.Empty((await world.Bank.DenominationsAsync(default)).Revocations);
        Assert.Equal(1, (await world.AuditAsync()).Expired);
    }

    [Fact]
    public async Task Refuses_a_stranger_a_locked_token_and_a_forged_one()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var order = world.RefreshOrder(coin).Content;
        Refused(BankError.BadSignature, await world.Bank.RefreshAsync(
            Signed<RefreshOrder>.Sign(P256PrivateKey.Generate(), order), default));
        var forged = coin.Token.Encode();
        forged[^1] ^= 1;
        Refused(BankError.BadToken, await world.Bank.RefreshAsync(
            Signed<RefreshOrder>.Sign(coin.Key, order with { Token = forged }), default));
        Assert.True((await world.LockAsync(world.Authorization(new Sale(), coin.Spend(1)), coin)).IsOk);
        Refused(BankError.TokenLocked, await world.Bank.RefreshAsync(world.RefreshOrder(coin), default));
        Assert.Equal(0, await world.BalanceAsync());
    }

    [Fact]
    public async Task A_revoked_keys_tokens_are_recouped_and_nothing_else()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var held = (await world.LockAsync(world.Authorization(new Sale(), coins[1].Spend(3)), coins[1])).Value;
        var request = (await world.RequestsAsync(8))[0];
        await world.FundAsync(8);
        Refused(BankError.KeyNotRevoked, await world.Bank.RecoupAsync(world.RecoupOrder(coins[0]), default));
        await world.RevokeAsync(8);
        Refused(BankError.KeyRevoked, await world.WithdrawAsync(request.Bytes));
        Refused(BankError.KeyRevoked, await world.LockAsync(new Sale(), coins[0]));
        Refused(BankError.KeyRevoked, await world.Bank.RefreshAsync(world.RefreshOrder(coins[0]), default));
        Refused(BankError.TokenLocked, await world.Bank.RecoupAsync(world.RecoupOrder(coins[1]), default));
        var first = (await world.Bank.RecoupAsync(world.RecoupOrder(coins[0]), default)).Value;
        Assert.Equal(8, first.Amount.MinorUnits);
        await world.RestartAsync();
        Assert.Equal(first, (await world.Bank.RecoupAsync(world.RecoupOrder(coins[0]), default)).Value);
        Refused(BankError.TokenSpent, await world.Bank.RecoupAsync(
            world.RecoupOrder(coins[0], P256PrivateKey.Generate()), default));
        // What was locked before the revocation still settles or unlocks.
        world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
        await world.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await world.Bank.RecoupAsync(world.RecoupOrder(coins[1]), default)).Value.Amount.MinorUnits);
        Assert.Equal(24, await world.BalanceAsync());
    }

    [Fact]
    public async Task Only_issued_tokens_are_recouped_and_each_request_once()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var key = await world.DenominationAsync(8);
        // The thief's own withdrawals are on record; he has spent what they gave him.
        await world.SellAsync(coins[1]);
        var stolen = world.Keys.Stolen[Convert.ToHexStringLower(RsaPublicKey.FromSpki(key.TokenKey).KeyId)];
        await world.RevokeAsync(8);
        using var request = new CoinRequest(key);
        var forged = request.Finish(stolen.BlindSign(request.Bytes.AsSpan(3)));
        foreach (var coin in (Coin[])
            [forged, forged with { Seed = coins[1].Seed }, coins[0] with { Seed = coins[1].Seed },
            coins[0] with { Seed = new byte[32] }])
            Refused(BankError.NeverIssued, await world.Bank.RecoupAsync(world.RecoupOrder(coin), default));
        // A withdrawal that was recouped pays for no other token that leads to it.
        await SetRecoupedAsync(new byte[32]);
        Refused(BankError.NeverIssued, await world.Bank.RecoupAsync(world.RecoupOrder(coins[0]), default));
        await SetRecoupedAsync(null);
        Refused(BankError.TokenSpent, await world.Bank.RecoupAsync(world.RecoupOrder(coins[1]), default));
        Assert.Equal(8, (await world.Bank.RecoupAsync(world.RecoupOrder(coins[0]), default)).Value.Amount.MinorUnits);
        Assert.Equal(8, await world.BalanceAsync());

        Task SetRecoupedAsync(byte[]? serial) => world.Database.WriteAsync(
            (transaction, _) => transaction.ExecuteExpecting(2, "UPDATE withdrawals SET recouped = $1", serial),
            default);
    }

    [Fact]
    public async Task A_forger_who_has_the_key_refreshes_no_more_than_it_issued_and_is_noticed()
    {
        await using var world = await OpenAsync();
        await world.CoinsAsync(8);
        var key = await world.DenominationAsync(8);
        var stolen = world.Keys.Stolen[Convert.ToHexStringLower(RsaPublicKey.FromSpki(key.TokenKey).KeyId)];
        Assert.True((await RefreshForgedAsync()).IsOk);
        Refused(BankError.BadToken, await RefreshForgedAsync());
        await world.Bank.MaintainAsync(default);
        Refused(BankError.KeyRevoked, await RefreshForgedAsync());
        Assert.Single((await world.Bank.DenominationsAsync(default)).Revocations);
        Assert.Equal(8, await world.BalanceAsync());

        async Task<Result<RefreshAnswer, BankError>> RefreshForgedAsync()
        {
            using var request = new CoinRequest(key);
            return await world.Bank.RefreshAsync(
                world.RefreshOrder(request.Finish(stolen.BlindSign(request.Bytes.AsSpan(3)))), default);
        }
    }

    [Fact]
    public async Task A_thief_who_computes_a_blind_for_his_forgery_cannot_show_it()
    {
        await using var world = await OpenAsync();
        var issued = (await world.CoinsAsync(8))[0];
        var key = await world.DenominationAsync(8);
        var rsa = RsaPublicKey.FromSpki(key.TokenKey);
        var stolen = world.Keys.Stolen[Convert.ToHexStringLower(rsa.KeyId)];
        using var request = new CoinRequest(key);
        var forged = request.Finish(stolen.BlindSign(request.Bytes.AsSpan(3)));
        var salt = new byte[RsaPublicKey.SaltSize];
        using var wanted = BlindRsa.Blind(rsa, forged.Token.Encode().AsSpan(..^256), salt, Open(issued, rsa, stolen));
        using var honest = BlindRsa.Blind(rsa, issued.Token.Encode().AsSpan(..^256), issued.Seed);
        Assert.Equal(honest.BlindedMessage, wanted.BlindedMessage);
        await world.RevokeAsync(8);
        // An order has no place for a blind, and the first 32 bytes of one are no seed of it.
        var blind = Open(issued, rsa, stolen);
        Assert.Throws<ArgumentException>(() => world.RecoupOrder(forged with { Seed = blind }));
        Refused(BankError.NeverIssued, await world.Bank.RecoupAsync(
            world.RecoupOrder(forged with { Seed = blind[..32] }), default));
        Assert.Equal(0, await world.BalanceAsync());

        // r' with m' r'^e = B, for the request B of another coin: r' = (B / m')^d, where d is what was stolen.
        byte[] Open(Coin coin, RsaPublicKey publicKey, RsaPrivateKey secret)
        {
            var modulus = Number(publicKey.Spki.AsSpan(^(256 + 5)..^5));
            using var blinding = BlindRsa.Blind(publicKey, coin.Token.Encode().AsSpan(..^256), coin.Seed);
            var one = new byte[256];
            one[^1] = 1;
            // Blinded with 1, a message stays as it is.
            using var plain = BlindRsa.Blind(publicKey, forged.Token.Encode().AsSpan(..^256), salt, one);
            return secret.BlindSign(Bytes(
                Number(blinding.BlindedMessage) * Inverse(Number(plain.BlindedMessage), modulus) % modulus));
        }
    }

    private static System.Numerics.BigInteger Number(ReadOnlySpan<byte> bytes) =>
        new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(System.Numerics.BigInteger number)
    {
        var bytes = new byte[256];
        var tail = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        tail.CopyTo(bytes, 256 - tail.Length);
        return bytes;
    }

    private static System.Numerics.BigInteger Inverse(
        System.Numerics.BigInteger number, System.Numerics.BigInteger modulus)
    {
        var (a, b, x, y) = (number, modulus, System.Numerics.BigInteger.One, System.Numerics.BigInteger.Zero);
        while (!b.IsZero)
        {
            var quotient = a / b;
            (a, b) = (b, a - (quotient * b));
            (x, y) = (y, x - (quotient * y));
        }

        return ((x % modulus) + modulus) % modulus;
    }
}

public sealed class SqliteRefreshTests : RefreshTests;

public sealed class PostgresRefreshTests(PostgresServer server) : RefreshTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
