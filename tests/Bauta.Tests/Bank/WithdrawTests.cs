using System.Numerics;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Bank;

public abstract class WithdrawTests : BankSuite
{
    [Fact]
    public async Task A_batch_is_signed_paid_for_and_verifies()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(20);
        var requests = await world.RequestsAsync(8, 4, 4, 1);
        var signatures = (await world.WithdrawAsync(requests)).Value;
        for (var i = 0; i < requests.Length; i++)
            Assert.NotNull(requests[i].Finish(signatures[i]));
        Assert.Equal(3, await world.BalanceAsync());
        Assert.Equal(17, (await world.AuditAsync()).Unspent);
    }

    [Fact]
    public async Task The_same_request_has_the_same_bytes_and_is_paid_once()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(16);
        var requests = await world.RequestsAsync(8, 4);
        var first = (await world.WithdrawAsync(requests)).Value;
        var again = (await world.WithdrawAsync(requests)).Value;
        await world.RestartAsync();
        world.Clock.Advance(5_000);
        await world.Bank.MaintainAsync(default);
        var late = (await world.WithdrawAsync(requests)).Value;
        Assert.Equal(first, again);
        Assert.Equal(first, late);
        Assert.Equal(4, await world.BalanceAsync());
    }

    [Fact]
    public async Task A_blinded_message_seen_before_is_free_inside_another_batch_and_twice_in_one()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(12);
        var requests = await world.RequestsAsync(4, 8);
        var single = (await world.WithdrawAsync(requests[0].Bytes)).Value;
        var batch = (await world.WithdrawAsync(
            TokenBatch.Join([requests[0].Bytes, requests[1].Bytes, requests[0].Bytes]))).Value;
        Assert.Equal(single[0], batch[0]);
        Assert.Equal(single[0], batch[2]);
        Assert.Equal(0, await world.BalanceAsync());
    }

    [Fact]
    public async Task Concurrent_repeats_of_one_request_are_paid_once()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(100);
        var requests = await world.RequestsAsync(4, 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Task.Run(
            () => world.WithdrawAsync(requests))));
        Assert.All(answers, answer => Assert.Equal(answers[0].Value, answer.Value));
        Assert.Equal(95, await world.BalanceAsync());
    }

    [Fact]
    public async Task Concurrent_withdrawals_never_overdraw_the_reserve()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(10);
        var requests = await world.RequestsAsync([.. Enumerable.Repeat(4L, 12)]);
        var answers = await Task.WhenAll(requests.Select(request => Task.Run(
            () => world.WithdrawAsync(request.Bytes))));
        Assert.Equal(2, answers.Count(answer => answer.IsOk));
        Assert.All(answers.Where(answer => !answer.IsOk), answer => Refused(BankError.ReserveTooSmall, answer));
        Assert.Equal(2, await world.BalanceAsync());
    }

    [Fact]
    public async Task Nothing_of_a_batch_is_signed_when_the_reserve_does_not_cover_it()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(11);
        var requests = await world.RequestsAsync(8, 4);
        Refused(BankError.ReserveTooSmall, await world.WithdrawAsync(requests));
        Assert.Equal(11, await world.BalanceAsync());
        Assert.Equal(0, (await world.AuditAsync()).Unspent);
    }

    [Fact]
    public async Task Refuses_a_reserve_that_was_never_funded_and_a_strangers_order()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(8);
        var body = (await world.RequestsAsync(4))[0].Bytes;
        Refused(BankError.UnknownReserve, await world.WithdrawAsync(body, P256PrivateKey.Generate()));
        Assert.True(TokenBatch.TrySplit(body, out var requests));
        var order = Signed<WithdrawalOrder>.Sign(
            P256PrivateKey.Generate(), world.WithdrawalOrder(body).Content);
        Refused(BankError.BadSignature, await world.Bank.WithdrawAsync(order, body, requests, default));
        body = [.. body];
        body[^1] ^= 1;
        Refused(BankError.BadSignature, await world.Bank.WithdrawAsync(
            world.WithdrawalOrder((await world.RequestsAsync(4))[0].Bytes), body, requests, default));
        Assert.Equal(8, await world.BalanceAsync());
    }

    [Fact]
    public async Task Refuses_blinded_messages_that_must_not_be_signed()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(8);
        var denomination = await world.DenominationAsync(4);
        var key = RsaPublicKey.FromSpki(denomination.TokenKey);
        // The modulus stands in the SPKI before the five bytes of the exponent.
        var modulus = new BigInteger(key.Spki.AsSpan(^(256 + 5)..^5), isUnsigned: true, isBigEndian: true);
        foreach (var number in (BigInteger[])[0, 1, modulus - 1, modulus, modulus + 5])
        {
            var bytes = new byte[256];
            var tail = number.ToByteArray(isUnsigned: true, isBigEndian: true);
            tail.CopyTo(bytes, 256 - tail.Length);
            var request = new TokenRequest(key.TruncatedKeyId, bytes).Encode();
            Refused(BankError.BadBlindedMessage, await world.WithdrawAsync(request));
            var good = (await world.RequestsAsync(4))[0].Bytes;
            Refused(BankError.BadBlindedMessage, await world.WithdrawAsync(TokenBatch.Join([good, request])));
        }

        Assert.Equal(8, await world.BalanceAsync());
    }

    [Fact]
    public async Task A_key_signs_up_to_the_second_before_its_end()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(8);
        var requests = await world.RequestsAsync(4, 4);
        var denomination = await world.DenominationAsync(4);
        world.Clock.SetTo(denomination.WithdrawUntil.AddSeconds(-1));
        Assert.True((await world.WithdrawAsync(requests[0].Bytes)).IsOk);
        world.Clock.SetTo(denomination.WithdrawUntil);
        Refused(BankError.KeyExpired, await world.WithdrawAsync(requests[1].Bytes));
        Assert.True((await world.WithdrawAsync(requests[0].Bytes)).IsOk);
        Assert.Equal(4, await world.BalanceAsync());
    }

    [Fact]
    public async Task Refuses_a_key_it_does_not_have_and_more_than_a_batch()
    {
        await using var world = await OpenAsync();
        await world.FundAsync(1000);
        var good = (await world.RequestsAsync(4))[0];
        var taken = (await world.Bank.DenominationsAsync(default)).Denominations
            .Select(listed => RsaPublicKey.FromSpki(listed.Key.Content.TokenKey).TruncatedKeyId).ToHashSet();
        var free = (byte)Enumerable.Range(0, 256).First(id => !taken.Contains((byte)id));
        byte[] unknown = [.. good.Bytes];
        unknown[2] = free;
        Refused(BankError.UnknownKey, await world.WithdrawAsync(unknown));
        Assert.True(TokenRequest.TryDecode(good.Bytes, out var request));
        var body = TokenBatch.Join(Enumerable.Repeat(good.Bytes, TokenBatch.MaxRequests + 1));
        Refused(BankError.Malformed, await world.Bank.WithdrawAsync(
            world.WithdrawalOrder(body), body,
            [.. Enumerable.Repeat(request, TokenBatch.MaxRequests + 1)], default));
        Assert.Equal(1000, await world.BalanceAsync());
    }
}

public sealed class SqliteWithdrawTests : WithdrawTests;

public sealed class PostgresWithdrawTests(PostgresServer server) : WithdrawTests
{
    protected override Task<string> NewDatabaseAsync() => server.CreateDatabaseAsync("bank");
}
