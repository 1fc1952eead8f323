using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Storage;
using Bauta.Wallet.Disputes;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// Complains about what was delivered, under the key of the first token that paid: the bank learns that a payment
    /// is disputed and with which claim, and nothing of the goods. The arbiter is shown the evidence without the
    /// tokens. May be repeated; the second time only asks how it stands.
    /// </summary>
    /// <param name="purchase">The purchase's request id.</param>
    /// <param name="claim">One of <see cref="Claim"/>, or null: what the wallet has found out itself.</param>
    /// <param name="text">For the arbiter.</param>
    /// <param name="cancellation">Gives up; what was begun is resumed later.</param>
    /// <exception cref="WalletException">There is nothing to dispute, or the bank takes in none.</exception>
    public async Task<WalletDispute> DisputeAsync(
        RequestId purchase, string? claim, string text, CancellationToken cancellation)
    {
        if (await FindDisputeAsync(purchase, cancellation) is { } begun)
            return await AdvanceAsync(begun, cancellation);
        var state = await Store.PurchaseAsync(purchase, cancellation);
        if (state is not (Opened or Committed))
            throw new WalletException(WalletError.Refused,
                "Only a purchase that was paid for can be disputed. Until then the money is not the shop's.");
        claim ??= state is Opened { AsPromised: false } ? Claim.WrongContent : Claim.WrongGoods;
        var arbiter = await ArbiterAsync(state, cancellation);
        var (_, p2, _, p5) = Statements(state);
        var spend = ReadAuthorization(p2!).Content.Tokens[0];
        var number = await NumberOfAsync(spend, cancellation);
        using var secret = Store.Seed.Token(number.KeyId, number.Number);
        using var key = secret.Key();
        using var reserve = secret.RefreshReserveKey();
        var n = Statements(state).P1!.Content.Transaction();
        var box = SealedCase.TrySeal(arbiter, n, await CaseAsync(state, text, cancellation))
            ?? throw new WalletException(WalletError.Refused,
                $"The evidence and the text are longer than a case may be ({SealedCase.MaxLength} bytes).");
        var order = Signed<DisputeOrder>.Sign(
            key, new DisputeOrder(n, key.PublicKey.Spki, claim, ReserveId.Of(reserve.PublicKey), box));
        // The shop may not have told the bank yet, and what is not settled cannot be disputed.
        if (p5 is not null)
            await network.LockingBank.DecideAsync(n, p5, cancellation);
        var dispute = new WalletDispute(purchase, order, number.KeyId, number.Number);
        await KeepAsync(dispute, cancellation);
        return await AdvanceAsync(dispute, cancellation);
    }

    /// <summary>All disputes that this wallet opened, oldest first.</summary>
    public Task<IReadOnlyList<WalletDispute>> DisputesAsync(CancellationToken cancellation) =>
        DisputesAsync(onlyOpen: false, cancellation);

    private Task<IReadOnlyList<WalletDispute>> DisputesAsync(bool onlyOpen, CancellationToken cancellation) =>
        Store.Database.ReadAsync<IReadOnlyList<WalletDispute>>(
            transaction => [.. transaction.Query(
                onlyOpen
                    ? "SELECT purchase, record FROM disputes WHERE open ORDER BY rowid"
                    : "SELECT purchase, record FROM disputes ORDER BY rowid",
                row => ReadDispute(row.GetString(0), row.GetBytes(1)))],
            cancellation);

    private async Task ResumeDisputesAsync(List<string> open, CancellationToken cancellation)
    {
        foreach (var dispute in await DisputesAsync(onlyOpen: true, cancellation))
        {
            var name = $"dispute on purchase {dispute.Purchase.ToString()[..8]}";
            var now = dispute;
            if (await Attempt(name, StepAsync(), open) && !now.IsOver)
                open.Add($"{name}: {now.State?.State}");

            async Task StepAsync() => now = await AdvanceAsync(dispute, cancellation);
        }
    }

    /// <summary>Sends what the bank has not answered, asks how it stands, and takes a refund in: it is withdrawn whole
    /// from a reserve that nobody can tell from that of a refresh.</summary>
    private async Task<WalletDispute> AdvanceAsync(WalletDispute dispute, CancellationToken cancellation)
    {
        if (dispute.IsOver)
            return dispute;
        var answer = dispute.State is null
            ? await network.LockingBank.DisputeAsync(dispute.Order, cancellation)
            : await ReadDisputeAsync(dispute, cancellation);
        if (!answer.IsOk)
        {
            // The bank took nothing in, and a new dispute may be in time or better founded.
            if (dispute.State is null)
                await ForgetDisputeAsync(dispute, cancellation);
            throw Refused("The bank refused the dispute", answer.Error.Value, answer.Detail);
        }

        var state = answer.Value;
        var next = dispute with { State = state, IsOver = DisputeState.IsFinal(state.State) };
        if (state.State != DisputeState.Refunded)
        {
            await KeepAsync(next, cancellation);
            return next;
        }

        if (state.Notice is { } notice)
        {
            var funded = await network.Bank.FundAsync(new FundingRequest(notice), cancellation);
            if (!funded.IsOk)
                throw Refused("The issuer refused the notice of a refund", funded.Error.Value, funded.Detail);
        }

        await TakeRefundAsync(next, cancellation);
        return next;
    }

    private async Task TakeRefundAsync(WalletDispute dispute, CancellationToken cancellation)
    {
        var book = await DenominationsAsync(cancellation);
        var reserve = new WalletReserve(
            Store.NameOf(dispute.Order.Content.Reserve), null, dispute.TokenKeyId, dispute.TokenNumber, false);
        // What was planned from the same reserve is withdrawn first, so that nothing is planned twice.
        await IssuePlannedAsync(cancellation);
        var balance = await ReserveBalanceAsync(reserve, cancellation);
        var plan = balance > Amount.Zero ? Plan(reserve, balance, book, isAll: true) : null;
        var box = SealDispute(dispute);
        await Store.Database.WriteAsync(
            transaction =>
            {
                transaction.Execute(
                    "INSERT INTO reserves (name, token_key_id, token_number, open) VALUES ($1, $2, $3, $4) "
                    + "ON CONFLICT (name) DO NOTHING",
                    reserve.Name, reserve.TokenKeyId, reserve.TokenNumber, false);
                if (plan is not null)
                    Write(transaction, plan);
                Keep(transaction, dispute, box);
            },
            cancellation);
        await IssuePlannedAsync(cancellation);
    }

    private async Task<Result<DisputeState, BankError>> ReadDisputeAsync(
        WalletDispute dispute, CancellationToken cancellation)
    {
        using var secret = Store.Seed.Token(dispute.TokenKeyId, dispute.TokenNumber);
        using var key = secret.Key();
        // Cut to the minute, as with a reserve.
        var minute = UnixTime.FromSeconds(Now.Seconds / 60 * 60);
        return await network.LockingBank.DisputeAsync(
            dispute.Order.Content.Transaction,
            Signed<ReadOrder>.Sign(key, new ReadOrder(key.PublicKey.Spki, minute)), cancellation);
    }

    private async Task<ArbiterCard> ArbiterAsync(PurchaseState state, CancellationToken cancellation)
    {
        var (bank, _) = await BanksAsync(cancellation);
        if (!bank.Content.Key.AsSpan().SequenceEqual(Card(state.Order.BankCard).Key))
            throw new WalletException(WalletError.Refused,
                "This was paid at another bank than the one that the network file names. Disputes go to that one.");
        return bank.Content.Bank!.Arbiter?.Content ?? throw new WalletException(WalletError.Refused,
            $"{bank.Content.Name} names no arbiter, so it takes in no disputes. The evidence proves what was sold: "
            + "bauta wallet evidence");
    }

    /// <summary>The evidence as the arbiter needs it: without P2, whose tokens are none of its business.</summary>
    private async Task<DisputeCase> CaseAsync(PurchaseState state, string text, CancellationToken cancellation)
    {
        var evidence = await EvidenceAsync(state.Order.Id, cancellation);
        return new DisputeCase(
            DisputeCase.CurrentFormat,
            evidence with { Authorization = null, Denominations = null, IssuerCard = null }, text, state.Order.Shop);
    }

    /// <summary>The number that a token of P2 has in this wallet: its key derives from it.</summary>
    private async Task<(byte[] KeyId, long Number)> NumberOfAsync(TokenSpend spend, CancellationToken cancellation)
    {
        if (!Token.TryDecode(spend.Token, out var token))
            throw WalletException.Unreadable("purchase");
        var numbers = await Store.Database.ReadAsync(
            transaction => Tokens.TokenTable.Numbers(transaction, token.KeyId), cancellation);
        foreach (var number in numbers)
        {
            using var secret = Store.Seed.Token(token.KeyId, number);
            using var key = secret.Key();
            if (key.PublicKey.Spki.AsSpan().SequenceEqual(spend.Key))
                return (token.KeyId, number);
        }

        throw new WalletException(WalletError.Refused, "The tokens of this purchase are not this wallet's.");
    }

    private Task<WalletDispute?> FindDisputeAsync(RequestId purchase, CancellationToken cancellation) =>
        Store.Database.ReadAsync(
            transaction => transaction.QuerySingleOrDefault(
                "SELECT purchase, record FROM disputes WHERE purchase = $1",
                row => ReadDispute(row.GetString(0), row.GetBytes(1)), Store.NameOf(purchase)),
            cancellation);

    private WalletDispute ReadDispute(string name, byte[] box) =>
        StrictJson.TryRead(
            Store.Unseal($"disputes/{name}", box), WalletJson.Default.WalletDispute, out var dispute)
            ? dispute
            : throw WalletException.Unreadable("dispute");

    private byte[] SealDispute(WalletDispute dispute) => Store.Seal(
        $"disputes/{Store.NameOf(dispute.Purchase)}", StrictJson.Write(dispute, WalletJson.Default.WalletDispute));

    private Task KeepAsync(WalletDispute dispute, CancellationToken cancellation)
    {
        var box = SealDispute(dispute);
        return Store.Database.WriteAsync(transaction => Keep(transaction, dispute, box), cancellation);
    }

    private void Keep(IWriteTransaction transaction, WalletDispute dispute, byte[] box) => transaction.Execute(
        """
        INSERT INTO disputes (purchase, open, record) VALUES ($1, $2, $3)
        ON CONFLICT (purchase) DO UPDATE SET open = excluded.open, record = excluded.record
        """,
        Store.NameOf(dispute.Purchase), !dispute.IsOver, box);

    private Task ForgetDisputeAsync(WalletDispute dispute, CancellationToken cancellation) =>
        Store.Database.WriteAsync(
            transaction => transaction.Execute(
                "DELETE FROM disputes WHERE purchase = $1", Store.NameOf(dispute.Purchase)),
            cancellation);
}
