using Bauta.Bank.Ledger;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

/// <summary>A key is revoked whose tokens another bank locks: that bank closes them, the issuer recoups them.</summary>
public abstract class RecoupAcrossBanksTests : BankSuite
{
    [Fact]
    public async Task What_is_left_of_a_token_is_closed_once_at_the_locker_and_recouped_once_at_the_issuer()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8);
        await SpendAsync(locker, coins[0], 3);
        await issuer.RevokeAsync(8);
        Refused(BankError.KeyNotRevoked, await locker.CloseAsync(coins[0]));
        await locker.Bank.MaintainAsync(default);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => locker.CloseAsync(coins[0]))));
        var text = Assert.Single(answers.Select(answer => answer.Value.Note.Text).Distinct());
        await locker.RestartAsync();
        await issuer.RestartAsync();
        var note = (await locker.CloseAsync(coins[0])).Value.Note;
        Assert.Equal((text, 5), (note.Text, note.Content.Amount.MinorUnits));
        // A closed token moves nothing any more at the locker.
        Refused(BankError.KeyRevoked, await locker.LockAsync(
            locker.Authorization(new Sale(), coins[0].Spend(1)), coins[0]));
        Refused(BankError.KeyRevoked, await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[0]), default));

        var fresh = P256PrivateKey.Generate();
        var recoups = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => issuer.Bank.RecoupAsync(issuer.RecoupOrder(coins[0], fresh, note), default))));
        Assert.All(recoups, answer => Assert.Equal((5, null), (answer.Value.Amount.MinorUnits, answer.Value.Notice)));
        await issuer.RestartAsync();
        Assert.True((await issuer.Bank.RecoupAsync(issuer.RecoupOrder(coins[0], fresh, note), default)).IsOk);
        Refused(BankError.TokenSpent, await issuer.Bank.RecoupAsync(
            issuer.RecoupOrder(coins[0], P256PrivateKey.Generate(), note), default));
        Assert.Equal(5, await issuer.BalanceAsync(fresh));

        var whole = (await locker.CloseAsync(coins[1])).Value.Note;
        Assert.Equal(8, (await issuer.Bank.RecoupAsync(
            issuer.RecoupOrder(coins[1], closing: whole), default)).Value.Amount.MinorUnits);
        // The locker's claim on the issuer is what it settled, and that is what the issuer still has for it.
        var (here, there) = (await locker.AuditAsync(), await issuer.AuditAsync());
        Assert.Equal((8, 3, 5, 0), (here.Funded, here.Merchants, here.PaidOut, here.Unspent));
        Assert.Equal((16, 13, 3), (there.Funded, there.Reserves, there.Unspent));
    }

    [Fact]
    public async Task A_locked_token_is_closed_after_its_decision_and_a_spent_or_refreshed_one_never()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8, 8, 8);
        var (aborted, sold) = (new Sale(), new Sale());
        var open = (await locker.LockAsync(locker.Authorization(aborted, coins[0].Spend(3)), coins[0])).Value;
        var held = (await locker.LockAsync(locker.Authorization(sold, coins[1].Spend(3)), coins[1])).Value;
        await locker.SellAsync(coins[2]);
        var refreshed = (await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[3]), default)).Value;
        await RevokeAsync(issuer, locker);
        Refused(BankError.TokenLocked, await locker.CloseAsync(coins[0]));
        Refused(BankError.TokenLocked, await locker.CloseAsync(coins[1]));
        Refused(BankError.TokenSpent, await locker.CloseAsync(coins[2]));
        Refused(BankError.TokenSpent, await locker.CloseAsync(coins[3]));
        // What was locked before the revocation still settles or unlocks, and the refresh has its answer for ever.
        await locker.Bank.DecideAsync(sold.Transaction, await locker.CommitAsync(sold, held), default);
        locker.Clock.SetTo(open.LockNote.Content.ExpiresAt);
        await locker.Bank.SettleDueAsync(default);
        Assert.Equal(8, (await locker.CloseAsync(coins[0])).Value.Note.Content.Amount.MinorUnits);
        Assert.Equal(5, (await locker.CloseAsync(coins[1])).Value.Note.Content.Amount.MinorUnits);
        Assert.Equal(refreshed, (await locker.Bank.RefreshAsync(locker.RefreshOrder(coins[3]), default)).Value);
        var totals = await locker.AuditAsync();
        Assert.Equal((32, 11, 21, 0), (totals.Funded, totals.Merchants, totals.PaidOut, totals.Locked));
    }

    [Fact]
    public async Task The_issuer_takes_no_other_note_than_the_lockers_on_this_token()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8);
        var small = (await issuer.CoinsAsync(4))[0];
        await issuer.RevokeAsync(4);
        await RevokeAsync(issuer, locker);
        var note = (await locker.CloseAsync(coins[0])).Value.Note;
        var content = note.Content;
        using var stranger = P256PrivateKey.Generate();
        foreach (var wrong in (Signed<ClosingNote>?[])
        [
            null,
            (await locker.CloseAsync(coins[1])).Value.Note,
            (await locker.CloseAsync(small)).Value.Note,
            Signed<ClosingNote>.Sign(stranger, content),
            Signed<ClosingNote>.Sign(issuer.StatementKey, content),
            Signed<ClosingNote>.Sign(locker.StatementKey, content with { Issuer = "other.example" }),
            Signed<ClosingNote>.Sign(locker.StatementKey, content with { TokenKeyId = small.Token.KeyId }),
            Signed<ClosingNote>.Sign(locker.StatementKey, content with { Amount = Amount.FromMinorUnits(9) }),
        ])
            Refused(BankError.BadClosing, await issuer.Bank.RecoupAsync(
                issuer.RecoupOrder(coins[0], closing: wrong), default));
        Assert.Equal(0, await issuer.BalanceAsync());
        Assert.True((await issuer.Bank.RecoupAsync(issuer.RecoupOrder(coins[0], closing: note), default)).IsOk);
        Assert.Equal(8, await issuer.BalanceAsync());
        // It is no notice that funds a reserve either.
        Assert.False(Signed<FundingNotice>.TryParse(note.Text, out _));
        // A bank that locks its own tokens reads what is left in its own rows, whatever a note says.
        await using var whole = await OpenAsync();
        var own = (await whole.CoinsAsync(8))[0];
        await whole.RevokeAsync(8);
        Refused(BankError.WrongBank, await whole.CloseAsync(own));
        Refused(BankError.BadClosing, await whole.Bank.RecoupAsync(
            whole.RecoupOrder(own, closing: Signed<ClosingNote>.Sign(whole.Locker, content with
            {
                TokenKeyId = own.Token.KeyId,
                Serial = own.Token.Nonce,
            })), default));
    }

    [Fact]
    public async Task Forged_tokens_are_closed_and_never_recouped()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8);
        var key = await issuer.DenominationAsync(8);
        // The thief's own withdrawal is on record; he has spent what it gave him.
        await locker.SellAsync(coins[1]);
        var stolen = issuer.Keys.Stolen[Convert.ToHexStringLower(RsaPublicKey.FromSpki(key.TokenKey).KeyId)];
        await RevokeAsync(issuer, locker);
        for (var i = 0; i < 4; i++)
        {
            using var request = new CoinRequest(key);
            var forged = request.Finish(stolen.BlindSign(request.Bytes.AsSpan(3)));
            var note = (await locker.CloseAsync(forged)).Value.Note;
            foreach (var seed in (byte[][])[forged.Seed, coins[0].Seed, coins[1].Seed])
                Refused(BankError.NeverIssued, await issuer.Bank.RecoupAsync(
                    issuer.RecoupOrder(forged with { Seed = seed }, closing: note), default));
        }

        Assert.Equal(0, await issuer.BalanceAsync());
        var honest = (await locker.CloseAsync(coins[0])).Value.Note;
        Assert.True((await issuer.Bank.RecoupAsync(issuer.RecoupOrder(coins[0], closing: honest), default)).IsOk);
        Assert.Equal(8, await issuer.BalanceAsync());
        // What was closed for the thief is no claim on the issuer.
        var totals = await locker.AuditAsync();
        Assert.Equal((8, 8, 0), (totals.Funded, totals.Merchants, totals.PaidOut));
    }

    [Fact]
    public async Task Only_the_tokens_own_key_closes_it_and_only_when_it_is_genuine()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coin = (await issuer.CoinsAsync(8))[0];
        await RevokeAsync(issuer, locker);
        Refused(BankError.BadSignature, await locker.CloseAsync(coin, P256PrivateKey.Generate()));
        var broken = coin.Token.Encode();
        broken[^1] ^= 1;
        Refused(BankError.BadToken, await locker.Bank.CloseAsync(
            Signed<ClosingOrder>.Sign(coin.Key, new ClosingOrder(broken, coin.Key.PublicKey.Spki)), default));
        Refused(BankError.WrongBank, await issuer.CloseAsync(coin));
        Refused(BankError.WrongBank, await locker.Bank.RecoupAsync(
            locker.RecoupOrder(coin, closing: (await locker.CloseAsync(coin)).Value.Note), default));
        Assert.Equal(0, (await locker.AuditAsync()).Funded);
    }

    [Fact]
    public async Task A_token_is_closed_and_recouped_up_to_the_second_before_its_expiry()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8, 8);
        var expiresAt = (await issuer.DenominationAsync(8)).ExpiresAt;
        await RevokeAsync(issuer, locker);
        locker.Clock.SetTo(expiresAt.AddSeconds(-1));
        var notes = new[]
        {
            (await locker.CloseAsync(coins[0])).Value.Note, (await locker.CloseAsync(coins[1])).Value.Note,
        };
        Assert.True((await issuer.Bank.RecoupAsync(
            issuer.RecoupOrder(coins[0], closing: notes[0]), default)).IsOk);
        locker.Clock.SetTo(expiresAt);
        await issuer.Bank.MaintainAsync(default);
        await locker.Bank.MaintainAsync(default);
        Refused(BankError.KeyExpired, await locker.CloseAsync(coins[2]));
        Refused(BankError.KeyExpired, await issuer.Bank.RecoupAsync(
            issuer.RecoupOrder(coins[1], closing: notes[1]), default));
        // What was answered before is answered again.
        Assert.Equal(notes[1].Text, (await locker.CloseAsync(coins[1])).Value.Note.Text);
        Assert.True((await issuer.Bank.RecoupAsync(
            issuer.RecoupOrder(coins[0], closing: notes[0]), default)).IsOk);
        Assert.Equal(8, await issuer.BalanceAsync());
    }

    [Fact]
    public async Task A_closed_token_moves_nothing_more_even_if_its_key_counted_again()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coins = await issuer.CoinsAsync(8, 8, 8);
        await SpendAsync(locker, coins[0], 3);
        await RevokeAsync(issuer, locker);
        await locker.CloseAsync(coins[0]);
        await locker.CloseAsync(coins[1]);
        await SetAsync("UPDATE denominations SET revocation = NULL WHERE revocation IS NOT NULL");
        await locker.RestartAsync();
        foreach (var coin in coins[..2])
        {
            Refused(BankError.TokenSpent, await locker.LockAsync(
                locker.Authorization(new Sale(), coin.Spend(1)), coin));
            Refused(BankError.TokenSpent, await locker.Bank.RefreshAsync(locker.RefreshOrder(coin), default));
        }

        await locker.SellAsync(coins[2]);
        // The audit at the end finds a revocation that no key refers to.
        await SetAsync(
            "UPDATE denominations SET revocation = (SELECT id FROM announcements WHERE kind = 'revocation') "
            + "WHERE number = (SELECT key FROM tokens GROUP BY key)");

        Task SetAsync(string sql) => locker.Database.WriteAsync(
            (transaction, _) => transaction.ExecuteExpecting(1, sql), default);
    }

    [Fact]
    public async Task The_audit_counts_every_closing()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        var coin = (await issuer.CoinsAsync(8))[0];
        await SpendAsync(locker, coin, 3);
        await RevokeAsync(issuer, locker);
        await locker.CloseAsync(coin);
        await SetAsync(4);
        await Assert.ThrowsAsync<ConservationException>(locker.AuditAsync);
        await SetAsync(5);

        Task SetAsync(long amount) => locker.Database.WriteAsync(
            (transaction, _) => transaction.ExecuteExpecting(1, "UPDATE closings SET amount = $1", amount), default);
    }

    private static async Task SpendAsync(BankWorld locker, Coin coin, long amount)
    {
        var sale = new Sale();
        var held = (await locker.LockAsync(locker.Authorization(sale, coin.Spend(amount)), coin)).Value;
        await locker.Bank.DecideAsync(sale.Transaction, await locker.CommitAsync(sale, held), default);
    }

    private static async Task RevokeAsync(BankWorld issuer, BankWorld locker)
    {
        await issuer.RevokeAsync(8);
        await locker.Bank.MaintainAsync(default);
    }
}

public sealed class SqliteRecoupAcrossBanksTests : RecoupAcrossBanksTests;

public sealed class PostgresRecoupAcrossBanksTests(PostgresServer server) : RecoupAcrossBanksTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
