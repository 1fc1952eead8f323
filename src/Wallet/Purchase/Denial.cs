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
    /// so goods and tokens are kept until the archive can no longer commit, and its decision counts. Null while it may.
    /// </summary>
    private async Task<PurchaseState?> LearnAsync(
        Denied state, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        // Looked up before the question: a decision made while it is under way must not be missed.
        var isPast = Now >= state.Merchandise.Content.ExpiresAt.AddSeconds(ClockMarginSeconds);
        if (await PublishedAsync(state, state.Merchandise, state.Authorization, progress, cancellation) is { } decided)
            return decided;
        return isPast ? await AbandonAsync(state, state.Reason, cancellation, state.Tokens) : null;
    }

    /// <summary>The state that the archive's decision leads to when the wallet has no lock note; null when there is
    /// none yet.</summary>
    private async Task<PurchaseState?> PublishedAsync(
        PurchaseState state, Signed<Merchandise> merchandise, byte[] authorization, IProgress<WalletStep>? progress,
        CancellationToken cancellation)
    {
        var promise = merchandise.Content;
        var bank = Card(state.Order.BankCard).IdentityKey();
        var answer = await network.Archive.DecisionAsync(
            BankKeyId.Parse(bank.Thumbprint), promise.Transaction(), cancellation);
        if (!answer.IsOk)
            return answer.Error is ArchiveError.Undecided
                ? null
                : throw Refused("The archive refused", answer.Error.Value, answer.Detail);
        if (answer.Value.Decision is not { } decision)
            throw new WalletException(WalletError.Unreachable,
                "The archive has decided this purchase, and its witnesses have yet to confirm it. Resume asks again.");
        if (!network.Policy.Id.Equals(promise.Archive) || !network.Policy.TryVerify(decision, out var logged)
            || !logged.Entry.IsDecision || logged.Entry.LockNote is not { } note
            || !note.Content.Transaction.Equals(promise.Transaction()))
            throw new WalletException(WalletError.Distrusted,
                "A decision came without the quorum that the contract names, or for another purchase. It moves "
                + "nothing; resume asks again.");
        if (!note.IsSignedBy(bank))
            return null;
        if (logged.Entry.Kind == LogEntry.Abort)
        {
            progress?.Report(new WalletStep("P5b", "archive: abort(n) is published under the witness quorum"));
            return await Store.AdvanceAsync(
                new Aborted(state.Order, merchandise, authorization, decision), cancellation);
        }

        if (!note.Content.Commitment.Equals(promise.Commitment)
            || !Release.Matches(logged.Entry.Release!, note.Content))
            return await AbandonAsync(state,
                "The archive committed on a lock note for another key than the shop promised. Ask the bank's operator.",
                cancellation, TokenState.Doubtful);
        progress?.Report(new WalletStep(
            "P5a", "archive: commit(n, masked key) is published, though the bank gave the customer no notes"));
        return await Store.AdvanceAsync(
            new Committed(state.Order, merchandise, authorization, decision), cancellation,
            transaction => EndTokens(transaction, state, spent: true));
    }
}
