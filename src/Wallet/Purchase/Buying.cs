using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Storage;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    private const int KeyTries = 5;
    private static readonly TimeSpan keyPause = TimeSpan.FromSeconds(2);

    /// <summary>Buys one offer and shows the shop no more than it demands.</summary>
    public Task<PurchaseState> BuyAsync(
        PartyAddress shop, OfferTerms offer, string outputPath, TimeSpan patience, IProgress<WalletStep>? progress,
        CancellationToken cancellation) =>
        BuyAsync(shop, offer, outputPath, new CustomerTerms(), patience, progress, cancellation);

    /// <summary>Buys one offer: the goods or the money back, whatever fails.</summary>
    /// <param name="shop">The shop.</param>
    /// <param name="offer">The offer as the user saw it.</param>
    /// <param name="outputPath">Where the opened file goes; must not exist.</param>
    /// <param name="wanted">Which proof of delivery, and as whom.</param>
    /// <param name="patience">How long to wait for a decision before leaving the rest to resume.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Gives up waiting; nothing is lost.</param>
    /// <returns>The state reached: opened, returned, abandoned, or an open one that resume goes on with.</returns>
    public async Task<PurchaseState> BuyAsync(
        PartyAddress shop, OfferTerms offer, string outputPath, CustomerTerms wanted, TimeSpan patience,
        IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        if (offer.Tariff is not null)
            throw new WalletException(WalletError.Refused,
                "This is sold by the item, in sessions. Use: bauta fetch");
        outputPath = await PlaceAsync(outputPath, offer, null, cancellation);
        return await AdvanceAsync(
            await OrderAsync(
                RequestId.Generate(), shop, offer, outputPath,
                (id, card, bank) => TermsOf(id, wanted, card, bank, offer), wanted.Pseudonym, cancellation,
                wanted.Rests),
            patience, progress, cancellation);
    }

    /// <summary>Writes the intent down.</summary>
    private async Task<PurchaseState> OrderAsync(
        RequestId id, PartyAddress shop, OfferTerms offer, string outputPath,
        Func<RequestId, PartyCard, PartyCard, Terms?> termsOf, string? pseudonym, CancellationToken cancellation,
        bool rests = false)
    {
        var currency = await CurrencyAsync(cancellation);
        if (offer.Currency != currency.Code)
            throw new WalletException(WalletError.Refused,
                $"The shop asks for {offer.Currency}; this wallet's bank issues {currency.Code}.");
        var book = await DenominationsAsync(cancellation);
        if (CoinSelection.TryPay(
            await CoinsAsync(book, Now, rests, cancellation), offer.Price, Authorization.MaxTokens) is null)
            throw new WalletException(WalletError.NotEnough,
                $"The wallet's tokens do not cover {currency.Format(offer.Price)}. Withdraw more first, for a round "
                + "sum: bauta wallet withdraw. Or make tokens that balance calls to be refreshed spendable: bauta "
                + "wallet refresh");
        var (bankCard, issuerCard) = await BanksAsync(cancellation);
        var shopCard = await network.MerchantCardAsync(shop, cancellation);
        var order = new PurchaseOrder(
            id, shop.ToString(), offer, network.Policy.Id, outputPath, Now, shopCard.Text, bankCard.Text,
            issuerCard?.Text, network.Policy.Text, Terms: termsOf(id, shopCard.Content, bankCard.Content),
            Pseudonym: pseudonym, Rests: rests);
        PurchaseState state = new Started(order);
        var box = Store.SealPurchase(state);
        await Store.Database.WriteAsync(
            transaction => transaction.Execute(
                "INSERT INTO purchases (name, open, record) VALUES ($1, $2, $3)", Store.NameOf(order.Id), true, box),
            cancellation);
        return state;
    }

    /// <summary>Has the file of an open purchase go elsewhere; resume then writes it there.</summary>
    /// <exception cref="WalletException">The purchase is over, or no file can be made there.</exception>
    public async Task RedirectAsync(RequestId purchase, string outputPath, CancellationToken cancellation)
    {
        if (await Store.PurchaseAsync(purchase, cancellation) is not { } state)
            throw new WalletException(WalletError.NotFound, $"There is no purchase {purchase}.");
        if (state.IsFinal)
            throw new WalletException(WalletError.Refused,
                $"That purchase is over. Its file went to {state.Order.OutputPath}, if it has one.");
        outputPath = await PlaceAsync(outputPath, state.Order.Offer, purchase, cancellation);
        await Store.AdvanceAsync(state with { Order = state.Order with { OutputPath = outputPath } }, cancellation);
    }

    /// <summary>The whole path, where a new file can be made and no other open purchase makes one.</summary>
    private async Task<string> PlaceAsync(
        string outputPath, OfferTerms offer, RequestId? own, CancellationToken cancellation)
    {
        outputPath = Path.GetFullPath(outputPath);
        if ((await Store.PurchasesAsync(onlyOpen: true, cancellation)).Any(
            open => open.Order.OutputPath == outputPath && open.Order.Id != own))
            throw new WalletException(WalletError.Exists,
                $"Another purchase that is still open goes to {outputPath}. Name a new file with --out.");
        GoodsFile.CheckPlace(outputPath, offer.ContentHash);
        return outputPath;
    }

    /// <summary>All purchases, oldest first.</summary>
    public Task<IReadOnlyList<PurchaseState>> HistoryAsync(CancellationToken cancellation) =>
        Store.PurchasesAsync(onlyOpen: false, cancellation);

    /// <summary>
    /// Takes a purchase from state to state until it is final or would have to wait longer than
    /// <paramref name="patience"/>. Each step may run again after a crash: requests carry the same id and body.
    /// </summary>
    private async Task<PurchaseState> AdvanceAsync(
        PurchaseState state, TimeSpan patience, IProgress<WalletStep>? progress, CancellationToken cancellation,
        bool untilLocked = false)
    {
        var until = Now.AddSeconds((long)patience.TotalSeconds);
        while (!state.IsFinal && !(untilLocked && state is Locked))
        {
            var next = state switch
            {
                Started started => await AskAsync(started, progress, cancellation),
                Offered offered => await FetchAsync(offered, progress, cancellation),
                Fetched fetched => await AuthorizeAsync(fetched, cancellation),
                Authorized authorized => await LockAsync(authorized, progress, cancellation),
                Denied denied => await LearnAsync(denied, progress, cancellation),
                Locked locked => await DecideAsync(locked, until, progress, cancellation),
                Committed committed => await OpenAsync(committed, progress, cancellation),
                Aborted aborted => await UnlockAsync(aborted, progress, cancellation),
                _ => throw new InvalidOperationException($"No step leads out of {state.GetType().Name}."),
            };
            // A step that waits may have written down how far it came.
            if (next is null)
                return await Store.PurchaseAsync(state.Order.Id, cancellation) ?? state;
            state = next;
        }

        return state;
    }

    /// <summary>P1: asks for the goods and checks every term before anything else happens.</summary>
    private async Task<PurchaseState> AskAsync(
        Started state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var order = state.Order;
        var shop = Shop(order);
        var answer = await network.Merchant(shop).PurchaseAsync(
            new PurchaseRequest(order.Id, order.Offer.Offer, order.Offer.Price, order.Archive, order.Terms),
            cancellation);
        if (!answer.IsOk)
            return await AbandonAsync(state, Refusals<MerchantError>.Meaning(answer.Error.Value), cancellation);
        var signed = answer.Value;
        if (BreachOf(signed, order) is { } breach)
            return await AbandonAsync(state, $"The shop's P1 {breach}.", cancellation);
        progress?.Report(new WalletStep(
            "P1", "shop -> customer: signed contract, expiry, mask and commitment to the key"));
        return await Store.AdvanceAsync(new Offered(order, signed), cancellation);
    }

    private string? BreachOf(Signed<Merchandise> signed, PurchaseOrder order)
    {
        var promise = signed.Content;
        var card = Card(order.ShopCard);
        var bank = Card(order.BankCard);
        var terms = bank.Bank!;
        if (!signed.IsSignedBy(card.IdentityKey()))
            return "is not signed by the shop";
        if (!StrictJson.Write(promise.Contract, ProtocolJson.Default.OfferTerms)
            .AsSpan().SequenceEqual(StrictJson.Write(order.Offer, ProtocolJson.Default.OfferTerms)))
            return "promises something else than the offer";
        if (!Terms.AreSame(promise.Terms, order.Terms))
            return "has other terms than it was asked for";
        if (promise.Receipt?.IsSignedBy(card.IdentityKey()) is false)
            return "holds a receipt that the shop did not sign";
        if (!promise.Archive.Equals(order.Archive))
            return "names another archive";
        if (promise.Bank != bank.Name || card.Merchant!.BankKey != bank.IdentityKey().Thumbprint)
            return "names another bank than the one that locks this wallet's tokens";
        if (promise.ExpiresAt < Now.AddSeconds(terms.MinExpirySeconds)
            || promise.ExpiresAt > Now.AddSeconds(terms.MaxExpirySeconds))
            return "expires too early or too late for the bank";
        return null;
    }

    /// <summary>Chooses tokens and signs P2; both are durable before anything is sent.</summary>
    private async Task<PurchaseState> AuthorizeAsync(Fetched state, CancellationToken cancellation)
    {
        var promise = state.Merchandise.Content;
        var book = await DenominationsAsync(cancellation);
        var uses = CoinSelection.TryPay(
            await CoinsAsync(book, promise.ExpiresAt, state.Order.Rests, cancellation), promise.Contract.Price,
            Authorization.MaxTokens);
        if (uses is null)
            return await AbandonAsync(state,
                "The wallet's tokens that are worth something until the purchase expires do not cover the price. "
                + "Refresh them first: bauta wallet refresh", cancellation);
        // What a session draws on first is used up, so that few are left that the bank has seen together.
        if (promise.Session is not null)
            uses = [.. uses.OrderBy(use => use.Amount.MinorUnits)];
        var held = await SpendableAsync(state.Order.Rests, cancellation);
        var keys = new List<P256PrivateKey>();
        try
        {
            var spends = new List<TokenSpend>();
            foreach (var use in uses)
            {
                using var secret = Store.Seed.Token(use.Coin.TokenKeyId, use.Coin.Number);
                keys.Add(secret.Key());
                var token = held.Single(token => token.Number == use.Coin.Number
                    && token.TokenKeyId.AsSpan().SequenceEqual(use.Coin.TokenKeyId));
                spends.Add(new TokenSpend(token.Token!, keys[^1].PublicKey.Spki, use.Amount));
            }

            var authorization = SignedAuthorization.Sign(
                new Authorization(promise.Transaction(), promise.ExpiresAt, promise.Account, promise.Archive,
                    promise.Commitment, promise.Contract.Currency, promise.Contract.Price, spends,
                    promise.Later?.TotalKey),
                keys);
            return await Store.AdvanceAsync(
                new Authorized(state.Order, state.Merchandise, authorization.Utf8), cancellation,
                transaction =>
                {
                    foreach (var use in uses)
                    {
                        TokenTable.SetAside(transaction, use, Store.NameOf(state.Order.Id));
                        KeepKey(transaction, network.Policy.Id, book.Find(use.Coin.TokenKeyId)!);
                    }
                });
        }
        finally
        {
            keys.ForEach(key => key.Dispose());
        }
    }

    /// <summary>P2 to P3: the same bytes as often as it takes. A refusal is not signed, so it is not
    /// believed.</summary>
    private async Task<PurchaseState> LockAsync(
        Authorized state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var authorization = ReadAuthorization(state.Authorization);
        progress?.Report(new WalletStep("P2",
            $"customer -> bank: {authorization.Content.Tokens.Count} token(s) authorized for this transaction"));
        Result<LockAnswer, BankError> answer;
        try
        {
            answer = await network.LockingBank.LockAsync(authorization, cancellation);
            // Where another bank issues, the one that locks reads of new keys some seconds after the wallet.
            for (var tries = 0; tries < KeyTries && answer.Error == BankError.UnknownKey
                && !ReferenceEquals(network.Bank, network.LockingBank); tries++)
            {
                await Task.Delay(keyPause, clock, cancellation);
                answer = await network.LockingBank.LockAsync(authorization, cancellation);
            }
        }
        catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
        {
            // The bank may have locked and told somebody else.
            if (await PublishedAsync(state, state.Merchandise, state.Authorization, progress, cancellation)
                is { } ended)
                return ended;
            throw;
        }

        if (!answer.IsOk)
        {
            if (answer.Error == BankError.TooMany && Now < authorization.Content.ExpiresAt)
                throw Refused("The bank refused the lock", answer.Error.Value, answer.Detail);
            var doubtful = answer.Error is BankError.TokenSpent or BankError.TokenLocked or BankError.BadToken
                or BankError.SerialReused or BankError.RefreshFirst or BankError.KeyExpired or BankError.KeyRevoked;
            return await Store.AdvanceAsync(
                new Denied(state.Order, state.Merchandise, state.Authorization,
                    Refusals<BankError>.Meaning(answer.Error.Value), doubtful ? TokenState.Doubtful : TokenState.Held),
                cancellation);
        }

        var bank = Card(state.Order.BankCard).IdentityKey();
        if (!Answers(answer.Value, authorization.Content, bank))
        {
            if (state.Order.OtherLockNote is null
                && IsContradiction(answer.Value.LockNote, authorization.Content, bank))
                state = (Authorized)await Store.AdvanceAsync(
                    state with { Order = state.Order with { OtherLockNote = answer.Value.LockNote } }, cancellation);
            if (await PublishedAsync(state, state.Merchandise, state.Authorization, progress, cancellation)
                is { } ended)
                return ended;
            if (Now >= authorization.Content.ExpiresAt)
                return await Store.AdvanceAsync(
                    new Denied(state.Order, state.Merchandise, state.Authorization,
                        "The bank's notes do not match what was authorized.", TokenState.Doubtful, answer.Value),
                    cancellation);
            throw new WalletException(WalletError.Distrusted,
                "The bank's notes do not match what was authorized. They were not passed on; resume asks again, and "
                + "after expiry the purchase ends.");
        }

        progress?.Report(new WalletStep(
            "P3", "bank -> customer: lock note for the archive, payment note for the shop"));
        // The goods are all here since Fetched; the shop sees this with P3, after it is written down.
        var order = state.Order with { Acknowledgement = Acknowledge(state.Order, state.Merchandise) };
        return await Store.AdvanceAsync(
            new Locked(order, state.Merchandise, state.Authorization, answer.Value), cancellation);
    }

    private static bool IsContradiction(Signed<LockNote> note, Authorization authorization, P256PublicKey bank) =>
        note.IsSignedBy(bank) && note.Content.Transaction.Equals(authorization.Transaction)
        && note.Content != authorization.ToLockNote();

    private static bool Answers(LockAnswer answer, Authorization authorization, P256PublicKey bank) =>
        answer.LockNote.IsSignedBy(bank) && answer.Payment.IsSignedBy(bank)
        && answer.LockNote.Content == authorization.ToLockNote()
        && answer.Payment.Content.Matches(authorization.ToPaymentNote());

    private static PartyAddress Shop(PurchaseOrder order) => PartyAddress.TryParse(order.Shop, out var shop)
        ? shop
        : throw WalletException.Unreadable("purchase");

    private static PartyCard Card(string text) => ReadCard(text).Content;

    /// <summary>The tokens that a bank locks now and that are still worth their value if a lock that lasts as long
    /// ends without a payment.</summary>
    private async Task<IReadOnlyCollection<Coin>> CoinsAsync(
        DenominationBook book, UnixTime until, bool rests, CancellationToken cancellation) =>
        [.. (await SpendableAsync(rests, cancellation))
            .Where(token => token.Remaining > Amount.Zero)
            .Select(token => (Token: token, Key: book.Find(token.TokenKeyId)))
            .Where(pair => pair.Key is { IsRevoked: false } key
                && Now < key.Terms.SpendUntil && until < key.Terms.ExpiresAt)
            .Select(pair => new Coin(
                pair.Token.TokenKeyId, pair.Token.Number, pair.Token.Remaining, pair.Key!.Terms.SpendUntil))];

    private async Task<IReadOnlyList<WalletToken>> SpendableAsync(bool rests, CancellationToken cancellation)
    {
        var held = await Store.TokensAsync(TokenState.Held, cancellation);
        return !rests
            ? held
            : [.. (await Store.TokensAsync(TokenState.Doubtful, cancellation)).Where(token => token.IsRest), .. held];
    }

    /// <summary>Ends a purchase for which nothing is locked; tokens set aside for it come back.</summary>
    private async Task<PurchaseState> AbandonAsync(
        PurchaseState state, string reason, CancellationToken cancellation, string tokens = TokenState.Held,
        LoggedEntry? decision = null)
    {
        var (merchandise, authorization, mismatch, _) = Statements(state);
        var name = Store.NameOf(state.Order.Id);
        var ended = await Store.AdvanceAsync(
            new Abandoned(state.Order, reason, merchandise, authorization, mismatch, decision), cancellation,
            transaction =>
            {
                foreach (var token in Store.TokenRows.OfPurchase(transaction, name))
                    TokenTable.Release(
                        transaction, token.TokenKeyId, token.Number, name, token.Remaining,
                        token.IsRest ? TokenState.Doubtful : tokens);
            });
        // After the write: a purchase that could still be paid keeps its goods.
        GoodsFile.Delete(Store.Folder, state.Order.Id);
        return ended;
    }
}
