using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;

namespace Bauta.Simulation.Network;

/// <summary>What passes a wire is written and read as on the real one.</summary>
internal static class Codec
{
    public static T Pass<T>(T message, JsonTypeInfo<T> json)
        where T : class =>
        StrictJson.TryRead(StrictJson.Write(message, json), json, out var read)
            ? read
            : throw new InvalidOperationException($"A {typeof(T).Name} that a party made cannot be read.");

    public static Result<T, TError> Pass<T, TError>(Result<T, TError> answer, JsonTypeInfo<T> json)
        where T : class
        where TError : struct, Enum =>
        answer.IsOk ? Result<T, TError>.Ok(Pass(answer.Value, json)) : answer;

    public static string Text(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes);

    public static string? Text(LoggedEntry? entry) => entry is null ? null : Text(entry.Entry) + entry.Proof;
}

/// <summary>The bank at the other end of the network.</summary>
internal sealed class BankWire(Net net, Node from, Node to, Func<IBank> party) : IBank
{
    public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank denominations"), () => party().DenominationsAsync(CancellationToken.None), cancellation);

    public Task<Result<ReserveState, BankError>> FundAsync(FundingRequest request, CancellationToken cancellation) =>
        net.CallAsync(
            from, to, new("bank fund"), () => party().FundAsync(request, CancellationToken.None), cancellation);

    public Task<Result<ReserveState, BankError>> ReserveAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank reserve"), () => party().ReserveAsync(order, CancellationToken.None), cancellation);

    public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("bank withdraw", "withdraw " + Codec.Text(SHA256.HashData(body)),
            answer => answer.IsOk ? string.Concat(answer.Value.Select(one => Codec.Text(one))) : null),
        () => party().WithdrawAsync(order, body, requests, CancellationToken.None), cancellation);

    public Task<Result<IssueProof, BankError>> ProveIssueAsync(
        byte[] requestHash, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank prove issue"), () => party().ProveIssueAsync(requestHash, CancellationToken.None),
        cancellation);

    public Task<Result<LockAnswer, BankError>> LockAsync(
        SignedAuthorization authorization, CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("bank lock", "lock " + authorization.Content.Transaction,
            answer => answer.IsOk ? answer.Value.LockNote.Text + answer.Value.Payment.Text : null),
        async () => Codec.Pass(
            await party().LockAsync(
                SignedAuthorization.TryParse(authorization.Utf8, out var read)
                    ? read
                    : throw new InvalidOperationException("P2 cannot be read."),
                CancellationToken.None),
            ProtocolJson.Default.LockAnswer),
        cancellation);

    public Task<Result<SettlementAnswer, BankError>> DecideAsync(
        TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("bank decide", "settle " + transaction, answer => answer.IsOk ? answer.Value.State : null),
        () => party().DecideAsync(
            transaction, Codec.Pass(decision, ProtocolJson.Default.LoggedEntry), CancellationToken.None),
        cancellation);

    public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
        Signed<RefreshOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("bank refresh", "refresh " + order.Text,
            answer => answer.IsOk ? $"{answer.Value.Amount} {answer.Value.Notice?.Text}" : null),
        () => party().RefreshAsync(order, CancellationToken.None), cancellation);

    public Task<Result<ClosingAnswer, BankError>> CloseAsync(
        Signed<ClosingOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank close"), () => party().CloseAsync(order, CancellationToken.None), cancellation);

    public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
        Signed<RecoupOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank recoup"), () => party().RecoupAsync(order, CancellationToken.None), cancellation);

    public Task<Result<AccountState, BankError>> OpenAccountAsync(
        Signed<AccountOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank open account"), () => party().OpenAccountAsync(order, CancellationToken.None),
        cancellation);

    public Task<Result<AccountState, BankError>> AccountAsync(
        Signed<ReadOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank account"), () => party().AccountAsync(order, CancellationToken.None), cancellation);

    public Task<Result<PayoutState, BankError>> PayOutAsync(
        Signed<PayoutRequest> request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank pay out"), () => party().PayOutAsync(request, CancellationToken.None), cancellation);

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        Signed<DisputeOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank dispute"), () => party().DisputeAsync(order, CancellationToken.None), cancellation);

    public Task<Result<DisputeState, BankError>> AnswerAsync(
        Signed<DisputeAnswer> answer, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank answer"), () => party().AnswerAsync(answer, CancellationToken.None), cancellation);

    public Task<Result<DisputeState, BankError>> RuleAsync(
        Signed<Ruling> ruling, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank rule"), () => party().RuleAsync(ruling, CancellationToken.None), cancellation);

    public Task<Result<DisputeState, BankError>> DisputeAsync(
        TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank read dispute"),
        () => party().DisputeAsync(transaction, order, CancellationToken.None), cancellation);

    public Task<Result<DisputeList, BankError>> DisputesAsync(
        Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) => net.CallAsync(
        from, to, new("bank disputes"),
        () => party().DisputesAsync(order, after, CancellationToken.None), cancellation);
}

/// <summary>The archive at the other end of the network.</summary>
internal sealed class ArchiveWire(Net net, Node from, Node to, Func<IArchive> party) : IArchive
{
    public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
        DecisionRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("archive decide", Key(BankKeyId.Of(request.LockNote), request.LockNote.Content.Transaction), Text),
        async () => Codec.Pass(
            await party().DecideAsync(
                Codec.Pass(request, ProtocolJson.Default.DecisionRequest), CancellationToken.None),
            ProtocolJson.Default.DecisionAnswer),
        cancellation);

    public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
        BankKeyId bank, TransactionId transaction, CancellationToken cancellation) => net.CallAsync(
        from, to, new("archive decision", Key(bank, transaction), Text),
        async () => Codec.Pass(
            await party().DecisionAsync(bank, transaction, CancellationToken.None),
            ProtocolJson.Default.DecisionAnswer),
        cancellation);

    public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
        EntryRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("archive enter"), () => party().EnterAsync(request, CancellationToken.None), cancellation);

    public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => net.CallAsync(
        from, to, new("archive keeping"), () => party().KeepingAsync(CancellationToken.None), cancellation);

    public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(
        KeepRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("archive keep"), () => party().KeepAsync(request, CancellationToken.None), cancellation);

    public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
        BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) => net.CallAsync(
        from, to, new("archive kept"),
        () => party().KeptAsync(bank, transaction, index, CancellationToken.None), cancellation);

    private static string Key(BankKeyId bank, TransactionId transaction) => $"decision {bank} {transaction}";

    private static string? Text(Result<DecisionAnswer, ArchiveError> answer) =>
        answer.IsOk ? Codec.Text(answer.Value.Decision) : null;
}

