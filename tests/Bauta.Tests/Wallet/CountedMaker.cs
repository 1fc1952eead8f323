using Bauta.Merchant.Orders;

namespace Bauta.Tests.Wallet;

/// <summary>Makes goods of a given size, and counts.</summary>
public sealed class CountedMaker : IGoodsMaker
{
    private int made;

    /// <summary>How often it was asked.</summary>
    public int Made => made;

    /// <summary>What it makes.</summary>
    public byte[] Goods { get; set; } = [.. "what was ordered"u8];

    /// <summary>Makes nothing.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Comes before anything is made.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public async Task<byte[]?> MakeAsync(GoodsOrder order, long maxBytes, CancellationToken cancellation)
    {
        Interlocked.Increment(ref made);
        await Before();
        return IsBroken ? null : Goods;
    }
}
