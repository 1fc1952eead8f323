using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

public class RefreshTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Fact]
    public async Task The_rest_of_a_partly_spent_token_is_refreshed_before_it_is_spent()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 4);
        var offer = await network.OfferAsync(goods, 1);
        // Of 2, 1 and 1 the small ones go first; then a part of the large one.
        foreach (var file in new[] { "a", "b", "c" })
        {
            Assert.IsType<Opened>(await customer.BuyAsync(offer, file));
            await network.BackgroundAsync();
        }

        var left = await customer.AgreesWithBankAsync();
        Assert.Equal((0, 1), (left.Spendable.MinorUnits, left.ToRefresh.MinorUnits));
        await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(() => customer.BuyAsync(offer, "d"));
        Assert.Equal(1, await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default));
        Assert.Equal(1, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        Assert.IsType<Opened>(await customer.BuyAsync(offer, "d"));
    }

    [Fact]
    public async Task A_token_of_too_many_aborted_purchases_is_refreshed_and_spent()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 4);
        network.MerchantWire.IgnoresPayments = true;
        for (var i = 0; i < InProcessNetwork.BankOptions.MaxAbortsPerToken; i++)
        {
            await BuyAndWaitAsync($"aborted-{i}");
            Assert.IsType<Returned>(await customer.LastPurchaseAsync());
            Assert.Equal(4, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        }

        network.MerchantWire.IgnoresPayments = false;
        await BuyAndWaitAsync("refused", 360);
        var left = await customer.AgreesWithBankAsync();
        Assert.Equal((0, 4), (left.Spendable.MinorUnits, left.ToRefresh.MinorUnits));
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 4), "bought"));

        async Task BuyAndWaitAsync(string file, long seconds = 300)
        {
            await customer.BuyAsync(await network.OfferAsync(goods, 4), file);
            network.Clock.Advance(seconds);
            Assert.Empty(await customer.ResumeAsync());
        }
    }

    [Fact]
    public async Task Tokens_near_their_end_are_refreshed_into_a_newer_key()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        network.Clock.Advance(InProcessNetwork.BankOptions.WithdrawSeconds - 50);
        await network.BackgroundAsync();
        Assert.Equal(0, await customer.Wallet.RefreshAsync(TimeSpan.FromSeconds(100), null, default));
        network.Clock.Advance(InProcessNetwork.BankOptions.SpendSeconds - 20);
        await network.BackgroundAsync();
        Assert.Equal(3, await customer.Wallet.RefreshAsync(TimeSpan.FromSeconds(100), null, default));
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal(7, balance.Spendable.MinorUnits);
        // The old keys can no longer be spent; the new tokens can.
        network.Clock.Advance(200);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "a"));
    }

    [Fact]
    public async Task Tokens_of_a_revoked_key_are_exchanged_and_not_spent()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 6);
        var two = await KeyOfAsync(customer, 2);
        Assert.True(await network.TheBank.RevokeAsync(two, default));
        await network.BackgroundAsync();
        await network.BackgroundAsync();
        Assert.True((await customer.Wallet.DenominationsAsync(default)).Find(two)!.IsRevoked);
        var offer = await network.OfferAsync(goods, 6);
        await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(() => customer.BuyAsync(offer, "a"));
        Assert.True(await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default) > 0);
        Assert.Equal(6, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
        Assert.IsType<Opened>(await customer.BuyAsync(offer, "a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refresh_whose_answer_was_lost_before_its_key_was_revoked_still_pays(bool hasLocker)
    {
        await using var network = await InProcessNetwork.StartAsync(hasLocker: hasLocker);
        await using var customer = await Customer.WithTokensAsync(network, 1);
        var one = await KeyOfAsync(customer, 1);
        var all = TimeSpan.FromDays(1);
        network.Wire.Reset();
        await customer.Wallet.RefreshAsync(all, null, default);
        var refresh = network.Wire.Log.IndexOf("IBank.RefreshAsync");
        network.Wire.Reset(refresh, isAnswerLost: true);
        await Assert.ThrowsAsync<PartyUnreachableException>(() => customer.Wallet.RefreshAsync(all, null, default));
        Assert.True(await network.TheBank.RevokeAsync(one, default));
        await network.BackgroundAsync();
        await network.BackgroundAsync();
        network.Wire.Reset();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(1, (await customer.Wallet.BalanceAsync(default)).Spendable.MinorUnits);
        if (!hasLocker)
            await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task Each_token_is_refreshed_in_an_exchange_and_a_reserve_of_its_own()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        network.BankWire.Withdrawals.Clear();
        network.Wire.Reset();
        await customer.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default);
        Assert.Equal(3, network.Wire.Log.Count(call => call == "IBank.RefreshAsync"));
        Assert.Equal(3, network.BankWire.Withdrawals.Select(one => one.Reserve).Distinct().Count());
        // A reserve that is emptied is never read again: reading them together would link them.
        network.Wire.Reset();
        await customer.Wallet.BalanceAsync(default);
        Assert.Empty(network.Wire.Log);
    }

    [Fact]
    public async Task Tokens_are_refreshed_in_another_order_than_they_are_kept_in()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var isShuffled = false;
        for (var round = 0; round < 3; round++)
        {
            var kept = (await customer.Wallet.Store.TokensAsync(TokenState.Held, default))
                .Select(token => Convert.ToHexString(token.Token!)).ToArray();
            var asked = new List<string>();
            network.BankWire.ChangeRefresh = order =>
            {
                asked.Add(Convert.ToHexString(order.Content.Token));
                return order;
            };
            await customer.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default);
            Assert.Equal(kept.Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
            isShuffled |= !kept.SequenceEqual(asked);
        }

        Assert.True(isShuffled);
    }

    [Fact]
    public async Task An_order_that_was_changed_on_its_way_costs_no_token()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        network.BankWire.ChangeRefresh = WithOtherToken;
        var refused = await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(
            () => customer.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default));
        Assert.Contains(Refusals<BankError>.Meaning(BankError.BadToken), refused.Message, StringComparison.Ordinal);
        network.BankWire.ChangeRefresh = null;
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(7, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_token_is_given_up_at_its_end_and_not_before_on_the_banks_word()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        network.BankWire.RefuseRefresh = BankError.KeyExpired;
        await Assert.ThrowsAsync<Bauta.Wallet.WalletException>(
            () => customer.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default));
        Assert.Equal(3, await customer.CountAsync(TokenState.Refreshing));
        network.Clock.Advance(InProcessNetwork.BankOptions.WithdrawSeconds
            + InProcessNetwork.BankOptions.SpendSeconds + InProcessNetwork.BankOptions.RefreshSeconds);
        await customer.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.Equal(3, await customer.CountAsync(TokenState.Gone));
    }

    /// <summary>The same statement with one bit of the token turned over.</summary>
    private static Signed<RefreshOrder> WithOtherToken(Signed<RefreshOrder> order)
    {
        var token = (byte[])order.Content.Token.Clone();
        token[^1] ^= 1;
        var parts = order.Text.Split('.');
        Assert.True(Base64Url.TryDecode(parts[1], out var payload));
        parts[1] = Base64Url.Encode(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(payload).Replace(
            Base64Url.Encode(order.Content.Token), Base64Url.Encode(token), StringComparison.Ordinal)));
        Assert.True(Signed<RefreshOrder>.TryParse(string.Join('.', parts), out var changed));
        return changed;
    }

    private static async Task<byte[]> KeyOfAsync(Customer customer, long value) =>
        (await customer.Wallet.DenominationsAsync(default)).All
        .Single(key => key.Terms.Value.MinorUnits == value).Key.KeyId;
}

