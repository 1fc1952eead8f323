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

    public Task<Result<byte[], MerchantError>> MakeAsync(
        ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (IsBroken)
            return Task.FromResult<Result<byte[], MerchantError>>(MerchantError.NotMade);
        var number = Interlocked.Increment(ref made);
        return Task.FromResult<Result<byte[], MerchantError>>(
            (byte[])[.. Encoding.ASCII.GetBytes($"{number}:"), .. request.Span]);
    }
}
