using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>
/// Every call that a wallet makes is lost once on its way and once on its way back; the wallet's process dies with it
/// and its file is opened again.
/// </summary>
public class LostAnswerTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes((1 << 20) + 9);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_purchase_that_loses_any_one_call_ends_in_one_way_and_costs_at_most_once(bool isAnswerLost)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 255);
        var offer = await network.OfferAsync(goods, 5);
        network.Wire.Reset();
        await customer.BuyAsync(offer, "first.bin");
        var calls = network.Wire.Log.ToArray();
        Assert.True(calls.Length >= 7, string.Join(", ", calls));
        var paid = 5L;
        for (var lost = 0; lost < calls.Length; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost);
            var file = $"bought-{lost}.bin";
            try
            {
                await customer.BuyAsync(offer, file);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
            Assert.Empty(await customer.ResumeAsync());
            var history = await customer.Wallet.HistoryAsync(default);
            Assert.All(history, purchase => Assert.True(purchase.IsFinal, $"{calls[lost]}: {purchase.GetType().Name}"));
            var opened = history.Count(purchase => purchase is Opened);
            if (File.Exists(network.File(file)))
            {
                Assert.Equal(goods, await File.ReadAllBytesAsync(network.File(file)));
                paid += 5;
            }

            Assert.Equal(paid, opened * 5);
            network.Clock.Advance(20);
            await network.BackgroundAsync();
            Assert.True(paid == (await network.AuditAsync()).Merchants, $"After the loss of {calls[lost]}.");
            var balance = await customer.AgreesWithBankAsync();
            Assert.Equal(255 - paid, (balance.Spendable + balance.ToRefresh).MinorUnits);
            Assert.Equal(0, balance.SetAside.MinorUnits);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_purchase_with_a_silent_shop_that_loses_any_one_call_gives_every_token_back(bool isAnswerLost)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 5);
        network.MerchantWire.IgnoresPayments = true;
        network.Wire.Reset();
        await customer.BuyAsync(offer, "file");
        network.Clock.Advance(300);
        await customer.ResumeAsync();
        var calls = network.Wire.Log.ToArray();
        Assert.Contains("IArchive.DecideAsync", calls);
        for (var lost = 0; lost < calls.Length; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost);
            try
            {
                await customer.BuyAsync(offer, "file");
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            await customer.RestartAsync();
            network.Clock.Advance(300);
            await customer.ResumeAsync();
            await customer.RestartAsync();
            network.Wire.Reset();
            // What never reached the shop begins anew at the first resume, so it ends one lifetime later.
            network.Clock.Advance(300);
            var left = await customer.ResumeAsync();
            Assert.True(left.Count == 0, $"{calls[lost]}, call {lost}: {string.Join(", ", left)}");
            Assert.All(await customer.Wallet.HistoryAsync(default),
                purchase => Assert.True(purchase is Returned or Abandoned, $"{calls[lost]}: {purchase}"));
            // What the bank locked on a P2 whose answer never came is given back by its own question to the archive.
            await network.BackgroundAsync();
            Assert.Equal(31, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
            Assert.Equal((0L, 0L), (await network.AuditAsync()) switch { var it => (it.Locked, it.Merchants) });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Funding_and_withdrawing_lose_nothing_with_any_one_call(bool isAnswerLost)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        network.Wire.Reset();
        await customer.FundAsync(21);
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21), default);
        var calls = network.Wire.Calls;
        var had = 21L;
        for (var lost = 0; lost < calls; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost);
            try
            {
                await customer.FundAsync(21);
                await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21), default);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
            Assert.Empty(await customer.ResumeAsync());
            var balance = await customer.AgreesWithBankAsync();
            var has = (balance.Spendable + balance.InReserves).MinorUnits;
            // A call that is lost before the intent was written leaves no intent.
            Assert.True(has == had + 21 || (has == had && lost < 2), $"Call {lost}: {had} became {has}.");
            Assert.Equal(0, await customer.CountAsync(TokenState.Planned));
            had = has;
        }

        Assert.Equal(had, (await network.AuditAsync()).Funded);
    }

    [Theory]
    [InlineData(false, 10_001, 0, 21)]
    [InlineData(true, 10_001, 21, 0)]
    [InlineData(false, 55_001, 0, 21)]
    [InlineData(true, 55_001, 0, 0)]
    public async Task A_withdrawal_resumed_after_its_keys_time_is_never_charged_anew(
        bool isAnswerLost, long later, long spendable, long inReserve)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(21);
        await customer.FundAsync(21);
        network.Wire.Reset();
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21), default);
        network.Wire.Reset(network.Wire.Log.IndexOf("IBank.WithdrawAsync"), isAnswerLost);
        await Assert.ThrowsAsync<PartyUnreachableException>(
            () => customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21), default));
        network.Wire.Reset();
        network.Clock.Advance(later);
        await network.BackgroundAsync();
        await customer.RestartAsync();
        network.BankWire.Withdrawals.Clear();

        Assert.Empty(await customer.ResumeAsync());
        var reserves = network.BankWire.ReservesRead.ToHashSet();
        Assert.DoesNotContain(network.BankWire.Withdrawals, one => reserves.Contains(one.Reserve));
        Assert.Equal(0, await customer.CountAsync(TokenState.Planned));
        var balance = await customer.Wallet.BalanceAsync(default);
        Assert.Equal((21 + spendable, inReserve), (balance.Spendable.MinorUnits, balance.InReserves.MinorUnits));
        Assert.Equal(inReserve, (await network.AuditAsync()).Reserves);
        await customer.FundAsync(21);
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21 + inReserve), default);
        Assert.Equal(0, (await network.AuditAsync()).Reserves);
    }

    [Fact]
    public async Task Planned_tokens_of_a_key_that_is_hidden_before_its_time_are_kept()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        await customer.FundAsync(21);
        network.BankWire.RefuseWithdrawal = _ => throw new PartyUnreachableException("Lost.");
        await Assert.ThrowsAsync<PartyUnreachableException>(
            () => customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(21), default));
        network.BankWire.RefuseWithdrawal = null;
        network.BankWire.ChangeList = list => list with { Denominations = [] };
        var planned = await customer.CountAsync(TokenState.Planned);
        Assert.NotEqual(0, planned);
        Assert.Single(await customer.ResumeAsync());
        Assert.Equal(planned, await customer.CountAsync(TokenState.Planned));
        network.BankWire.ChangeList = null;
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(21, (await customer.AgreesWithBankAsync()).Spendable.MinorUnits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refresh_loses_nothing_with_any_one_call(bool isAnswerLost)
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        network.Wire.Reset();
        var all = TimeSpan.FromDays(1);
        Assert.Equal(3, await customer.Wallet.RefreshAsync(all, null, default));
        var calls = network.Wire.Calls;
        for (var lost = 0; lost < calls; lost++)
        {
            network.Wire.Reset(lost, isAnswerLost);
            try
            {
                await customer.Wallet.RefreshAsync(all, null, default);
            }
            catch (PartyUnreachableException)
            {
                // As told.
            }

            network.Wire.Reset();
            await customer.RestartAsync();
            var cutOff = await customer.Wallet.BalanceAsync(default);
            Assert.True(
                (cutOff.Spendable + cutOff.ToRefresh + cutOff.InReserves).MinorUnits == 7,
                $"Call {lost} of {calls}, before it is resumed: {cutOff}");
            Assert.Empty(await customer.ResumeAsync());
            var balance = await customer.AgreesWithBankAsync();
            Assert.True(balance.Spendable.MinorUnits == 7, $"Call {lost} of {calls}: {balance}");
        }
    }

    [Fact]
    public async Task The_same_purchase_resumed_by_two_copies_of_the_wallet_pays_once()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.IgnoresPayments = true;
        await customer.BuyAsync(await network.OfferAsync(goods, 5), "bought.bin");
        await customer.Wallet.Store.BackupAsync(network.File("copy.db"), default);
        network.MerchantWire.IgnoresPayments = false;
        Assert.Empty(await customer.ResumeAsync());

        Directory.CreateDirectory(network.File("copy"));
        File.Move(network.File("copy.db"), WalletStore.FileIn(network.File("copy")));
        File.Delete(network.File("bought.bin"));
        await using var store = await WalletStore.OpenAsync(network.File("copy"), "password", network.Clock);
        var copy = new Bauta.Wallet.Wallet(store, network, network.Clock) { MaxPause = TimeSpan.Zero };
        Assert.Empty(await copy.ResumeAsync(null, default));
        await network.BackgroundAsync();
        Assert.Equal(5, (await network.AuditAsync()).Merchants);
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("bought.bin")));
    }
}