public class RestoreTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(1000);

    [Fact]
    public async Task The_phrase_alone_finds_what_a_lost_wallet_held()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 31);
        await lost.FundAsync(10);
        // One purchase, and a refresh of what it left.
        Assert.IsType<Opened>(await lost.BuyAsync(await network.OfferAsync(goods, 9), "a"));
        await network.BackgroundAsync();
        await lost.Wallet.RefreshAsync(TimeSpan.FromDays(1), null, default);
        var had = await lost.AgreesWithBankAsync();
        Assert.Equal((22, 10), (had.Spendable.MinorUnits, had.InReserves.MinorUnits));

        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        network.BankWire.Withdrawals.Clear();
        Assert.Equal(22, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
        var has = await found.AgreesWithBankAsync();
        Assert.Equal((22, 10), (has.Spendable.MinorUnits, has.InReserves.MinorUnits));
        Assert.IsType<Opened>(await found.BuyAsync(await network.OfferAsync(goods, 22), "b"));
    }

    [Fact]
    public async Task A_restore_links_no_token_to_another()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 31);
        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        network.BankWire.Withdrawals.Clear();
        network.Wire.Reset();
        await found.Wallet.RestoreAsync(null, default);
        var asked = network.Wire.Log.TakeWhile(call => call != "IBank.RefreshAsync")
            .Count(call => call == "IBank.WithdrawAsync");
        Assert.True(asked > 6 * 4, $"{asked} tokens were asked for.");
        Assert.All(network.BankWire.Withdrawals.Take(asked), one => Assert.Equal(1, one.Count));
        Assert.Equal(
            network.BankWire.Withdrawals.Count,
            network.BankWire.Withdrawals.Select(one => one.Reserve).Distinct().Count());
    }

    [Fact]
    public async Task Tokens_whose_answer_was_lost_are_found_and_not_charged_again()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.JoinAsync(network);
        await lost.FundAsync(15);
        network.Wire.Reset();
        // Before it: the bank's card, its denominations, the reserve, and the first two again.
        network.Wire.Reset(lostCall: 5, isAnswerLost: true);
        await Assert.ThrowsAsync<PartyUnreachableException>(
            () => lost.Wallet.WithdrawAsync(Amount.FromMinorUnits(15), default));
        Assert.Equal("IBank.WithdrawAsync", network.Wire.Log[^1]);
        network.Wire.Reset();
        Assert.Equal(15, (await network.AuditAsync()).Unspent);

        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        Assert.Equal(15, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
        Assert.Equal(15, (await found.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_restore_may_stop_at_any_call_and_go_on()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 3);
        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        for (var call = 1; call < 60; call += 7)
        {
            network.Wire.Reset(call, isAnswerLost: call % 2 == 0);
            try
            {
                await found.Wallet.RestoreAsync(null, default);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            await found.RestartAsync();
        }

        network.Wire.Reset();
        await found.Wallet.RestoreAsync(null, default);
        Assert.Empty(await found.ResumeAsync());
        Assert.Equal(3, (await found.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_token_locked_when_the_wallet_was_lost_comes_back_after_its_end()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var lost = await Customer.WithTokensAsync(network, 7);
        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await lost.BuyAsync(await network.OfferAsync(goods, 7), "a"));
        await using var found = await Customer.JoinAsync(network, "again", lost.Phrase);
        Assert.Equal(0, (await found.Wallet.RestoreAsync(null, default)).MinorUnits);
        Assert.Equal(7, (await found.AgreesWithBankAsync()).ToRefresh.MinorUnits);
        network.Clock.Advance(400);
        await network.BackgroundAsync();
        await found.Wallet.RefreshAsync(TimeSpan.Zero, null, default);
        Assert.Equal(7, (await found.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_phrase_that_never_had_a_wallet_finds_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var rich = await Customer.WithTokensAsync(network, 7);
        await using var poor = await Customer.JoinAsync(network, "poor", RecoveryPhrase.Generate());
        Assert.Equal(0, (await poor.Wallet.RestoreAsync(null, default)).MinorUnits);
        Assert.Equal(0, await poor.CountAsync(TokenState.Held));
    }
}
