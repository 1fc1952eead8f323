using System.Text;
using Bauta.Crypto.Goods;
using Bauta.Crypto.Jose;
using Bauta.Crypto.ObliviousHttp;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Parties;
using Xunit;

namespace Bauta.Tests.Protocol;

/// <summary>Terms in P1 and the acknowledgement: what reads, what does not, and what they cost on the way.</summary>
public sealed class TermsTests : IDisposable
{
    private readonly P256PrivateKey shop = P256PrivateKey.Generate();
    private readonly P256PrivateKey customer = P256PrivateKey.Generate();
    private readonly P256PrivateKey release = P256PrivateKey.Generate();

    public void Dispose()
    {
        shop.Dispose();
        customer.Dispose();
        release.Dispose();
    }

    [Fact]
    public void A_P1_says_nothing_of_terms_that_it_does_not_have_and_reads_as_it_always_did()
    {
        var text = Signed<Merchandise>.Sign(shop, Promise(null)).Text;
        Assert.True(Base64Url.TryDecode(text.Split('.')[1], out var payload));
        Assert.DoesNotContain("terms", Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
        Assert.True(Signed<Merchandise>.TryParse(text, out var read));
        Assert.Null(read.Content.Terms);
        Assert.Null(read.Content.Customer());
    }

    [Fact]
    public void Terms_that_say_nothing_or_name_no_key_are_not_well_formed()
    {
        var key = customer.PublicKey.Spki;
        foreach (var good in new[] { new Terms(key), new Terms(key, "Anna"), new Terms(key, new string('ä', 64)) })
            Assert.Equal(customer.PublicKey, Signed<Merchandise>.Sign(shop, Promise(good)).Content.Customer());
        foreach (var bad in new[]
        {
            new Terms(), new Terms(null, "Anna"), new Terms(key[..90]), new Terms([.. key, 0]), new Terms(key, ""),
            new Terms(key, new string('x', 65)), new Terms(key, "a\u202Eb"), new Terms(key, "a\nb"),
        })
        {
            Assert.False(Promise(bad).IsWellFormed());
            Assert.Throws<ArgumentException>(() => Signed<Merchandise>.Sign(shop, Promise(bad)));
        }
    }

    [Fact]
    public void Terms_are_the_same_when_every_member_is()
    {
        var key = customer.PublicKey.Spki;
        Assert.True(Terms.AreSame(null, null));
        Assert.True(Terms.AreSame(new Terms(key, "Anna"), new Terms([.. key], "Anna")));
        Assert.False(Terms.AreSame(new Terms(key, "Anna"), new Terms(key, "Anne")));
        Assert.False(Terms.AreSame(new Terms(key, "Anna"), new Terms(key)));
        Assert.False(Terms.AreSame(new Terms(key), new Terms(shop.PublicKey.Spki)));
        Assert.False(Terms.AreSame(new Terms(key), null));
        Assert.False(Terms.AreSame(null, new Terms(key)));
    }

    [Fact]
    public void A_card_says_only_that_two_sided_delivery_is_demanded_and_older_cards_read_on()
    {
        Assert.True(Card(DeliveryProof.TwoSided).IsWellFormed());
        Assert.False(Card(DeliveryProof.OneSided).IsWellFormed());
        Assert.False(Card("").IsWellFormed());
        var text = Signed<PartyCard>.Sign(shop, Card(null)).Text;
        Assert.True(Base64Url.TryDecode(text.Split('.')[1], out var payload));
        Assert.DoesNotContain("proof", Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
        Assert.True(Signed<PartyCard>.TryParse(text, out _));
    }

    [Fact]
    public void An_acknowledgement_holds_for_one_P1_and_one_key()
    {
        var p1 = Signed<Merchandise>.Sign(shop, Promise(new Terms(customer.PublicKey.Spki)));
        var said = Acknowledgement.Of(p1);
        Assert.True(Acknowledgement.Holds(Signed<Acknowledgement>.Sign(customer, said), p1));
        Assert.False(Acknowledgement.Holds(Signed<Acknowledgement>.Sign(shop, said), p1));
        var plain = Signed<Merchandise>.Sign(shop, Promise(null));
        Assert.False(Acknowledgement.Holds(
            Signed<Acknowledgement>.Sign(customer, Acknowledgement.Of(plain)), plain));
        foreach (var bad in new[]
        {
            said with { Merchant = "" }, said with { Merchant = said.Merchant + "A" },
            said with { MerchandiseHash = new byte[31] },
        })
            Assert.False(bad.IsWellFormed());
    }

    [Fact]
    public void What_two_sided_delivery_adds_does_not_change_the_size_that_a_mask_sees()
    {
        var terms = new Terms(customer.PublicKey.Spki, "Anna of the Corner");
        var request = new PurchaseRequest(
            RequestId.Generate(), OfferId.Generate(), Amount.FromMinorUnits(1), PolicyId.Generate());
        var one = Signed<Merchandise>.Sign(shop, Promise(null));
        var two = Signed<Merchandise>.Sign(shop, Promise(terms));
        var payment = new PaymentRequest(one.Content.Transaction(), new LockAnswer(
            Signed<LockNote>.Sign(shop, one.Content.ToLockNote()),
            Signed<PaymentNote>.Sign(shop, one.Content.ToPaymentNote())));
        var acknowledgement = Signed<Acknowledgement>.Sign(customer, Acknowledgement.Of(two));
        Assert.Equal(Size(request), Size(request with { Terms = terms }));
        Assert.Equal(Padded(one.Text.Length), Padded(two.Text.Length));
        Assert.Equal(Size(payment), Size(payment with { Acknowledgement = acknowledgement }));
    }

    private static int Size(PurchaseRequest request) =>
        Padded(StrictJson.Write(request, ProtocolJson.Default.PurchaseRequest).Length);

    private static int Size(PaymentRequest request) =>
        Padded(StrictJson.Write(request, ProtocolJson.Default.PaymentRequest).Length);

    // Binary HTTP, its fields and the encapsulation take less than this.
    private static int Padded(int content) => PaddingClasses.TrySizeFor(content + 350, 0, out var size)
        ? size
        : throw new InvalidOperationException("It fits into no class.");

    private PartyCard Card(string? proof) => new(
        Roles.Merchant, "shop.example", shop.PublicKey.Spki, [], UnixTime.FromSeconds(1_800_000_000),
        Merchant: new MerchantTerms("bank.example", shop.PublicKey.Thumbprint, ["policy"], proof));

    private Merchandise Promise(Terms? terms)
    {
        var layout = new GoodsLayout(1000);
        var n = TransactionId.Of(release.PublicKey);
        return new Merchandise(
            release.PublicKey.Spki,
            new OfferTerms(
                OfferId.FromBytes(new byte[32]), "A letter", "About what is sold here, in a line or two.",
                Amount.FromMinorUnits(250), "EUR", "letter.txt", 1000, new byte[32]),
            "bank.example", AccountId.Of(shop.PublicKey), UnixTime.FromSeconds(1_800_000_000),
            PolicyId.FromBytes(new byte[32]), new byte[32], KeyCommitment.To(n, new byte[32]), new byte[32],
            layout.ChunkCount, layout.CiphertextSize, new byte[32], terms);
    }
}
