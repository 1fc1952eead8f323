using Bauta.Crypto.Jose;
using Bauta.Judge;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Merchant;
using Xunit;

namespace Bauta.Tests.Merchant;

public abstract partial class MerchantTests
{
    private static readonly byte[] counterKey = new byte[CounterChallenge.KeySize];

    [Fact]
    public async Task P1_of_a_receipt_holds_it_and_is_given_only_for_a_customer_key()
    {
        await using var world = await OpenAsync();
        var offer = await ReceiptOfferAsync(world);
        Refused(MerchantError.TwoSidedOnly, await world.Shop.PurchaseAsync(world.Request(offer), default));
        var request = world.Request(offer) with { Terms = twoSided };
        var p1 = (await world.Shop.PurchaseAsync(request, default)).Value;
        var receipt = p1.Content.Receipt!;
        Assert.True(receipt.IsSignedBy(world.Identity.PublicKey));
        Assert.True(receipt.Content.IsOf(p1.Content));
        Assert.Equal(customer.PublicKey.Spki, receipt.Content.CustomerKey);
        Assert.Equal("Two jars of honey", receipt.Content.Title);
        await world.RestartAsync();
        Assert.Equal(p1.Text, (await world.Shop.PurchaseAsync(request, default)).Value.Text);
        Assert.True((await world.Shop.OffersAsync(null, default)).Offers.Single().Receipt);
        // Nobody has what makes it count before the archive has committed.
        Assert.False(new PaidReceipt(receipt, new byte[32]).IsPaidTo(world.Identity.PublicKey));
    }

    [Fact]
    public async Task What_a_receipt_is_for_is_handed_over_once_and_after_the_commit()
    {
        await using var world = await OpenAsync();
        var p1 = await ReceiptP1Async(world);
        var receipt = p1.Content.Receipt!;
        var first = Answer(receipt);
        Refused(DeskError.NotPaid, await HandOverAsync(world, receipt, first));
        await world.Shop.PayAsync(Acknowledged(world, p1, Acknowledgement.Of(p1)), default);
        Assert.Null(Assert.Single((await world.Shop.Desk.SalesAsync(null, default)).Value.Sales).HandedOverAt);

        using var stranger = P256PrivateKey.Generate();
        Refused(DeskError.BadHandOver, await HandOverAsync(world, receipt, Answer(receipt, stranger)));
        var forged = Signed<Receipt>.Sign(stranger, receipt.Content);
        Refused(DeskError.BadHandOver, await HandOverAsync(world, forged, Answer(forged)));
        var other = (await ReceiptP1Async(world)).Content.Receipt!;
        Refused(DeskError.BadHandOver, await HandOverAsync(world, receipt, Answer(other)));

        var handed = (await HandOverAsync(world, receipt, first)).Value;
        await world.RestartAsync();
        world.Clock.Advance(100);
        Assert.Equal(handed, (await HandOverAsync(world, receipt, Archive.Sale.Twin(first))).Value);
        Refused(DeskError.HandedOver, await HandOverAsync(world, receipt, Answer(receipt)));
        var sale = Assert.Single((await world.Shop.Desk.SalesAsync(null, default)).Value.Sales);
        Assert.Equal((true, handed.HandedAt), (sale.Receipt, sale.HandedOverAt));
        var verdict = PurchaseJudge.Judge(await EvidenceAsync(world));
        Assert.Equal(Outcome.Complete, verdict.Outcome);
        Assert.Contains("signed at counter corner", verdict.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_receipt_is_for_stays_where_it_is_while_the_archive_has_not_committed()
    {
        await using var world = await OpenAsync();
        var p1 = await ReceiptP1Async(world);
        world.Archive.Refusal = ArchiveError.Unavailable;
        Assert.Null((await world.Shop.PayAsync(Acknowledged(world, p1, Acknowledgement.Of(p1)), default))
            .Value.Decision);
        Refused(DeskError.NotPaid, await HandOverAsync(world, p1.Content.Receipt!, Answer(p1.Content.Receipt!)));
    }

    [Fact]
    public async Task Of_many_hand_overs_at_once_one_counts()
    {
        await using var world = await OpenAsync();
        var p1 = await ReceiptP1Async(world);
        await world.Shop.PayAsync(Acknowledged(world, p1, Acknowledgement.Of(p1)), default);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
            HandOverAsync(world, p1.Content.Receipt!, Answer(p1.Content.Receipt!)))));
        Assert.Single(answers, answer => answer.IsOk);
        Assert.All(answers.Where(answer => !answer.IsOk), one => Assert.Equal(DeskError.HandedOver, one.Error));
    }

    [Fact]
    public async Task An_offer_is_a_receipt_or_is_not_and_none_with_a_tariff_is()
    {
        await using var world = await OpenAsync();
        var offer = await ReceiptOfferAsync(world);
        var again = new NewOffer(
            offer.Offer, offer.Title, offer.Description, offer.Price, offer.FileName, offer.ContentHash,
            Receipt: true);
        Assert.True((await world.Shop.Desk.AddOfferAsync(again, default)).IsOk);
        Refused(DeskError.IdReused, await world.Shop.Desk.AddOfferAsync(again with { Receipt = null }, default));
        Refused(DeskError.Malformed, await world.Shop.Desk.AddOfferAsync(
            again with { Id = OfferId.Generate(), Receipt = false }, default));
    }

    private static Signed<HandOver> Answer(Signed<Receipt> receipt, ISigner? by = null) => Signed<HandOver>.Sign(
        by ?? customer, HandOver.Of(receipt, CounterChallenge.Make("corner", UnixTime.FromSeconds(1000), counterKey)));

    private static Task<Result<KnownHandOver, DeskError>> HandOverAsync(
        MerchantWorld world, Signed<Receipt> receipt, Signed<HandOver> answer) =>
        world.Shop.Desk.HandOverAsync(new NewHandOver(receipt, answer), default);

    private static async Task<Signed<Merchandise>> ReceiptP1Async(MerchantWorld world) =>
        (await world.Shop.PurchaseAsync(
            world.Request(await ReceiptOfferAsync(world)) with { Terms = twoSided }, default)).Value;

    private static async Task<OfferTerms> ReceiptOfferAsync(MerchantWorld world)
    {
        var file = (await world.Shop.Desk.StoreFileAsync(new MemoryStream(Bytes(20)), default)).Value;
        return (await world.Shop.Desk.AddOfferAsync(
            new NewOffer(OfferId.Generate(), "Two jars of honey", "", Amount.FromMinorUnits(1200), "voucher.txt",
                file.ContentHash, Receipt: true),
            default)).Value;
    }
}
