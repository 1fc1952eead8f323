using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Merchant;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    private static readonly P256PrivateKey customer = P256PrivateKey.Generate();
    private static readonly Terms twoSided = new(customer.PublicKey.Spki, "Anna of the Corner");

    [Fact]
    public async Task P1_repeats_the_terms_that_were_asked_for_and_none_that_were_not()
    {
        await using var world = await OpenAsync();
        var offer = await world.OfferAsync(Bytes(100));
        Assert.Null((await world.BuyAsync(offer)).Content.Terms);
        foreach (var terms in new[] { twoSided, new Terms(customer.PublicKey.Spki) })
        {
            var request = world.Request(offer) with { Terms = terms };
            var p1 = (await world.Shop.PurchaseAsync(request, default)).Value;
            Assert.True(Terms.AreSame(terms, p1.Content.Terms));
            Assert.Equal(p1.Text, (await world.Shop.PurchaseAsync(request, default)).Value.Text);
            Refused(MerchantError.IdReused, await world.Shop.PurchaseAsync(request with { Terms = null }, default));
        }

        Terms[] wrong =
        [
            new(), new(CustomerName: "Anna"), new(new byte[P256PublicKey.SpkiSize]), new([]),
            twoSided with { CustomerName = "" }, twoSided with { CustomerName = "two\nlines" },
            twoSided with { CustomerName = new string('x', 65) },
        ];
        foreach (var terms in wrong)
            Refused(MerchantError.Malformed, await world.Shop.PurchaseAsync(
                world.Request(offer) with { Terms = terms }, default));
    }

    [Fact]
    public async Task A_two_sided_purchase_commits_on_the_acknowledgement_which_is_kept_with_what_it_proves()
    {
        await using var world = await OpenAsync();
        var p1 = await TwoSidedAsync(world);
        var payment = Acknowledged(world, p1, Acknowledgement.Of(p1));
        var decision = (await world.Shop.PayAsync(payment, default)).Value.Decision!;
        await world.RestartAsync();
        Assert.Equal(decision.Entry, (await world.Shop.PayAsync(payment, default)).Value.Decision!.Entry);
        var evidence = await EvidenceAsync(world);
        Assert.Equal(payment.Acknowledgement!.Text, evidence.Acknowledgement!.Text);
        Assert.Equal(p1.Text, evidence.Merchandise.Text);
        Assert.Equal(decision.Entry, evidence.Decision!.Entry);
        var verdict = PurchaseJudge.Judge(evidence);
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.Contains(verdict.Reasons, reason => reason is
        {
            Holds: true, Text: "S_P(P1): the customer's key P acknowledged exactly this delivery",
        });
    }

    [Fact]
    public async Task The_desk_gives_out_what_was_delivered_so_that_the_merchant_can_show_it_to_a_judge()
    {
        await using var world = await OpenAsync();
        var p1 = (await world.Shop.PurchaseAsync(
            world.Request(await world.OfferAsync(Bytes((1 << 20) + 5))) with { Terms = twoSided }, default)).Value;
        var n = p1.Content.Transaction();
        // What nobody paid for is no sale.
        Refused(DeskError.UnknownSale, await world.Shop.Desk.ChunkAsync(n, 0, default));
        await world.Shop.PayAsync(Acknowledged(world, p1, Acknowledgement.Of(p1)), default);
        using var delivered = new MemoryStream();
        for (long index = 0; index < p1.Content.ChunkCount; index++)
            delivered.Write((await world.Shop.Desk.ChunkAsync(n, index, default)).Value.Ciphertext);
        Refused(DeskError.GoodsGone, await world.Shop.Desk.ChunkAsync(n, p1.Content.ChunkCount, default));
        delivered.Position = 0;
        var verdict = PurchaseJudge.Judge(await EvidenceAsync(world), delivered);
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.Contains(verdict.Reasons, reason => reason.Text.Contains(
            "has the SHA-256 that the contract promises", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("none at all")]
    [InlineData("a stranger's signature")]
    [InlineData("a stranger's signature in the name of P")]
    [InlineData("a signature with one other bit")]
    [InlineData("another P1 of the same customer")]
    [InlineData("another transaction")]
    [InlineData("another merchant")]
    [InlineData("another hash")]
    public async Task Nothing_is_released_for_an_acknowledgement_that_is(string what)
    {
        await using var world = await OpenAsync();
        var (p1, other) = (await TwoSidedAsync(world), await TwoSidedAsync(world));
        using var stranger = P256PrivateKey.Generate();
        var good = Acknowledgement.Of(p1);
        var bad = what switch
        {
            "none at all" => world.Payment(p1),
            "a stranger's signature" => Acknowledged(world, p1, good, stranger),
            "a stranger's signature in the name of P" => world.Payment(p1) with
            {
                Acknowledgement = InTheNameOf(
                    Signed<Acknowledgement>.Sign(customer, good), Signed<Acknowledgement>.Sign(stranger, good)),
            },
            "a signature with one other bit" => world.Payment(p1) with
            {
                Acknowledgement = Flipped(Signed<Acknowledgement>.Sign(customer, good)),
            },
            "another P1 of the same customer" => Acknowledged(world, p1, Acknowledgement.Of(other)),
            "another transaction" => Acknowledged(
                world, p1, good with { Transaction = other.Content.Transaction() }),
            "another merchant" => Acknowledged(world, p1, good with { Merchant = stranger.PublicKey.Thumbprint }),
            _ => Acknowledged(world, p1, good with { MerchandiseHash = other.PayloadHash() }),
        };
        Refused(MerchantError.BadAcknowledgement, await world.Shop.PayAsync(bad, default));
        Assert.Empty(world.Archive.Releases);
        Assert.Equal(0, await world.CountAsync("SELECT CAST(COUNT(*) AS BIGINT) FROM payments"));
        // The purchase is still open for the right one.
        Assert.NotNull((await world.Shop.PayAsync(bad with
        {
            Acknowledgement = Signed<Acknowledgement>.Sign(customer, good),
        }, default)).Value.Decision);
    }

    [Fact]
    public async Task An_acknowledgement_that_P1_does_not_ask_for_is_refused()
    {
        await using var world = await OpenAsync();
        var p1 = await world.BuyAsync(await world.OfferAsync(Bytes(100)));
        var unasked = Acknowledged(world, p1, Acknowledgement.Of(p1));
        Refused(MerchantError.BadAcknowledgement, await world.Shop.PayAsync(unasked, default));
        Assert.NotNull((await world.Shop.PayAsync(unasked with { Acknowledgement = null }, default)).Value.Decision);
        Refused(MerchantError.IdReused, await world.Shop.PayAsync(unasked, default));
    }

    [Fact]
    public async Task What_was_acknowledged_is_answered_again_and_what_says_something_else_is_refused()
    {
        await using var world = await OpenAsync();
        var p1 = await TwoSidedAsync(world);
        var payment = Acknowledged(world, p1, Acknowledgement.Of(p1));
        var entry = (await world.Shop.PayAsync(payment, default)).Value.Decision!.Entry;
        // Signed again, or turned into its twin, it says the same.
        foreach (var same in new[]
        {
            Signed<Acknowledgement>.Sign(customer, Acknowledgement.Of(p1)),
            Archive.Sale.Twin(payment.Acknowledgement!),
        })
            Assert.Equal(entry, (await world.Shop.PayAsync(
                payment with { Acknowledgement = same }, default)).Value.Decision!.Entry);
        Refused(MerchantError.IdReused, await world.Shop.PayAsync(payment with { Acknowledgement = null }, default));
        Refused(MerchantError.IdReused, await world.Shop.PayAsync(
            Acknowledged(world, p1, Acknowledgement.Of(await TwoSidedAsync(world))) with { Lock = payment.Lock },
            default));
        Assert.Single(world.Archive.Releases.Distinct());
    }

    [Fact]
    public async Task A_merchant_that_demands_two_sided_delivery_says_so_and_sells_no_other_way()
    {
        await using var plain = await OpenAsync();
        Assert.Null(plain.Shop.Terms.Proof);
        await using var world = await OpenAsync(options => options with { Proof = DeliveryProof.TwoSided });
        Assert.Equal(DeliveryProof.TwoSided, world.Shop.Terms.Proof);
        var request = world.Request(await world.OfferAsync(Bytes(100)));
        var refused = await world.Shop.PurchaseAsync(request, default);
        Refused(MerchantError.TwoSidedOnly, refused);
        Assert.Contains("--proof two-sided", Refusals<MerchantError>.Meaning(refused.Error!.Value),
            StringComparison.Ordinal);
        // The refusal used nothing up: the id is free for the request that says it.
        Assert.True((await world.Shop.PurchaseAsync(request with { Terms = twoSided }, default)).IsOk);
        await Assert.ThrowsAsync<FormatException>(
            () => OpenAsync(options => options with { Proof = "three-sided" }));
    }

    [Fact]
    public async Task Sales_from_before_the_acknowledgement_read_on()
    {
        var connection = await NewDatabaseAsync();
        var (payment, row) = await SoldBeforeAsync();
        await using (var old = Bauta.Storage.Database.Open(connection, [.. MerchantSchema.Migrations.Take(2)]))
            await old.WriteAsync(transaction =>
            {
                Sold(transaction, 1, 5, 1, null);
                transaction.Execute(
                    "UPDATE payments SET lock_note = $1, payment_note = $2, release = $3",
                    payment.Lock.LockNote.Text, payment.Lock.Payment.Text, row);
            });
        await using var world = await MerchantWorld.OpenAsync(connection);
        var due = await world.Database.ReadAsync(transaction =>
            Bauta.Merchant.Pay.PaymentStore.Due(transaction, world.Clock.Now, 10));
        var read = Assert.Single(due);
        Assert.Null(read.Acknowledgement);
        Assert.True(read.IsFor(payment));
        Assert.False(read.IsFor(payment with
        {
            Acknowledgement = Signed<Acknowledgement>.Sign(
                customer, new Acknowledgement(payment.Transaction, customer.PublicKey.Thumbprint, new byte[32])),
        }));
    }

    /// <summary>A payment and its release, as a merchant of that time stored them.</summary>
    private async Task<(PaymentRequest Payment, string Release)> SoldBeforeAsync()
    {
        await using var world = await OpenAsync();
        var payment = world.Payment(await world.BuyAsync(await world.OfferAsync(Bytes(100))));
        await world.Shop.PayAsync(payment, default);
        await world.Shop.IdleAsync();
        return (payment, Assert.Single(world.Archive.Releases.Distinct()));
    }

    private static async Task<Signed<Merchandise>> TwoSidedAsync(MerchantWorld world) =>
        (await world.Shop.PurchaseAsync(
            world.Request(await world.OfferAsync(Bytes(100))) with { Terms = twoSided }, default)).Value;

    private static PaymentRequest Acknowledged(
        MerchantWorld world, Signed<Merchandise> p1, Acknowledgement said, ISigner? by = null) =>
        world.Payment(p1) with { Acknowledgement = Signed<Acknowledgement>.Sign(by ?? customer, said) };

    private static Signed<Acknowledgement> InTheNameOf(
        Signed<Acknowledgement> one, Signed<Acknowledgement> other)
    {
        var text = one.Text[..(one.Text.LastIndexOf('.') + 1)] + other.Text.Split('.')[2];
        Assert.True(Signed<Acknowledgement>.TryParse(text, out var forged));
        Assert.Equal(one.KeyId, forged.KeyId);
        return forged;
    }

    private static Signed<Acknowledgement> Flipped(Signed<Acknowledgement> one)
    {
        var parts = one.Text.Split('.');
        Assert.True(Base64Url.TryDecode(parts[2], out var signature));
        signature[40] ^= 1;
        Assert.True(Signed<Acknowledgement>.TryParse(
            $"{parts[0]}.{parts[1]}.{Base64Url.Encode(signature)}", out var flipped));
        return flipped;
    }
}
