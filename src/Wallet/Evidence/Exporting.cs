using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Storage;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    // Keys that were kept before their policy was noted.
    private static readonly byte[] beforePolicies = [];

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
        var order = state.Order;
        // What was disputed stands alone, or beside the decision that counts.
        var (first, second) = decision is null ? (order.Disputed, null) : (decision, order.Disputed);
        var decided = NoteOf(order, first);
        var note = locked?.LockNote ?? decided;
        // Two notes for one transaction prove the bank at fault, so both are handed in.
        var other = new[] { order.OtherLockNote, decided }.FirstOrDefault(
            one => one is not null && one.Content != note?.Content);
        return new PurchaseEvidence(
            PurchaseEvidence.CurrentFormat, PolicyOf(order)?.Text ?? network.Policy.Text, ReadCard(order.ShopCard),
            ReadCard(order.BankCard), merchandise, authorization, note, locked?.Payment, first,
            authorization is null ? null : await KeysOfAsync(authorization, state.Order.Archive, cancellation),
            second, other, order.IssuerCard is { } issuer ? ReadCard(issuer) : null, order.Acknowledgement,
            ItemOf(state), Made: MadeOf(state));
    }

    private static Signed<MadeGoods>? MadeOf(PurchaseState state) => (state switch
    {
        Locked it => it.Made,
        Committed it => it.Made,
        Opened it => it.Made,
        _ => null,
    })?.Goods;

    private static Signed<SessionItem>? ItemOf(PurchaseState state) => (state switch
    {
        Locked it => it.Session,
        Committed it => it.Session,
        Opened it => it.Session,
        _ => null,
    })?.Last?.Item;

    private static (Signed<Merchandise>? P1, byte[]? P2, LockAnswer? P3, LoggedEntry? P5) Statements(
        PurchaseState state) => state switch
        {
            Offered offered => (offered.Merchandise, null, null, null),
            Fetched fetched => (fetched.Merchandise, null, null, null),
            Authorized it => (it.Merchandise, it.Authorization, null, null),
            Denied it => (it.Merchandise, it.Authorization, it.Lock, null),
            Locked it => (it.Merchandise, it.Authorization, it.Lock, null),
            Committed it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Aborted it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Opened it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Returned it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            Abandoned it => (it.Merchandise, it.Authorization, it.Lock, it.Decision),
            _ => (null, null, null, null),
        };

    /// <summary>The lock note that a decision rests on: all that is seen of it when the bank kept it back.</summary>
    private Signed<LockNote>? NoteOf(PurchaseOrder order, LoggedEntry? decision) =>
        decision is not null && PolicyOf(order)?.TryVerifyAtAnyTime(decision, out var logged) is true
            ? logged.Entry.LockNote
            : null;

    private static Signed<PartyCard> ReadCard(string text) => Signed<PartyCard>.TryParse(text, out var card)
        ? card
        : throw WalletException.Unreadable("purchase");

    private static SignedAuthorization ReadAuthorization(byte[] bytes) =>
        SignedAuthorization.TryParse(bytes, out var authorization)
            ? authorization
            : throw WalletException.Unreadable("purchase");

    /// <summary>The denomination keys of the tokens in P2, with their places in the archive's log.</summary>
    private async Task<IReadOnlyList<ListedDenomination>> KeysOfAsync(
        byte[] authorization, PolicyId policy, CancellationToken cancellation)
    {
        var keyIds = ReadAuthorization(authorization).Content.Tokens
            .Select(spend => Token.TryDecode(spend.Token, out var token) ? token.KeyId : [])
            .DistinctBy(Convert.ToHexString);
        return await Store.Database.ReadAsync<IReadOnlyList<ListedDenomination>>(
            transaction => [.. keyIds.Select(keyId => transaction.QuerySingleOrDefault(
                """
                SELECT record FROM announced WHERE token_key_id = $1 AND policy IN ($2, $3)
                ORDER BY LENGTH(policy) DESC LIMIT 1
                """,
                ReadKey, keyId, policy.ToArray(), beforePolicies))
                .OfType<ListedDenomination>()],
            cancellation);
    }

    /// <summary>Keeps the key of a token that is about to be spent: a bank must not be able to take evidence back by no
    /// longer listing it.</summary>
    private static void KeepKey(IWriteTransaction transaction, PolicyId policy, VerifiedDenomination key) =>
        transaction.Execute(
            "INSERT INTO announced (token_key_id, policy, record) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            key.Key.KeyId, policy.ToArray(), StrictJson.Write(key.Listed, WalletJson.Default.ListedDenomination));

    private static ListedDenomination? ReadKey(IRow row) =>
        StrictJson.TryRead(row.GetBytes(0), WalletJson.Default.ListedDenomination, out var listed) ? listed : null;
}
