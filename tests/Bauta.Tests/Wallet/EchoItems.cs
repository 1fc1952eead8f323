using System.Text;
using Bauta.Merchant.Sessions;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Tests.Wallet;

/// <summary>Sells what it is asked for, with a number in front.</summary>
public sealed class EchoItems : IItemSource
{
    private int made;

    /// <summary>How many items were made.</summary>
    public int Made => made;

    /// <summary>Makes nothing.</summary>
    public bool IsBroken { get; set; }

    /// <summary>What the making waits for.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public async Task<Result<byte[], MerchantError>> MakeAsync(
        ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        await Hold;
        if (IsBroken)
            return MerchantError.NotMade;
        var number = Interlocked.Increment(ref made);
        return (byte[])[.. Encoding.ASCII.GetBytes($"{number}:"), .. request.Span];
    }
}
