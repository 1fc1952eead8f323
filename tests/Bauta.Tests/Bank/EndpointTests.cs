using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Bauta.Bank;
using Bauta.Crypto.PrivacyPass;
using Bauta.Http;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Bauta.Tests.Bank;

public sealed class EndpointTests : BankSuite
{
    [Fact]
    public async Task An_unmodified_client_of_RFC_9578_completes_issuance()
    {
        await using var world = await OpenAsync();
        await using var host = await ServeAsync(world);
        await world.FundAsync(8);
        using var http = Client(host);
        var directoryUri = new Uri(http.BaseAddress!, PrivateTokenNames.DirectoryPath);
        using var found = await http.GetAsync(directoryUri);
        Assert.Equal(PrivateTokenNames.DirectoryMediaType, found.Content.Headers.ContentType!.MediaType);
        Assert.True(IssuerDirectory.TryDecode(await found.Content.ReadAsByteArrayAsync(), out var directory));
        Assert.Equal(3, directory.Keys.Count);
        // A nonce of the client's own making: the token verifies, though it is not spendable here.
        var challenge = new TokenChallenge("bank.example", [], "eur-8");
        using var issuance = TokenIssuance.Begin(
            directory.Keys[^1].Key, challenge.Digest, RandomNumberGenerator.GetBytes(32),
            RandomNumberGenerator.GetBytes(32));
        var first = await PostAsync(http, directory.ResolveRequestUri(directoryUri)!, issuance.Request, world);
        var again = await PostAsync(http, directory.ResolveRequestUri(directoryUri)!, issuance.Request, world);
        Assert.Equal(first, again);
        Assert.True(issuance.Finish(first).Verify(directory.Keys[^1].Key));
        Assert.Equal(0, await world.BalanceAsync());
    }

    [Fact]
    public async Task Only_the_banks_own_key_revokes()
    {
        await using var world = await OpenAsync();
        await using var host = await ServeAsync(world);
        using var http = Client(host);
        var bank = new BankClient(http);
        var keyId = Bauta.Crypto.BlindRsa.RsaPublicKey.FromSpki((await world.DenominationAsync(8)).TokenKey).KeyId;
        var revocation = new Revocation("bank.example", keyId, world.Clock.Now);
        Refused(BankError.BadSignature, await bank.RevokeAsync(
            Signed<Revocation>.Sign(world.Merchant, revocation), default));
        Refused(BankError.WrongBank, await bank.RevokeAsync(
            Signed<Revocation>.Sign(world.StatementKey, revocation with { Issuer = "other.example" }), default));
        Refused(BankError.UnknownKey, await bank.RevokeAsync(
            Signed<Revocation>.Sign(world.StatementKey, revocation with { TokenKeyId = new byte[32] }), default));
        Assert.Empty((await bank.DenominationsAsync(default)).Revocations);
        var order = Signed<Revocation>.Sign(world.StatementKey, revocation);
        Assert.Equal(RevocationAnswer.Revoked, (await bank.RevokeAsync(order, default)).Value.State);
        await world.FundAsync(8);
        Refused(BankError.KeyRevoked, await world.WithdrawAsync(await world.RequestsAsync(8)));
        await world.Bank.MaintainAsync(default);
        Assert.Equal(RevocationAnswer.Logged, (await bank.RevokeAsync(order, default)).Value.State);
        // The operator's own statement is what the log holds.
        var entry = Assert.Single((await bank.DenominationsAsync(default)).Revocations);
        Assert.True(Bauta.Protocol.Archive.LogEntry.TryParse(entry.Entry, out var leaf));
        Assert.Equal(order.Text, leaf.Statement);
    }

    [Fact]
    public async Task A_whole_purchase_runs_over_HTTP_with_equal_answers_to_equal_requests()
    {
        await using var world = await OpenAsync();
        await using var host = await ServeAsync(world);
        using var http = Client(host);
        var bank = new BankClient(http);
        var funding = world.Funding(17);
        Assert.Equal((await bank.FundAsync(funding, default)).Value, (await bank.FundAsync(funding, default)).Value);
        Assert.Equal(17, (await bank.ReserveAsync(world.ReadOrder(world.Reserve), default)).Value.Balance.MinorUnits);
        var requests = await world.RequestsAsync(8, 8, 1);
        var body = TokenBatch.Join(requests.Select(request => request.Bytes));
        Assert.True(TokenBatch.TrySplit(body, out var parsed));
        var order = world.WithdrawalOrder(body);
        var signatures = (await bank.WithdrawAsync(order, body, parsed, default)).Value;
        Assert.Equal(signatures, (await bank.WithdrawAsync(order, body, parsed, default)).Value);
        var coins = requests.Select((request, i) => request.Finish(signatures[i])).ToArray();
        var sale = new Sale();
        var content = world.Authorization(sale, coins[0].Spend(), coins[2].Spend());
        var authorization = SignedAuthorization.Sign(content, [coins[0].Key, coins[2].Key]);
        var held = (await bank.LockAsync(authorization, default)).Value;
        Assert.Equal(held, (await bank.LockAsync(authorization, default)).Value);
        var decision = await world.CommitAsync(sale, held);
        for (var i = 0; i < 2; i++)
            Assert.Equal(
                SettlementAnswer.Settled,
                (await bank.DecideAsync(sale.Transaction, decision, default)).Value.State);
        Assert.Equal(8, (await bank.RefreshAsync(world.RefreshOrder(coins[1]), default)).Value.Amount.MinorUnits);
        Assert.Equal(9, (await bank.AccountAsync(world.ReadOrder(world.Merchant), default)).Value.Balance.MinorUnits);
        world.Clock.Advance(world.Options.DisputeWindowSeconds);
        var account = (await bank.OpenAccountAsync(world.AccountOrder("payee", world.Clock.Now), default)).Value;
        Assert.Equal(9, account.Available.MinorUnits);
        Assert.Equal(PayoutState.Ordered, (await bank.PayOutAsync(world.PayoutRequest(9), default)).Value.State);
        Assert.Equal(
            BankError.KeyNotRevoked, (await bank.RecoupAsync(world.RecoupOrder(coins[0]), default)).Error);
        Assert.Equal(3, (await bank.DenominationsAsync(default)).Denominations.Count);
    }

