using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Network;

namespace Bauta.Tests.Linkability;

/// <summary>One customer's way to the real parties through the masks, for one run of his wallet.</summary>
internal sealed class MaskedNetwork : INetwork
{
    public const string Bank = "bank";
    public const string Archive = "archive";
    public const string Acquirer = "acquirer";

    private readonly Market market;
    private readonly int customer;
    private readonly Dictionary<string, Signed<PartyCard>> cards = [];

    public MaskedNetwork(Market market, int customer)
    {
        (this.market, this.customer) = (market, customer);
        TheBank = new BankEnd(this);
    }

    private BankEnd TheBank { get; }

    IBank INetwork.Bank => TheBank;

    IBank INetwork.LockingBank => TheBank;

    IArchive INetwork.Archive => new ArchiveEnd(this);

    IAcquirer INetwork.Acquirer => new AcquirerEnd(this);

    ArchivePolicy INetwork.Policy => market.Parties.Policy;

    long INetwork.MinWithdrawSeconds => ((INetwork)market.Parties).MinWithdrawSeconds;

    public Task<Signed<PartyCard>> BankCardAsync(CancellationToken cancellation) =>
        CardAsync(Bank, () => market.Parties.BankCardAsync(cancellation));

    public Task<Signed<PartyCard>> MerchantCardAsync(PartyAddress shop, CancellationToken cancellation) =>
        CardAsync(market.ShopAt(shop).Name, () => Task.FromResult(market.ShopAt(shop).Card));

    public IMerchant Merchant(PartyAddress shop) => new ShopEnd(this, market.ShopAt(shop));

    // As PartyCards keeps them while the wallet runs.
    private async Task<Signed<PartyCard>> CardAsync(string party, Func<Task<Signed<PartyCard>>> fetch)
    {
        if (!cards.TryGetValue(party, out var card))
            cards[party] = card = await SendAsync(party, Call.Card, 0, _ => { }, fetch);
        return card;
    }

    private Task<T> SendAsync<T>(
        string party, string call, int bodyLength, Action<SeenByParty> describe, Func<Task<T>> answer,
        Action<SeenByParty, T>? learn = null) =>
        market.Masks.SendAsync(customer, party, call, bodyLength, describe, answer, learn);

