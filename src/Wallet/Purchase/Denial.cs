using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Purchase;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>How long after expiry the archive may still be deciding by its own clock.</summary>
    private const long ClockMarginSeconds = 60;

    /// <summary>
    /// After the bank refused a P2 that it was sent. It may have locked nevertheless and given the notes to the shop:
    /// so goods and tokens are kept until the archive can no longer commit, and its decision counts. With a lock note
    /// for what P2 says the archive's abort is demanded; without one its word that nothing is decided must do. Null
    /// while it may commit.
    /// </summary>
    private async Task<PurchaseState?> LearnAsync(
        Denied state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        // Looked up before the question: a decision made while it is under way must not be missed.
        var isPast = Now >= state.Merchandise.Content.ExpiresAt.AddSeconds(ClockMarginSeconds);
        if (await PublishedAsync(state, state.Merchandise, state.Authorization, progress, cancellation)
            is { } decided)
            return decided;
        if (!isPast)
            return null;
        if (await DemandAbortAsync(state, cancellation) is { } decision)
            return await FollowAsync(
                state, state.Merchandise, state.Authorization, decision, progress, cancellation);
        return await AbandonAsync(state, state.Reason, cancellation, state.Tokens);
    }

    /// <summary>
    /// Has the archive decide when the bank's lock note is right and only its payment note is not; null when there is
    /// no such note. Another note is not brought to it: a decision on that one would keep the true one from being made.
    /// </summary>
    private async Task<LoggedEntry?> DemandAbortAsync(Denied state, CancellationToken cancellation)
    {
        if (state.Lock?.LockNote is not { } note || note.Content != state.Merchandise.Content.ToLockNote()
            || !note.IsSignedBy(Card(state.Order.BankCard).IdentityKey()))
            return null;
        var answer = await network.Archive.DecideAsync(new DecisionRequest(note), cancellation);
        if (answer.IsOk)
            return answer.Value.Decision ?? throw Unconfirmed();
        // An archive that does not admit the bank commits nothing of it.
        return answer.Error is ArchiveError.UnknownBank
            ? null
            : throw Refused("The archive refused", answer.Error.Value, answer.Detail);
    }

    /// <summary>The state that the archive's decision leads to when the wallet has no lock note that it can use; null
    /// when there is none yet.</summary>
    private async Task<PurchaseState?> PublishedAsync(
        PurchaseState state, Signed<Merchandise> merchandise, byte[] authorization, IProgress<WalletStep>? progress,
        CancellationToken cancellation)
    {
        var bank = Card(state.Order.BankCard).IdentityKey();
        var answer = await network.Archive.DecisionAsync(
            BankKeyId.Parse(bank.Thumbprint), merchandise.Content.Transaction(), cancellation);
        if (!answer.IsOk)
            return answer.Error is ArchiveError.Undecided
                ? null
                : throw Refused("The archive refused", answer.Error.Value, answer.Detail);
        return await FollowAsync(
            state, merchandise, authorization, answer.Value.Decision ?? throw Unconfirmed(), progress, cancellation);
    }

    private async Task<PurchaseState?> FollowAsync(
        PurchaseState state, Signed<Merchandise> merchandise, byte[] authorization, LoggedEntry decision,
        IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var promise = merchandise.Content;
        if (PolicyOf(state.Order) is not { } policy || !policy.TryVerify(decision, out var logged)
            || !logged.Entry.IsDecision || logged.Entry.LockNote is not { } note
            || !note.Content.Transaction.Equals(promise.Transaction()))
            throw await DisputeAsync(state, merchandise, decision, cancellation);
        var bank = Card(state.Order.BankCard).IdentityKey();
        if (!note.IsSignedBy(bank))
            return null;
        if (logged.Entry.Kind == LogEntry.Abort)
        {
            if (note.Content != promise.ToLockNote())
                return await AbandonAsync(state,
                    "The archive aborted a lock note with other terms than the shop promised.", cancellation,
                    TokenState.Doubtful, decision);
            progress?.Report(new WalletStep("P5b", "archive: abort(n) is published under the witness quorum"));
            return await Store.AdvanceAsync(
                new Aborted(state.Order, merchandise, authorization, decision), cancellation);
        }

        if (IsOwnCommitment(logged.Entry, merchandise))
            return await AbandonAsync(state, OwnCommitment, cancellation, TokenState.Doubtful, decision);
        if (!note.Content.Commitment.Equals(promise.Commitment)
            || !Release.Matches(logged.Entry.Release!, note.Content))
            return await AbandonAsync(state,
                "The archive committed on a lock note for another key than the shop promised, and whoever holds the "
                + "shop's release key published that one. Export the evidence; refresh tells what the tokens are "
                + "worth.",
                cancellation, TokenState.Doubtful, decision);
        progress?.Report(new WalletStep(
            "P5a", "archive: commit(n, masked key) is published, though the bank gave the customer no notes"));
        return await Store.AdvanceAsync(
            new Committed(
                state.Order, merchandise, authorization, decision, Made: MadeIn(logged.Entry)), cancellation,
            EndOf(state, merchandise, logged.Entry, hasNotes: false));
    }

    private static WalletException Unconfirmed() => new(WalletError.Unreachable,
        "The archive has decided this purchase, and its witnesses have yet to confirm it. Resume asks again.");
}
