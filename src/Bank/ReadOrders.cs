using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Bank;

/// <summary>Checks that who reads a reserve or an account holds its key now.</summary>
internal static class ReadOrders
{
    /// <summary>How far the reader's clock may be off, so that an order found later opens nothing.</summary>
    public const long ToleranceSeconds = 300;

    public static Result<P256PublicKey, BankError> Verify(Signed<ReadOrder> order, UnixTime now)
    {
        if (Math.Abs(order.Content.At.Seconds - now.Seconds) > ToleranceSeconds)
            return BankError.BadExpiry;
        return P256PublicKey.TryFromSpki(order.Content.Key, out var key) && order.IsSignedBy(key)
            ? key
            : BankError.BadSignature;
    }
}
