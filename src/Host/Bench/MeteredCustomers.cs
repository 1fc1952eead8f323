using System.Security.Cryptography;
using Bauta.Crypto.BinaryHttp;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Network;

namespace Bauta.Host.Bench;

/// <summary>The customers' side of sessions (FIG. 8), as bare as it can be: each has one session with the shop, and in
/// it one item after the other.</summary>
internal sealed class MeteredCustomers(BenchNetwork network, HttpNetwork way, CancellationToken cancellation)
    : IDisposable
{
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(20);

    private readonly List<Session> sessions = [];

    /// <summary>Opens a session with each of these tokens.</summary>
    public async Task OpenAsync(IReadOnlyCollection<ReadyToken> tokens)
    {
        var offer = await network.SessionOfferAsync(cancellation);
        foreach (var token in tokens)
            sessions.Add(await OpenAsync(token, offer));
    }

    /// <summary>Items, one after the other in each session.</summary>
    /// <param name="count">In all sessions together.</param>
    /// <param name="isTogether">Whether an item is acknowledged with the request for the next one, in one round trip,
    /// or by itself.</param>
    public async Task<Effort> BuyAsync(int count, bool isTogether)
    {
        var effort = await Load.MeasureAsync(count, network, () => Task.WhenAll(sessions.Select((session, i) =>
            Task.Run(async () =>
            {
                for (var left = (count / sessions.Count) + (i < count % sessions.Count ? 1 : 0); left > 0; left--)
                    await session.BuyAsync(isTogether, cancellation);
            }))));
        foreach (var session in sessions)
            await session.AcknowledgeAsync(cancellation);
        return effort;
    }

    /// <summary>Ends all sessions and waits until the bank has settled them.</summary>
    /// <returns>What they came to.</returns>
    public async Task<long> CloseAsync()
    {
        var before = await network.BalanceAsync(cancellation);
        var sum = 0L;
        foreach (var session in sessions)
            sum += await session.CloseAsync(pollInterval, cancellation);
        while (await network.BalanceAsync(cancellation) < before + sum)
            await Task.Delay(pollInterval, cancellation);
        return sum;
    }

    public void Dispose()
    {
        foreach (var session in sessions)
            session.Dispose();
    }

    private async Task<Session> OpenAsync(ReadyToken token, OfferTerms offer)
    {
        var merchant = way.Merchant(network.Shop);
        var key = P256PrivateKey.Generate();
        var terms = new SessionTerms(key.PublicKey.Spki, RandomNumberGenerator.GetBytes(SealedTotal.KeySize));
        var promise = Load.Must(await merchant.PurchaseAsync(
            new PurchaseRequest(
                RequestId.Generate(), offer.Offer, offer.Price, network.Archive, new Terms(Session: terms)),
            cancellation)).Content;
        var n = promise.Transaction();
        var notes = Load.Must(await way.Bank.LockAsync(
            SignedAuthorization.Sign(
                new Authorization(n, promise.ExpiresAt, network.Account, network.Archive, promise.Commitment, "EUR",
                    offer.Price, [new TokenSpend(token.Token, token.Key.PublicKey.Spki, offer.Price)], terms.TotalKey),
                [token.Key]),
            cancellation));
        token.Key.Dispose();
        Load.Must(await merchant.PayAsync(new PaymentRequest(n, notes), cancellation));
        return new Session(merchant, promise, key);
    }

    private sealed class Session(IMerchant merchant, Merchandise promise, P256PrivateKey key) : IDisposable
    {
        private static readonly byte[] request = new BinaryRequest("GET", "http", "a.site", "/item").Encode();

        private readonly DeliveryId id = DeliveryId.Derive(promise.Secret);
        private SessionItem? owed;
        private Signed<ItemAcknowledgement>? owedFor;
        private long index;
        private long total;

        public async Task BuyAsync(bool isTogether, CancellationToken cancellation)
        {
            var answer = Load.Must(await merchant.StepAsync(
                id, new SessionStep(owedFor, index + 1, request), cancellation));
            Take(answer);
            var item = answer.Item!;
            (owed, index, total) = (item.Content, item.Content.Index, item.Content.Total.MinorUnits);
            owedFor = Signed<ItemAcknowledgement>.Sign(key, new ItemAcknowledgement(
                key.PublicKey.Spki, item.Content.Transaction, item.Content.Commitment,
                SealedTotal.Seal(promise.Session!.TotalKey, item.Content.Commitment, item.Content.Total),
                item.PayloadHash()));
            if (!isTogether)
                await AcknowledgeAsync(cancellation);
        }

        /// <summary>Pays for what is not paid for yet.</summary>
        public async Task AcknowledgeAsync(CancellationToken cancellation)
        {
            if (owedFor is not null)
                Take(Load.Must(await merchant.StepAsync(id, new SessionStep(owedFor), cancellation)));
        }

        public async Task<long> CloseAsync(TimeSpan pause, CancellationToken cancellation)
        {
            while (Load.Must(await merchant.CloseAsync(id, cancellation)).Decision is null)
                await Task.Delay(pause, cancellation);
            return total;
        }

        public void Dispose() => key.Dispose();

        private void Take(SessionAnswer answer)
        {
            if (owed is not null && !(answer.MaskedKey is { } masked
                && KeyCommitment.To(owed.Transaction, masked).Equals(owed.Commitment)))
                throw new HostException(ExitCode.Distrusted, "An item of the bench was not delivered.");
            (owed, owedFor) = (null, null);
        }
    }
}
