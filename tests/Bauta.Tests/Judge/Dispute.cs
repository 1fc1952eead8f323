using System.Security.Cryptography;
using Bauta.Crypto.BlindRsa;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.PrivacyPass;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Tests.Bank;

namespace Bauta.Tests.Judge;

/// <summary>A purchase of which every party's keys are at hand, so that each can be made to have lied.</summary>
public sealed class Dispute : IDisposable
{
    private static readonly RsaPrivateKey denominationKey = RsaPrivateKey.FromPkcs8Pem(File.ReadAllText(
        Path.Combine(AppContext.BaseDirectory, "Bank", "Keys", "denomination-01.pem")));

    private readonly P256PrivateKey releaseKey = P256PrivateKey.Generate();
    private readonly byte[] plain = RandomNumberGenerator.GetBytes(5000);
    private readonly GoodsKey goodsKey = GoodsKey.Generate();
    private readonly GoodsMask mask = GoodsMask.Generate();

    public Dispute(bool encryptsUnderAnotherKey = false, bool promisesAnotherFile = false)
    {
        Log = new LogInMemory(Clock);
        using var other = GoodsKey.Generate();
        using var encryptor = new GoodsEncryptor(encryptsUnderAnotherKey ? other : goodsKey);
        var tree = encryptor.ComputeTree(plain);
        Ciphertext = new byte[tree.Layout.CiphertextSize];
        if (!encryptor.TryEncryptChunk(tree, 0, plain, Ciphertext))
            throw new InvalidOperationException("The goods were not encrypted.");
        MaskedKey = goodsKey.Mask(mask).Span.ToArray();
        var contract = new OfferTerms(
            OfferId.Generate(), "Goods", "What is sold.", Amount.FromMinorUnits(4), "EUR", "goods.bin", plain.Length,
            promisesAnotherFile ? new byte[32] : SHA256.HashData(plain));
        Promise = new Merchandise(
            releaseKey.PublicKey.Spki, contract, "bank.example", AccountId.Of(Shop.PublicKey),
            Clock.Now.AddSeconds(100), Log.Policy.Id, mask.Export(), KeyCommitment.To(Transaction, MaskedKey),
            tree.Root.ToArray(), tree.Layout.ChunkCount, tree.Layout.CiphertextSize, new byte[32]);
        Denomination = new Denomination(
            "bank.example", "EUR", 2, Amount.FromMinorUnits(4), denominationKey.PublicKey.Spki, Clock.Now,
            Clock.Now.AddSeconds(1000), Clock.Now.AddSeconds(2000), Clock.Now.AddSeconds(3000));
        using var request = new CoinRequest(Denomination);
        if (!TokenRequest.TryDecode(request.Bytes, out var decoded))
            throw new InvalidOperationException("The token request does not decode.");
        Coin = request.Finish(denominationKey.BlindSign(decoded.BlindedMessage));
    }

    public HandClock Clock { get; } = new();

    public LogInMemory Log { get; }

    public P256PrivateKey Bank { get; } = P256PrivateKey.Generate();

    public P256PrivateKey Shop { get; } = P256PrivateKey.Generate();

    public P256PrivateKey Stranger { get; } = P256PrivateKey.Generate();

    public byte[] Ciphertext { get; }

    public byte[] MaskedKey { get; }

    public Merchandise Promise { get; }

    public Denomination Denomination { get; }

    public Coin Coin { get; }

    public TransactionId Transaction => TransactionId.Of(releaseKey.PublicKey);

    public LockNote Note => new(Transaction, Promise.ExpiresAt, Promise.Archive, Promise.Commitment);

    public PaymentNote Payment => new(Transaction, Promise.Account, "EUR", Promise.Contract.Price);

    public Signed<LockNote> SignedNote(LockNote? note = null, ISigner? by = null) =>
        Signed<LockNote>.Sign(by ?? Bank, note ?? Note);

    public Signed<Release> Release(byte[]? maskedKey = null, P256PrivateKey? by = null) => Signed<Release>.Sign(
        by ?? releaseKey, new Release((by ?? releaseKey).PublicKey.Spki, maskedKey ?? MaskedKey));

    public LoggedEntry Commit(Signed<LockNote> note, Signed<Release>? release = null) =>
        Log.Append(new LogEntry(LogEntry.Commit, Clock.Now, note, release ?? Release()));

    public LoggedEntry Abort(Signed<LockNote> note) =>
        Log.Append(new LogEntry(LogEntry.Abort, note.Content.ExpiresAt, note));

    public ListedDenomination Listed(ISigner? by = null)
    {
        var signed = Signed<Denomination>.Sign(by ?? Bank, Denomination);
        return new ListedDenomination(
            signed, Log.Append(new LogEntry(LogEntry.Denomination, Clock.Now, Statement: signed.Text)));
    }

    public byte[] Authorization(Func<Authorization, Authorization>? change = null, P256PrivateKey? by = null)
    {
        var content = new Authorization(
            Transaction, Promise.ExpiresAt, Promise.Account, Promise.Archive, Promise.Commitment, "EUR",
            Promise.Contract.Price, [Coin.Spend()]);
        return SignedAuthorization.Sign(change?.Invoke(content) ?? content, [by ?? Coin.Key]).Utf8;
    }

    /// <summary>All that a customer holds before the archive has decided.</summary>
    public PurchaseEvidence Locked() => new(
        PurchaseEvidence.CurrentFormat, Log.Policy.Text,
        Signed<PartyCard>.Sign(Shop, new PartyCard(
            Roles.Merchant, "shop.example", Shop.PublicKey.Spki, [], Clock.Now,
            Merchant: new MerchantTerms("bank.example", Bank.PublicKey.Thumbprint, [Log.Policy.Text]))),
        Signed<PartyCard>.Sign(Bank, new PartyCard(
            Roles.Bank, "bank.example", Bank.PublicKey.Spki, [], Clock.Now,
            Bank: new BankTerms("EUR", 2, [Log.Policy.Text], 10, 1000, 60))),
        Signed<Merchandise>.Sign(Shop, Promise), Authorization(), SignedNote(),
        Signed<PaymentNote>.Sign(Bank, Payment), null, [Listed()]);

    public PurchaseEvidence Committed()
    {
        var locked = Locked();
        return locked with { Decision = Commit(locked.LockNote!) };
    }

    public void Dispose()
    {
        releaseKey.Dispose();
        goodsKey.Dispose();
        mask.Dispose();
        Log.Dispose();
        Bank.Dispose();
        Shop.Dispose();
        Stranger.Dispose();
    }
}
