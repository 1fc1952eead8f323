using Bauta.Protocol;
using Bauta.Protocol.Disputes;

namespace Bauta.Wallet.Disputes;

/// <summary>A dispute that the wallet opened, as it keeps it.</summary>
/// <param name="Purchase">The request id of the purchase.</param>
/// <param name="Order">What was signed, written down before it was sent.</param>
/// <param name="TokenKeyId">With <paramref name="TokenNumber"/>: the token whose key signed, and whose reserve takes a
/// refund.</param>
/// <param name="TokenNumber">Its number.</param>
/// <param name="State">As the bank said last; null before it has answered.</param>
/// <param name="IsOver">Whether nothing is left to do: it was dismissed, it lapsed, or the refund is in the
/// wallet.</param>
public sealed record WalletDispute(
    RequestId Purchase, Signed<DisputeOrder> Order, byte[] TokenKeyId, long TokenNumber, DisputeState? State = null,
    bool IsOver = false);
