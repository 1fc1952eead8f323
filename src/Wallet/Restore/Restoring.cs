using System.Security.Cryptography;
using Bauta.Crypto.Jose;
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
    /// bank has signed before is answered from its records and never charged again, whatever reserve orders it: so each
    /// is ordered under a key of its own that no reserve has, which links nothing and can pay for nothing.
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
            if (await AskAgainAsync(queue, book, cancellation))
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
            var reserve = new WalletReserve(ReserveId.Of(key.PublicKey), number, null, null, true);
            await PauseAsync(cancellation);
            var isKnown = await ReadReserveAsync(key, cancellation) is not null;
            misses = isKnown ? 0 : misses + 1;
            if (!isKnown)
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

    /// <summary>Whether the bank had signed this token; it is held then, if it was not known already.</summary>
    private async Task<bool> AskAgainAsync(RestoreQueue queue, DenominationBook book, CancellationToken cancellation)
    {
        var keyId = queue.Key.Key.KeyId;
        var known = await Store.Database.ReadAsync(
            transaction => TokenTable.Find(transaction, keyId, queue.Next), cancellation);
        if (known is not null)
            return true;
        using var nobody = P256PrivateKey.Generate();
        var value = queue.Key.Terms.Value;
        var token = new WalletToken(
            keyId, queue.Next, value, value, TokenState.Held, ReserveId.Of(nobody.PublicKey).ToArray(), null, null);
        var answer = await AskForAsync([token], nobody, book, cancellation);
        if (!answer.IsOk)
        {
            return answer.Error is BankError.UnknownReserve or BankError.KeyExpired or BankError.KeyRevoked
                or BankError.UnknownKey
                ? false
                : throw Refused("The bank refused to give a token out again", answer.Error.Value, answer.Detail);
        }

        await Store.Database.WriteAsync(
            transaction => TokenTable.Restore(transaction, token with { Token = answer.Value[0] }), cancellation);
        return true;
    }

    private sealed class RestoreQueue(VerifiedDenomination key)
    {
        public VerifiedDenomination Key { get; } = key;

        public long Next { get; set; }

        public int Misses { get; set; }
    }
}
