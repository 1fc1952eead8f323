using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Wallet.Network;

namespace Bauta.Host.Bench;

/// <summary>The customers' side of locks and whole purchases, as bare as it can be.</summary>
internal sealed class Customers(BenchNetwork network, HttpNetwork way, CancellationToken cancellation)
{
    /// <summary>How many buy at the same time.</summary>
    public const int AtOnce = 64;

    private const long OneHour = 3600;
    private const int CheckEvery = 50;
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Locks that were signed beforehand.</summary>
    public async Task<Effort> LockAsync(int count, int tokens, Purse purse)
    {
        var paid = Enumerable.Range(0, count).Select(_ => purse.Take(tokens)).ToArray();
        var signed = new SignedAuthorization[count];
        var expiry = UnixTime.Now(TimeProvider.System).AddSeconds(OneHour);
        Parallel.For(0, count, i => signed[i] = Authorize(
            paid[i], TransactionId.Generate(), expiry, KeyCommitment.Generate()));
        return await Load.MeasureAsync(count, network.Cpu, () => Load.RunAsync(
            count, AtOnce, async i => Load.Must(await way.Bank.LockAsync(signed[i], cancellation))));
    }

    /// <summary>Whole purchases, until all of them are settled.</summary>
    public async Task<Effort> BuyAsync(int count, ReadyToken[][] paid, OfferTerms offer, bool isTwoSided)
    {
        var before = await network.BalanceAsync(cancellation);
        return await Load.MeasureAsync(count, network, async () =>
        {
            await Load.RunAsync(count, AtOnce, i => BuyAsync(
                offer, paid[i], isTwoSided, isChecked: i % CheckEvery == 0));
            while (await network.BalanceAsync(cancellation) < before + count * offer.Price.MinorUnits)
                await Task.Delay(pollInterval, cancellation);
        });
    }

    private async Task BuyAsync(OfferTerms offer, ReadyToken[] tokens, bool isTwoSided, bool isChecked)
    {
        var merchant = way.Merchant(network.Shop);
        using var customer = isTwoSided ? P256PrivateKey.Generate() : null;
        var signed = Load.Must(await merchant.PurchaseAsync(
            new PurchaseRequest(
                RequestId.Generate(), offer.Offer, offer.Price, network.Archive,
                customer is null ? null : new Terms(customer.PublicKey.Spki)),
            cancellation));
        var promise = signed.Content;
        Load.Must(await merchant.ChunkAsync(DeliveryId.Derive(promise.Secret), 0, cancellation));
        var n = promise.Transaction();
        var notes = Load.Must(await way.Bank.LockAsync(
            Authorize(tokens, n, promise.ExpiresAt, promise.Commitment), cancellation));
        var payment = new PaymentRequest(n, notes, customer is null
            ? null
            : Signed<Acknowledgement>.Sign(customer, Acknowledgement.Of(signed)));
        LoggedEntry? decision;
        while ((decision = Load.Must(await merchant.PayAsync(payment, cancellation)).Decision) is null)
            await Task.Delay(pollInterval, cancellation);
        foreach (var token in tokens)
            token.Key.Dispose();
        if (isChecked && !(network.Direct.Policy.TryVerify(decision, out var logged)
            && logged.Entry.Kind == LogEntry.Commit && logged.Entry.LockNote!.SaysTheSameAs(notes.LockNote)))
            throw new HostException(ExitCode.Distrusted, "A purchase of the bench was not committed.");
    }

    private SignedAuthorization Authorize(
        ReadyToken[] tokens, TransactionId n, UnixTime expiry, KeyCommitment commitment)
    {
        var cent = Amount.FromMinorUnits(1);
        var spends = tokens.Select(token => new TokenSpend(token.Token, token.Key.PublicKey.Spki, cent)).ToArray();
        return SignedAuthorization.Sign(
            new Authorization(n, expiry, network.Account, network.Archive, commitment, "EUR",
                Amount.FromMinorUnits(tokens.Length), spends),
            [.. tokens.Select(token => token.Key)]);
    }
}
