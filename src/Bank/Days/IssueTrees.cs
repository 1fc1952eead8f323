using Bauta.Bank.Ledger;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Days;

/// <summary>
/// The trees of closed days, which wallets ask for proofs from. A few are kept, bounded by the requests in all of them
/// (about 130 bytes each); the one used longest ago goes first. Two are made at a time, whoever asks.
/// </summary>
internal sealed class IssueTrees(BankDatabase database) : IDisposable
{
    private const long MaxRequests = 256 * 1024;

    private readonly System.Threading.Lock sync = new();
    private readonly SemaphoreSlim room = new(2);
    private readonly Dictionary<(long Day, long Key), LinkedListNode<Kept>> byDay = [];
    private readonly LinkedList<Kept> byUse = [];
    private long requests;

    public async Task<IssueTree> OfAsync(long day, long key, CancellationToken cancellation)
    {
        if (Find((day, key)) is { } kept)
            return kept;
        await room.WaitAsync(cancellation);
        try
        {
            if (Find((day, key)) is { } made)
                return made;
            var tree = Totals.TreeOf(
                await database.ReadAsync(transaction => DayRows.Requests(transaction, day, key), cancellation));
            Keep((day, key), tree);
            return tree;
        }
        finally
        {
            room.Release();
        }
    }

    public void Dispose() => room.Dispose();

    private IssueTree? Find((long, long) place)
    {
        lock (sync)
        {
            if (!byDay.TryGetValue(place, out var node))
                return null;
            byUse.Remove(node);
            byUse.AddFirst(node);
            return node.Value.Tree;
        }
    }

    private void Keep((long, long) place, IssueTree tree)
    {
        lock (sync)
        {
            if (tree.Count > MaxRequests || byDay.ContainsKey(place))
                return;
            byDay.Add(place, byUse.AddFirst(new Kept(place, tree)));
            // An empty one takes room, too.
            requests += tree.Count + 1;
            while (requests > MaxRequests)
            {
                var oldest = byUse.Last!.Value;
                byUse.RemoveLast();
                byDay.Remove(oldest.Place);
                requests -= oldest.Tree.Count + 1;
            }
        }
    }

    private sealed record Kept((long, long) Place, IssueTree Tree);
}
