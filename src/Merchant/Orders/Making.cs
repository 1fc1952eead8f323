using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Merchant.Offers;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Microsoft.Extensions.Logging;

namespace Bauta.Merchant.Orders;

/// <summary>
/// E3 to E4: has goods made whose price is locked, a few at once, each a few times at most. The order: count the try;
/// ask how much the archive keeps; make; store the goods; commit E4 with them. Only then E4 is shown and a chunk given
/// out, so one key never encrypts two contents that anybody saw.
/// </summary>
internal sealed partial class Making(
    MerchantOptions options, IDatabase database, MerchantKeys keys, GoodsStore goods, IGoodsMaker? maker,
    IReadOnlyDictionary<PolicyId, MerchantArchive> archives, TimeProvider clock, ILogger log)
{
    private const int RetrySeconds = 5;

    /// <summary>Makes what is due longest; false when nothing is due.</summary>
    public async Task<bool> MakeOneAsync(CancellationToken cancellation)
    {
        if (maker is null)
            return false;
        var now = UnixTime.Now(clock);
        var order = await database.WriteAsync(
            transaction => OrderStore.Claim(
                transaction, now, now.AddSeconds(2L * options.MakeSeconds),
                now.AddSeconds(options.OrderMarginSeconds), options.MaxMakeTries),
            cancellation);
        if (order is null)
            return false;
        var tries = order.Tries;
        try
        {
            using var secrets = PurchaseSecrets.Open(keys.Sealing, order.Transaction, order.Sealed);
            var promise = secrets.Merchandise.Content;
            var keeping = await archives[promise.Archive].Archive.KeepingAsync(cancellation);
            var maxBytes = Math.Min(keeping.MaxBytes, MadeGoods.MaxSizeBytes);
            tries++;
            if (await MakeAsync(order.Transaction, promise, maxBytes, cancellation) is { } padded)
            {
                await StoreAsync(order.Transaction, secrets, padded, cancellation);
                return true;
            }

            LogNotMade(tries, options.MaxMakeTries);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            LogFailed(failure.GetType().Name);
        }

        await database.WriteAsync(
            transaction => OrderStore.Postpone(
                transaction, order.Transaction, tries, UnixTime.Now(clock).AddSeconds(RetrySeconds)),
            cancellation);
        return true;
    }

    /// <summary>The goods with their padding; null when they could not be made.</summary>
    private async Task<byte[]?> MakeAsync(
        TransactionId order, Merchandise promise, long maxBytes, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(options.MakeSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        var made = await maker!.MakeAsync(new GoodsOrder(order, promise.Contract), maxBytes, either.Token);
        if (made is null)
            return null;
        if (MadeGoods.PaddedSize(made.Length) > maxBytes)
        {
            LogTooLarge(made.Length, maxBytes);
            return null;
        }

        return [.. made, .. MadeGoods.Padding(made.Length)];
    }

    private async Task StoreAsync(
        TransactionId n, PurchaseSecrets secrets, byte[] padded, CancellationToken cancellation)
    {
        var promise = secrets.Merchandise.Content;
        var stored = await goods.AddAsync(new MemoryStream(padded), padded.Length, cancellation)
            ?? throw new InvalidOperationException("Goods grew while they were stored.");
        using var encryptor = new GoodsEncryptor(secrets.Key);
        var tree = await encryptor.ComputeTreeAsync(new MemoryStream(padded), cancellation);
        CryptographicOperations.ZeroMemory(padded);
        using var release = secrets.ReleaseKey();
        using var mask = GoodsMask.FromBytes(promise.Mask);
        var made = Signed<MadeGoods>.Sign(release, new MadeGoods(
            release.PublicKey.Spki, promise.LockFirst!.Key, KeyCommitment.To(n, secrets.Key.Mask(mask).Span),
            tree.Root.ToArray(), tree.Layout.PlaintextSize));
        var now = UnixTime.Now(clock);
        var latest = UnixTime.FromSeconds(promise.ExpiresAt.Seconds - options.OrderMarginSeconds);
        var forceAt = now.AddSeconds(options.OrderWaitSeconds);
        await database.WriteAsync(
            transaction => OrderStore.Make(
                transaction, made, n, stored.ContentHash, tree, forceAt < latest ? forceAt : latest),
            cancellation);
    }

    [LoggerMessage(LogLevel.Warning, "Goods could not be made to order (try {Tries} of {MaxTries}).")]
    private partial void LogNotMade(int tries, int maxTries);

    [LoggerMessage(LogLevel.Warning,
        "Goods made to order have {Bytes} bytes: with their padding more than the {MaxBytes} that the archive keeps.")]
    private partial void LogTooLarge(long bytes, long maxBytes);

    [LoggerMessage(LogLevel.Warning, "The making of goods failed ({Reason}) and will be tried again.")]
    private partial void LogFailed(string reason);
}
