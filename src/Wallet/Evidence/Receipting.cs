using Bauta.Protocol;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>The receipt of a purchase that was committed, with the archive's proof.</summary>
    /// <exception cref="WalletException">There is no such purchase, it holds no receipt, or it is not paid.</exception>
    public async Task<(ReceiptFile File, PaidReceipt Paid, PurchaseOrder Order)> ReceiptAsync(
        RequestId purchase, CancellationToken cancellation)
    {
        var state = await Store.PurchaseAsync(purchase, cancellation)
            ?? throw new WalletException(WalletError.NotFound, "There is no such purchase. See: bauta wallet history");
        var (merchandise, _, _, decision) = Statements(state);
        if (merchandise?.Content.Receipt is not { } receipt)
            throw new WalletException(WalletError.NotFound,
                "That purchase has no receipt: what was bought is its file.");
        if (state is not (Committed or Opened) || decision is null)
            throw new WalletException(WalletError.NotFound, state.IsFinal
                ? "That purchase did not happen, so there is no receipt. The tokens are yours."
                : "That purchase is still open. Its receipt counts once the archive has committed: bauta wallet "
                    + "resume");
        var file = new ReceiptFile(ReceiptFile.CurrentFormat, receipt, decision);
        return PolicyOf(state.Order) is { } policy && file.PaidUnder(policy) is { } paid
            ? (file, paid, state.Order)
            : throw WalletException.Unreadable("decision");
    }

    /// <summary>
    /// Answers a counter's challenge with the key that owns the receipt. Whoever has this answer within ten minutes
    /// collects what the receipt is for: it may be given to somebody else who picks it up.
    /// </summary>
    public async Task<Signed<HandOver>> AnswerAsync(
        RequestId purchase, CounterChallenge challenge, CancellationToken cancellation)
    {
        var (file, _, order) = await ReceiptAsync(purchase, cancellation);
        using var key = CustomerKey(order.Id, order.Pseudonym);
        var answer = Signed<HandOver>.Sign(key, HandOver.Of(file.Receipt, challenge));
        return HandOver.Holds(answer, file.Receipt)
            ? answer
            : throw new InvalidOperationException("The receipt was taken with another key than this wallet's.");
    }
}
