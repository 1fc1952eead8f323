using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;
using Bauta.Protocol.Bank;

namespace Bauta.Host.Bench;

/// <summary>A token and the key that spends it.</summary>
internal sealed record ReadyToken(byte[] Token, P256PrivateKey Key);

/// <summary>Withdraws tokens from one funded reserve and keeps them. What a wallet does before and after the bank's
/// part is done outside the measurement: blinding costs about as much as signing.</summary>
internal sealed class Purse : IDisposable
{
    private const int AtOnce = 64;
    private const long Plenty = 1_000_000_000;

    private readonly P256PrivateKey reserve = P256PrivateKey.Generate();
    private readonly Denomination denomination;
    private readonly Stack<ReadyToken> tokens = new();

    private Purse(Denomination denomination) => this.denomination = denomination;

    /// <summary>A purse for tokens of so many cents.</summary>
    public static async Task<Purse> OpenAsync(BenchNetwork network, long cents, CancellationToken cancellation)
    {
        var purse = new Purse(await network.DenominationAsync(cents, cancellation));
        var notice = Signed<FundingNotice>.Sign(network.AcquirerKey, new FundingNotice(
            RequestId.Generate(), network.BankName, ReserveId.Of(purse.reserve.PublicKey), purse.denomination.Currency,
            Amount.FromMinorUnits(Plenty)));
        Load.Must(await network.Direct.Bank.FundAsync(new FundingRequest(notice), cancellation));
        return purse;
    }

    /// <summary>Takes tokens out.</summary>
    public ReadyToken[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => tokens.Pop())];

    /// <summary>Withdraws what is missing.</summary>
    public Task FillAsync(int count, IBank bank, CancellationToken cancellation)
    {
        const int batch = TokenBatch.MaxRequests;
        var missing = Math.Max(0, count - tokens.Count);
        return WithdrawAsync((missing + batch - 1) / batch, batch, bank, work => work(), cancellation);
    }

    /// <summary>Withdraws in batches; only what is between request and answer is given to the clock.</summary>
    public async Task<T> WithdrawAsync<T>(
        int batches, int size, IBank bank, Func<Func<Task>, Task<T>> clock, CancellationToken cancellation)
    {
        var orders = new Order[batches];
        Parallel.For(0, batches, i => orders[i] = new Order(denomination, reserve, size));
        var answers = new IReadOnlyList<byte[]>[batches];
        var outcome = await clock(() => Load.RunAsync(batches, AtOnce, async i => answers[i] = Load.Must(
            await bank.WithdrawAsync(orders[i].Statement, orders[i].Body, orders[i].Requests, cancellation))));
        var finished = new ReadyToken[batches][];
        Parallel.For(0, batches, i => finished[i] = orders[i].Finish(answers[i]));
        foreach (var token in finished.SelectMany(ready => ready))
            tokens.Push(token);
        return outcome;
    }

    public void Dispose()
    {
        reserve.Dispose();
        foreach (var token in tokens)
            token.Key.Dispose();
    }

    private Task WithdrawAsync(
        int batches, int size, IBank bank, Func<Func<Task>, Task> clock, CancellationToken cancellation) =>
        WithdrawAsync(
            batches, size, bank,
            async work =>
            {
                await clock(work);
                return true;
            },
            cancellation);

    private sealed class Order
    {
        private readonly P256PrivateKey[] keys;
        private readonly TokenIssuance[] issuances;

        public Order(Denomination denomination, P256PrivateKey reserve, int size)
        {
            var issuer = Crypto.BlindRsa.RsaPublicKey.FromSpki(denomination.TokenKey);
            var challenge = denomination.Challenge().Digest;
            keys = [.. Enumerable.Range(0, size).Select(_ => P256PrivateKey.Generate())];
            issuances = [.. keys.Select(key => TokenIssuance.Begin(
                issuer, challenge, key.PublicKey.SpkiHash, RandomNumberGenerator.GetBytes(32)))];
            Body = TokenBatch.Join(issuances.Select(issuance => issuance.Request));
            Requests = TokenBatch.TrySplit(Body, out var requests)
                ? requests
                : throw new InvalidOperationException("A batch of our own does not parse.");
            Statement = Signed<WithdrawalOrder>.Sign(
                reserve, new WithdrawalOrder(reserve.PublicKey.Spki, SHA256.HashData(Body)));
        }

        public byte[] Body { get; }

        public IReadOnlyList<TokenRequest> Requests { get; }

        public Signed<WithdrawalOrder> Statement { get; }

        public ReadyToken[] Finish(IReadOnlyList<byte[]> answer)
        {
            var ready = new ReadyToken[keys.Length];
            for (var i = 0; i < ready.Length; i++)
            {
                ready[i] = new ReadyToken(issuances[i].Finish(answer[i]).Encode(), keys[i]);
                issuances[i].Dispose();
            }

            return ready;
        }
    }
}
