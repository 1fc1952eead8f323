using System.Buffers;
using System.Security.Cryptography;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Merchant.Offers;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Merchant.Deliver;

/// <summary>
/// Gives out the ciphertext chunk by chunk, encrypted when asked for, each with its inclusion path under the root that
/// P1 signed. Any chunk may be asked for again: it is the same bytes. Memory is bounded by the chunks that are in work
/// and by the trees that are kept.
/// </summary>
internal sealed class Delivering(
    MerchantOptions options, IDatabase database, GoodsStore goods, SealingKey sealing, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim room = new(options.MaxChunksAtOnce);
    private readonly TreeCache trees = new();

    /// <summary>One chunk of the delivery.</summary>
    /// <exception cref="InvalidDataException">The store no longer holds what was sold; nothing is given out, since a
    /// second text under one nonce would give both away.</exception>
    public async Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation)
    {
        if (await database.ReadAsync(transaction => Find(transaction, delivery), cancellation) is not { } sale)
            return MerchantError.UnknownPurchase;
        if (sale.ExpiresAt.AddSeconds(options.KeepGoodsSeconds) < UnixTime.Now(clock)
            && goods.SizeOf(sale.ContentHash) is null)
            return MerchantError.UnknownPurchase;
        var layout = new GoodsLayout(sale.SizeBytes);
        if (index < 0 || index >= layout.ChunkCount)
            return MerchantError.NoSuchChunk;
        var tree = await TreeAsync(sale, layout, cancellation);
        await room.WaitAsync(cancellation);
        try
        {
            return new GoodsChunk([.. tree.Prove(index).Select(hash => hash.ToArray())], Encrypt(sale, tree, index));
        }
        finally
        {
            room.Release();
        }
    }

    public void Dispose() => room.Dispose();

    private byte[] Encrypt(Sale sale, GoodsTree tree, long index)
    {
        var length = tree.Layout.PlaintextLength(index);
        var plain = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            using (var file = goods.Open(sale.ContentHash, sale.SizeBytes))
                GoodsStore.Read(file, tree.Layout.PlaintextOffset(index), plain.AsSpan(0, length));
            using var secrets = PurchaseSecrets.Open(sealing, sale.Transaction, sale.Sealed);
            using var encryptor = new GoodsEncryptor(secrets.Key);
            var cipher = new byte[tree.Layout.CiphertextLength(index)];
            return encryptor.TryEncryptChunk(tree, index, plain.AsSpan(0, length), cipher)
                ? cipher
                : throw new InvalidDataException("A stored file is not what it was at its sale.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private async Task<GoodsTree> TreeAsync(Sale sale, GoodsLayout layout, CancellationToken cancellation)
    {
        if (layout.ChunkCount == 1)
            return GoodsTree.FromLeaves(layout, [MerkleHash.FromBytes(sale.Root)]);
        if (trees.Find(sale.Transaction) is { } kept)
            return kept;
        var leaves = await database.ReadAsync(
            transaction => transaction.QuerySingleOrDefault(
                "SELECT leaves FROM goods_leaves WHERE n = $1",
                static row => row.GetBytes(0), sale.Transaction.ToArray()),
            cancellation);
        var tree = GoodsTree.FromLeaves(
            layout, leaves ?? throw new InvalidDataException("The leaf hashes of a sale are gone."));
        if (!tree.Root.Span.SequenceEqual(sale.Root))
            throw new InvalidDataException("The leaf hashes of a sale do not lead to its root.");
        trees.Keep(sale.Transaction, tree);
        return tree;
    }

    // What is sold by the item has no goods here, and what is made to order none while its hash is still the offer's.
    private static Sale? Find(IReadTransaction transaction, DeliveryId delivery) =>
        transaction.QuerySingleOrDefault(
            """
            SELECT p.n, p.content_hash, p.size_bytes, p.goods_root, p.sealed, p.expires_at FROM purchases p
            WHERE p.delivery_id = $1 AND NOT EXISTS
                (SELECT 1 FROM offers o WHERE o.offer_id = p.offer_id AND (o.tariff_price IS NOT NULL
                    OR (o.lock_order IS NOT NULL AND o.content_hash = p.content_hash)))
            """,
            static row => new Sale(
                TransactionId.FromBytes(row.GetBytes(0)), row.GetBytes(1), row.GetInt64(2), row.GetBytes(3),
                row.GetBytes(4), UnixTime.FromSeconds(row.GetInt64(5))),
            delivery.ToArray());

    private sealed record Sale(
        TransactionId Transaction, byte[] ContentHash, long SizeBytes, byte[] Root, byte[] Sealed,
        UnixTime ExpiresAt);
}
