using Bauta.Protocol;

namespace Bauta.Merchant.Purchase;

/// <summary>
/// Bounds what strangers can hold open without paying: a number of purchases and the bytes that were hashed for them.
/// Kept in memory by second of expiry, so it costs no query; thread-safe.
/// </summary>
internal sealed class OpenBudget(int maxPurchases, long maxBytes)
{
    private readonly Lock sync = new();
    private readonly SortedDictionary<long, Held> byExpiry = [];
    private long count;
    private long bytes;

    /// <summary>Takes room for one purchase; followed by <see cref="Keep"/> or <see cref="GiveBack"/>.</summary>
    public bool TryTake(UnixTime now, long size)
    {
        lock (sync)
        {
            while (byExpiry.Count > 0 && byExpiry.First() is var (expiry, held) && expiry <= now.Seconds)
            {
                byExpiry.Remove(expiry);
                count -= held.Count;
                bytes -= held.Bytes;
            }

            if (count >= maxPurchases || (count > 0 && size > maxBytes - bytes))
                return false;
            count++;
            bytes += size;
            return true;
        }
    }

    /// <summary>The purchase was not made.</summary>
    public void GiveBack(long size)
    {
        lock (sync)
        {
            count--;
            bytes -= size;
        }
    }

    /// <summary>The purchase is open until its expiry.</summary>
    public void Keep(UnixTime expiresAt, long size)
    {
        lock (sync)
            Add(expiresAt, 1, size);
    }

    /// <summary>Purchases that are open from before a restart.</summary>
    public void Restore(UnixTime expiresAt, long purchases, long size)
    {
        lock (sync)
        {
            count += purchases;
            bytes += size;
            Add(expiresAt, purchases, size);
        }
    }

    /// <summary>The purchase is paid, so it holds nothing any more.</summary>
    public void Paid(UnixTime expiresAt, long size)
    {
        lock (sync)
        {
            if (!byExpiry.TryGetValue(expiresAt.Seconds, out var held))
                return;
            count--;
            bytes -= size;
            if (held.Count == 1)
                byExpiry.Remove(expiresAt.Seconds);
            else
                byExpiry[expiresAt.Seconds] = new Held(held.Count - 1, held.Bytes - size);
        }
    }

    private void Add(UnixTime expiresAt, long purchases, long size)
    {
        var held = byExpiry.GetValueOrDefault(expiresAt.Seconds);
        byExpiry[expiresAt.Seconds] = new Held(held.Count + purchases, held.Bytes + size);
    }

    private readonly record struct Held(long Count, long Bytes);
}