/// <summary>A witness at the other end of the network.</summary>
internal sealed class WitnessWire(Net net, Node from, Node to, Func<IWitness> party) : IWitness
{
    public Task<Result<string, WitnessError>> AddCheckpointAsync(string request, CancellationToken cancellation) =>
        net.CallAsync(
            from, to, new("witness add checkpoint"),
            () => party().AddCheckpointAsync(request, CancellationToken.None), cancellation);
}

/// <summary>A shop at the other end of the network.</summary>
internal sealed class MerchantWire(Net net, Node from, Node to, Func<IMerchant> party) : IMerchant
{
    public Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation) => net.CallAsync(
        from, to, new("shop offers"), () => party().OffersAsync(after, CancellationToken.None), cancellation);

    public Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
        PurchaseRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("shop purchase", "purchase " + request.Id, answer => answer.IsOk ? answer.Value.Text : null),
        () => party().PurchaseAsync(
            Codec.Pass(request, ProtocolJson.Default.PurchaseRequest), CancellationToken.None),
        cancellation);

    public Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
        DeliveryId delivery, long index, CancellationToken cancellation) => net.CallAsync(
        from, to,
        new("shop chunk", $"chunk {delivery} {index}",
            answer => answer.IsOk ? Codec.Text(answer.Value.Ciphertext) : null),
        () => party().ChunkAsync(delivery, index, CancellationToken.None), cancellation);

    public Task<Result<PaymentAnswer, MerchantError>> PayAsync(
        PaymentRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("shop pay", "pay " + request.Transaction, Text),
        async () => Codec.Pass(
            await party().PayAsync(
                Codec.Pass(request, ProtocolJson.Default.PaymentRequest), CancellationToken.None),
            ProtocolJson.Default.PaymentAnswer),
        cancellation);

    public Task<Result<SessionAnswer, MerchantError>> StepAsync(
        DeliveryId session, SessionStep step, CancellationToken cancellation) => net.CallAsync(
        from, to, new("shop step"), () => party().StepAsync(session, step, CancellationToken.None), cancellation);

    public Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
        DeliveryId session, CancellationToken cancellation) => net.CallAsync(
        from, to, new("shop close"), () => party().CloseAsync(session, CancellationToken.None), cancellation);

    private static string? Text(Result<PaymentAnswer, MerchantError> answer) =>
        answer.IsOk ? Codec.Text(answer.Value.Decision) : null;
}

/// <summary>The acquirer at the other end of the network.</summary>
internal sealed class AcquirerWire(Net net, Node from, Node to, Func<IAcquirer> party) : IAcquirer
{
    public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation) => net.CallAsync(
        from, to, new("acquirer take in"), () => party().TakeInAsync(request, CancellationToken.None), cancellation);

    public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation) => net.CallAsync(
        from, to, new("acquirer pay out"), () => party().PayOutAsync(order, CancellationToken.None), cancellation);
}
