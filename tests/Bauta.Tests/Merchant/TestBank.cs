using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Tests.Merchant;

/// <summary>The bank as a merchant meets it: signs notes, verifies decisions, can be out of reach.</summary>
internal sealed class TestBank(Func<ArchivePolicy> policy) : IBank
{
    private readonly Lock gate = new();
    private readonly Dictionary<TransactionId, string> settled = [];
    private readonly Dictionary<RequestId, Signed<PayoutRequest>> payouts = [];

    public P256PrivateKey Key { get; } = P256PrivateKey.Generate();

    public bool IsDown { get; set; }

    public int TimesTold { get; private set; }

    public int PayoutsAsked { get; private set; }

    public string PayoutStateNow { get; set; } = PayoutState.Ordered;

    public Amount Available { get; set; } = Amount.FromMinorUnits(1_000_000);

    public string? Payee { get; private set; }

    /// <summary>Runs before the answer to a payout order leaves the bank: it may be long under way.</summary>
    public Func<Task> BeforePayoutAnswer { get; set; } = () => Task.CompletedTask;

    public string? StateOf(TransactionId n)
    {
        lock (gate)
            return settled.GetValueOrDefault(n);
    }

    /// <summary>P3 for a P1: what the bank signs when the customer's tokens are good.</summary>
    public LockAnswer Lock(Merchandise p1, ISigner? noteKey = null, ISigner? paymentKey = null) => new(
        Signed<LockNote>.Sign(noteKey ?? Key, new LockNote(p1.Transaction(), p1.ExpiresAt, p1.Archive, p1.Commitment)),
        Signed<PaymentNote>.Sign(paymentKey ?? Key,
            new PaymentNote(p1.Transaction(), p1.Account, p1.Contract.Currency, p1.Contract.Price)));

    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation)
    {
        Meet();
        if (!policy().TryVerify(decision, out var verified) || !verified.Entry.IsSignedBy(Key.PublicKey))
            return Answer<SettlementAnswer>(BankError.BadDecision);
        var state = verified.Entry.Kind == LogEntry.Commit ? SettlementAnswer.Settled : SettlementAnswer.Unlocked;
        lock (gate)
        {
            TimesTold++;
            settled[transaction] = state;
        }

        return Answer<SettlementAnswer>(new SettlementAnswer(state));
    }

    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation)
    {
        Meet();
        Payee = order.Content.Payee;
        return Answer<AccountState>(new AccountState(Amount.Zero, Amount.Zero, Amount.Zero));
    }

    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation)
    {
        Meet();
        return Answer<AccountState>(new AccountState(Available, Available, Amount.Zero));
    }

    public async Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation)
    {
        Meet();
        var answer = PayOut(request);
        await BeforePayoutAnswer();
        return answer;
    }

    private Result<PayoutState, BankError> PayOut(Signed<PayoutRequest> request)
    {
        lock (gate)
        {
            PayoutsAsked++;
            if (!payouts.TryGetValue(request.Content.Id, out var first))
            {
                if (request.Content.Amount > Available)
                    return BankError.NotAvailable;
                payouts.Add(request.Content.Id, first = request);
                Available -= request.Content.Amount;
            }

            return first.Text == request.Text ? new PayoutState(PayoutStateNow) : BankError.IdReused;
        }
    }

    public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) => throw NotAsked();

    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        throw NotAsked();

    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation) => throw NotAsked();

    public Task<Result<IssueProof, BankError>> ProveIssueAsync(byte[] requestHash, CancellationToken cancellation) =>
        throw NotAsked();

    public Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) => throw NotAsked();

    public Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation) =>
        throw NotAsked();

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
        throw NotAsked();

    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
        throw NotAsked();

    private static Task<Result<T, BankError>> Answer<T>(Result<T, BankError> answer) => Task.FromResult(answer);

    private static InvalidOperationException NotAsked() => new("A merchant never asks this.");

    private void Meet()
    {
        if (IsDown)
            throw new PartyUnreachableException("The bank is down.");
    }
}
