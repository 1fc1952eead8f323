using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    private const long ArchiveWaitSeconds = 5;

    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(250);

    // The making of goods takes its time.
    private static readonly TimeSpan makingPollInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// P3 goes to the shop, and the archive is asked until it has decided. After expiry the abort is demanded; either
    /// way the decision counts only with the quorum that P1 names. Null when patience ends first.
    /// </summary>
    private async Task<PurchaseState?> DecideAsync(
        Locked state, UnixTime until, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var isOpened = false;
        for (var told = false; ; await Task.Delay(IntervalOf(state), clock, cancellation))
        {
            var answer = await PayAsync(state, told ? null : progress, cancellation);
            if (state.Made is null && answer.Made is { } made
                && await AgreeAsync(state, made, progress, cancellation) is { } agreed)
                (state, answer) = (agreed, await PayAsync(agreed, progress, cancellation));
            if ((answer.Release ?? state.Release) is { } atOnce && !isOpened)
            {
                isOpened = true;
                state = await OpenAtOnceAsync(state, atOnce, progress, cancellation);
            }

            var decision = answer.Decision ?? await AskArchiveAsync(state, until, cancellation);
            told = true;
            if (decision is not null)
                return await AcceptAsync(state, decision, progress, cancellation);
            if (Now >= until)
                return null;
        }
    }

    private static TimeSpan IntervalOf(Locked state) =>
        state is { Made: null, Merchandise.Content.LockFirst: not null } ? makingPollInterval : pollInterval;

    /// <summary>Of what the shop answers all that holds.</summary>
    private async Task<PaymentAnswer> PayAsync(
        Locked state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var release = state.Merchandise.Content.Terms?.Release;
        // An early release is at the bank, and the shop needs no notes.
        if (Now >= state.Merchandise.Content.ExpiresAt || release == ReleaseTerm.Early)
            return new PaymentAnswer();
        progress?.Report(state.Made is not null
            ? new WalletStep("E5", "customer -> shop: the customer's signature that the goods arrived")
            : state.Session is null
            ? new WalletStep("P3", "customer -> shop: both notes, relayed through the customer"
                + (state.Order.Acknowledgement is null ? "" : ", and the customer's signature that the goods arrived"))
            : new WalletStep("R9", "customer -> shop: the session is to end"));
        try
        {
            var shop = network.Merchant(Shop(state.Order));
            var answer = state.Session is null
                ? await shop.PayAsync(
                    new PaymentRequest(
                        state.Merchandise.Content.Transaction(), state.Lock, state.Order.Acknowledgement,
                        state.Made?.Agreement),
                    cancellation)
                : await shop.CloseAsync(DeliveryId.Derive(state.Merchandise.Content.Secret), cancellation);
            // What the shop shows counts only if it holds; otherwise the archive is asked.
            if (!answer.IsOk)
                return new PaymentAnswer();
            return new PaymentAnswer(
                answer.Value.Decision is { } shown && Holds(state, shown) is not null ? shown : null,
                answer.Value.Made,
                release == ReleaseTerm.AtOnce && answer.Value.Release is { } given
                    && Release.Matches(given, state.Lock.LockNote.Content) ? given : null);
        }
        catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
        {
            // The shop may be down for good; the archive decides without it.
            return new PaymentAnswer();
        }
    }

    /// <summary>
    /// Section 5.6: the goods open with P4 itself, while the archive decides. The release is written down first, so
    /// that a wallet that dies here opens them when it resumes. What does not open as promised waits for the decision.
    /// </summary>
    private async Task<Locked> OpenAtOnceAsync(
        Locked state, Signed<Release> release, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        if (state.Release is null)
            state = (Locked)await Store.AdvanceAsync(state with { Release = release }, cancellation);
        var goods = new GoodsFile(Store.Folder, state.Order.Id, state.Merchandise.Content);
        var path = state.Order.OutputPath;
        try
        {
            var isThere = File.Exists(path);
            var asPromised = await goods.OpenIntoAsync(
                release.Content.MaskedKey, path, new ReadingStep("open", "opening the goods", progress), cancellation);
            if (asPromised is true)
                progress?.Report(new WalletStep(
                    "P4", "shop -> customer: the key at once; the goods are open, and the archive's commit follows"));
            else if (!isThere)
                File.Delete(path);
        }
        catch (WalletException notHere) when (notHere.Error == WalletError.Refused)
        {
            // The file cannot be stored there now; after the commit the user is told.
        }

        return state;
    }

    private async Task<LoggedEntry?> AskArchiveAsync(Locked state, UnixTime until, CancellationToken cancellation)
    {
        var note = state.Lock.LockNote;
        // Where no shop holds its answer back, the archive does: one question in place of many.
        var wait = state.Merchandise.Content.Terms?.Release == ReleaseTerm.Early
            ? Math.Clamp(until.Seconds - Now.Seconds, 0, ArchiveWaitSeconds)
            : 0;
        var answer = Now < note.Content.ExpiresAt
            ? await network.Archive.AwaitDecisionAsync(
                BankKeyId.Of(note), note.Content.Transaction, TimeSpan.FromSeconds(wait), cancellation)
            : await network.Archive.DecideAsync(new DecisionRequest(note), cancellation);
        // Which note it decided on is evidence against the bank.
        if (answer.Error == ArchiveError.OtherLockNote)
            answer = await network.Archive.DecisionAsync(BankKeyId.Of(note), note.Content.Transaction, cancellation);
        if (answer.IsOk)
            return answer.Value.Decision;
        return answer.Error is ArchiveError.Undecided or ArchiveError.NotExpired or ArchiveError.Unavailable
            ? null
            : throw Refused("The archive refused", answer.Error.Value, answer.Detail);
    }

    private async Task<PurchaseState> AcceptAsync(
        Locked state, LoggedEntry decision, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        if (Holds(state, decision) is not { } entry)
            throw await DisputeAsync(state, state.Merchandise, decision, cancellation);
        if (entry.Kind == LogEntry.Abort)
        {
            progress?.Report(new WalletStep("P5b", "archive: abort(n) is published under the witness quorum"));
            return await Store.AdvanceAsync(
                new Aborted(state.Order, state.Merchandise, state.Authorization, decision, state.Lock), cancellation);
        }

        if (IsOwnCommitment(entry, state.Merchandise))
            return await AbandonAsync(state, OwnCommitment, cancellation, TokenState.Doubtful, decision);
        if (!Release.Matches(entry.Release!, state.Lock.LockNote.Content))
            throw new WalletException(WalletError.Distrusted,
                "The archive published a commit whose key does not match the contract. Export the evidence.");
        progress?.Report(new WalletStep("P5a", "archive: commit(n, masked key) is published under the witness quorum"));
        return await Store.AdvanceAsync(
            new Committed(
                state.Order, state.Merchandise, state.Authorization, decision, state.Lock, state.Session,
                MadeIn(entry) ?? state.Made),
            cancellation, EndOf(state, state.Merchandise, entry, hasNotes: true));
    }

    // Only where nothing is made before the lock does a release carry what came after it.
    private const string OwnCommitment =
        "The shop's commitment was to a key of its own, with which it published another key than it promised. The bank "
        + "pays nothing for it. Export the evidence, and refresh the tokens.";

    private static bool IsOwnCommitment(LogEntry commit, Signed<Merchandise> merchandise) =>
        merchandise.Content.Later is null && commit.Release?.Content.IsOfLater is true;

    /// <summary>
    /// The decision, when it stands under the quorum that P1 names and on the bank's lock note for this purchase. The
    /// note is compared by what it says: anybody can turn its signature into another valid one.
    /// </summary>
    private LogEntry? Holds(Locked state, LoggedEntry decision) =>
        PolicyOf(state.Order) is { } policy && policy.TryVerify(decision, out var logged) && logged.Entry.IsDecision
        && state.Lock.LockNote.SaysTheSameAs(logged.Entry.LockNote)
        && logged.Entry.LockNote!.IsSignedBy(Card(state.Order.BankCard).IdentityKey())
            ? logged.Entry
            : null;

    /// <summary>A decision that moves nothing. Where the quorum stands by it, it is kept for the judge: it is late or
    /// early, or rests on another lock note in the bank's name.</summary>
    private async Task<WalletException> DisputeAsync(
        PurchaseState state, Signed<Merchandise> merchandise, LoggedEntry decision, CancellationToken cancellation)
    {
        if (PolicyOf(state.Order)?.TryVerifyAtAnyTime(decision, out var logged) is not true
            || !logged.Entry.IsDecision
            || logged.Entry.LockNote!.KeyId != Card(state.Order.BankCard).IdentityKey().Thumbprint
            || !logged.Entry.LockNote.Content.Transaction.Equals(merchandise.Content.Transaction()))
            return new WalletException(WalletError.Distrusted,
                "A decision came without the quorum that the contract names, or for another purchase. It moves "
                + "nothing; resume asks again.");
        if (state.Order.Disputed is null)
            await Store.AdvanceAsync(state with { Order = state.Order with { Disputed = decision } }, cancellation);
        return new WalletException(WalletError.Distrusted,
            "The archive decided on the wrong side of expiry, or under another lock note of the bank. It moves "
            + "nothing and is kept: export the evidence. Resume asks again.");
    }

    /// <summary>The policy that P1 names, whichever the network has by now; null when neither is that one.</summary>
    private ArchivePolicy? PolicyOf(PurchaseOrder order) =>
        network.Policy.Id.Equals(order.Archive) ? network.Policy
        : ArchivePolicy.TryParse(order.Policy, out var policy) && policy.Id.Equals(order.Archive) ? policy
        : null;

    /// <summary>Opens the goods with the published key and the mask that only customer and shop know.</summary>
    private async Task<PurchaseState> OpenAsync(
        Committed state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        if (PolicyOf(state.Order) is not { } policy || !policy.TryVerify(state.Decision, out var logged))
            throw WalletException.Unreadable("decision");
        if (state.Merchandise.Content.Session is not null)
            return await EndSessionAsync(state, logged.Entry, progress, cancellation);
        var goods = new GoodsFile(
            Store.Folder, state.Order.Id, state.Merchandise.Content, state.Made?.Goods.Content);
        var maskedKey = logged.Entry.Release!.Content.MaskedKey;
        var opening = new ReadingStep("open", "opening the goods", progress);
        if (await goods.OpenIntoAsync(maskedKey, state.Order.OutputPath, opening, cancellation) is not { } asPromised)
        {
            // Damaged or gone from this disk after it was paid for, or never fetched where the commit was forced.
            GoodsFile.Delete(Store.Folder, state.Order.Id);
            if (await FetchAgainAsync(state, logged.Entry, goods, progress, cancellation) is { } breach)
                throw new WalletException(WalletError.Damaged,
                    $"The goods are paid for and not whole on this disk, and nobody gives them out any more: {breach} "
                    + "Resume tries again.");
            asPromised = await goods.OpenIntoAsync(maskedKey, state.Order.OutputPath, opening, cancellation)
                ?? throw new WalletException(WalletError.Damaged,
                    "The goods were damaged on this disk while they were opened. Resume tries again.");
        }

        progress?.Report(new WalletStep("open", asPromised
            ? state.Made is null ? "goods opened; the file has the hash that the contract names" : "goods opened"
            : state.Made is not null
            ? "the published key does NOT open the goods that the shop signed: this is a case for the judge"
            : "goods opened; the file does NOT have the hash that the contract names: this is a case for the judge"));
        var opened = await Store.AdvanceAsync(
            new Opened(state.Order, state.Merchandise, state.Authorization, state.Decision, asPromised, state.Lock,
                Made: state.Made),
            cancellation);
        if (asPromised)
            GoodsFile.Delete(Store.Folder, state.Order.Id);
        return opened;
    }

    /// <summary>Shows the abort to the bank, which unlocks the tokens.</summary>
    private async Task<PurchaseState> UnlockAsync(
        Aborted state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var answer = await network.LockingBank.DecideAsync(
            state.Merchandise.Content.Transaction(), state.Decision, cancellation);
        if (!answer.IsOk)
            throw Refused("The bank refused the abort", answer.Error.Value, answer.Detail);
        if (answer.Value.State != SettlementAnswer.Unlocked)
            throw new WalletException(WalletError.Distrusted,
                "The bank settled what the archive aborted. Export the evidence: it proves the bank at fault.");
        progress?.Report(new WalletStep("unlock", "bank: the tokens are unlocked"));
        var returned = await Store.AdvanceAsync(
            new Returned(state.Order, state.Merchandise, state.Authorization, state.Decision, state.Lock), cancellation,
            transaction => EndTokens(transaction, state, null));
        GoodsFile.Delete(Store.Folder, state.Order.Id);
        return returned;
    }

    /// <summary>What a commit does to the tokens at once; those of a session wait for the bank.</summary>
    private Action<IWriteTransaction>? EndOf(
        PurchaseState state, Signed<Merchandise> merchandise, LogEntry commit, bool hasNotes) =>
        merchandise.Content.Session is null ? transaction => EndTokens(transaction, state, commit, hasNotes) : null;

    /// <summary>Ends the tokens' part: with a commit, what was paid is drawn from them in their order, as the bank
    /// does. Without notes of the bank's another customer may have been the one who paid, to whom the shop promised the
    /// same under the same transaction: then a refresh brings back what this one's tokens are still worth.</summary>
    private void EndTokens(IWriteTransaction transaction, PurchaseState state, LogEntry? commit, bool hasNotes = true)
    {
        var authorization = ReadAuthorization(Statements(state).P2
            ?? throw new InvalidOperationException($"{state.GetType().Name} holds no authorization."));
        var name = Store.NameOf(state.Order.Id);
        var own = Store.TokenRows.OfPurchase(transaction, name);
        var owed = commit is null ? Amount.Zero : PaidIn(authorization.Content, commit);
        foreach (var use in authorization.Content.Tokens)
        {
            var drawn = owed < use.Amount ? owed : use.Amount;
            owed -= drawn;
            if (own.SingleOrDefault(one => use.Token.AsSpan().SequenceEqual(one.Token)) is not { } token)
                continue;
            var left = token.Remaining - drawn;
            // After a commit the bank has seen them together, drawn on or not.
            var next = left == Amount.Zero && hasNotes ? TokenState.Gone
                : commit is null && !token.IsRest ? TokenState.Held : TokenState.Doubtful;
            TokenTable.Release(transaction, token.TokenKeyId, token.Number, name, left, next);
        }
    }
}
