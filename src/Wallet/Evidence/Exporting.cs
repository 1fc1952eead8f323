using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// All that was stated about one purchase, for a judge. It names the shop, the goods and the price: whoever gets it
    /// learns them, and still not who the customer is.
    /// </summary>
    /// <exception cref="WalletException">There is no such purchase, or it ended before the shop promised
    /// anything.</exception>
    public async Task<PurchaseEvidence> EvidenceAsync(RequestId purchase, CancellationToken cancellation)
    {
        var state = await Store.PurchaseAsync(purchase, cancellation)
            ?? throw new WalletException(WalletError.NotFound, "There is no such purchase. See: bauta wallet history");
        var (merchandise, authorization, locked, decision) = Statements(state);
        if (merchandise is null)
            throw new WalletException(WalletError.NotFound,
                "The shop never promised anything in this purchase, so there is nothing to prove.");
        return new PurchaseEvidence(
            PurchaseEvidence.CurrentFormat, network.Policy.Text, ReadCard(state.Order.ShopCard),
            ReadCard(state.Order.BankCard), merchandise, authorization, locked?.LockNote, locked?.Payment, decision,
            authorization is null ? null : await KeysOfAsync(authorization, cancellation));
    }

    private static (Signed<Merchandise>? P1, byte[]? P2, LockAnswer? P3, LoggedEntry? P5) Statements(
        PurchaseState state) => state switch
        {
            Offered offered => (offered.Merchandise, null, null, null),
            Fetched fetched => (fetched.Merchandise, null, null, null),
            Authorized it => (it.Merchandise, it.Authorization, null, null),
            Locked it => (it.Merchandise, it.Authorization, it.Lock, null),
            Committed it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Aborted it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Opened it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Returned it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            _ => (null, null, null, null),
        };

    private static Signed<PartyCard> ReadCard(string text) => Signed<PartyCard>.TryParse(text, out var card)
        ? card
        : throw new WalletException(WalletError.Damaged, "A purchase in the wallet's file cannot be read.");

    /// <summary>The denomination keys of the tokens in P2, with their places in the archive's log.</summary>
    private async Task<IReadOnlyList<ListedDenomination>> KeysOfAsync(
        byte[] authorization, CancellationToken cancellation)
    {
        if (!SignedAuthorization.TryParse(authorization, out var signed))
            throw new WalletException(WalletError.Damaged, "A purchase in the wallet's file cannot be read.");
        var book = await DenominationsAsync(cancellation);
        return [.. signed.Content.Tokens
            .Select(spend => Token.TryDecode(spend.Token, out var token) ? book.Find(token.KeyId)?.Listed : null)
            .OfType<ListedDenomination>()
            .DistinctBy(listed => listed.Key.Text)];
    }
}
