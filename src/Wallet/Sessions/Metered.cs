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
        var answer = await network.Merchant(shop).PayAsync(
            new PaymentRequest(locked.Merchandise.Content.Transaction(), locked.Lock), cancellation);
        if (!answer.IsOk)
            throw Refused("The shop refused the session", answer.Error.Value, answer.Detail);
        locked = await KeepAsync(locked with { Session = new SessionProgress(0, Amount.Zero) }, cancellation);
        return new WalletSession(this, network.Merchant(shop), locked);
    }

    /// <summary>A session of this offer that was left open and can be gone on with; null when there is none.</summary>
    public async Task<WalletSession?> FindSessionAsync(
        PartyAddress shop, OfferTerms offer, CancellationToken cancellation)
    {
        var open = (await Store.PurchasesAsync(onlyOpen: true, cancellation)).OfType<Locked>().LastOrDefault(
            one => one.Session is not null && one.Order.Shop == shop.ToString()
                && Now < one.Merchandise.Content.ExpiresAt && one.Order.Offer.Offer.Equals(offer.Offer));
        return open is null ? null : new WalletSession(this, network.Merchant(shop), open);
    }

    internal Task<PurchaseState> EndAsync(
        Locked state, TimeSpan patience, IProgress<WalletStep>? progress, CancellationToken cancellation) =>
        AdvanceAsync(state, patience, progress, cancellation);

    internal async Task<Locked> KeepAsync(Locked state, CancellationToken cancellation) =>
        (Locked)await Store.AdvanceAsync(state, cancellation);

    private Terms SessionTermsOf(RequestId purchase, PartyCard shop)
    {
        using var secret = Store.Seed.Session(purchase);
        return new Terms(Session: secret.Terms());
    }

    /// <summary>How much of a lock a commit pays: all of it, or in a session the total in what was
    /// acknowledged.</summary>
    private static Amount PaidIn(Authorization authorization, LogEntry commit) =>
        authorization.TotalKey is { } key && commit.Release?.Content.Acknowledgement?.Content is { } agreed
        && SealedTotal.Open(key, agreed.Commitment, agreed.SealedTotal) is { } total && total < authorization.Amount
            ? total
            : authorization.Amount;

    /// <summary>
    /// The session was committed: the bank is shown it, since the rest of the sum is free only then, and an item that
    /// was agreed to before a crash is opened with the published key.
    /// </summary>
    private async Task<PurchaseState> EndSessionAsync(
        Committed state, LogEntry commit, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var settled = await network.LockingBank.DecideAsync(
            state.Merchandise.Content.Transaction(), state.Decision, cancellation);
        if (!settled.IsOk)
            throw Refused("The bank refused the commit", settled.Error.Value, settled.Detail);
        var published = commit.Release!.Content;
        var last = state.Session?.Last;
        // An older item than the last costs less: the shop's loss, and the last one stays paid for by nobody.
        var isLast = last is not null && last.Acknowledgement.SaysTheSameAs(published.Acknowledgement);
        var isOpened = true;
        if (isLast && !state.Session!.IsOpened)
        {
            isOpened = Pieces.TryOpen(state.Merchandise.Content, last!, published.MaskedKey, out var content);
            if (isOpened)
                await File.WriteAllBytesAsync(state.Order.OutputPath, content!, cancellation);
        }

        progress?.Report(new WalletStep("end",
            $"the session is settled: {PaidIn(ReadAuthorization(state.Authorization).Content, commit)} paid, the rest "
            + "of the sum is free again"));
        return await Store.AdvanceAsync(
            new Opened(state.Order, state.Merchandise, state.Authorization, state.Decision, isOpened, state.Lock,
                state.Session),
            cancellation);
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