    [Fact]
    public async Task A_token_of_a_revoked_key_is_closed_and_recouped_over_HTTP()
    {
        await using var issuer = await OpenIssuerAsync();
        await using var locker = await OpenLockerAsync(issuer);
        await using var issuerHost = await ServeAsync(issuer);
        await using var lockerHost = await ServeAsync(locker);
        using var toIssuer = Client(issuerHost);
        using var toLocker = Client(lockerHost);
        var coin = (await issuer.CoinsAsync(8))[0];
        await issuer.RevokeAsync(8);
        await locker.Bank.MaintainAsync(default);
        var order = Signed<ClosingOrder>.Sign(
            coin.Key, new ClosingOrder(coin.Token.Encode(), coin.Key.PublicKey.Spki));
        var closed = (await new BankClient(toLocker).CloseAsync(order, default)).Value;
        Assert.Equal(closed, (await new BankClient(toLocker).CloseAsync(order, default)).Value);
        Refused(BankError.WrongBank, await new BankClient(toIssuer).CloseAsync(order, default));
        Refused(BankError.BadClosing, await new BankClient(toIssuer).RecoupAsync(issuer.RecoupOrder(coin), default));
        var recouped = await new BankClient(toIssuer).RecoupAsync(
            issuer.RecoupOrder(coin, closing: closed.Note), default);
        Assert.Equal(8, recouped.Value.Amount.MinorUnits);
        Assert.Equal(8, await issuer.BalanceAsync());
    }

    [Fact]
    public async Task Refuses_what_is_not_well_formed_before_it_reaches_the_bank()
    {
        await using var world = await OpenAsync();
        await using var host = await ServeAsync(world);
        using var http = Client(host);
        await world.FundAsync(8);
        var request = (await world.RequestsAsync(8))[0].Bytes;
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(
            http, "token-request", request[..^1], PrivateTokenNames.RequestMediaType, world));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await StatusAsync(
            http, "token-request", [.. request, 0], PrivateTokenNames.RequestMediaType, world));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await StatusAsync(
            http, "token-request", request, "application/json", world));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await StatusAsync(
            http, "token-requests", TokenBatch.Join(Enumerable.Repeat(request, 65)), TokenBatch.RequestMediaType,
            world));
        using var bare = new ByteArrayContent(request);
        bare.Headers.ContentType = new MediaTypeHeaderValue(PrivateTokenNames.RequestMediaType);
        using var refused = await http.PostAsync(new Uri("token-request", UriKind.Relative), bare);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        // P2 under another transaction's path.
        var coin = (await world.CoinsAsync(8))[0];
        var p2 = SignedAuthorization.Sign(world.Authorization(new Sale(), coin.Spend()), [coin.Key]);
        using var content = new ByteArrayContent(p2.Utf8);
        content.Headers.ContentType = new MediaTypeHeaderValue(SignedAuthorization.MediaType);
        using var elsewhere = await http.PutAsync(
            new Uri($"locks/{TransactionId.Generate()}", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, elsewhere.StatusCode);
        Assert.Equal(8, await world.BalanceAsync());
    }

    private static async Task<WebApplication> ServeAsync(BankWorld world)
    {
        var host = PartyHost.Build(new PartyHostSettings(), routes => routes.MapBank(world.Bank, world.Clock));
        await host.StartAsync();
        return host;
    }

    private static HttpClient Client(WebApplication host)
    {
        var http = new HttpClient(new SocketsHttpHandler());
        http.BaseAddress = host.Address();
        return http;
    }

    private static async Task<byte[]> PostAsync(HttpClient http, Uri uri, byte[] body, BankWorld world)
    {
        using var message = Message(uri, body, PrivateTokenNames.RequestMediaType, world);
        using var response = await http.SendAsync(message);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(PrivateTokenNames.ResponseMediaType, response.Content.Headers.ContentType!.MediaType);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static async Task<HttpStatusCode> StatusAsync(
        HttpClient http, string path, byte[] body, string mediaType, BankWorld world)
    {
        using var message = Message(new Uri(path, UriKind.Relative), body, mediaType, world);
        using var response = await http.SendAsync(message);
        return response.StatusCode;
    }

    private static HttpRequestMessage Message(Uri uri, byte[] body, string mediaType, BankWorld world)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        message.Headers.Add(Bauta.Protocol.Bank.WithdrawalOrder.Header, world.WithdrawalOrder(body).Text);
        return message;
    }
}
