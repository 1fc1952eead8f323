using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Simulation.Lies;

/// <summary>A bank that does what the real one does; a liar overrides where it lies.</summary>
internal abstract class HonestBank(IBank real) : IBank
{
    protected IBank Real => real;

    public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) =>
        real.DenominationsAsync(cancellation);

    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        real.FundAsync(request, cancellation);

    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => real.ReserveAsync(order, cancellation);

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation) => real.WithdrawAsync(order, body, requests, cancellation);

    public Task<Result<IssueProof, BankError>> ProveIssueAsync(
        byte[] requestHash, CancellationToken cancellation) => real.ProveIssueAsync(requestHash, cancellation);

    public virtual Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation) =>
        real.LockAsync(authorization, cancellation);

    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) =>
        real.DecideAsync(transaction, decision, cancellation);

    public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) => real.RefreshAsync(order, cancellation);

    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) => real.CloseAsync(order, cancellation);

    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) => real.RecoupAsync(order, cancellation);

    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation) => real.OpenAccountAsync(order, cancellation);

    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => real.AccountAsync(order, cancellation);

    public Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation) => real.PayOutAsync(request, cancellation);

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) => real.DisputeAsync(order, cancellation);

    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) => real.AnswerAsync(answer, cancellation);

    public Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation) =>
        real.RuleAsync(ruling, cancellation);

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
        real.DisputeAsync(transaction, order, cancellation);

    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
        real.DisputesAsync(order, after, cancellation);
}

/// <summary>An archive that does what the real one does.</summary>
internal abstract class HonestArchive(IArchive real) : IArchive
{
    protected IArchive Real => real;

    public virtual Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation) => real.DecideAsync(request, cancellation);

    public virtual Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation) =>
        real.DecisionAsync(bank, transaction, cancellation);

    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) => real.EnterAsync(request, cancellation);

    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => real.KeepingAsync(cancellation);

    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        real.KeepAsync(request, cancellation);

    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
        real.KeptAsync(bank, transaction, index, cancellation);
}

/// <summary>A shop that does what the real one does.</summary>
internal abstract class HonestShop(IMerchant real) : IMerchant
{
    protected IMerchant Real => real;

    public Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation) =>
        real.OffersAsync(after, cancellation);

    public virtual Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation) => real.PurchaseAsync(request, cancellation);

    public virtual Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation) =>
        real.ChunkAsync(delivery, index, cancellation);

    public virtual Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation) => real.PayAsync(request, cancellation);

    public Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation) =>
        real.StepAsync(session, step, cancellation);

    public Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation) => real.CloseAsync(session, cancellation);
}
