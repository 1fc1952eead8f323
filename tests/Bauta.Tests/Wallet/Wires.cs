using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Tests.Wallet;

/// <summary>
/// What lies between the wallet and the parties: counts the calls, and loses the one it is told to lose, before the
/// party got it or after the party acted on it. A party can also be cut off for good.
/// </summary>
public sealed class Wire
{
    private int calls;

    /// <summary>The number of the call that is lost, from zero; none when negative.</summary>
    public int LostCall { get; set; } = -1;

    /// <summary>Whether the lost call reaches the party, so that only its answer is lost.</summary>
    public bool IsAnswerLost { get; set; }

    /// <summary>Parties that do not answer, by their interface.</summary>
    public HashSet<Type> Silent { get; } = [];

    public int Calls => calls;

    /// <summary>Calls by name, in their order.</summary>
    public List<string> Log { get; } = [];

    public void Reset(int lostCall = -1, bool isAnswerLost = false)
    {
        (calls, LostCall, IsAnswerLost) = (0, lostCall, isAnswerLost);
        Log.Clear();
    }

    public async Task<T> SendAsync<T>(
        Type party, Func<Task<T>> call, [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        int number;
        lock (Log)
        {
            number = calls++;
            Log.Add($"{party.Name}.{name}");
        }

        if (Silent.Contains(party) || (number == LostCall && !IsAnswerLost))
            throw new PartyUnreachableException("The request was lost.");
        var answer = await call();
        return number == LostCall ? throw new PartyUnreachableException("The answer was lost.") : answer;
    }
}

/// <summary>The bank at the other end of a wire. A test may put another answer in place of the bank's.</summary>
public sealed class WiredBank(Wire wire, IBank bank) : IBank, IJointBank
{
    public Func<LockAnswer, LockAnswer>? ChangeLock { get; set; }

    /// <summary>Puts any answer in place of the bank's, which has locked by then.</summary>
    public Func<Result<LockAnswer, BankError>, Result<LockAnswer, BankError>>? ReplaceLock { get; set; }

    /// <summary>Refuses a lock of which the bank never hears.</summary>
    public BankError? RefuseLock { get; set; }

    /// <summary>Refuses withdrawals of which the bank never hears.</summary>
    public Func<IReadOnlyList<TokenRequest>, BankError?>? RefuseWithdrawal { get; set; }

    /// <summary>Changes an order of a refresh on its way to the bank.</summary>
    public Func<Signed<RefreshOrder>, Signed<RefreshOrder>>? ChangeRefresh { get; set; }

    /// <summary>Refuses a refresh of which the bank never hears.</summary>
    public BankError? RefuseRefresh { get; set; }

    /// <summary>Keys of reserves that the bank is said not to know.</summary>
    public HashSet<string> HiddenReserves { get; } = [];

    /// <summary>The last byte of the key's ID of each single token asked for.</summary>
    public List<byte> KeysAsked { get; } = [];

    /// <summary>The blinded message of each single token asked for, with the last byte of its key's ID.</summary>
    public List<(byte Key, string Message)> TokensAsked { get; } = [];

    /// <summary>The keys of the reserves that were read.</summary>
    public List<string> ReservesRead { get; } = [];

    public Func<DenominationList, DenominationList>? ChangeList { get; set; }

    /// <summary>The reserve keys that ordered withdrawals, each with the number of tokens.</summary>
    public List<(string Reserve, int Count)> Withdrawals { get; } = [];

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.DisputeAsync(order, cancellation));

    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.AnswerAsync(answer, cancellation));

    public Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.RuleAsync(ruling, cancellation));

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.DisputeAsync(transaction, order, cancellation));

    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.DisputesAsync(order, after, cancellation));

    public async Task<DenominationList> DenominationsAsync(CancellationToken cancellation)
    {
        var list = await wire.SendAsync(typeof(IBank), () => bank.DenominationsAsync(cancellation));
        return ChangeList?.Invoke(list) ?? list;
    }

    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.FundAsync(request, cancellation));

    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation)
    {
        var key = Convert.ToHexString(order.Content.Key);
        ReservesRead.Add(key);
        return HiddenReserves.Contains(key)
            ? Task.FromResult<Result<ReserveState, BankError>>(BankError.UnknownReserve)
            : wire.SendAsync(typeof(IBank), () => bank.ReserveAsync(order, cancellation));
    }

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation)
    {
        KeysAsked.AddRange(requests.Select(request => request.TruncatedKeyId));
        TokensAsked.AddRange(requests.Select(
            request => (request.TruncatedKeyId, Convert.ToHexString(request.BlindedMessage))));
        if (RefuseWithdrawal?.Invoke(requests) is { } refusal)
            return Task.FromResult<Result<IReadOnlyList<byte[]>, BankError>>(refusal);
        Withdrawals.Add((Convert.ToHexString(order.Content.ReserveKey), requests.Count));
        return wire.SendAsync(typeof(IBank), () => bank.WithdrawAsync(order, body, requests, cancellation));
    }

    /// <summary>Puts any answer in place of the bank's proof that a request is counted.</summary>
    public Func<byte[], Result<IssueProof, BankError>, Result<IssueProof, BankError>>? ReplaceProof { get; set; }

    public async Task<Result<IssueProof, BankError>> ProveIssueAsync(
        byte[] requestHash, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(typeof(IBank), () => bank.ProveIssueAsync(requestHash, cancellation));
        return ReplaceProof?.Invoke(requestHash, answer) ?? answer;
    }

    public async Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation)
    {
        if (RefuseLock is { } refusal)
            return refusal;
        var answer = await wire.SendAsync(typeof(IBank), () => bank.LockAsync(authorization, cancellation));
        if (ReplaceLock is not null)
            return ReplaceLock(answer);
        return ChangeLock is null ? answer : answer.Map(ChangeLock);
    }

    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.DecideAsync(transaction, decision, cancellation));

    public async Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) =>
        RefuseRefresh is { } refusal
            ? refusal
            : await wire.SendAsync(
                typeof(IBank), () => bank.RefreshAsync(ChangeRefresh?.Invoke(order) ?? order, cancellation));

    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.CloseAsync(order, cancellation));

    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.RecoupAsync(order, cancellation));

    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.OpenAccountAsync(order, cancellation));

    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.AccountAsync(order, cancellation));

    public Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IBank), () => bank.PayOutAsync(request, cancellation));

    public Task<Result<EarlyReleaseAnswer, BankError>> ReleaseAsync(
        Signed<EarlyRelease> release, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IJointBank), () => ((IJointBank)bank).ReleaseAsync(release, cancellation));
}

