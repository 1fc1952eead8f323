using System.Security.Cryptography;
using Bauta.Acquirer;
using Bauta.Crypto.BlindRsa;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Tests.Wallet;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Recovery;
using Xunit;
using CustomerWallet = Bauta.Wallet.Wallet;

namespace Bauta.Tests.Linkability;

/// <summary>
/// Real parties on real databases, several shops, and customers with real wallets who come and go by the clock of one
/// loop. It knows who did what, for the score; nothing of that is told to an adversary.
/// </summary>
internal sealed class Market : IAsyncDisposable
{
    private const long HourMs = 3_600_000;

    // Wallets' clocks are wrong by up to this much either way.
    private const int MaxClockErrorMs = 40_000;

    // Round sums, so that many customers withdraw the same.
    private static readonly long[] sums = [112, 120, 128];

    // Every shop asks the same, so that a price names no shop.
    private static readonly long[] prices = [13, 21, 27];

    private readonly long[] clockErrors;

    private Market(InProcessNetwork parties, int customers)
    {
        (Parties, Customers) = (parties, customers);
        Loop = new EventLoop(parties.Clock);
        Masks = new MaskPair(Loop);
        clockErrors = [.. Enumerable.Range(0, customers).Select(_ => Between(-MaxClockErrorMs, MaxClockErrorMs))];
    }

    public sealed record Shop(
        string Name, IMerchant Party, IShopDesk Desk, PartyAddress Address, Signed<PartyCard> Card)
    {
        public List<OfferTerms> Offers { get; } = [];
    }

    public InProcessNetwork Parties { get; }

    public int Customers { get; }

    public EventLoop Loop { get; }

    public MaskPair Masks { get; }

    public List<Shop> Shops { get; } = [];

    /// <summary>Who paid in under this id, or for this reserve.</summary>
    public Dictionary<string, int> Payers { get; } = [];

    /// <summary>Who bought under this transaction.</summary>
    public Dictionary<string, int> Sales { get; } = [];

    public Dictionary<DeliveryId, string> Deliveries { get; } = [];

    /// <summary>When the archive was asked to commit, as it sees it.</summary>
    public Dictionary<string, Moment> Decided { get; } = [];

    public IReadOnlyDictionary<byte, long> Denominations { get; private set; } = new Dictionary<byte, long>();

    public static async Task<Market> OpenAsync(int customers, int shops)
    {
        var parties = await InProcessNetwork.StartAsync(InProcessNetwork.BankOptions with
        {
            WithdrawSeconds = 30 * 86_400,
            SpendSeconds = 60 * 86_400,
            RefreshSeconds = 30 * 86_400,
        });
        var market = new Market(parties, customers);
        var list = await parties.TheBank.DenominationsAsync(default);
        market.Denominations = list.Denominations.ToDictionary(
            one => RsaPublicKey.FromSpki(one.Key.Content.TokenKey).TruncatedKeyId,
            one => one.Key.Content.Value.MinorUnits);
        for (var number = 0; number < shops; number++)
            await market.OpenShopAsync($"shop-{number}.example");
        return market;
    }

    /// <summary>A day on which everybody pays in, and hours later withdraws, at his own time.</summary>
    public void PayInAndWithdraw()
    {
        var from = Loop.Ms;
        Loop.Run(Everybody(async customer =>
        {
            var sum = Amount.FromMinorUnits(sums[RandomNumberGenerator.GetInt32(sums.Length)]);
            await Loop.UntilAsync(from + Between(0, 12 * HourMs));
            await RunWalletAsync(customer, wallet => wallet.FundAsync(sum, TestCards.Approved, default));
            await Loop.UntilAsync(from + Between(13 * HourMs, 24 * HourMs));
            await RunWalletAsync(customer, wallet => wallet.WithdrawAsync(sum, default));
        }));
        Rest();
    }

    /// <summary>Everybody buys once, so many a second.</summary>
    public void Buy(double customersPerSecond) => Trade(customersPerSecond, BuyAsync);

    /// <summary>Everybody pays in, withdraws what he needs, and buys at once.</summary>
    public void PayInAndBuyAtOnce(double customersPerSecond) => Trade(customersPerSecond, async customer =>
    {
        var sum = Amount.FromMinorUnits(prices[^1]);
        await RunWalletAsync(customer, async wallet =>
        {
            await wallet.FundAsync(sum, TestCards.Approved, default);
            await wallet.WithdrawAsync(sum, default);
        });
        await BuyAsync(customer);
    });

    /// <summary>Everybody refreshes what is left of the tokens that he paid with.</summary>
    public void Refresh(double customersPerSecond) => Trade(customersPerSecond, customer =>
        RunWalletAsync(customer, wallet => wallet.RefreshAsync(TimeSpan.Zero, null, default)));

