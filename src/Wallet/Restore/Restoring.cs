using System.Security.Cryptography;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet.Tokens;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    private const int ReserveGap = 4;
    private const int TokenGap = 4;
    private const int MaxRestored = 100_000;

    /// <summary>
    /// Finds again what a lost wallet held, from the phrase alone. Every number of every denomination key, and every
    /// reserve, is asked for in an exchange of its own, all of them mixed in random order and each after a random
    /// pause, so that the bank cannot tell which belong together; then each token is refreshed in the same way, since
    /// some may have been spent. A blinded message that the bank has signed before is answered from its records and
    /// never charged again, whatever reserve orders it: so each is ordered under a key of its own that no reserve has,
    /// which links nothing and can pay for nothing. The state of no token is queried; that of a reserve is, since
    /// nothing else tells what is left in it. What was cut off goes on with what it has not found yet.
    /// </summary>
    /// <returns>What is spendable afterwards.</returns>
    public async Task<Amount> RestoreAsync(IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        var book = await DenominationsAsync(cancellation);
        var reserves = new RestoreSearch(
            ReserveGap,
            [
                .. (await ReservesAsync(cancellation)).Where(one => one.Number is not null)
                    .Select(one => one.Number!.Value),
            ],
            number => FindReserveAsync(number, cancellation));
        var tokens = await Store.Database.ReadAsync(
            transaction => book.All.Select(key => new RestoreSearch(
                TokenGap, TokenTable.Numbers(transaction, key.Key.KeyId),
                number => AskAgainAsync(key, number, book, cancellation))).ToArray(),
            cancellation);
        await SearchAsync([reserves, .. tokens], progress, cancellation);
        progress?.Report(new WalletStep("restore",
            $"{reserves.Found} funded reserves and {tokens.Sum(key => key.Found)} tokens found; each token is "
            + "refreshed, since some may be spent"));
        await BeginRefreshAsync(await Store.TokensAsync(TokenState.Doubtful, cancellation), cancellation);
        await ResumeRefreshesAsync(progress, cancellation);
        // What a run before had planned when it was cut off, when nothing is left to refresh.
        await IssuePlannedAsync(cancellation);
        return Sum(await Store.TokensAsync(TokenState.Held, cancellation));
    }

    /// <summary>Asks until nothing is left to ask, each question drawn from all that are.</summary>
    private async Task SearchAsync(
        IReadOnlyList<RestoreSearch> searches, IProgress<WalletStep>? progress, CancellationToken cancellation)
    {
        for (var asked = 0L; searches.Sum(search => search.Left) is var left and > 0
            && searches.Sum(search => search.Found) < MaxRestored; asked++)
        {
            // What is found makes more to ask, so the bar may move back.
            progress?.Report(WalletStep.UnderWay("restore", "asking", asked, asked + left));
            var drawn = RandomNumberGenerator.GetInt32(left);
            foreach (var search in searches)
            {
                if (drawn < search.Left)
                {
                    await PauseAsync(cancellation);
                    await search.AskAsync(drawn);
                    break;
                }

                drawn -= search.Left;
            }
        }
    }

    /// <summary>Whether the bank knows the reserve; it is this wallet's then.</summary>
    private async Task<bool> FindReserveAsync(long number, CancellationToken cancellation)
    {
        using var key = Store.Seed.ReserveKey(number);
        if (await ReadReserveAsync(key, cancellation) is null)
            return false;
        await Store.Database.WriteAsync(
            transaction => transaction.Execute(
                "INSERT INTO reserves (name, number, open) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
                Store.NameOf(ReserveId.Of(key.PublicKey)), number, true),
            cancellation);
        return true;
    }

    /// <summary>Whether the bank had signed this token; it is kept then, to be refreshed.</summary>
    private async Task<bool> AskAgainAsync(
        VerifiedDenomination key, long number, DenominationBook book, CancellationToken cancellation)
    {
        var (keyId, value) = (key.Key.KeyId, key.Terms.Value);
        var token = new WalletToken(keyId, number, value, value, TokenState.Doubtful, null, null, null);
        if (await AskUnpaidAsync(token, book, cancellation) is not { } bytes)
            return false;
        await Store.Database.WriteAsync(
            transaction => Store.TokenRows.Restore(transaction, keyId, number, value, bytes), cancellation);
        return true;
    }

    /// <summary>
    /// The numbers of one key, or of the reserves, that are still to be asked for: at least <c>gap</c> behind the
    /// highest that was found. It is twice as far and more, so that those in between wait in a crowd: a frontier that
    /// moved up in small steps would show the order in which they were made.
    /// </summary>
    private sealed class RestoreSearch
    {
        private readonly List<long> open = [];
        private readonly int gap;
        private readonly Func<long, Task<bool>> ask;
        private long end;

        public RestoreSearch(int gap, IReadOnlyList<long> known, Func<long, Task<bool>> ask)
        {
            (this.gap, this.ask) = (gap, ask);
            Widen(known.Count > 0 ? known.Max() : -1);
            open.RemoveAll(known.ToHashSet().Contains);
            Found = known.Count;
        }

        public int Left => open.Count;

        public int Found { get; private set; }

        /// <summary>Asks for one of those left; it stays when there is no answer.</summary>
        public async Task AskAsync(int index)
        {
            var number = open[index];
            if (await ask(number))
            {
                Found++;
                Widen(number);
            }

            open.RemoveAt(index);
        }

        private void Widen(long highest)
        {
            for (; end < (2 * (highest + 1)) + gap; end++)
                open.Add(end);
        }
    }
}
