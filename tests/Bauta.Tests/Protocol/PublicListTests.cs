using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Http;
using Xunit;

namespace Bauta.Tests.Protocol;

/// <summary>What a party tells everybody it refuses to nobody.</summary>
public sealed class PublicListTests
{
    private const string EmptyList = """{"denominations":[],"revocations":[]}""";

    [Fact]
    public async Task A_bank_that_refuses_its_list_breaks_the_protocol()
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer(
            "/denominations", _ => Task.FromResult(Answer.Refuse(BankError.Malformed))));
        var failure = await Assert.ThrowsAsync<ProtocolViolationException>(
            () => new BankClient(host.Client).DenominationsAsync(default));
        Assert.Contains("malformed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_merchant_that_refuses_its_offers_breaks_the_protocol()
    {
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer(
            "/offers", _ => Task.FromResult(Answer.Refuse(MerchantError.Malformed))));
        await Assert.ThrowsAsync<ProtocolViolationException>(
            () => new MerchantClient(host.Client).OffersAsync(null, default));
    }

    [Fact]
    public async Task Of_a_banks_list_one_MiB_is_read_and_not_a_byte_more()
    {
        var length = DenominationList.MaxBytes;
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer(
            "/denominations", _ => Task.FromResult(Answer.Bytes(
                System.Text.Encoding.ASCII.GetBytes(EmptyList.PadRight(length)), JsonBody.JsonMediaType))));
        Assert.Empty((await new BankClient(host.Client).DenominationsAsync(default)).Denominations);
        length++;
        await Assert.ThrowsAsync<ProtocolViolationException>(
            () => new BankClient(host.Client).DenominationsAsync(default));
    }

    [Theory]
    [InlineData("title", "../out")]
    [InlineData("title", ".profile")]
    [InlineData("a\u202Etitle", "out")]
    public async Task A_shop_cannot_list_what_it_could_not_sell(string title, string fileName)
    {
        var offer = new OfferTerms(
            OfferId.Generate(), "title", "", Amount.FromMinorUnits(1), "EUR", "out", 1, new byte[32]);
        var list = new OfferList([offer, offer with { Title = title, FileName = fileName }]);
        await using var host = await TestHost.StartAsync(routes => routes.MapGetAnswer(
            "/offers", _ => Task.FromResult(Answer.Json(list, ProtocolJson.Default.OfferList))));
        await Assert.ThrowsAsync<ProtocolViolationException>(
            () => new MerchantClient(host.Client).OffersAsync(null, default));
        list = new OfferList([offer]);
        Assert.Single((await new MerchantClient(host.Client).OffersAsync(null, default)).Offers);
    }
}
