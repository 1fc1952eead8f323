using System.Security.Cryptography;
using Bauta.Crypto.Jose;
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
        var plans = new List<WithdrawalPlan>();
        foreach (var (read, reserve) in (await OpenReservesAsync(cancellation)).Index())
        {
            if (left == Amount.Zero)
                break;
            if (read > 0)
                await PauseAsync(cancellation);
            var balance = await ReserveBalanceAsync(reserve, cancellation);
            var part = balance < left ? balance : left;
            if (part == Amount.Zero)
                continue;
            plans.Add(Plan(reserve, part, book, isAll: part == balance));
            left -= part;
        }

        if (left > Amount.Zero)
        {
            var currency = await CurrencyAsync(cancellation);
            throw new WalletException(WalletError.NotEnough,
                $"The reserves are {currency.Format(left)} short of that. Fund them first: bauta wallet fund");
        }

        await Store.Database.WriteAsync(transaction => plans.ForEach(plan => Write(transaction, plan)), cancellation);
        await IssuePlannedAsync(cancellation);
        return amount;
    }

    private WithdrawalPlan Plan(WalletReserve reserve, Amount amount, DenominationBook book, bool isAll)
    {
        var keys = book.Withdrawable(Now);
        var split = CoinSelection.TrySplit(amount, [.. keys.Keys])
            ?? throw new WalletException(WalletError.Refused,
                "The bank's denominations cannot make up this sum now. Try another sum, or later.");
        return new WithdrawalPlan(reserve.Name, [.. split.Select(value => keys[value])], isAll);
    }

    private void Write(IWriteTransaction transaction, WithdrawalPlan plan)
    {
        foreach (var group in plan.Tokens.GroupBy(token => token.Terms.Value))
        {
            var key = group.First();
            // Kept, since the bank lists it no longer once it has expired.
            KeepKey(transaction, network.Policy.Id, key);
            var number = TokenTable.NextNumber(transaction, key.Key.KeyId);
            foreach (var token in group)
                TokenTable.Plan(transaction, key.Key.KeyId, number++, token.Terms.Value, plan.Reserve);
        }

        if (plan.IsAll)
            Close(transaction, plan.Reserve);
    }

    /// <summary>Which tokens are withdrawn from a reserve, by their keys, and whether that empties it.</summary>
    private sealed record WithdrawalPlan(string Reserve, IReadOnlyList<VerifiedDenomination> Tokens, bool IsAll);

    /// <summary>
    /// Asks for every planned token; the same blinded messages again, so a lost answer costs nothing. One reserve after
    /// the other, with a pause between them: those of a refresh must not be told to belong together. Their order is
    /// that of their plans, which a refresh makes in random order; of one key no number is asked for before a lower
    /// one, since a restore stops at a gap.
    /// </summary>
    private async Task IssuePlannedAsync(CancellationToken cancellation)
    {
        var planned = await Store.Database.ReadAsync(Store.TokenRows.Planned, cancellation);
        if (planned.Count == 0)
            return;
        var book = await DenominationsAsync(cancellation);
        var reserves = (await ReservesAsync(cancellation)).ToDictionary(reserve => reserve.Name);
        planned = await IssueLateAsync(planned, book, cancellation);
        var groups = planned.GroupBy(token => token.Reserve!).ToArray();
        foreach (var group in groups)
        {
            if (groups.Length > 1)
                await PauseAsync(cancellation);
            using var key = KeyOf(reserves[group.Key]);
            foreach (var batch in group.Chunk(TokenBatch.MaxRequests))
                await IssueAsync(batch, key, book, cancellation);
        }
    }

    /// <summary>
    /// Asks for what the bank may have signed before its key's time was over. Ordered from the reserve it could be
    /// charged once more: a request names its key by one byte, and a newer key may have the same.
    /// </summary>
    /// <returns>The tokens of keys that still sign.</returns>
    private async Task<IReadOnlyList<WalletToken>> IssueLateAsync(
        IReadOnlyList<WalletToken> planned, DenominationBook book, CancellationToken cancellation)
    {
        var inTime = planned.Where(token => book.Find(token.TokenKeyId) is { } key && Now < key.Terms.WithdrawUntil)
            .ToArray();
        foreach (var late in planned.Except(inTime).GroupBy(token => Convert.ToHexString(token.TokenKeyId)))
        {
            var keyId = late.First().TokenKeyId;
            if (book.Find(keyId) is null)
            {
                if (!await HasExpiredAsync(keyId, cancellation))
                    throw NotListed();
                await ForgetFromAsync([late.First()], cancellation);
                continue;
            }

            foreach (var token in late)
            {
                await PauseAsync(cancellation);
                if (await AskUnpaidAsync(token, book, cancellation) is not { } bytes)
                {
                    await ForgetFromAsync([token], cancellation);
                    break;
                }

                await Store.Database.WriteAsync(
                    transaction => Store.TokenRows.Issue(transaction, token, bytes), cancellation);
            }
        }

        return inTime;
    }

    /// <summary>
    /// A token that the bank signed before, as it answers whoever asks with the same blinded message; null when it
    /// never did. The order is signed by a key of its own that no reserve has, so nothing can be charged for it.
    /// </summary>
    private async Task<byte[]?> AskUnpaidAsync(
        WalletToken token, DenominationBook book, CancellationToken cancellation)
    {
        using var nobody = P256PrivateKey.Generate();
        var answer = await AskForAsync([token], nobody, book, cancellation);
        if (answer.IsOk)
            return answer.Value[0];
        return answer.Error is BankError.UnknownReserve || IsAboutKey(answer.Error.Value)
            ? null
            : throw Refused("The bank refused to give a token out again", answer.Error.Value, answer.Detail);
    }

    private async Task<bool> HasExpiredAsync(byte[] tokenKeyId, CancellationToken cancellation)
    {
        var kept = await Store.Database.ReadAsync(
            transaction => transaction.Query(
                "SELECT record FROM announced WHERE token_key_id = $1", ReadKey, tokenKeyId),
            cancellation);
        return kept.Any(key => key is not null && key.Key.Content.ExpiresAt <= Now);
    }

    private async Task IssueAsync(
        WalletToken[] tokens, P256PrivateKey reserve, DenominationBook book, CancellationToken cancellation)
    {
        var answer = await AskForAsync(tokens, reserve, book, cancellation);
        if (!answer.IsOk)
        {
            // The bank signs all or none: one key that it refuses must not take the others' tokens with it.
            var byKey = tokens.GroupBy(token => Convert.ToHexString(token.TokenKeyId)).ToArray();
            if (byKey.Length > 1 && IsAboutKey(answer.Error.Value))
            {
                await IssueEachAsync(byKey, reserve, book, cancellation);
                return;
            }

            await ForgetIfFinalAsync(tokens, answer.Error.Value, cancellation);
            throw Refused("The bank refused the withdrawal", answer.Error.Value, answer.Detail);
        }

        await Store.Database.WriteAsync(
            transaction =>
            {
                foreach (var (token, bytes) in tokens.Zip(answer.Value))
                    Store.TokenRows.Issue(transaction, token, bytes);
            },
            cancellation);
    }

    private async Task IssueEachAsync(
        IEnumerable<IEnumerable<WalletToken>> batches, P256PrivateKey reserve, DenominationBook book,
        CancellationToken cancellation)
    {
        WalletException? failed = null;
        foreach (var batch in batches)
        {
            try
            {
                await IssueAsync([.. batch], reserve, book, cancellation);
            }
            catch (WalletException refused) when (refused.Error == WalletError.Refused)
            {
                failed = refused;
            }
        }

        if (failed is not null)
            throw failed;
    }

    /// <summary>Asks for blind signatures on an order of a reserve and unblinds them.</summary>
    private async Task<Result<IReadOnlyList<byte[]>, BankError>> AskForAsync(
        WalletToken[] tokens, P256PrivateKey reserve, DenominationBook book, CancellationToken cancellation)
    {
        var issuances = tokens.Select(token => Begin(token, book)).ToArray();
        try
        {
            var body = TokenBatch.Join(issuances.Select(issuance => issuance.Request));
            if (!TokenBatch.TrySplit(body, out var requests))
                throw new InvalidOperationException("A batch of our own does not parse.");
            var order = Signed<WithdrawalOrder>.Sign(
                reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(body)));
            var answer = await network.Bank.WithdrawAsync(order, body, requests, cancellation);
            return answer.Map<IReadOnlyList<byte[]>>(
                signatures => [.. issuances.Zip(signatures, Finish)]);
        }
        finally
        {
            foreach (var issuance in issuances)
                issuance.Dispose();
        }
    }

    private TokenIssuance Begin(WalletToken token, DenominationBook book)
    {
        var denomination = book.Find(token.TokenKeyId) ?? throw NotListed();
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

    private static WalletException NotListed() => new(WalletError.Distrusted,
        "The bank no longer lists a key that tokens were asked for, before its time. Ask its operator.");

    private static bool IsAboutKey(BankError error) =>
        error is BankError.KeyExpired or BankError.KeyRevoked or BankError.UnknownKey or BankError.BadBlindedMessage;

    private Task ForgetIfFinalAsync(WalletToken[] tokens, BankError error, CancellationToken cancellation) =>
        IsAboutKey(error) || error is BankError.ReserveTooSmall or BankError.UnknownReserve
            ? ForgetFromAsync(tokens, cancellation)
            : Task.CompletedTask;

    private Task ForgetFromAsync(WalletToken[] tokens, CancellationToken cancellation) => Store.Database.WriteAsync(
        transaction =>
        {
            foreach (var key in tokens.GroupBy(token => Convert.ToHexString(token.TokenKeyId)))
                TokenTable.ForgetFrom(transaction, key.First().TokenKeyId, key.Min(token => token.Number));
        },
        cancellation);
}
