using System.Security.Cryptography;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>
    /// Withdraws blind tokens from the wallet's reserves. Do it ahead of a purchase and for a round sum: a withdrawal
    /// of the exact price at the moment of buying would tell the bank what the amount is for.
    /// </summary>
    /// <returns>The sum withdrawn.</returns>
    public async Task<Amount> WithdrawAsync(Amount amount, CancellationToken cancellation)
    {
        await IssuePlannedAsync(cancellation);
        var book = await DenominationsAsync(cancellation);
        var left = amount;
        foreach (var reserve in await OpenReservesAsync(cancellation))
        {
            var balance = await ReserveBalanceAsync(reserve, cancellation);
            var part = balance < left ? balance : left;
            if (part == Amount.Zero)
                continue;
            await PlanAsync(reserve, part, book, cancellation);
            left -= part;
            if (left == Amount.Zero)
                break;
        }

        if (left > Amount.Zero)
        {
            await DropPlansAsync(cancellation);
            var currency = await CurrencyAsync(cancellation);
            throw new WalletException(WalletError.NotEnough,
                $"The reserves are {currency.Format(left)} short of that. Fund them first: bauta wallet fund");
        }

        await IssuePlannedAsync(cancellation);
        return amount;
    }

    private async Task PlanAsync(
        WalletReserve reserve, Amount amount, DenominationBook book, CancellationToken cancellation)
    {
        var keys = book.Withdrawable(Now);
        var split = CoinSelection.TrySplit(amount, [.. keys.Keys])
            ?? throw new WalletException(WalletError.Refused,
                "The bank's denominations cannot make up this sum now. Try another sum, or later.");
        await Store.Database.WriteAsync(
            transaction =>
            {
                foreach (var group in split.GroupBy(value => value))
                {
                    var keyId = keys[group.Key].Key.KeyId;
                    var number = TokenTable.NextNumber(transaction, keyId);
                    foreach (var value in group)
                        TokenTable.Plan(transaction, keyId, number++, value, reserve.Id);
                }
            },
            cancellation);
    }

    private Task DropPlansAsync(CancellationToken cancellation) => Store.Database.WriteAsync(
        transaction =>
        {
            foreach (var token in TokenTable.InState(transaction, TokenState.Planned))
                TokenTable.Forget(transaction, token);
        },
        cancellation);

    /// <summary>Asks for every planned token; the same blinded messages again, so a lost answer costs
    /// nothing.</summary>
    private async Task IssuePlannedAsync(CancellationToken cancellation)
    {
        var planned = await Store.TokensAsync(TokenState.Planned, cancellation);
        if (planned.Count == 0)
            return;
        var book = await DenominationsAsync(cancellation);
        var reserves = (await OpenReservesAsync(cancellation)).ToDictionary(reserve => reserve.Id);
        foreach (var group in planned.GroupBy(token => ReserveId.FromBytes(token.Reserve)))
        {
            foreach (var batch in group.Chunk(TokenBatch.MaxRequests))
                await IssueAsync(batch, reserves[group.Key], book, cancellation);
        }
    }

    private async Task IssueAsync(
        WalletToken[] tokens, WalletReserve reserve, DenominationBook book, CancellationToken cancellation)
    {
        var issuances = tokens.Select(token => Begin(token, book)).ToArray();
        try
        {
            var body = TokenBatch.Join(issuances.Select(issuance => issuance.Request));
            if (!TokenBatch.TrySplit(body, out var requests))
                throw new InvalidOperationException("A batch of our own does not parse.");
            using var key = KeyOf(reserve);
            var order = Signed<WithdrawalOrder>.Sign(
                key, new WithdrawalOrder(key.PublicKey.Spki, SHA256.HashData(body)));
            var answer = await network.Bank.WithdrawAsync(order, body, requests, cancellation);
            if (!answer.IsOk)
            {
                await ForgetIfFinalAsync(tokens, answer.Error.Value, cancellation);
                throw Refused("The bank refused the withdrawal", answer.Error.Value, answer.Detail);
            }

            var issued = tokens.Select((token, i) => (token, Bytes: Finish(issuances[i], answer.Value[i]))).ToArray();
            await Store.Database.WriteAsync(
                transaction =>
                {
                    foreach (var (token, bytes) in issued)
                        TokenTable.Issue(transaction, token, bytes);
                },
                cancellation);
        }
        finally
        {
            foreach (var issuance in issuances)
                issuance.Dispose();
        }
    }

    private TokenIssuance Begin(WalletToken token, DenominationBook book)
    {
        var denomination = book.Find(token.TokenKeyId) ?? throw new WalletException(WalletError.Distrusted,
            "The bank no longer lists a key that tokens were asked for. Ask its operator.");
        using var secret = Store.Seed.Token(token.TokenKeyId, token.Number);
        using var key = secret.Key();
        var seed = secret.BlindingSeed();
        try
        {
            return TokenIssuance.Begin(
                denomination.Key, denomination.Terms.Challenge().Digest, key.PublicKey.SpkiHash, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static byte[] Finish(TokenIssuance issuance, byte[] blindSignature)
    {
        try
        {
            return issuance.Finish(blindSignature).Encode();
        }
        catch (CryptographicException invalid)
        {
            throw new WalletException(WalletError.Distrusted,
                "The bank's signature on a token does not verify. Ask again with: bauta wallet resume", invalid);
        }
    }

    private Task ForgetIfFinalAsync(WalletToken[] tokens, BankError error, CancellationToken cancellation) =>
        error is BankError.ReserveTooSmall or BankError.UnknownReserve or BankError.KeyExpired
            or BankError.KeyRevoked or BankError.UnknownKey or BankError.BadBlindedMessage
            ? Store.Database.WriteAsync(
                transaction =>
                {
                    foreach (var token in tokens)
                        TokenTable.Forget(transaction, token);
                },
                cancellation)
            : Task.CompletedTask;
}
