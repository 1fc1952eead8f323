using Bauta.Crypto.Goods;
using Bauta.Protocol;

namespace Bauta.Merchant.Deliver;

/// <summary>
/// The trees of deliveries under way, so that a file of many chunks does not read all its leaf hashes for each.
/// Bounded by the number of chunks in all trees (about 64 bytes each); the one used longest ago goes first.
/// </summary>
internal sealed class TreeCache
{
    private const long MaxChunks = 256 * 1024;

    private readonly Lock sync = new();
    private readonly Dictionary<TransactionId, LinkedListNode<Entry>> byTransaction = [];
    private readonly LinkedList<Entry> byUse = [];
    private long chunks;

    public GoodsTree? Find(TransactionId transaction)
    {
        lock (sync)
        {
            if (!byTransaction.TryGetValue(transaction, out var node))
                return null;
            byUse.Remove(node);
            byUse.AddFirst(node);
            return node.Value.Tree;
        }
    }

    public void Keep(TransactionId transaction, GoodsTree tree)
    {
        lock (sync)
        {
            if (tree.Layout.ChunkCount > MaxChunks || byTransaction.ContainsKey(transaction))
                return;
            byTransaction.Add(transaction, byUse.AddFirst(new Entry(transaction, tree)));
            chunks += tree.Layout.ChunkCount;
            while (chunks > MaxChunks)
            {
                var oldest = byUse.Last!.Value;
                byUse.RemoveLast();
                byTransaction.Remove(oldest.Transaction);
                chunks -= oldest.Tree.Layout.ChunkCount;
            }
        }
    }

    private sealed record Entry(TransactionId Transaction, GoodsTree Tree);
}
