using Bauta.Bank.Ledger;
using Bauta.Bank.Lock;
using Bauta.Bank.Settle;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;

namespace Bauta.Bank.Decide;

/// <summary>
/// FIG. 6: the archive of a bank that runs its own, as others meet it. To decide and to complete are one action: no
/// decision on this bank's locks leaves it before the bank has acted on it.
/// </summary>
internal sealed class OwnArchive(
    IArchive archive, BankKeyId bank, BankDatabase database, Settlement settlement, TimeProvider clock, BankLog log)
    : IArchive
{
    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation) =>
        // Whoever asked may be gone; what is decided is acted on all the same.
        CompleteAsync(
            BankKeyId.Of(request.LockNote), request.LockNote.Content.Transaction,
            archive.DecideAsync(request, CancellationToken.None)).WaitAsync(cancellation);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId of, TransactionId transaction, CancellationToken cancellation) =>
        CompleteAsync(of, transaction, archive.DecisionAsync(of, transaction, CancellationToken.None))
            .WaitAsync(cancellation);

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> AwaitDecisionAsync(
        BankKeyId of, TransactionId transaction, TimeSpan wait, CancellationToken cancellation) =>
        CompleteAsync(of, transaction, archive.AwaitDecisionAsync(of, transaction, wait, cancellation));

    /// <inheritdoc/>
    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) => archive.EnterAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => archive.KeepingAsync(cancellation);

    /// <inheritdoc/>
    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        archive.KeepAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId of, TransactionId transaction, long index, CancellationToken cancellation) =>
        archive.KeptAsync(of, transaction, index, cancellation);

    private async Task<Result<DecisionAnswer, ArchiveError>> CompleteAsync(
        BankKeyId of, TransactionId transaction, Task<Result<DecisionAnswer, ArchiveError>> asked)
    {
        var answer = await asked;
        if (!answer.IsOk || !of.Equals(bank)
            || await database.ReadAsync(reader => LockRows.FindState(reader, transaction), CancellationToken.None)
                != LockState.Open)
            return answer;
        if (answer.Value.Decision is not { } decision)
        {
            // It is in the log, and the witnesses have yet to cosign it: the poll settles it when they have.
            await database.WriteAsync(
                (writer, _) => LockRows.PollLater(writer, transaction, UnixTime.Now(clock)), CancellationToken.None);
            return answer;
        }

        if ((await settlement.DecideAsync(transaction, decision, CancellationToken.None)).IsOk)
            return answer;
        log.DecisionBad();
        return ArchiveError.Unavailable;
    }
}
