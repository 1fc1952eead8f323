using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Orders;

/// <summary>What is to be made.</summary>
/// <param name="Order">The transaction: the same when it is made again after a failure.</param>
/// <param name="Contract">What was sold.</param>
public sealed record GoodsOrder(TransactionId Order, OfferTerms Contract);

/// <summary>Makes goods to order, once their price is locked. Safe for concurrent use.</summary>
public interface IGoodsMaker
{
    /// <summary>Makes the goods.</summary>
    /// <param name="order">Which.</param>
    /// <param name="maxBytes">What is larger cannot be sold.</param>
    /// <param name="cancellation">Gives up: it takes too long, or the shop ends.</param>
    /// <returns>The goods; null when they could not be made, or are larger.</returns>
    Task<byte[]?> MakeAsync(GoodsOrder order, long maxBytes, CancellationToken cancellation);
}
