using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Acquirer;

namespace Bauta.Tests.Bank;

/// <summary>An acquirer that signs what it is asked to, once per id, and can be told to misbehave.</summary>
public sealed class TillAcquirer : IAcquirer, IDisposable
{
    private readonly P256PrivateKey key = P256PrivateKey.Generate();
    private readonly Dictionary<string, Signed<PayoutReceipt>> receipts = [];

    public P256PublicKey Key => key.PublicKey;

    public bool IsDown { get; set; }

    /// <summary>Throws what no client of a party throws.</summary>
    public bool IsBroken { get; set; }

    public bool Pays { get; set; } = true;

    /// <summary>Signs receipts with this key instead of its own.</summary>
    public ISigner? OtherKey { get; set; }

    public List<PayoutOrder> Paid { get; } = [];

    public Signed<FundingNotice> Notice(
        string bank, ReserveId reserve, string currency, long amount, RequestId? id = null) =>
        Signed<FundingNotice>.Sign(key, new FundingNotice(
            id ?? RequestId.Generate(), bank, reserve, currency, Amount.FromMinorUnits(amount)));

    public Task<Result<TakeInAnswer, AcquirerError>> TakeInAsync(
        TakeInRequest request, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Result<Signed<PayoutReceipt>, AcquirerError>> PayOutAsync(
        Signed<PayoutOrder> order, CancellationToken cancellation)
    {
        lock (receipts)
        {
            if (IsBroken)
                throw new InvalidOperationException("A bug.");
            if (IsDown)
                throw new PartyUnreachableException("The acquirer is down.");
            if (OtherKey is not null)
                return Task.FromResult<Result<Signed<PayoutReceipt>, AcquirerError>>(
                    Signed<PayoutReceipt>.Sign(OtherKey, new PayoutReceipt(order.Content.Id, Pays)));
            var id = order.Content.Id.ToString();
            if (!receipts.TryGetValue(id, out var receipt))
            {
                receipt = Signed<PayoutReceipt>.Sign(key, new PayoutReceipt(order.Content.Id, Pays));
                receipts[id] = receipt;
                if (Pays)
                    Paid.Add(order.Content);
            }

            return Task.FromResult<Result<Signed<PayoutReceipt>, AcquirerError>>(receipt);
        }
    }

    public void Dispose() => key.Dispose();
}
