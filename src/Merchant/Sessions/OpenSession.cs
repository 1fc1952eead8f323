using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Merchant.Purchase;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;

namespace Bauta.Merchant.Sessions;

/// <summary>An item that was made and not yet acknowledged; only in memory.</summary>
internal sealed record PendingItem(
    long Index, byte[] RequestHash, Signed<SessionItem> Item, byte[] MaskedKey, byte[]? Ciphertext);

/// <summary>A running session in memory. Used by whoever has its turn.</summary>
internal sealed class OpenSession : IDisposable
{
    private readonly PurchaseSecrets secrets;
    private readonly P256PrivateKey release;
    private readonly P256PublicKey customer;

    public OpenSession(StoredSession stored, PurchaseSecrets secrets)
    {
        (this.secrets, Transaction, Lock, Last) = (secrets, stored.Transaction, stored.Lock, stored.Last);
        release = secrets.ReleaseKey();
        customer = P256PublicKey.FromSpki(Terms.Key);
    }

    public TransactionId Transaction { get; }

    public LockAnswer Lock { get; }

    public Acknowledged? Last { get; set; }

    public PendingItem? Pending { get; set; }

    /// <summary>How often the pending item was made.</summary>
    public int Makes { get; set; }

    /// <summary>How often none could be made since the last one that was acknowledged.</summary>
    public int Refusals { get; set; }

    public Merchandise Promise => secrets.Merchandise.Content;

    public UnixTime ExpiresAt => Promise.ExpiresAt;

    private SessionTerms Terms => Promise.Session
        ?? throw new InvalidDataException("A session has terms of another kind of purchase.");

    /// <summary>Encrypts an item under a key of its own and signs R6.</summary>
    public PendingItem Offer(long index, Amount price, byte[] requestHash, byte[] content, UnixTime? paidUntil)
    {
        using var key = GoodsKey.Generate();
        using var mask = SessionItem.MaskOf(Promise.Secret, index);
        using var encryptor = new GoodsEncryptor(key);
        var tree = encryptor.ComputeTree(content);
        var ciphertext = new byte[tree.Layout.CiphertextLength(0)];
        if (!encryptor.TryEncryptChunk(tree, 0, content, ciphertext))
            throw new InvalidOperationException("An item changed while it was encrypted.");
        var masked = key.Mask(mask).Span.ToArray();
        var item = Signed<SessionItem>.Sign(release, new SessionItem(
            Transaction, index, price, (Last?.Total ?? Amount.Zero) + price, requestHash,
            KeyCommitment.To(Transaction, masked), tree.Root.ToArray(), content.Length, paidUntil));
        return new PendingItem(index, requestHash, item, masked, ciphertext);
    }

    /// <summary>Whether the customer agrees to exactly this item and its total.</summary>
    public bool IsAgreed(Signed<ItemAcknowledgement> acknowledgement, PendingItem pending)
    {
        var (said, item) = (acknowledgement.Content, pending.Item.Content);
        return said.Key.AsSpan().SequenceEqual(Terms.Key)
            && said.Transaction.Equals(Transaction)
            && said.Commitment.Equals(item.Commitment)
            && said.SealedTotal.AsSpan().SequenceEqual(
                SealedTotal.Seal(Terms.TotalKey, item.Commitment, item.Total))
            && said.ItemHash.AsSpan().SequenceEqual(pending.Item.PayloadHash())
            && acknowledgement.IsSignedBy(customer);
    }

    /// <summary>R9 for what was acknowledged last.</summary>
    public Signed<Release> SignRelease(Acknowledged last) =>
        Signed<Release>.Sign(release, new Release(release.PublicKey.Spki, last.MaskedKey, last.Acknowledgement));

    public void Dispose()
    {
        release.Dispose();
        secrets.Dispose();
    }
}
