using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;
using Xunit;
using CustomerWallet = Bauta.Wallet.Wallet;

namespace Bauta.Tests.Wallet;

/// <summary>A customer with a wallet, who can be killed and come back.</summary>
public sealed class Customer : IAsyncDisposable
{
    private readonly InProcessNetwork network;
    private readonly string folder;

    private Customer(InProcessNetwork network, string folder, string phrase, WalletStore store) =>
        (this.network, this.folder, Phrase, Wallet) = (network, folder, phrase, Over(store, network));

    public string Phrase { get; }

    public CustomerWallet Wallet { get; private set; }

    public static async Task<Customer> JoinAsync(InProcessNetwork network, string name = "anna", string? phrase = null)
    {
        phrase ??= RecoveryPhrase.Generate();
        var folder = network.File(name);
        return new Customer(network, folder, phrase,
            await WalletStore.CreateAsync(folder, "password", phrase, network.Clock, rounds: 1));
    }

    /// <summary>With tokens for this sum.</summary>
    public static async Task<Customer> WithTokensAsync(InProcessNetwork network, long sum, string name = "anna")
    {
        var customer = await JoinAsync(network, name);
        await customer.FundAsync(sum);
        await customer.Wallet.WithdrawAsync(Amount.FromMinorUnits(sum), default);
        return customer;
    }

    public Task<bool> FundAsync(long sum) =>
        Wallet.FundAsync(Amount.FromMinorUnits(sum), Bauta.Acquirer.TestCards.Approved, default);

    public Task<PurchaseState> BuyAsync(OfferTerms offer, string file) =>
        Wallet.BuyAsync(network.Shop, offer, network.File(file), TimeSpan.Zero, null, default);

    public Task<PurchaseState> BuyAsync(OfferTerms offer, string file, CustomerTerms wanted) =>
        Wallet.BuyAsync(network.Shop, offer, network.File(file), wanted, TimeSpan.Zero, null, default);

    public Task<IReadOnlyList<string>> ResumeAsync() => Wallet.ResumeAsync(null, default);

    public async Task<PurchaseState> LastPurchaseAsync() => (await Wallet.HistoryAsync(default))[^1];

    /// <summary>What a killed wallet does: the process is gone, the file is opened again.</summary>
    public async Task RestartAsync()
    {
        await Wallet.Store.DisposeAsync();
        Wallet = Over(await WalletStore.OpenAsync(folder, "password", network.Clock), network);
    }

    /// <summary>
    /// The wallet's file and the bank's books name the same sums, when this is the only customer: what the wallet holds
    /// is unspent or locked there, what is in reserves is in reserves.
    /// </summary>
    public async Task<WalletBalance> AgreesWithBankAsync()
    {
        var balance = await Wallet.BalanceAsync(default);
        var totals = await network.AuditAsync();
        Assert.Equal(totals.Reserves, balance.InReserves.MinorUnits);
        Assert.Equal(
            totals.Unspent + totals.Locked,
            (balance.Spendable + balance.SetAside + balance.ToRefresh).MinorUnits);
        return balance;
    }

    /// <summary>The bank revokes every key of which the wallet has held tokens, and makes new ones.</summary>
    /// <param name="isLockerTold">Whether another bank that locks has heard of it.</param>
    public async Task RevokeAllAsync(bool isLockerTold = true)
    {
        var keys = await Wallet.Store.Database.ReadAsync(
            transaction => transaction.Query("SELECT DISTINCT token_key_id FROM tokens", row => row.GetBytes(0)),
            default);
        foreach (var key in keys)
            Assert.True(await network.TheBank.RevokeAsync(key, default));
        for (var i = 0; i < 2; i++)
            await network.BackgroundAsync(isLockerTold);
    }

    public async Task<int> CountAsync(string state) => (await Wallet.Store.TokensAsync(state, default)).Count;

    public ValueTask DisposeAsync() => Wallet.Store.DisposeAsync();

    private static CustomerWallet Over(WalletStore store, InProcessNetwork network) =>
        new(store, network, network.Clock) { MaxPause = TimeSpan.Zero };
}
