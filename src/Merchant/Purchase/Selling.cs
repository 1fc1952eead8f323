using System.Buffers;
using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Merchant.Offers;
using Bauta.Merchant.Pay;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Purchase;

/// <summary>
/// P1: makes <c>R</c>, <c>k</c>, <c>r</c> and the secret, encrypts the file for its root, and signs the promise. The
/// order: look the id up, take room in the budget, hash, sign, store sealed, answer. A process that dies before the
/// commit has answered nothing, and the repeated request makes a new promise.
/// </summary>
internal sealed class Selling : IDisposable
{
    private const int MaxWaitingForOneRequest = 16;
    private const int DropLimit = 500;

    private readonly MerchantOptions options;
    private readonly IDatabase database;
    private readonly Catalogue catalogue;
    private readonly GoodsStore goods;
    private readonly OpenBudget budget;
    private readonly MerchantKeys keys;
    private readonly IReadOnlyDictionary<PolicyId, MerchantArchive> archives;
    private readonly TimeProvider clock;
    private readonly Action<TransactionId> handOver;
    private readonly KeyedGate<RequestId> gate = new(MaxWaitingForOneRequest);
    private readonly SemaphoreSlim large;
    private int largeInside;

    public Selling(
        MerchantOptions options, IDatabase database, Catalogue catalogue, GoodsStore goods, OpenBudget budget,
        MerchantKeys keys, IReadOnlyDictionary<PolicyId, MerchantArchive> archives, TimeProvider clock,
        Action<TransactionId> handOver)
    {
        this.handOver = handOver;
        (this.options, this.database, this.catalogue, this.goods) = (options, database, catalogue, goods);
        (this.budget, this.keys, this.archives, this.clock) = (budget, keys, archives, clock);
        large = new SemaphoreSlim(options.MaxLargeAtOnce);
    }

