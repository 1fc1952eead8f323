using System.Net;
using System.Net.Http.Headers;
using Bauta.Http;
using Bauta.Merchant;
using Bauta.Merchant.Desk;
using Bauta.Merchant.Offers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Tests.Storage;
using Xunit;

namespace Bauta.Tests.Merchant;

public sealed class EndpointTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task A_purchase_runs_over_HTTP_with_equal_answers_to_equal_requests()
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        await using var host = PartyHost.Build(new PartyHostSettings(), routes => routes.MapMerchant(world.Shop));
        await host.StartAsync();
        using var http = Client(host.Address());
        var merchant = new MerchantClient(http);
        var offer = await world.OfferAsync([1, 2, 3]);
        var listed = Assert.Single((await merchant.OffersAsync(null, default)).Offers);
        Assert.Equal(offer with { ContentHash = listed.ContentHash }, listed);
        Assert.Equal(offer.ContentHash, listed.ContentHash);
        Assert.Empty((await merchant.OffersAsync(offer.Offer, default)).Offers);
        var request = world.Request(offer);
        var p1 = (await merchant.PurchaseAsync(request, default)).Value;
        Assert.Equal(p1.Text, (await merchant.PurchaseAsync(request, default)).Value.Text);
        var delivery = DeliveryId.Derive(p1.Content.Secret);
        var chunk = (await merchant.ChunkAsync(delivery, 0, default)).Value;
        Assert.Equal(chunk.Ciphertext, (await merchant.ChunkAsync(delivery, 0, default)).Value.Ciphertext);
        Assert.Equal(MerchantError.NoSuchChunk, (await merchant.ChunkAsync(delivery, 1, default)).Error);
        Assert.Equal(
            MerchantError.UnknownPurchase, (await merchant.ChunkAsync(DeliveryId.Generate(), 0, default)).Error);
        var payment = world.Payment(p1);
        var paid = (await merchant.PayAsync(payment, default)).Value.Decision!;
        Assert.Equal(paid.Proof, (await merchant.PayAsync(payment, default)).Value.Decision!.Proof);
        Assert.Equal([1, 2, 3], await world.OpenAsync(p1, paid));
    }

    [Theory]
    [InlineData("GET", "offers?after=x", 400)]
    [InlineData("GET", "offers?after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&after=x", 400)]
    [InlineData("GET", "deliveries/x/0", 404)]
    [InlineData("GET", "deliveries/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/-1", 416)]
    [InlineData("GET", "deliveries/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/00", 416)]
    [InlineData("GET", "deliveries/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/99999999999999999999", 416)]
    [InlineData("GET", "deliveries/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/0", 404)]
    [InlineData("POST", "purchases", 400)]
    [InlineData("POST", "payments", 400)]
    [InlineData("GET", "sales", 404)]
    [InlineData("GET", "payouts", 404)]
    [InlineData("POST", "files", 404)]
    public async Task Malformed_requests_and_the_desks_routes_are_refused(string method, string path, int status)
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        await using var host = PartyHost.Build(new PartyHostSettings(), routes => routes.MapMerchant(world.Shop));
        await host.StartAsync();
        using var http = Client(host.Address());
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        if (method == "POST")
        {
            request.Content = new ByteArrayContent("{\"id\":1}"u8.ToArray());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = await http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_desk_serves_whoever_holds_the_token_file(bool isSocket)
    {
        await using var world = await MerchantWorld.OpenAsync(directory.File("merchant.db"));
        var tokenPath = directory.File("desk.token");
        Assert.Throws<FormatException>(() => DeskToken.Open(tokenPath));
        var token = DeskToken.OpenOrCreate(tokenPath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(tokenPath));
        var address = DeskAddress.Parse(isSocket ? "unix:" + directory.File("desk.sock") : "http://127.0.0.1:0/");
        await using var host = DeskHost.Build(address, world.Shop.Desk, token);
        await host.StartAsync();
        if (!isSocket)
            address = DeskAddress.Parse(host.Urls.Single());
        var desk = ShopDeskClient.Connect(address, DeskToken.Open(tokenPath));
        var stored = (await desk.StoreFileAsync(new MemoryStream(new byte[5_000_000]), default)).Value;
        Assert.Equal(5_000_000, stored.SizeBytes);
        var offer = (await desk.AddOfferAsync(
            new NewOffer(
                OfferId.Generate(), "Fünf", "Zeilen\nzwei", Amount.FromMinorUnits(5), "f.bin", stored.ContentHash),
            default)).Value;
        Assert.Equal(offer.Offer, Assert.Single((await desk.OffersAsync(null, default)).Value.Offers).Offer);
        Assert.NotNull((await world.Shop.PayAsync(world.Payment(await world.BuyAsync(offer)), default)).Value.Decision);
        await world.Shop.IdleAsync();
        Assert.Equal(5, (await desk.SalesAsync(null, default)).Value.CommittedTotal.MinorUnits);
        Assert.Equal(1_000_000, (await desk.AccountAsync(default)).Value.Available.MinorUnits);
        var payout = new NewPayout(RequestId.Generate(), Amount.FromMinorUnits(5));
        Assert.Equal(Payout.Ordered, (await desk.PayOutAsync(payout, default)).Value.State);
        Assert.Single((await desk.PayoutsAsync(default)).Value.Payouts);
        Assert.True((await desk.WithdrawOfferAsync(offer.Offer, default)).IsOk);
        Assert.Equal(DeskError.UnknownOffer, (await desk.WithdrawOfferAsync(OfferId.Generate(), default)).Error);

        var other = ShopDeskClient.Connect(address, DeskToken.OpenOrCreate(directory.File("other.token")));
        Assert.Equal(DeskError.NotAuthorized, (await other.SalesAsync(null, default)).Error);
        Assert.Equal(DeskError.NotAuthorized, (await other.StoreFileAsync(new MemoryStream([1]), default)).Error);
        Assert.Equal(DeskError.NotAuthorized, (await other.PayOutAsync(payout, default)).Error);
    }

    [Theory]
    [InlineData("http://127.0.0.1:80/", true)]
    [InlineData("http://127.0.0.1:8443", true)]
    [InlineData("unix:/tmp/desk.sock", true)]
    [InlineData("http://0.0.0.0:80/", false)]
    [InlineData("http://localhost:80/", false)]
    [InlineData("http://192.0.2.1:80/", false)]
    [InlineData("https://127.0.0.1:80/", false)]
    [InlineData("http://127.0.0.1:80/path", false)]
    [InlineData("unix:", false)]
    [InlineData("unix:/tmp/", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_desk_listens_on_this_machine_only(string? text, bool isAddress) =>
        Assert.Equal(isAddress, DeskAddress.TryParse(text, out _));

    [Fact]
    public void A_socket_path_that_the_system_would_cut_off_is_refused() =>
        Assert.False(DeskAddress.TryParse("unix:/" + new string('a', 107), out _));

    public void Dispose() => directory.Dispose();

    private static HttpClient Client(Uri address) =>
        new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = address };
}