    /// <summary>Every second shop has its money sent on.</summary>
    public async Task PayOutAsync()
    {
        Parties.Clock.SetTo(UnixTime.FromSeconds(Loop.Ms / 1000));
        foreach (var shop in Shops.Where((_, number) => number % 2 == 0))
        {
            var payout = await shop.Desk.PayOutAsync(
                new NewPayout(RequestId.Generate(), Amount.FromMinorUnits(prices[0])), default);
            Assert.True(payout.IsOk);
        }

        await Parties.BackgroundAsync();
    }

    /// <summary>Until the next day: nothing of one round runs into the next.</summary>
    public void Rest() => Loop.Run([() => Loop.UntilAsync((Loop.Ms / HourMs / 24 + 1) * 24 * HourMs)]);

    public async ValueTask DisposeAsync()
    {
        await Parties.DisposeAsync();
        Loop.Dispose();
    }

    private void Trade(double customersPerSecond, Func<int, Task> trade)
    {
        var from = Loop.Ms;
        var span = (long)(Customers / customersPerSecond * 1000);
        Loop.Run(Everybody(async customer =>
        {
            await Loop.UntilAsync(from + Between(0, span));
            await trade(customer);
        }));
        Rest();
    }

    private IEnumerable<Func<Task>> Everybody(Func<int, Task> life) =>
        Enumerable.Range(0, Customers).Select(customer => (Func<Task>)(() => life(customer)));

    private Task BuyAsync(int customer) => RunWalletAsync(customer, async wallet =>
    {
        var shop = Shops[RandomNumberGenerator.GetInt32(Shops.Count)];
        var offer = shop.Offers[RandomNumberGenerator.GetInt32(shop.Offers.Count)];
        var state = await wallet.BuyAsync(
            shop.Address, offer, Parties.File(Path.GetRandomFileName()), TimeSpan.FromMinutes(2), null, default);
        Assert.IsType<Opened>(state);
        File.Delete(state.Order.OutputPath);
    });

    /// <summary>As a person runs the program: it starts, does one thing, and ends.</summary>
    private async Task RunWalletAsync(int customer, Func<CustomerWallet, Task> verb)
    {
        var clock = Loop.ClockOfLife(clockErrors[customer]);
        var folder = Parties.File($"customer-{customer}");
        var store = File.Exists(WalletStore.FileIn(folder))
            ? await WalletStore.OpenAsync(folder, "password", clock)
            : await WalletStore.CreateAsync(folder, "password", RecoveryPhrase.Generate(), clock, rounds: 1);
        try
        {
            await verb(new CustomerWallet(store, new MaskedNetwork(this, customer), clock));
        }
        finally
        {
            await store.DisposeAsync();
        }
    }

    private async Task OpenShopAsync(string name)
    {
        var (party, address, card) = await Parties.OpenShopAsync(name, new WatchedArchive(this));
        var shop = new Shop(name, party, party.Desk, address, card);
        Shops.Add(shop);
        var stored = await shop.Desk.StoreFileAsync(new MemoryStream(new byte[2000]), default);
        foreach (var price in prices)
        {
            var offer = await shop.Desk.AddOfferAsync(
                new NewOffer(OfferId.Generate(), "Goods", "What is sold.", Amount.FromMinorUnits(price), "goods.bin",
                    stored.Value.ContentHash), default);
            shop.Offers.Add(offer.Value);
        }
    }

    public Shop ShopAt(PartyAddress address) => Shops.Single(shop => shop.Address == address);

    private static long Between(long from, long to) =>
        from + RandomNumberGenerator.GetInt32((int)Math.Min(int.MaxValue, Math.Max(1, to - from)));

    /// <summary>The archive as the shops reach it: without masks, and it sees when.</summary>
    private sealed class WatchedArchive(Market market) : IArchive
    {
        public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
            DecisionRequest request, CancellationToken cancellation)
        {
            var transaction = Convert.ToHexString(request.LockNote.Content.Transaction.Bytes);
            lock (market.Decided)
                market.Decided.TryAdd(transaction, market.Loop.Mark());
            return market.Parties.TheArchive.DecideAsync(request, cancellation);
        }

        public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
            BankKeyId bank, TransactionId transaction, CancellationToken cancellation) =>
            market.Parties.TheArchive.DecisionAsync(bank, transaction, cancellation);

        public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
            EntryRequest request, CancellationToken cancellation) =>
            market.Parties.TheArchive.EnterAsync(request, cancellation);

        public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) =>
            market.Parties.TheArchive.KeepingAsync(cancellation);

        public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(
            KeepRequest request, CancellationToken cancellation) =>
            market.Parties.TheArchive.KeepAsync(request, cancellation);

        public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
            BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
            market.Parties.TheArchive.KeptAsync(bank, transaction, index, cancellation);
    }
}
