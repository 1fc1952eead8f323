using Bauta.Crypto.Goods;
using Bauta.Crypto.Merkle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// Locks a sum for one shop, out of which items are then paid one by one (FIG. 8). What is not used comes back when
    /// the session ends.
    /// </summary>
    /// <param name="shop">The shop.</param>
    /// <param name="offer">What it sells by the item.</param>
    /// <param name="limit">The most that the session may cost.</param>
    /// <param name="patience">How long to wait for the bank.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Gives up waiting; nothing is lost.</param>
    /// <exception cref="WalletException">It did not come to a session; resume finishes what was begun.</exception>
    public async Task<WalletSession> OpenSessionAsync(
        PartyAddress shop, OfferTerms offer, Amount limit, TimeSpan patience, IProgress<WalletStep>? progress,
        CancellationToken cancellation)
    {
        if (offer.Tariff is not { } tariff || limit < tariff.Price || limit > offer.Price)
            throw new WalletException(WalletError.Refused,
                "A session costs at least one item, and at most what the shop allows for one.");
        var id = RequestId.Generate();
        var state = await OrderAsync(
            id, shop, offer with { Price = limit }, Path.Combine(Store.Folder, $"last-item-{id.ToString()[..8]}"),
            SessionTermsOf, pseudonym: null, cancellation);
        state = await AdvanceAsync(state, patience, progress, cancellation, untilLocked: true);
        if (state is not Locked locked)
            throw new WalletException(WalletError.Refused, state is Abandoned abandoned
                ? $"No session was opened: {abandoned.Reason}"
                : "No session was opened. Resume finishes what was begun.");
        progress?.Report(new WalletStep("R3", "customer -> shop: both notes, relayed through the customer"));
        return await BeginAsync(shop, locked, cancellation);
    }

    private async Task<WalletSession> BeginAsync(PartyAddress shop, Locked locked, CancellationToken cancellation)
    {
        if (locked.Session is null)
        {
            var answer = await network.Merchant(shop).PayAsync(
                new PaymentRequest(locked.Merchandise.Content.Transaction(), locked.Lock), cancellation);
            if (!answer.IsOk)
                throw Refused("The shop refused the session", answer.Error.Value, answer.Detail);
            locked = await KeepAsync(locked with { Session = new SessionProgress(0, Amount.Zero) }, cancellation);
        }

        return new WalletSession(this, network.Merchant(shop), locked);
    }

    internal UnixTime Time => Now;

    /// <summary>A session of this offer that was left open and can be gone on with; null when there is none.</summary>
    public async Task<WalletSession?> FindSessionAsync(
        PartyAddress shop, OfferTerms offer, CancellationToken cancellation)
    {
        var open = (await Store.PurchasesAsync(onlyOpen: true, cancellation)).OfType<Locked>().LastOrDefault(
            one => one.Merchandise.Content.Session is not null && one.Order.Shop == shop.ToString()
                && Now < one.Merchandise.Content.ExpiresAt && one.Order.Offer.Offer.Equals(offer.Offer));
        return open is null ? null : await BeginAsync(shop, open, cancellation);
    }

    internal Task<PurchaseState> EndAsync(
        Locked state, TimeSpan patience, IProgress<WalletStep>? progress, CancellationToken cancellation) =>
        AdvanceAsync(state, patience, progress, cancellation);

    internal async Task<Locked> KeepAsync(Locked state, CancellationToken cancellation) =>
        (Locked)await Store.AdvanceAsync(state, cancellation);

    private Terms SessionTermsOf(RequestId purchase, PartyCard shop, PartyCard bank)
    {
        using var secret = Store.Seed.Session(purchase);
        return new Terms(Session: secret.Terms());
    }

    /// <summary>How much of a lock a commit pays: all of it, or in a session the total in what was
    /// acknowledged.</summary>
    private static Amount PaidIn(Authorization authorization, LogEntry commit) =>
        SealedTotal.PaidOf(authorization.Amount, authorization.TotalKey, commit.Release?.Content);

    /// <summary>
    /// The session was committed. An item that was agreed to before a crash is opened with the published key; then the
    /// bank is shown the commit, and only after it the rest of the sum is free.
    /// </summary>
    private async Task<PurchaseState> EndSessionAsync(
        Committed state, LogEntry commit, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var published = commit.Release!.Content;
        var isOpened = true;
        if (state.Session is { IsOpened: false, Last: { } last }
            && last.Acknowledgement.SaysTheSameAs(published.Acknowledgement))
        {
            isOpened = Pieces.TryOpen(state.Merchandise.Content, last, published.MaskedKey, out var content);
            if (isOpened)
            {
                await File.WriteAllBytesAsync(state.Order.OutputPath, content!, cancellation);
                progress?.Report(new WalletStep(
                    "open", $"an item that was paid for and never handed over is in {state.Order.OutputPath}"));
            }
        }

        var settled = await network.LockingBank.DecideAsync(
            state.Merchandise.Content.Transaction(), state.Decision, cancellation);
        if (!settled.IsOk)
            throw Refused("The bank refused the commit", settled.Error.Value, settled.Detail);
        if (settled.Value.State != SettlementAnswer.Settled)
            throw new WalletException(WalletError.Distrusted,
                "The bank unlocked what the archive committed. Export the evidence: it proves the bank at fault.");
        var currency = await CurrencyAsync(cancellation);
        var paid = PaidIn(ReadAuthorization(state.Authorization).Content, commit);
        progress?.Report(new WalletStep("end",
            $"the session is settled: {currency.Format(paid)} paid, the rest of the sum comes back by a refresh"));
        return await Store.AdvanceAsync(
            new Opened(state.Order, state.Merchandise, state.Authorization, state.Decision, isOpened, state.Lock,
                state.Session),
            cancellation, transaction => EndTokens(transaction, state, commit));
    }
}

/// <summary>Opens items.</summary>
internal static class Pieces
{
    /// <summary>Opens an item with the key that was given out or published.</summary>
    public static bool TryOpen(Merchandise promise, SessionPiece piece, byte[] maskedKey, out byte[]? content)
    {
        content = null;
        var item = piece.Item.Content;
        if (!KeyCommitment.To(item.Transaction, maskedKey).Equals(item.Commitment))
            return false;
        using var mask = SessionItem.MaskOf(promise.Secret, item.Index);
        using var key = MaskedKey.FromBytes(maskedKey).Unmask(mask);
        using var decryptor = new GoodsDecryptor(
            key, new GoodsLayout(item.SizeBytes), MerkleHash.FromBytes(item.GoodsRoot));
        var plain = new byte[item.SizeBytes];
        if (decryptor.DecryptChunk(0, piece.Ciphertext, [], plain) != GoodsVerdict.Good)
            return false;
        content = plain;
        return true;
    }
}
