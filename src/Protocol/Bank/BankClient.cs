using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Disputes;

namespace Bauta.Protocol.Bank;

/// <summary>A bank over HTTP: see <c>docs/protocol/bank.md</c>.</summary>
/// <param name="http">A client whose base address is the bank's, direct or through masks.</param>
public sealed class BankClient(HttpClient http) : IBank, IBankOperator, IJointBank
{
    private const int SmallAnswer = 16 * 1024;
    private const int DisputeLength = 256 * 1024;
    private const int DecisionAnswer = 64 * 1024;

    // A proof in the log, and a path beside it.
    private const int LargeAnswer = 48 * 1024;

    private readonly PartyHttp<BankError> party = new(http);

    /// <inheritdoc/>
    public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) => party.GetPublicAsync(
        "denominations", ProtocolJson.Default.DenominationList, DenominationList.MaxBytes, cancellation);

    /// <inheritdoc/>
    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Post, "fundings", request, ProtocolJson.Default.FundingRequest,
            ProtocolJson.Default.ReserveState, SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) =>
        party.GetAsync("reserve", ProtocolJson.Default.ReserveState, SmallAnswer, cancellation,
            (ReadOrder.Header, order.Text));

    /// <inheritdoc/>
    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation)
    {
        var single = requests.Count == 1 && body.Length == TokenRequest.Size;
        var content = JsonBody.Of(
            body, single ? PrivateTokenNames.RequestMediaType : TokenBatch.RequestMediaType);
        return party.SendAsync<IReadOnlyList<byte[]>>(
            HttpMethod.Post, single ? "token-request" : "token-requests", content,
            (WithdrawalOrder.Header, order.Text),
            bytes => TokenBatch.SplitAnswer(bytes, requests.Count),
            requests.Count * RsaPublicKey.ModulusSize, cancellation);
    }

    /// <inheritdoc/>
    public Task<Result<IssueProof, BankError>> ProveIssueAsync(byte[] requestHash, CancellationToken cancellation) =>
        party.GetAsync($"issues/{Base64Url.Encode(requestHash)}", ProtocolJson.Default.IssueProof, LargeAnswer,
            cancellation);

    /// <inheritdoc/>
    public Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation) =>
        party.SendAsync(HttpMethod.Put, $"locks/{authorization.Content.Transaction}",
            JsonBody.Of(authorization.Utf8, SignedAuthorization.MediaType), ProtocolJson.Default.LockAnswer,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) =>
        party.SendJsonAsync(HttpMethod.Put, $"decisions/{transaction}", decision,
            ProtocolJson.Default.LoggedEntry, ProtocolJson.Default.SettlementAnswer, SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "refreshes", order, ProtocolJson.Default.RefreshAnswer,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "closings", order, ProtocolJson.Default.ClosingAnswer,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "recoups", order, ProtocolJson.Default.RefreshAnswer,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Put, "account", order, ProtocolJson.Default.AccountState,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) =>
        party.GetAsync("account", ProtocolJson.Default.AccountState, SmallAnswer, cancellation,
            (ReadOrder.Header, order.Text));

    /// <inheritdoc/>
    public Task<Result<RevocationAnswer, BankError>> RevokeAsync(
        Signed<Revocation> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "revocations", order, ProtocolJson.Default.RevocationAnswer,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<EarlyReleaseAnswer, BankError>> ReleaseAsync(
        Signed<EarlyRelease> release, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "releases", release, ProtocolJson.Default.EarlyReleaseAnswer,
            DecisionAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Post, "payouts", request, ProtocolJson.Default.PayoutState,
            SmallAnswer, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Put, $"disputes/{order.Content.Transaction}", order,
            ProtocolJson.Default.DisputeState, DisputeLength, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Put, $"disputes/{answer.Content.Transaction}/answer", answer,
            ProtocolJson.Default.DisputeState, DisputeLength, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> RuleAsync(Signed<Ruling> ruling, CancellationToken cancellation) =>
        party.SendJoseAsync(HttpMethod.Put, $"disputes/{ruling.Content.Transaction}/ruling", ruling,
            ProtocolJson.Default.DisputeState, DisputeLength, cancellation);

    /// <inheritdoc/>
    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
        party.GetAsync($"disputes/{transaction}", ProtocolJson.Default.DisputeState, DisputeLength, cancellation,
            (ReadOrder.Header, order.Text));

    /// <inheritdoc/>
    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
        party.GetAsync(after is null ? "disputes" : $"disputes?after={after}", ProtocolJson.Default.DisputeList,
            DisputeLength, cancellation, (ReadOrder.Header, order.Text));
}
