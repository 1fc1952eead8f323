using System.Security.Cryptography;
using Bauta.Bank.Denominations;
using Bauta.Bank.Ledger;
using Bauta.Bank.Reserves;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Bank;

namespace Bauta.Bank.Withdraw;

/// <summary>Signs blinded messages and debits the reserve for them (RFC 9578 section 5.2.2).</summary>
/// <remarks>
/// The order: what was signed before is looked up, the reserve's signature is verified, everything new is signed on
/// all cores, and only then one short write debits the reserve and stores the signatures. They leave this process
/// after that write is durable, so nothing is signed for nothing, and a lost answer is given again unpaid.
/// </remarks>
internal sealed class WithdrawalDesk(BankDatabase database, DenominationShelf shelf, TimeProvider clock)
{
    /// <summary>A request and, once made, its signature. The hash names it: it is what a retry repeats.</summary>
    private sealed class Signing(byte[] requestHash, TokenRequest request)
    {
        public byte[] RequestHash { get; } = requestHash;

        public TokenRequest Request { get; } = request;

        public DenominationKey? Key { get; set; }

        public byte[]? Signature { get; set; }
    }

    public async Task<Result<IReadOnlyList<byte[]>, BankError>> WithdrawAsync(
        Signed<WithdrawalOrder> order, byte[] body, IReadOnlyList<TokenRequest> requests,
        CancellationToken cancellation)
    {
        if (requests.Count is < 1 or > TokenBatch.MaxRequests || body.Length != requests.Count * TokenRequest.Size)
            return BankError.Malformed;
        if (!SHA256.HashData(body).AsSpan().SequenceEqual(order.Content.BodyHash)
            || !P256PublicKey.TryFromSpki(order.Content.ReserveKey, out var reserveKey))
            return BankError.BadSignature;
        var signings = new Signing[requests.Count];
        for (var i = 0; i < signings.Length; i++)
            signings[i] = new Signing(
                SHA256.HashData(body.AsSpan(i * TokenRequest.Size, TokenRequest.Size)), requests[i]);
        // One blinded message that stands twice in a batch is one token: signed once, charged once.
        var distinct = signings.DistinctBy(one => Convert.ToHexString(one.RequestHash)).ToArray();
        var reserve = ReserveId.Of(reserveKey);
        var (known, balance) = await database.ReadAsync(
            transaction => (WithdrawalRows.Find(transaction, distinct.Select(one => one.RequestHash)),
                ReserveRows.Find(transaction, reserve)),
            cancellation);
        if (!order.IsSignedBy(reserveKey))
            return BankError.BadSignature;
        var fresh = Take(distinct, known);
        if (fresh.Length > 0)
        {
            var refusal = Prepare(fresh, balance) ?? Sign(fresh)
                ?? await StoreAsync(distinct, fresh, reserve, cancellation);
            if (refusal is { } error)
                return error;
        }

        var signatures = distinct.ToDictionary(
            one => Convert.ToHexString(one.RequestHash), one => one.Signature!, StringComparer.Ordinal);
        return signings.Select(one => signatures[Convert.ToHexString(one.RequestHash)]).ToArray();
    }

    // Fills in what is stored and returns the rest.
    private static Signing[] Take(Signing[] signings, Dictionary<string, byte[]> known)
    {
        foreach (var one in signings)
            if (known.TryGetValue(Convert.ToHexString(one.RequestHash), out var signature))
                one.Signature = signature;
        return [.. signings.Where(one => one.Signature is null)];
    }

    private BankError? Prepare(Signing[] fresh, Amount? balance)
    {
        if (balance is null)
            return BankError.UnknownReserve;
        var (set, now) = (shelf.Current, UnixTime.Now(clock));
        foreach (var one in fresh)
        {
            var key = set.FindSigning(one.Request.TruncatedKeyId, now);
            if (!key.IsOk)
                return key.Error;
            one.Key = key.Value;
        }

        return Sum(fresh) > balance ? BankError.ReserveTooSmall : null;
    }

    private BankError? Sign(Signing[] fresh)
    {
        var (isRefused, isUnloaded) = (false, false);
        SideBySide.ForEach(fresh, SignOne);
        if (isRefused)
            return BankError.BadBlindedMessage;
        return isUnloaded ? WhyUnloaded(fresh) : null;

        void SignOne(Signing one)
        {
            try
            {
                if (one.Key!.Signer!.TryBlindSign(one.Request.BlindedMessage, out var signature))
                    one.Signature = signature;
                else
                    Volatile.Write(ref isUnloaded, true);
            }
            catch (BlindedMessageException)
            {
                Volatile.Write(ref isRefused, true);
            }
        }
    }

    // Since it was found, a key was revoked or has ended. When none was, the bank itself stops, which refuses nothing.
    private BankError WhyUnloaded(Signing[] fresh)
    {
        var (set, now) = (shelf.Current, UnixTime.Now(clock));
        return fresh.Select(one => set[one.Key!.Number].RefusesToSign(now)).FirstOrDefault(reason => reason is not null)
            ?? throw new ObjectDisposedException(nameof(Bank));
    }

    private Task<BankError?> StoreAsync(
        Signing[] distinct, Signing[] fresh, ReserveId reserve, CancellationToken cancellation) =>
        database.WriteAsync<BankError?>(
            (transaction, books) =>
            {
                // The same request may have been stored, or the key revoked, since the signing began.
                var known = WithdrawalRows.Find(transaction, fresh.Select(one => one.RequestHash));
                var unpaid = fresh.Where(one => !known.ContainsKey(Convert.ToHexString(one.RequestHash))).ToArray();
                if (unpaid.Any(one => shelf.Current[one.Key!.Number].IsRevoked))
                    return BankError.KeyRevoked;
                var balance = ReserveRows.Find(transaction, reserve);
                var sum = Sum(unpaid);
                if (sum > balance)
                    return BankError.ReserveTooSmall;
                if (unpaid.Length > 0)
                    ReserveRows.Debit(transaction, reserve, sum);
                foreach (var one in unpaid)
                {
                    WithdrawalRows.Insert(transaction, one.RequestHash, one.Key!.Number, one.Signature!);
                    books.Issue(one.Key.Number, one.Key.Value);
                }

                foreach (var one in distinct)
                    if (known.TryGetValue(Convert.ToHexString(one.RequestHash), out var stored))
                        one.Signature = stored;
                return null;
            },
            cancellation);

    private static Amount Sum(Signing[] signings) =>
        signings.Aggregate(Amount.Zero, (sum, one) => sum + one.Key!.Value);
}
