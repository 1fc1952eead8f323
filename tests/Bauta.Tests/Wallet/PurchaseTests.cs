using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;
using Xunit;

namespace Bauta.Tests.Wallet;

public class PurchaseTests
{
    private static readonly byte[] goods = RandomNumberGenerator.GetBytes(3 * 1024 * 1024 / 2);

    [Fact]
    public async Task A_customer_funds_withdraws_buys_and_opens_what_was_promised()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.JoinAsync(network);
        Assert.True(await customer.FundAsync(100));
        Assert.Equal(100, (await customer.AgreesWithBankAsync()).InReserves.MinorUnits);
        Assert.Equal(60, (await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(60), default)).MinorUnits);
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal((60, 40), (balance.Spendable.MinorUnits, balance.InReserves.MinorUnits));

        var bought = await customer.BuyAsync(await network.OfferAsync(goods, 25), "bought.bin");
        Assert.True(Assert.IsType<Opened>(bought).AsPromised);
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("bought.bin")));
        await network.BackgroundAsync();
        balance = await customer.AgreesWithBankAsync();
        Assert.Equal((35, 40), ((balance.Spendable + balance.ToRefresh).MinorUnits, balance.InReserves.MinorUnits));
        Assert.Equal(25, await network.SalesAsync());
        Assert.Equal(25, (await network.AuditAsync()).Merchants);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Empty(Directory.GetFiles(Path.Combine(customer.Wallet.Store.Folder, "goods")));
    }

    [Fact]
    public async Task A_silent_shop_costs_nothing_the_archive_aborts_after_expiry()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 63);
        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await customer.BuyAsync(await network.OfferAsync(goods, 20), "bought.bin"));
        Assert.Equal(20, (await network.AuditAsync()).Locked);
        Assert.Single(await customer.ResumeAsync());
        network.Clock.Advance(299);
        Assert.Single(await customer.ResumeAsync());
        network.Clock.Advance(1);
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Returned>(await customer.LastPurchaseAsync());
        var balance = await customer.AgreesWithBankAsync();
        Assert.Equal(63, balance.Spendable.MinorUnits);
        Assert.Equal(0, (await network.AuditAsync()).Locked);
        Assert.False(File.Exists(network.File("bought.bin")));
        // The tokens are as good as before.
        network.MerchantWire.IgnoresPayments = false;
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 63), "bought.bin"));
    }

    [Fact]
    public async Task Without_the_witness_quorum_nothing_moves()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        network.IsWitnessDown = true;
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "bought.bin"));
        Assert.Single(await customer.ResumeAsync());
        await network.BackgroundAsync();
        var totals = await network.AuditAsync();
        Assert.Equal((7, 0), (totals.Locked, totals.Merchants));
        Assert.False(File.Exists(network.File("bought.bin")));

        network.IsWitnessDown = false;
        await SoonAsync(async () => (await customer.ResumeAsync()).Count == 0);
        Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        network.Clock.Advance(60);
        await network.BackgroundAsync();
        Assert.Equal(7, (await network.AuditAsync()).Merchants);
    }

    [Fact]
    public async Task A_twin_of_the_lock_notes_signature_changes_nothing()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.ChangePayment = payment => payment with
        {
            Lock = payment.Lock with { LockNote = Archive.Sale.Twin(payment.Lock.LockNote) },
        };
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin"));
        await network.BackgroundAsync();
        var totals = await network.AuditAsync();
        Assert.Equal((0, 7), (totals.Locked, totals.Merchants));
        await customer.AgreesWithBankAsync();
    }

    [Fact]
    public async Task A_customer_who_cannot_pay_is_told_before_anything_is_asked()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 10);
        var offer = await network.OfferAsync(goods, 11);
        Assert.Equal(WalletError.NotEnough,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "bought.bin"))).Error);
        Assert.Empty(await customer.Wallet.HistoryAsync(default));
    }

    [Fact]
    public async Task A_file_that_is_there_is_never_overwritten()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        await File.WriteAllTextAsync(network.File("mine"), "mine");
        Assert.Equal(WalletError.Exists,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "mine"))).Error);

        network.MerchantWire.IgnoresPayments = true;
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "later"));
        Assert.Equal(WalletError.Exists,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "later"))).Error);
        await File.WriteAllTextAsync(network.File("later"), "mine");
        network.MerchantWire.IgnoresPayments = false;
        Assert.NotEmpty(await customer.ResumeAsync());
        Assert.Equal("mine", await File.ReadAllTextAsync(network.File("later")));
        File.Delete(network.File("later"));
        await File.WriteAllTextAsync(network.File("later.part"), "mine");
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("later")));
        Assert.Equal("mine", await File.ReadAllTextAsync(network.File("later.part")));
    }

    [Fact]
    public async Task Where_no_file_can_be_made_is_found_before_anything_is_paid()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        await File.WriteAllTextAsync(network.File("file"), "mine");
        Directory.CreateDirectory(network.File("folder"));
        Assert.Equal(WalletError.Refused,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "file/below"))).Error);
        Assert.Equal(WalletError.Exists,
            (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "folder"))).Error);
        Assert.Empty(await customer.Wallet.HistoryAsync(default));
        Assert.Equal(31, (await customer.Wallet.BalanceAsync(default)).Spendable.MinorUnits);
    }

    [Fact]
    public async Task A_paid_file_that_cannot_be_stored_goes_elsewhere_and_holds_nothing_else_up()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        network.MerchantWire.IgnoresPayments = true;
        var first = await customer.BuyAsync(offer, "below/bought");
        Assert.IsType<Locked>(await customer.BuyAsync(offer, "second"));
        Directory.Delete(network.File("below"));
        await File.WriteAllTextAsync(network.File("below"), "no folder any more");
        network.MerchantWire.IgnoresPayments = false;

        Assert.Contains("resume PURCHASE --out", Assert.Single(
            await customer.ResumeAsync(), line => line.Contains("cannot be stored", StringComparison.Ordinal)));
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("second")));
        Assert.IsType<Committed>((await customer.Wallet.HistoryAsync(default))[0]);
        await customer.Wallet.RedirectAsync(first.Order.Id, network.File("elsewhere"), default);
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("elsewhere")));
        Assert.Equal(WalletError.Refused, (await Assert.ThrowsAsync<WalletException>(() =>
            customer.Wallet.RedirectAsync(first.Order.Id, network.File("again"), default))).Error);
    }

    [Fact]
    public async Task Goods_lost_from_the_disk_after_payment_are_fetched_again()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        network.MerchantWire.IgnoresPayments = true;
        var locked = await customer.BuyAsync(await network.OfferAsync(goods, 7), "bought.bin");
        var kept = Path.Combine(customer.Wallet.Store.Folder, "goods", locked.Order.Id.ToString());
        var bytes = await File.ReadAllBytesAsync(kept);
        bytes[77] ^= 1;
        await File.WriteAllBytesAsync(kept, bytes);
        network.MerchantWire.IgnoresPayments = false;
        Assert.Empty(await customer.ResumeAsync());
        Assert.True(Assert.IsType<Opened>(await customer.LastPurchaseAsync()).AsPromised);
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("bought.bin")));
    }

    [Fact]
    public async Task Goods_that_were_not_flushed_stay_with_the_wallet_until_they_are()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var offer = await network.OfferAsync(goods, 7);
        var part = $"bought.bin.{Convert.ToHexStringLower(offer.ContentHash.AsSpan(0, 8))}.part";
        using (await Storage.StorageChild.FailOwnAsync("fsync", "EIO", network.File(part)))
            Assert.Equal(WalletError.Refused,
                (await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(offer, "bought.bin"))).Error);
        var paid = Assert.IsType<Committed>(await customer.LastPurchaseAsync());
        Assert.True(File.Exists(customer.Wallet.Store.GoodsPathOf(paid.Order.Id)));
        Assert.False(File.Exists(network.File("bought.bin")));
        Assert.Empty(await customer.ResumeAsync());
        Assert.IsType<Opened>(await customer.LastPurchaseAsync());
        Assert.False(File.Exists(customer.Wallet.Store.GoodsPathOf(paid.Order.Id)));
        Assert.Equal(goods, await File.ReadAllBytesAsync(network.File("bought.bin")));
    }

    [Fact]
    public async Task Buying_never_funds_withdraws_or_refreshes()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        await customer.FundAsync(100);
        network.Wire.Reset();
        // Exactly in whole tokens, then with a part of one, then not at all though the reserve would cover it.
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 3), "a"));
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync(goods, 5), "b"));
        var dear = await network.OfferAsync(goods, 60);
        await Assert.ThrowsAsync<WalletException>(() => customer.BuyAsync(dear, "c"));
        Assert.Contains("IBank.LockAsync", network.Wire.Log);
        Assert.DoesNotContain(network.Wire.Log, call => call is "IBank.WithdrawAsync" or "IBank.FundAsync"
            or "IBank.RefreshAsync" or "IBank.ReserveAsync" or "IAcquirer.TakeInAsync");
    }

    [Fact]
    public async Task A_fetch_that_was_cut_off_goes_on_where_it_stopped()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var large = RandomNumberGenerator.GetBytes((3 << 20) + 5);
        network.MerchantWire.ChangeChunk = (chunk, index) =>
            index == 2 ? throw new PartyUnreachableException("Cut off.") : chunk;
        var offer = await network.OfferAsync(large, 7);
        await Assert.ThrowsAsync<PartyUnreachableException>(() => customer.BuyAsync(offer, "bought.bin"));
        network.MerchantWire.ChangeChunk = null;
        var given = network.MerchantWire.ChunksGiven;
        await customer.RestartAsync();
        Assert.Empty(await customer.ResumeAsync());
        Assert.Equal(given + 2, network.MerchantWire.ChunksGiven);
        Assert.Equal(large, await File.ReadAllBytesAsync(network.File("bought.bin")));
    }

    [Fact]
    public async Task An_empty_file_sells_too()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 1);
        Assert.IsType<Opened>(await customer.BuyAsync(await network.OfferAsync([], 1), "bought.bin"));
        Assert.Equal(0, new FileInfo(network.File("bought.bin")).Length);
        Assert.Equal(0, await customer.CountAsync(TokenState.Held));
    }

    internal static async Task SoonAsync(Func<Task<bool>> holds)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            if (await holds())
                return;
            await Task.Delay(50);
        }

        Assert.Fail("It did not come about within ten seconds.");
    }

    [Fact]
    public async Task A_locking_bank_that_reads_of_a_new_key_after_the_wallet_is_asked_again()
    {
        await using var network = await InProcessNetwork.StartAsync(hasLocker: true);
        await using var customer = await Customer.WithTokensAsync(network, 31);
        var asked = 0;
        network.TheLocker!.Wired.ReplaceLock = answer => ++asked < 3 ? BankError.UnknownKey : answer;
        var wallet = new Bauta.Wallet.Wallet(customer.Wallet.Store, network, new PauseClock(network));
        var offer = await network.OfferAsync(goods, 7);
        Assert.IsType<Opened>(await wallet.BuyAsync(
            network.Shop, offer, network.File("bought.bin"), TimeSpan.FromSeconds(5), null, default));
        Assert.Equal(3, asked);

        network.TheLocker.Wired.ReplaceLock = _ => BankError.UnknownKey;
        Assert.IsType<Denied>(await wallet.BuyAsync(
            network.Shop, offer, network.File("again.bin"), TimeSpan.Zero, null, default));
    }
}
