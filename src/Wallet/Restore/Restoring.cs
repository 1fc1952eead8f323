using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Storage;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    private const int ReserveGap = 4;
    private const int TokenGap = 4;
    private const int MaxRestored = 100_000;

    /// <summary>
    /// Finds again what a lost wallet held, from the phrase alone. Every token is asked for in an exchange of its own,
    /// in random order and after a random pause, and no state is queried, so the bank cannot tell which tokens belong
    /// together; then each is refreshed in the same way, since some may have been spent. A blinded message that the
    /// bank
    /// has signed before is answered from its records and never charged again.
    /// </summary>
    /// <returns>What is spendable afterwards.</returns>
    public async Task<Amount> RestoreAsync(IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var reserves = await FindReservesAsync(cancellation);
        progress?.Report(new WalletStep("restore", $"{reserves.Count} funded reserves found"));
        if (reserves.Count == 0)
            return Amount.Zero;
        var book = await DenominationsAsync(cancellation);
        var found = 0;
        var queues = book.All.Select(key => new RestoreQueue(key)).ToList();
        while (queues.Count > 0 && found < MaxRestored)
        {
            await PauseAsync(cancellation);
            var queue = queues[RandomNumberGenerator.GetInt32(queues.Count)];
            if (await AskAgainAsync(queue, reserves[^1], book, cancellation))
            {
                found++;
                queue.Misses = 0;
            }
            else if (++queue.Misses >= TokenGap)
            {
                queues.Remove(queue);
            }

            queue.Next++;
        }

        progress?.Report(new WalletStep(
            "restore", $"{found} tokens found; each is refreshed, since some may be spent"));
        await BeginRefreshAsync(await Store.TokensAsync(TokenState.Held, cancellation), cancellation);
        await ResumeRefreshesAsync(cancellation);
        return Sum(await Store.TokensAsync(TokenState.Held, cancellation));
    }

    private async Task<List<WalletReserve>> FindReservesAsync(CancellationToken cancellation)
    {
        var found = new List<WalletReserve>();
        for (long number = 0, misses = 0; misses < ReserveGap && number < MaxRestored; number++)
        {
            using var key = Store.Seed.ReserveKey(number);
            var reserve = new WalletReserve(ReserveId.Of(key.PublicKey), number, null, null);
            await PauseAsync(cancellation);
            var answer = await network.Bank.ReserveAsync(
                Signed<ReadOrder>.Sign(key, new ReadOrder(key.PublicKey.Spki, Now)), cancellation);
            if (!answer.IsOk && answer.Error != BankError.UnknownReserve)
                throw Refused("The bank refused to read a reserve", answer.Error.Value, answer.Detail);
            misses = answer.IsOk ? 0 : misses + 1;
            if (!answer.IsOk)
                continue;
            found.Add(reserve);
            await Store.Database.WriteAsync(
                transaction => transaction.Execute(
                    "INSERT INTO reserves (reserve, number, open) VALUES ($1, $2, $3) ON CONFLICT (reserve) DO NOTHING",
                    reserve.Id.ToArray(), reserve.Number, true),
                cancellation);
        }

        return found;
    }

    /// <summary>Whether the bank had signed this token. A reserve that still covers it pays for a new one.</summary>
    private async Task<bool> AskAgainAsync(
        RestoreQueue queue, WalletReserve reserve, DenominationBook book, CancellationToken cancellation)
    {
        var keyId = queue.Key.Key.KeyId;
        var token = new WalletToken(
            keyId, queue.Next, queue.Key.Terms.Value, queue.Key.Terms.Value, TokenState.Planned,
            reserve.Id.ToArray(), null, null);
        var known = await Store.Database.WriteAsync(
            transaction =>
            {
                if (TokenTable.NextNumber(transaction, keyId) > queue.Next)
                    return true;
                TokenTable.Plan(transaction, keyId, queue.Next, token.Value, reserve.Id);
                return false;
            },
            cancellation);
        if (known)
            return true;
        try
        {
            await IssueAsync([token], reserve, book, cancellation);
            return true;
        }
        catch (WalletException refused) when (refused.Error == WalletError.Refused)
        {
            return false;
        }
    }

    private sealed class RestoreQueue(VerifiedDenomination key)
    {
        public VerifiedDenomination Key { get; } = key;

        public long Next { get; set; }

        public int Misses { get; set; }
    }
}
