using Bauta.Bank.Inspect;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Bauta.Bank.Ledger;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Network;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Sixty-four clients, each with a connection of its own, that spend one token at the same time: in purchases that
/// differ, and in some rounds also for fresh tokens. 200 rounds with BAUTA_ROUNDS=200.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class OneTokenTests(SharedNetwork shared)
{
    private const int Clients = 64;
    private const int SampleRounds = 4;

    [Fact]
    public async Task Of_sixty_four_who_spend_one_token_at_once_one_succeeds_and_value_moves_once()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("BAUTA_ROUNDS"), out var asked)
            ? asked
            : SampleRounds;
        var network = (await shared.UseAsync("one-token")).Parties;
        Assert.True(NetworkFile.TryParse(
            await File.ReadAllBytesAsync(Path.Combine(network.Folder, "network.json")), out var file));
        using var crowd = new Crowd(file);
        var coins = await crowd.CoinsAsync(rounds);
        var moved = (Settled: 0L, Refreshed: 0L);
        for (var round = 0; round < rounds; round++)
        {
            // In every second round half of them ask for a fresh token instead.
            if (await crowd.SpendAsync(coins[round], refreshers: round % 2 == 0 ? 0 : Clients / 2))
                moved.Settled++;
            else
                moved.Refreshed++;
        }

        Assert.Equal(rounds, moved.Settled + moved.Refreshed);
        Assert.Equal(moved.Settled, await crowd.BalanceAsync());

        // The bank's own books, row by row, from a copy of its file.
        var copy = Path.Combine(network.Folder, "bank-copy");
        network.Kill("bank");
        Directory.CreateDirectory(copy);
        foreach (var path in Directory.EnumerateFiles(Path.Combine(network.Folder, "bank"), "*.db*"))
            File.Copy(path, Path.Combine(copy, Path.GetFileName(path)), overwrite: true);
        await network.StartAsync("bank");
        await using var books = await BankDatabase.OpenAsync(Directory.EnumerateFiles(copy, "*.db").Single());
        await BankAudit.TotalsAsync(books);
    }

    private sealed record Coin(byte[] Token, P256PrivateKey Key, Amount Value);

    /// <summary>Sixty-four customers and the merchant whom they all want to pay.</summary>
    private sealed class Crowd : IDisposable
    {
        private readonly HttpNetwork[] networks;
        private readonly NetworkFile file;
        private readonly P256PrivateKey merchant = P256PrivateKey.Generate();

        public Crowd(NetworkFile file)
        {
            this.file = file;
            networks = [.. Enumerable.Range(0, Clients).Select(
                _ => new HttpNetwork(file, MaskRoute.Direct, TimeProvider.System))];
        }

        private static UnixTime Now => UnixTime.Now(TimeProvider.System);

        /// <summary>Tokens of the smallest value, one for each round.</summary>
        public async Task<Coin[]> CoinsAsync(int count)
        {
            var first = networks[0];
            var opened = await first.Bank.OpenAccountAsync(Signed<AccountOrder>.Sign(
                merchant, new AccountOrder(merchant.PublicKey.Spki, "sandbox:crowd", Now)), default);
            Assert.True(opened.IsOk, opened.Detail);
            using var reserve = P256PrivateKey.Generate();
            var bank = (await first.BankCardAsync(default)).Content.Name;
            var taken = await first.Acquirer.TakeInAsync(
                new TakeInRequest(RequestId.Generate(), "4242424242424242", bank, ReserveId.Of(reserve.PublicKey),
                    "EUR", Amount.FromMinorUnits(count)), default);
            Assert.True((await first.Bank.FundAsync(new FundingRequest(taken.Value.Notice!), default)).IsOk);
            var denomination = (await first.Bank.DenominationsAsync(default)).Denominations
                .Select(listed => listed.Key.Content).Last(key => key.Value.MinorUnits == 1);
            var coins = new List<Coin>();
            while (coins.Count < count)
                coins.AddRange(await WithdrawAsync(
                    first.Bank, reserve, denomination, Math.Min(TokenBatch.MaxRequests, count - coins.Count)));
            return [.. coins];
        }

        /// <summary>All at once; then everybody shows the bank the winner's commit.</summary>
        /// <returns>Whether the token paid a purchase; otherwise it was refreshed.</returns>
        public async Task<bool> SpendAsync(Coin coin, int refreshers)
        {
            var sales = new ConcurrentBag<(P256PrivateKey Release, byte[] MaskedKey, LockAnswer Answer)>();
            var refreshed = 0;
            var refusals = new ConcurrentBag<BankError>();
            using var start = new Barrier(Clients);
            await Task.WhenAll(networks.Select((network, number) => Task.Factory.StartNew(
                async () =>
                {
                    var isRefresher = number < refreshers;
                    using var reserve = P256PrivateKey.Generate();
                    var (key, maskedKey) = (P256PrivateKey.Generate(), RandomNumberGenerator.GetBytes(32));
                    var authorization = Authorize(coin, key, maskedKey);
                    var order = Signed<RefreshOrder>.Sign(coin.Key, new RefreshOrder(
                        coin.Token, coin.Key.PublicKey.Spki, ReserveId.Of(reserve.PublicKey)));
                    start.SignalAndWait();
                    if (isRefresher)
                    {
                        var answer = await network.Bank.RefreshAsync(order, default);
                        if (answer.IsOk)
                            Interlocked.Increment(ref refreshed);
                        else
                            refusals.Add(answer.Error.Value);
                        return;
                    }

                    var locked = await network.Bank.LockAsync(authorization, default);
                    if (locked.IsOk)
                        sales.Add((key, maskedKey, locked.Value));
                    else
                        refusals.Add(locked.Error.Value);
                },
                TaskCreationOptions.LongRunning).Unwrap()));
            Assert.Equal(1, sales.Count + refreshed);
            Assert.Equal(Clients - 1, refusals.Count);
            Assert.All(refusals, refusal => Assert.True(
                refusal is BankError.TokenLocked or BankError.TokenSpent, refusal.ToString()));
            if (sales.IsEmpty)
                return false;
            var winner = sales.Single();
            var decision = await CommitAsync(new DecisionRequest(winner.Answer.LockNote, Signed<Release>.Sign(
                winner.Release, new Release(winner.Release.PublicKey.Spki, winner.MaskedKey))));
            var transaction = TransactionId.Of(winner.Release.PublicKey);
            var settled = await Task.WhenAll(networks.Select(
                network => network.Bank.DecideAsync(transaction, decision, default)));
            Assert.All(settled, answer => Assert.Equal(SettlementAnswer.Settled, answer.Value.State));
            return true;
        }

        private async Task<LoggedEntry> CommitAsync(DecisionRequest request)
        {
            // Without a decision in it, the answer says that witnesses have still to cosign.
            for (var tries = 0; ; tries++)
            {
                var answer = await networks[0].Archive.DecideAsync(request, default);
                Assert.True(answer.IsOk, answer.Detail);
                if (answer.Value.Decision is { } decision)
                    return decision;
                Assert.True(tries < 60, "The archive does not publish its decision.");
                await Task.Delay(250);
            }
        }

        public async Task<long> BalanceAsync() => (await networks[0].Bank.AccountAsync(
            Signed<ReadOrder>.Sign(merchant, new ReadOrder(merchant.PublicKey.Spki, Now)), default))
            .Value.Balance.MinorUnits;

        public void Dispose()
        {
            foreach (var network in networks)
                network.Dispose();
            merchant.Dispose();
        }

        private SignedAuthorization Authorize(Coin coin, P256PrivateKey release, byte[] maskedKey)
        {
            var transaction = TransactionId.Of(release.PublicKey);
            return SignedAuthorization.Sign(
                new Authorization(transaction, Now.AddSeconds(60), AccountId.Of(merchant.PublicKey),
                    networks[0].Policy.Id, KeyCommitment.To(transaction, maskedKey), "EUR", coin.Value,
                    [new TokenSpend(coin.Token, coin.Key.PublicKey.Spki, coin.Value)]),
                [coin.Key]);
        }

        private static async Task<IEnumerable<Coin>> WithdrawAsync(
            IBank bank, P256PrivateKey reserve, Denomination denomination, int count)
        {
            var issuer = RsaPublicKey.FromSpki(denomination.TokenKey);
            var keys = Enumerable.Range(0, count).Select(_ => P256PrivateKey.Generate()).ToArray();
            var issuances = keys.Select(key => TokenIssuance.Begin(
                issuer, denomination.Challenge().Digest, key.PublicKey.SpkiHash, RandomNumberGenerator.GetBytes(32)))
                .ToArray();
            var body = TokenBatch.Join(issuances.Select(issuance => issuance.Request));
            Assert.True(TokenBatch.TrySplit(body, out var requests));
            var answer = await bank.WithdrawAsync(
                Signed<WithdrawalOrder>.Sign(
                    reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(body))),
                body, requests, default);
            Assert.True(answer.IsOk, answer.Detail);
            return keys.Select((key, i) => new Coin(
                issuances[i].Finish(answer.Value[i]).Encode(), key, denomination.Value)).ToArray();
        }
    }
}
