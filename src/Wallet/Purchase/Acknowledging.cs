using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Bauta.Wallet.Purchase;

namespace Bauta.Wallet;

public sealed partial class Wallet
{
    /// <summary>The terms that the shop is asked for; null for one-sided delivery.</summary>
    /// <exception cref="WalletException">The shop sells only under others, or label or name are not in their
    /// form.</exception>
    private Terms? TermsOf(
        RequestId purchase, CustomerTerms wanted, PartyCard shop, PartyCard bank, OfferTerms offer)
    {
        var shows = wanted.Pseudonym is not null || wanted.Name is not null;
        var isDemanded = shop.Merchant!.Proof == DeliveryProof.TwoSided || offer.Receipt is not null;
        if (offer.Order is not null)
            return LockFirstTermsOf(
                purchase, wanted.Proof == DeliveryProof.OneSided || shows || wanted.Release is not null);
        if (wanted.Proof == DeliveryProof.OneSided && isDemanded)
            throw new WalletException(WalletError.Refused,
                $"{shop.Name} sells this only with two-sided delivery: it wants your signature that it was delivered. "
                + "Nothing was done. Buy with --proof two-sided, by a key of this purchase only.");
        if (wanted.Proof == DeliveryProof.OneSided && shows)
            throw new WalletException(WalletError.Refused,
                "A pseudonym or a name is shown by a signature, so the delivery is two-sided. Nothing was done.");
        if (wanted.Pseudonym is { } label && !CustomerTerms.IsPseudonym(label))
            throw new WalletException(WalletError.Refused,
                "A pseudonym's label is 1 to 64 of a-z, 0-9, dot and hyphen. Nothing was done.");
        var release = ReleaseOf(wanted, shop, bank);
        if (!isDemanded && !shows && wanted.Proof != DeliveryProof.TwoSided)
            return release is null ? null : new Terms(Release: release);
        if (release == ReleaseTerm.Early)
            throw new WalletException(WalletError.Refused,
                "With an early release nothing goes to the shop after its promise, so nobody signs for the delivery. "
                + "Leave out --proof, --as and --name, or --release. Nothing was done.");
        using var key = CustomerKey(purchase, wanted.Pseudonym);
        var terms = new Terms(key.PublicKey.Spki, wanted.Name, Release: release);
        return terms.IsWellFormed()
            ? terms
            : throw new WalletException(WalletError.Refused,
                $"A name in a contract is one line of 1 to {Terms.MaxNameLength} characters. Nothing was done.");
    }

    private Terms LockFirstTermsOf(RequestId purchase, bool isOtherProof)
    {
        if (isOtherProof)
            throw new WalletException(WalletError.Refused,
                "This is made to order: you sign for it with a key of this purchase only. Nothing was done. Buy it "
                + "without --proof one-sided, --as, --name and --release.");
        using var secret = Store.Seed.Session(purchase);
        return new Terms(LockFirst: secret.Terms());
    }

    private string? ReleaseOf(CustomerTerms wanted, PartyCard shop, PartyCard bank)
    {
        if (wanted.Release is not { } release)
            return null;
        if (!shop.Merchant!.Takes(release))
            throw new WalletException(WalletError.Refused,
                $"{shop.Name} does not release in that way; it takes "
                + $"{(shop.Merchant.Releases is { } taken ? string.Join(" and ", taken) : "the usual way only")}. "
                + "Nothing was done.");
        return release != ReleaseTerm.Early || network.Policy.Id.Equals(bank.Bank!.Joint)
            ? release
            : throw new WalletException(WalletError.Refused,
                $"{bank.Name} is not its own archive, so nobody would hold an early release. Nothing was done.");
    }

    /// <summary>
    /// <c>S_P(P1)</c>, when P1 asks for it. Whoever calls has fetched the whole ciphertext and matched it with P1's
    /// root: this says so to any stranger.
    /// </summary>
    private Signed<Acknowledgement>? Acknowledge(PurchaseOrder order, Signed<Merchandise> merchandise)
    {
        if (merchandise.Content.Customer() is not { } customer)
            return null;
        using var key = CustomerKey(order.Id, order.Pseudonym);
        return key.PublicKey.Equals(customer)
            ? Signed<Acknowledgement>.Sign(key, Acknowledgement.Of(merchandise))
            : throw new InvalidOperationException("P1 was taken with another customer key than this wallet's.");
    }

    private P256PrivateKey CustomerKey(RequestId purchase, string? pseudonym) =>
        pseudonym is null ? Store.Seed.PurchaseKey(purchase) : Store.Seed.PseudonymKey(pseudonym);
}