    private static string Text(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    private sealed class BankEnd(MaskedNetwork network) : IBank
    {
        private readonly IBank bank = network.market.Parties.TheBank;
        private readonly IReadOnlyDictionary<byte, long> values = network.market.Denominations;

        public Task<DenominationList> DenominationsAsync(CancellationToken cancellation) =>
            network.SendAsync(Bank, Call.Denominations, 0, _ => { }, () => bank.DenominationsAsync(cancellation));

        public Task<Result<ReserveState, BankError>> FundAsync(
            FundingRequest request, CancellationToken cancellation) => network.SendAsync(
            Bank, Call.Fund, request.Notice.Text.Length,
            seen =>
            {
                var notice = request.Notice.Content;
                seen.Values.AddRange([Text(notice.Reserve.Bytes), Text(notice.Id.Bytes), request.Notice.Text]);
                seen.Amount = notice.Amount.MinorUnits;
            },
            () => bank.FundAsync(request, cancellation));

        public Task<Result<ReserveState, BankError>> ReserveAsync(
            Signed<ReadOrder> order, CancellationToken cancellation) => network.SendAsync(
            Bank, Call.Reserve, order.Text.Length,
            seen =>
            {
                seen.Values.Add(ReserveOf(order.Content.Key));
                seen.SaidAt = order.Content.At.Seconds;
            },
            () => bank.ReserveAsync(order, cancellation),
            (seen, answer) => seen.Amount = answer.IsOk ? answer.Value.Balance.MinorUnits : 0);

        public Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
            Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
            CancellationToken cancellation) => network.SendAsync(
            Bank, Call.Withdraw, body.Length,
            seen =>
            {
                seen.Values.Add(ReserveOf(order.Content.ReserveKey));
                foreach (var request in requests)
                {
                    seen.Values.Add(Text(SHA256.HashData(request.Encode())));
                    seen.Coins.Add(values[request.TruncatedKeyId]);
                }

                seen.Amount = seen.Coins.Sum();
            },
            () => bank.WithdrawAsync(order, body, requests, cancellation),
            (seen, answer) => seen.Values.AddRange(answer.IsOk ? answer.Value.Select(one => Text(one)) : []));

        public Task<Result<IssueProof, BankError>> ProveIssueAsync(
            byte[] requestHash, CancellationToken cancellation) => bank.ProveIssueAsync(requestHash, cancellation);

        public Task<Result<LockAnswer, BankError>> LockAsync(
            SignedAuthorization authorization, CancellationToken cancellation) => network.SendAsync(
            Bank, Call.Lock, authorization.Utf8.Length,
            seen =>
            {
                var content = authorization.Content;
                seen.Values.AddRange([Text(content.Transaction.Bytes), Text(content.Account.Bytes)]);
                foreach (var spend in content.Tokens)
                {
                    Token.TryDecode(spend.Token, out var token);
                    seen.Values.AddRange([Text(token!.Nonce), Text(token.Authenticator)]);
                    seen.Coins.Add(values[token.KeyId[^1]]);
                }

                seen.Amount = content.Amount.MinorUnits;
            },
            () => bank.LockAsync(authorization, cancellation));

        public Task<Result<RefreshAnswer, BankError>> RefreshAsync(
            Signed<RefreshOrder> order, CancellationToken cancellation) => network.SendAsync(
            Bank, Call.Refresh, order.Text.Length,
            seen =>
            {
                Token.TryDecode(order.Content.Token, out var token);
                seen.Values.AddRange([Text(token!.Nonce), Text(order.Content.Reserve.Bytes)]);
            },
            () => bank.RefreshAsync(order, cancellation),
            (seen, answer) => seen.Amount = answer.IsOk ? answer.Value.Amount.MinorUnits : 0);

        public Task<Result<SettlementAnswer, BankError>> DecideAsync(
            TransactionId transaction, LoggedEntry decision, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Result<ClosingAnswer, BankError>> CloseAsync(
            Signed<ClosingOrder> order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<RefreshAnswer, BankError>> RecoupAsync(
            Signed<RecoupOrder> order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<AccountState, BankError>> OpenAccountAsync(
            Signed<AccountOrder> order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<AccountState, BankError>> AccountAsync(
            Signed<ReadOrder> order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<PayoutState, BankError>> PayOutAsync(
            Signed<PayoutRequest> request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<DisputeState, BankError>> DisputeAsync(
            Signed<DisputeOrder> order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<DisputeState, BankError>> AnswerAsync(
            Signed<DisputeAnswer> answer, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<DisputeState, BankError>> RuleAsync(
            Signed<Ruling> ruling, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<DisputeState, BankError>> DisputeAsync(
            TransactionId transaction, Signed<ReadOrder> order, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Result<DisputeList, BankError>> DisputesAsync(
            Signed<ReadOrder> order, TransactionId? after, CancellationToken cancellation) =>
            throw new NotSupportedException();

        private static string ReserveOf(byte[] spki) => Text(ReserveId.Of(P256PublicKey.FromSpki(spki)).Bytes);
    }

    private sealed class ShopEnd(MaskedNetwork network, Market.Shop shop) : IMerchant
    {
        public Task<OfferList> OffersAsync(OfferId? after, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Result<Signed<Merchandise>, MerchantError>> PurchaseAsync(
            PurchaseRequest request, CancellationToken cancellation) => network.SendAsync(
            shop.Name, Call.Purchase, 200, seen => seen.Amount = request.Price.MinorUnits,
            () => shop.Party.PurchaseAsync(request, cancellation),
            (seen, answer) =>
            {
                var promise = answer.Value.Content;
                var delivery = DeliveryId.Derive(promise.Secret);
                seen.Values.AddRange(
                    [Text(promise.Transaction().Bytes), Text(request.Id.Bytes), Text(delivery.Bytes)]);
                network.market.Deliveries[delivery] = seen.About;
                network.market.Sales[seen.About] = network.customer;
            });

        public Task<Result<GoodsChunk, MerchantError>> ChunkAsync(
            DeliveryId delivery, long index, CancellationToken cancellation) => network.SendAsync(
            shop.Name, Call.Chunk, 0, seen => seen.Values.AddRange(
                [network.market.Deliveries[delivery], Text(delivery.Bytes)]),
            () => shop.Party.ChunkAsync(delivery, index, cancellation));

        public Task<Result<PaymentAnswer, MerchantError>> PayAsync(
            PaymentRequest request, CancellationToken cancellation) => network.SendAsync(
            shop.Name, Call.Pay, request.Lock.LockNote.Text.Length + request.Lock.Payment.Text.Length,
            seen => seen.Values.Add(Text(request.Transaction.Bytes)),
            () => shop.Party.PayAsync(request, cancellation));

        public Task<Result<SessionAnswer, MerchantError>> StepAsync(
            DeliveryId session, SessionStep step, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<PaymentAnswer, MerchantError>> CloseAsync(
            DeliveryId session, CancellationToken cancellation) => throw new NotSupportedException();
    }

    private sealed class ArchiveEnd(MaskedNetwork network) : IArchive
    {
        public Task<Result<DecisionAnswer, ArchiveError>> DecisionAsync(
            BankKeyId bank, TransactionId transaction, CancellationToken cancellation) => network.SendAsync(
            Archive, Call.Decision, 0, seen => seen.Values.Add(Text(transaction.Bytes)),
            () => network.market.Parties.TheArchive.DecisionAsync(bank, transaction, cancellation));

        public Task<Result<DecisionAnswer, ArchiveError>> DecideAsync(
            DecisionRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<DecisionAnswer, ArchiveError>> EnterAsync(
            EntryRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<KeepingTerms> KeepingAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<KeepingTerms, ArchiveError>> KeepAsync(
            KeepRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Result<GoodsChunk, ArchiveError>> KeptAsync(
            BankKeyId bank, TransactionId transaction, long index, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }

    private sealed class AcquirerEnd(MaskedNetwork network) : IAcquirer
    {
        public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
            TakeInRequest request, CancellationToken cancellation) => network.SendAsync(
            Acquirer, Call.TakeIn, 300,
            seen =>
            {
                seen.Values.AddRange([Text(request.Id.Bytes), Text(request.Reserve.Bytes)]);
                seen.Amount = request.Amount.MinorUnits;
                network.market.Payers[seen.About] = network.customer;
                network.market.Payers[seen.Values[1]] = network.customer;
            },
            () => network.market.Parties.TheAcquirer.TakeInAsync(request, cancellation));

        public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
            Signed<PayoutOrder> order, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
