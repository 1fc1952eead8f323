using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Sessions;

/// <summary>Makes what is sold by the item. Safe for concurrent use.</summary>
public interface IItemSource
{
    /// <summary>Makes one item; it costs the customer nothing when this refuses or fails.</summary>
    /// <param name="request">What the customer asks for, in the source's own form.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>At most <see cref="SessionItem.MaxSizeBytes"/>; or <see cref="MerchantError.NotMade"/> or
    /// <see cref="MerchantError.Malformed"/>.</returns>
    Task<Result<byte[], MerchantError>> MakeAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation);
}
