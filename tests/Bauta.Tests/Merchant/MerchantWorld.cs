using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Merchant;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Bauta.Tests.Bank;
using Bauta.Tests.Storage;
using Xunit;
using Shop = Bauta.Merchant.Merchant;

namespace Bauta.Tests.Merchant;

/// <summary>A merchant with its database and store, a bank that signs, an archive with a signed log.</summary>
internal sealed class MerchantWorld : IAsyncDisposable
{
    private readonly string connection;

    private MerchantWorld(string connection, Func<MerchantOptions, MerchantOptions> change)
    {
        this.connection = connection;
        Log = new LogInMemory(Clock);
        Archive = new WatchedArchive(Log);
        Bank = new TestBank(() => Log.Policy);
        Options = change(new MerchantOptions
        {
            Name = "merchant.example",
            Bank = "bank.example",
            Currency = Currency.Create("EUR", 2),
            Payee = "sandbox:shop",
            GoodsDirectory = Directory.File("goods"),
            DecisionWait = TimeSpan.FromSeconds(20),
        });
    }

    public TemporaryDirectory Directory { get; } = new();

    public HandClock Clock { get; } = new();

    public LogInMemory Log { get; }

    public WatchedArchive Archive { get; }

    public TestBank Bank { get; }

    public MerchantOptions Options { get; }

    public P256PrivateKey Identity { get; } = P256PrivateKey.Generate();

    public P256PrivateKey Account { get; } = P256PrivateKey.Generate();

    public IDatabase Database { get; private set; } = null!;

    public Shop Shop { get; private set; } = null!;

    public static async Task<MerchantWorld> OpenAsync(
        string connection, Func<MerchantOptions, MerchantOptions>? change = null)
    {
        var world = new MerchantWorld(connection, change ?? (options => options));
        await world.StartAsync();
        return world;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Starts again after the test itself has closed merchant and database.</summary>
    public Task RestartAfterStopAsync() => StartAsync();

    public async Task StopAsync()
    {
        await Shop.DisposeAsync();
        await Database.DisposeAsync();
    }

    public async Task<OfferTerms> OfferAsync(byte[] content, long price = 250)
    {
        var stored = (await Shop.Desk.StoreFileAsync(new MemoryStream(content), default)).Value;
        Assert.Equal(content.Length, stored.SizeBytes);
        Assert.Equal(SHA256.HashData(content), stored.ContentHash);
        return (await Shop.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "A file", "Some bytes.", Amount.FromMinorUnits(price), "file.bin",
                stored.ContentHash),
            default)).Value;
    }

    public PurchaseRequest Request(OfferTerms offer) =>
        new(RequestId.Generate(), offer.Offer, offer.Price, Log.Policy.Id);

    public async Task<Signed<Merchandise>> BuyAsync(OfferTerms offer) =>
        (await Shop.PurchaseAsync(Request(offer), default)).Value;

    public PaymentRequest Payment(Signed<Merchandise> p1) =>
        new(p1.Content.Transaction(), Bank.Lock(p1.Content));

    /// <summary>Fetches all chunks and opens them with the published key, as a customer does.</summary>
    public async Task<byte[]> OpenAsync(Signed<Merchandise> p1, LoggedEntry decision)
    {
        Assert.True(Log.Policy.TryVerify(decision, out var verified));
        Assert.True(verified.Entry.IsSignedBy(Bank.Key.PublicKey));
        using var mask = GoodsMask.FromBytes(p1.Content.Mask);
        using var key = MaskedKey.FromBytes(verified.Entry.Release!.Content.MaskedKey).Unmask(mask);
        var layout = new GoodsLayout(p1.Content.Contract.SizeBytes);
        using var decryptor = new GoodsDecryptor(key, layout, MerkleHash.FromBytes(p1.Content.GoodsRoot));
        var plain = new byte[layout.PlaintextSize];
        for (long i = 0; i < layout.ChunkCount; i++)
        {
            var chunk = (await Shop.ChunkAsync(DeliveryId.Derive(p1.Content.Secret), i, default)).Value;
            Assert.Equal(GoodsVerdict.Good, decryptor.DecryptChunk(
                i, chunk.Ciphertext, Path(chunk),
                plain.AsSpan((int)layout.PlaintextOffset(i), layout.PlaintextLength(i))));
        }

        return plain;
    }

    public static MerkleHash[] Path(GoodsChunk chunk) => [.. chunk.Path.Select(hash => MerkleHash.FromBytes(hash))];

    public Task<long> CountAsync(string sql) => Database.ReadAsync(
        transaction => transaction.QuerySingleOrDefault(sql, row => row.GetInt64(0)));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Log.Dispose();
        Identity.Dispose();
        Account.Dispose();
        Bank.Key.Dispose();
        Directory.Dispose();
    }

    private async Task StartAsync()
    {
        Database = Bauta.Storage.Database.Open(connection, MerchantSchema.Migrations);
        var keys = new MerchantKeys(
            Identity, Account, SealingKey.OpenOrCreate(Directory.File("sealing.key")), Bank.Key.PublicKey);
        Shop = await Shop.OpenAsync(
            Options, Database, keys, Bank, [new MerchantArchive(Log.Policy, Archive)], Clock);
    }
}

/// <summary>Sees what goes to the archive, and may look around before it gets there.</summary>
internal sealed class WatchedArchive(IArchive inner) : IArchive
{
    private readonly Lock gate = new();

    public Func<DecisionRequest, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>What the archive says to every demand from now on, if anything.</summary>
    public ArchiveError? Refusal { get; set; }

    /// <summary>Texts of all releases that were sent.</summary>
    public List<string> Releases { get; } = [];

    public async Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation)
    {
        await Before(request);
        if (request.Release is not null)
        {
            lock (gate)
                Releases.Add(request.Release.Text);
        }

        return Refusal is { } refusal ? refusal : await inner.DecideAsync(request, cancellation);
    }

    public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation) =>
        inner.DecisionAsync(bank, transaction, cancellation);

    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) => inner.EnterAsync(request, cancellation);

    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => inner.KeepingAsync(cancellation);

    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        inner.KeepAsync(request, cancellation);

    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
        inner.KeptAsync(bank, transaction, index, cancellation);
}