    /// <summary>Counts what is open from before a restart.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        foreach (var (expiresAt, count, bytes) in
            await database.ReadAsync(transaction => PurchaseStore.Open(transaction, now), cancellation))
            budget.Restore(expiresAt, count, bytes);
    }

    /// <summary>Answers a request for P1; equal requests have the same P1, made once.</summary>
    public async Task<Result<Signed<Merchandise>, MerchantError>> SellAsync(
        PurchaseRequest request, CancellationToken cancellation)
    {
        if (request.Terms is { } terms && !terms.IsWellFormed())
            return MerchantError.Malformed;
        var bodyHash = SHA256.HashData(StrictJson.Write(request, ProtocolJson.Default.PurchaseRequest));
        using var turn = await gate.EnterAsync(request.Id, cancellation);
        if (turn is null)
            return MerchantError.TooMany;
        if (await database.ReadAsync(transaction => PurchaseStore.Find(transaction, request.Id), cancellation)
            is { } known)
            return Again(known, bodyHash);
        if (catalogue.Find(request.Offer) is not { } offer)
            return MerchantError.UnknownOffer;
        if (offer.Tariff is null != request.Session is null
            || offer.Order is null != request.Terms?.LockFirst is null)
            return MerchantError.Malformed;
        if (offer.Tariff is { } tariff && tariff.Price <= request.Price && request.Price <= offer.Price)
            offer = offer with { Price = request.Price };
        if (offer.Price != request.Price)
            return MerchantError.PriceChanged;
        if (!archives.ContainsKey(request.Archive))
            return MerchantError.UnknownArchive;
        if ((options.Proof == DeliveryProof.TwoSided || offer.Receipt is not null)
            && request.Terms?.CustomerKey is null && request.Session is null)
            return MerchantError.TwoSidedOnly;
        if (request.Terms?.Release is { } release && !options.Releases.Contains(release))
            return MerchantError.ReleaseNotOffered;
        if (request.Terms?.Release == ReleaseTerm.Early && !await database.ReadAsync(
            transaction => EarlyStore.HasRoom(transaction, options.MaxOpenPurchases), cancellation))
            return MerchantError.TooMany;
        if (!budget.TryTake(UnixTime.Now(clock), offer.SizeBytes))
            return MerchantError.TooMany;
        UnixTime? keptUntil = null;
        try
        {
            var made = offer.SizeBytes <= options.LargeFileBytes
                ? await MakeAsync(request, bodyHash, offer, cancellation)
                : await MakeLargeAsync(request, bodyHash, offer, cancellation);
            keptUntil = made.IsOk ? made.Value.Content.ExpiresAt : null;
            return made;
        }
        finally
        {
            if (keptUntil is { } expiresAt)
                budget.Keep(expiresAt, offer.SizeBytes);
            else
                budget.GiveBack(offer.SizeBytes);
        }
    }

    /// <summary>Deletes what was not paid in time; true when there is more to delete.</summary>
    public async Task<bool> DropExpiredAsync(CancellationToken cancellation)
    {
        var now = UnixTime.Now(clock);
        var dropped = await database.WriteAsync(
            transaction => PurchaseStore.Drop(transaction, Before(now, options.GraceSeconds), now, DropLimit),
            cancellation);
        var forgotten = await database.WriteAsync(
            transaction => PurchaseStore.Forget(transaction, Before(now, options.RememberDroppedSeconds), DropLimit),
            cancellation);
        return dropped == DropLimit || forgotten == DropLimit;
    }

    public void Dispose() => large.Dispose();

    private Result<Signed<Merchandise>, MerchantError> Again(PurchaseStore.Known known, byte[] bodyHash)
    {
        if (!known.BodyHash.AsSpan().SequenceEqual(bodyHash))
            return MerchantError.IdReused;
        if (known.Transaction is null)
            return MerchantError.Expired;
        using var secrets = PurchaseSecrets.Open(keys.Sealing, known.Transaction, known.Sealed!);
        return secrets.Merchandise;
    }

    private async Task<Result<Signed<Merchandise>, MerchantError>> MakeLargeAsync(
        PurchaseRequest request, byte[] bodyHash, OfferTerms offer, CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref largeInside) > options.MaxLargeWaiting + options.MaxLargeAtOnce)
                return MerchantError.TooMany;
            await large.WaitAsync(cancellation);
            try
            {
                return await Task.Run(() => MakeAsync(request, bodyHash, offer, cancellation), cancellation);
            }
            finally
            {
                large.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref largeInside);
        }
    }

    private async Task<Result<Signed<Merchandise>, MerchantError>> MakeAsync(
        PurchaseRequest request, byte[] bodyHash, OfferTerms offer, CancellationToken cancellation)
    {
        using var release = P256PrivateKey.Generate();
        var goodsKey = GoodsKey.Generate();
        var scalar = release.ExportScalar();
        try
        {
            var tree = await HashAsync(offer, goodsKey, cancellation);
            var n = TransactionId.Of(release.PublicKey);
            var signed = Promise(request, offer, tree, release.PublicKey, n, goodsKey);
            using var secrets = new PurchaseSecrets(scalar, goodsKey, signed);
            var @sealed = secrets.Seal(keys.Sealing, n);
            // Nothing of it is sent before P1 is durable, and it is due by itself should this process die now.
            var early = request.Terms?.Release == ReleaseTerm.Early ? EarlyReleasing.Sign(keys, secrets) : null;
            await database.WriteAsync(
                transaction =>
                {
                    PurchaseStore.Insert(transaction, request, bodyHash, n, signed.Content, tree, @sealed);
                    if (early is not null)
                        EarlyStore.Insert(transaction, keys.Sealing, early, UnixTime.Now(clock));
                },
                cancellation);
            if (early is not null)
                handOver(n);
            return signed;
        }
        finally
        {
            goodsKey.Dispose();
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    private async Task<GoodsTree> HashAsync(OfferTerms offer, GoodsKey goodsKey, CancellationToken cancellation)
    {
        if (offer.HasNoFile)
        {
            // Under a key of its own, so that k encrypts nothing but what is made later.
            using var other = GoodsKey.Generate();
            using var none = new GoodsEncryptor(other);
            return none.ComputeTree([]);
        }

        using var encryptor = new GoodsEncryptor(goodsKey);
        if (offer.SizeBytes > GoodsLayout.ChunkSize)
        {
            await using var stream = goods.OpenStream(offer.ContentHash, offer.SizeBytes);
            return await encryptor.ComputeTreeAsync(stream, cancellation);
        }

        var plain = ArrayPool<byte>.Shared.Rent((int)offer.SizeBytes);
        try
        {
            using var file = goods.Open(offer.ContentHash, offer.SizeBytes);
            GoodsStore.Read(file, 0, plain.AsSpan(0, (int)offer.SizeBytes));
            return encryptor.ComputeTree(plain.AsSpan(0, (int)offer.SizeBytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private Signed<Merchandise> Promise(
        PurchaseRequest request, OfferTerms offer, GoodsTree tree, P256PublicKey releaseKey, TransactionId n,
        GoodsKey goodsKey)
    {
        if (tree.Layout.PlaintextSize != offer.SizeBytes)
            throw new InvalidDataException("A stored file has changed its size.");
        using var mask = GoodsMask.Generate();
        var commitment = request.Terms?.CommitmentIn(n) ?? KeyCommitment.To(n, goodsKey.Mask(mask).Span);
        // The clock is read after the hashing, so that a large file does not eat the customer's time.
        var expiresAt = UnixTime.Now(clock).AddSeconds(
            request.Session is not null ? options.SessionSeconds
            : request.Terms?.LockFirst is not null ? options.OrderSeconds
            : Math.Min(
                options.MaxLifetimeSeconds,
                options.LifetimeSeconds + offer.SizeBytes / options.SlowestBytesPerSecond));
        return Signed<Merchandise>.Sign(keys.Identity, new Merchandise(
            releaseKey.Spki, offer, options.Bank, keys.AccountId, expiresAt, request.Archive, mask.Export(), commitment,
            tree.Root.ToArray(), tree.Layout.ChunkCount, tree.Layout.CiphertextSize,
            RandomNumberGenerator.GetBytes(32), request.Terms,
            offer.Receipt is null ? null : Signed<Receipt>.Sign(
                keys.Identity, new Receipt(n, commitment, offer.Title, request.Terms!.CustomerKey!))));
    }

    private static UnixTime Before(UnixTime now, long seconds) =>
        UnixTime.FromSeconds(Math.Max(0, now.Seconds - seconds));
}