/// <summary>The archive at the other end of a wire.</summary>
public sealed class WiredArchive(Wire wire, IArchive archive) : IArchive
{
    public Func<DecisionAnswer, DecisionAnswer>? Change { get; set; }

    public async Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(typeof(IArchive), () => archive.DecideAsync(request, cancellation));
        return Change is null ? answer : answer.Map(Change);
    }

    public async Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(
            typeof(IArchive), () => archive.DecisionAsync(bank, transaction, cancellation));
        return Change is null ? answer : answer.Map(Change);
    }

    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) =>
        wire.SendAsync(typeof(IArchive), () => archive.KeepingAsync(cancellation));

    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(KeepRequest request, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IArchive), () => archive.KeepAsync(request, cancellation));

    /// <summary>What comes in place of kept goods.</summary>
    public Func<GoodsChunk, Result<GoodsChunk, ArchiveError>>? ChangeKept { get; set; }

    public async Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(
            typeof(IArchive), () => archive.KeptAsync(bank, transaction, index, cancellation));
        return answer.IsOk && ChangeKept is not null ? ChangeKept(answer.Value) : answer;
    }
}

/// <summary>The shop at the other end of a wire.</summary>
public sealed class WiredMerchant(Wire wire, IMerchant merchant) : IMerchant
{
    /// <summary>The shop itself; another one when it was restarted.</summary>
    public IMerchant Merchant { get; set; } = merchant;

    public Func<Signed<Merchandise>, Signed<Merchandise>>? ChangePromise { get; set; }

    public Func<GoodsChunk, long, GoodsChunk>? ChangeChunk { get; set; }

    public Func<PaymentRequest, PaymentRequest>? ChangePayment { get; set; }

    public Func<PaymentAnswer, PaymentAnswer>? ChangeAnswer { get; set; }

    /// <summary>Does not answer P3, though all else.</summary>
    public bool IgnoresPayments { get; set; }

    public int ChunksGiven { get; private set; }

    /// <summary>Comes after the shop's answer to a step; what it throws is what the wallet meets.</summary>
    public Func<SessionStep, SessionAnswer, Task<SessionAnswer>>? ChangeStep { get; set; }

    /// <summary>Steps that the shop answered.</summary>
    public int Steps { get; private set; }

    public Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IMerchant), () => Merchant.OffersAsync(after, cancellation));

    public async Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(typeof(IMerchant), () => Merchant.PurchaseAsync(request, cancellation));
        return ChangePromise is null ? answer : answer.Map(ChangePromise);
    }

    public async Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(typeof(IMerchant), () => Merchant.ChunkAsync(delivery, index, cancellation));
        ChunksGiven++;
        return ChangeChunk is null ? answer : answer.Map(chunk => ChangeChunk(chunk, index));
    }

    public async Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation)
    {
        if (IgnoresPayments)
            throw new PartyUnreachableException("The shop is silent.");
        var answer = await wire.SendAsync(typeof(IMerchant),
            () => Merchant.PayAsync(ChangePayment?.Invoke(request) ?? request, cancellation));
        return ChangeAnswer is null ? answer : answer.Map(ChangeAnswer);
    }

    public async Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation)
    {
        var answer = await wire.SendAsync(typeof(IMerchant), () => Merchant.StepAsync(session, step, cancellation));
        Steps++;
        return ChangeStep is null || !answer.IsOk ? answer : await ChangeStep(step, answer.Value);
    }

    public Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation) => IgnoresPayments
        ? throw new PartyUnreachableException("The shop is silent.")
        : wire.SendAsync(typeof(IMerchant), () => Merchant.CloseAsync(session, cancellation));
}

/// <summary>The acquirer at the other end of a wire.</summary>
public sealed class WiredAcquirer(Wire wire, IAcquirer acquirer) : IAcquirer
{
    public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation) =>
        wire.SendAsync(typeof(IAcquirer), () => acquirer.TakeInAsync(request, cancellation));

    public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation) => throw new NotSupportedException();
}
