using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class LockTests : BankSuite
{
    [Fact]
    public async Task Locks_several_tokens_and_part_of_one_and_signs_both_notes()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var sale = new Sale();
        var content = world.Authorization(sale, coins[0].Spend(), coins[1].Spend(3));
        var answer = (await world.LockAsync(content, coins)).Value;
        Assert.True(answer.LockNote.IsSignedBy(world.StatementKey.PublicKey));
        Assert.True(answer.Payment.IsSignedBy(world.StatementKey.PublicKey));
        Assert.Equal(
            new LockNote(sale.Transaction, content.ExpiresAt, world.Archive.Policy.Id, sale.Commitment),
            answer.LockNote.Content);
        Assert.Equal(
            new PaymentNote(sale.Transaction, world.Account, "EUR", Amount.FromMinorUnits(11)), answer.Payment.Content);
        var totals = await world.AuditAsync();
        Assert.Equal((1, 11), (totals.Unspent, totals.Locked));
    }

    [Fact]
    public async Task The_same_authorization_has_the_same_bytes_whatever_became_of_it()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8);
        var sale = new Sale();
        var content = world.Authorization(sale, coins[0].Spend());
        // Signed anew each time: equality is by the payload.
        var first = Bytes(await world.LockAsync(content, coins));
        Assert.Equal(first, Bytes(await world.LockAsync(content, coins)));
        var held = (await world.LockAsync(content, coins)).Value;
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        Assert.Equal(first, Bytes(await world.LockAsync(content, coins)));
        await world.RestartAsync();
        world.Clock.Advance(100_000);
        await world.Bank.MaintainAsync(default);
        Assert.Equal(first, Bytes(await world.LockAsync(content, coins)));
        Refused(BankError.IdReused, await world.LockAsync(
            content with { ExpiresAt = content.ExpiresAt.AddSeconds(1) }, coins));
    }

    [Fact]
    public async Task Many_clients_that_lock_one_token_move_its_value_once()
    {
        await using var world = await OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            var coins = await world.CoinsAsync(8);
            var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(
                () => world.LockAsync(new Sale(), coins))));
            var held = Assert.Single(answers, answer => answer.IsOk).Value;
            Assert.All(answers.Where(answer => !answer.IsOk), answer => Refused(BankError.TokenLocked, answer));
            Assert.Equal(8, (await world.AuditAsync()).Locked);
            world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
            await world.Bank.DecideAsync(
                held.LockNote.Content.Transaction, await world.AbortAsync(held), default);
        }
    }

    [Fact]
    public async Task Many_clients_that_repeat_one_authorization_get_one_lock_note()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var content = world.Authorization(new Sale(), coins[0].Spend(), coins[1].Spend());
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(
            () => world.LockAsync(content, coins))));
        Assert.Single(answers.Select(Bytes).Distinct());
        Assert.Equal(12, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task A_token_is_spent_in_parts_and_never_beyond_its_value()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        foreach (var part in (long[])[3, 4])
        {
            var sale = new Sale();
            var held = (await world.LockAsync(world.Authorization(sale, coin.Spend(part)), coin)).Value;
            await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        }

        Refused(BankError.TokenSpent, await world.LockAsync(world.Authorization(new Sale(), coin.Spend(2)), coin));
        Assert.True((await world.LockAsync(world.Authorization(new Sale(), coin.Spend(1)), coin)).IsOk);
    }

    [Fact]
    public async Task Refuses_more_than_the_denomination_at_once()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        Refused(BankError.TokenSpent, await world.LockAsync(world.Authorization(new Sale(), coin.Spend(9)), coin));
        Refused(BankError.TokenSpent, await world.LockAsync(
            world.Authorization(new Sale(), coin.Spend(Amount.Maximum)), coin));
    }

    [Fact]
    public async Task Amounts_that_overflow_when_summed_are_not_well_formed()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var content = world.Authorization(new Sale(), coins[0].Spend(), coins[1].Spend());
        foreach (var spends in (TokenSpend[][])[[coins[0].Spend(Amount.Maximum), coins[1].Spend(Amount.Maximum)]])
        {
            var wrong = content with { Amount = Amount.FromMinorUnits(1), Tokens = spends };
            Assert.False(wrong.IsWellFormed());
            Assert.Throws<ArgumentException>(
                () => SignedAuthorization.Sign(wrong, [coins[0].Key, coins[1].Key]));
        }

        Assert.Equal(0, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task One_serial_under_two_denomination_keys_moves_value_once()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(12);
        using var small = new TwinRequest(await world.DenominationAsync(4), null);
        using var large = new TwinRequest(await world.DenominationAsync(8), small.Key);
        var signatures = (await world.WithdrawAsync(TokenBatch.Join([small.Bytes, large.Bytes]))).Value;
        var (first, second) = (small.Finish(signatures[0]), large.Finish(signatures[1]));
        Refused(BankError.SerialReused, await world.LockAsync(
            world.Authorization(new Sale(), first.Spend(), second.Spend()), first));
        Assert.True((await world.LockAsync(new Sale(), first)).IsOk);
        Refused(BankError.SerialReused, await world.LockAsync(new Sale(), second));
        Refused(BankError.SerialReused, await world.Bank.RefreshAsync(world.RefreshOrder(second), default));
        Assert.Equal(4, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task Refuses_what_the_tokens_own_keys_did_not_sign()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 4);
        var content = world.Authorization(new Sale(), coins[0].Spend(), coins[1].Spend());
        foreach (var keys in (ISigner[][])
            [[coins[0].Key], [coins[1].Key, coins[0].Key], [coins[0].Key, P256PrivateKey.Generate()]])
            Refused(BankError.BadSignature, await world.Bank.LockAsync(
                SignedAuthorization.Sign(content, keys), default));
        Assert.Equal(0, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task Refuses_tokens_that_are_forged_or_answer_another_challenge_or_belong_to_another_key()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var bytes = coin.Token.Encode();
        bytes[^1] ^= 1;
        await RefusesAsync(BankError.BadToken, bytes);
        bytes = coin.Token.Encode();
        bytes[2 + 32] ^= 1;
        await RefusesAsync(BankError.BadToken, bytes);
        bytes = coin.Token.Encode();
        bytes[2 + 32 + 32] ^= 1;
        await RefusesAsync(BankError.UnknownKey, bytes);
        bytes = coin.Token.Encode();
        bytes[1] = 1;
        await RefusesAsync(BankError.Malformed, bytes);
        var other = P256PrivateKey.Generate();
        Refused(BankError.BadToken, await world.LockAsync(
            world.Authorization(new Sale(), coin.Spend() with { Key = other.PublicKey.Spki }),
            coin with { Key = other }));

        async Task RefusesAsync(BankError error, byte[] token) => Refused(error, await world.LockAsync(
            world.Authorization(new Sale(), coin.Spend() with { Token = token }), coin));
    }

    [Fact]
    public async Task Refuses_a_genuine_token_that_answers_another_challenge()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(8);
        // The bank signs blindly, so it cannot see which challenge the token answers.
        using var request = new CoinRequest(
            await world.DenominationAsync(8), (await world.DenominationAsync(4)).Challenge().Digest);
        var coin = request.Finish((await world.WithdrawAsync(request.Bytes)).Value[0]);
        Refused(BankError.BadToken, await world.LockAsync(new Sale(), coin));
        Refused(BankError.BadToken, await world.Bank.RefreshAsync(world.RefreshOrder(coin), default));
    }

    [Fact]
    public async Task A_lock_ends_before_its_tokens_do()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxExpirySeconds = 4_000 });
        var coin = (await world.CoinsAsync(8))[0];
        var key = await world.DenominationAsync(8);
        world.Clock.SetTo(key.SpendUntil.AddSeconds(-1));
        var content = world.Authorization(new Sale(), coin.Spend());
        Assert.Equal(world.Clock.Now.AddSeconds(4_001), key.ExpiresAt);
        Assert.True((await world.LockAsync(content with { ExpiresAt = key.ExpiresAt.AddSeconds(-1) }, coin)).IsOk);
        // A locking bank has no say in the dates of the issuer's keys.
        await using var issuer = await OpenAsync(
            BankWorld.DefaultOptions with { SpentAt = "locker.example", RefreshSeconds = 100, SpendSeconds = 0 });
        await using var locker = await BankWorld.OpenAsync(await NewDatabaseAsync(), BankWorld.DefaultOptions with
        {
            Name = "locker.example",
            Issuer = "bank.example",
        }, issuer: issuer);
        coin = (await issuer.CoinsAsync(8))[0];
        key = await issuer.DenominationAsync(8);
        locker.Clock.SetTo(key.SpendUntil.AddSeconds(-50));
        content = locker.Authorization(new Sale(), coin.Spend());
        Refused(BankError.BadExpiry, await locker.LockAsync(content with { ExpiresAt = key.ExpiresAt }, coin));
        Assert.True((await locker.LockAsync(content with { ExpiresAt = key.ExpiresAt.AddSeconds(-1) }, coin)).IsOk);
    }

    [Fact]
    public async Task Refuses_another_currency_archive_account_or_expiry()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var content = world.Authorization(new Sale(), coin.Spend());
        var now = world.Clock.Now;
        Refused(BankError.WrongBank, await world.LockAsync(content with { Currency = "USD" }, coin));
        Refused(BankError.UnknownArchive, await world.LockAsync(
            content with { Archive = PolicyId.Generate() }, coin));
        Refused(BankError.UnknownAccount, await world.LockAsync(
            content with { Account = AccountId.Generate() }, coin));
        Refused(BankError.BadExpiry, await world.LockAsync(content with { ExpiresAt = now.AddSeconds(9) }, coin));
        Refused(BankError.BadExpiry, await world.LockAsync(content with { ExpiresAt = now.AddSeconds(501) }, coin));
        Assert.True((await world.LockAsync(content with { ExpiresAt = now.AddSeconds(10) }, coin)).IsOk);
        coin = (await world.CoinsAsync(8))[0];
        content = world.Authorization(new Sale(), coin.Spend());
        Assert.True((await world.LockAsync(content with { ExpiresAt = now.AddSeconds(500) }, coin)).IsOk);
    }

    [Fact]
    public async Task A_token_is_spent_up_to_the_second_before_its_end()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync(8, 8);
        var end = (await world.DenominationAsync(8)).SpendUntil;
        world.Clock.SetTo(end.AddSeconds(-1));
        Assert.True((await world.LockAsync(new Sale(), coins[0])).IsOk);
        world.Clock.SetTo(end);
        Refused(BankError.KeyExpired, await world.LockAsync(new Sale(), coins[1]));
    }

    [Fact]
    public async Task An_account_holds_no_more_open_locks_than_allowed()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxOpenLocksPerAccount = 2 });
        var coins = await world.CoinsAsync(1, 1, 1);
        var sale = new Sale();
        var held = (await world.LockAsync(sale, coins[0])).Value;
        Assert.True((await world.LockAsync(new Sale(), coins[1])).IsOk);
        await world.RestartAsync();
        Refused(BankError.TooMany, await world.LockAsync(new Sale(), coins[2]));
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default);
        Assert.True((await world.LockAsync(new Sale(), coins[2])).IsOk);
    }

    [Fact]
    public async Task A_token_whose_locks_were_aborted_too_often_is_refreshed_before_it_is_locked_again()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxAbortsPerToken = 2 });
        var coins = await world.CoinsAsync(8, 4);
        for (var i = 0; i < 2; i++)
        {
            var sale = new Sale();
            var held = (await world.LockAsync(world.Authorization(sale, coins[0].Spend(3)), coins[0])).Value;
            world.Clock.SetTo(held.LockNote.Content.ExpiresAt);
            var abort = await world.AbortAsync(held);
            for (var again = 0; again < 2; again++)
                Assert.True((await world.Bank.DecideAsync(sale.Transaction, abort, default)).IsOk);
        }

        await world.RestartAsync();
        Refused(BankError.RefreshFirst, await world.LockAsync(
            world.Authorization(new Sale(), coins[0].Spend(3)), coins[0]));
        Refused(BankError.RefreshFirst, await world.LockAsync(new Sale(), coins));
        // The other token was no part of the aborts, and a refresh pays all that the worn one has.
        await world.SellAsync(coins[1]);
        Assert.Equal(8, (await world.Bank.RefreshAsync(world.RefreshOrder(coins[0]), default)).Value.Amount.MinorUnits);
        Assert.True((await world.LockAsync(new Sale(), await world.CoinsAsync(8))).IsOk);
    }

    [Fact]
    public async Task A_token_is_not_worn_by_locks_that_are_settled()
    {
        await using var world = await OpenAsync(BankWorld.DefaultOptions with { MaxAbortsPerToken = 1 });
        var coin = (await world.CoinsAsync(8))[0];
        for (var i = 0; i < 3; i++)
            await SellPartAsync();

        async Task SellPartAsync()
        {
            var sale = new Sale();
            var held = (await world.LockAsync(world.Authorization(sale, coin.Spend(1)), coin)).Value;
            Assert.True(
                (await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held), default)).IsOk);
        }
    }

    [Fact]
    public async Task Sixty_four_tokens_are_locked_at_once_and_one_forgery_among_them_stops_all()
    {
        await using var world = await OpenAsync();
        var coins = await world.CoinsAsync([.. Enumerable.Repeat(1L, 64)]);
        var spends = coins.Select(coin => coin.Spend()).ToArray();
        var forged = coins[40].Token.Encode();
        forged[^1] ^= 1;
        Refused(BankError.BadToken, await world.LockAsync(
            world.Authorization(new Sale(), [.. spends[..40], spends[40] with { Token = forged }, .. spends[41..]]),
            coins));
        Assert.True((await world.LockAsync(world.Authorization(new Sale(), spends), coins)).IsOk);
        Assert.Equal(64, (await world.AuditAsync()).Locked);
    }

    [Fact]
    public async Task What_the_books_say_of_a_token_is_asked_before_any_signature_is_verified()
    {
        await using var world = await OpenAsync();
        var coin = (await world.CoinsAsync(8))[0];
        var broken = coin.Token.Encode();
        broken[^1] ^= 1;
        var sale = new Sale();
        var held = await world.LockAsync(world.Authorization(sale, coin.Spend()), coin);
        await RefusesAsync(BankError.TokenLocked);
        // The request that was answered before is answered again, whoever signs it.
        Assert.Equal(Bytes(held), Bytes(await world.LockAsync(
            world.Authorization(sale, coin.Spend()), coin with { Key = P256PrivateKey.Generate() })));
        await world.Bank.DecideAsync(sale.Transaction, await world.CommitAsync(sale, held.Value), default);
        await RefusesAsync(BankError.TokenSpent);

        // With an authenticator or an owner's signature that is broken: either would be refused as such, if looked at.
        async Task RefusesAsync(BankError error)
        {
            Refused(error, await world.LockAsync(
                world.Authorization(new Sale(), coin.Spend() with { Token = broken }), coin));
            Refused(error, await world.LockAsync(
                world.Authorization(new Sale(), coin.Spend()), coin with { Key = P256PrivateKey.Generate() }));
        }
    }

    [Fact]
    public async Task A_forger_who_has_the_key_gets_no_more_than_it_issued_and_is_noticed()
    {
        await using var world = await OpenAsync();
        var honest = (await world.CoinsAsync(8))[0];
        var key = await world.DenominationAsync(8);
        var keyId = RsaPublicKey.FromSpki(key.TokenKey).KeyId;
        var stolen = world.Keys.Stolen[Convert.ToHexStringLower(keyId)];
        Coin Forge()
        {
            using var request = new CoinRequest(key);
            return request.Finish(stolen.BlindSign(request.Bytes.AsSpan(3)));
        }

        Assert.True((await world.LockAsync(new Sale(), Forge())).IsOk);
        Refused(BankError.BadToken, await world.LockAsync(new Sale(), Forge()));
        await world.Bank.MaintainAsync(default);
        Refused(BankError.KeyRevoked, await world.LockAsync(new Sale(), honest));
        var list = await world.Bank.DenominationsAsync(default);
        Assert.Single(list.Revocations);
    }

    private static string Bytes(Result<LockAnswer, BankError> result) =>
        Convert.ToHexString(StrictJson.Write(result.Value, ProtocolJson.Default.LockAnswer));

    /// <summary>Asks for a token under a nonce that another one has too.</summary>
    private sealed class TwinRequest(Denomination denomination, P256PrivateKey? key) : IDisposable
    {
        private readonly TokenIssuance issuance = Begin(denomination, key ??= P256PrivateKey.Generate());

        public P256PrivateKey Key { get; } = key!;

        public byte[] Bytes => issuance.Request;

        public Coin Finish(byte[] signature) => new(issuance.Finish(signature), Key, denomination.Value, []);

        public void Dispose() => issuance.Dispose();

        private static TokenIssuance Begin(Denomination denomination, P256PrivateKey key) => TokenIssuance.Begin(
            RsaPublicKey.FromSpki(denomination.TokenKey), denomination.Challenge().Digest,
            SHA256.HashData(key.PublicKey.Spki), RandomNumberGenerator.GetBytes(32));
    }
}

public sealed class SqliteLockTests : LockTests;

public sealed class PostgresLockTests(PostgresServer server) : LockTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
