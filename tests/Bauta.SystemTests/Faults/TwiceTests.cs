using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.SystemTests.Banks;
using Bauta.SystemTests.Orders;
using Bauta.SystemTests.PayPerUse;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Every message of a funding, a withdrawal, a purchase, a session, an order, a refresh, a revocation with its exchange
/// at one bank and across two, and a payout, sent twice.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class TwiceTests(SharedNetwork shared)
{
    private const long Revoked = 16;

    [Fact]
    public async Task Every_request_sent_twice_gives_equal_answers_and_moves_value_once()
    {
        const long price = 700;
        var network = await shared.UseAsync("twice");
        var shop = await Shop.OpenAsync(network, price);
        network.Meddler.Double();
        // A shop that starts opens its account.
        network.Parties.Kill("merchant");
        new Workshop(network.Parties).Equip(waitSeconds: 0);
        using var site = new Upstream();
        await network.Parties.StartPayProxyAsync("--upstream", site.Origin, "--price", "0.03");
        await Books.FundAsync(network.Parties, 2000);
        // One token is asked for by itself, several in a batch.
        await Books.FundAsync(network.Parties, 1);
        var before = await Books.ValueAsync(network.Parties);
        var bought = await shop.BuyAsync();
        Assert.True(bought.ExitCode == 0, bought.Errors);
        await shop.EveryPurchaseEndedAsync();
        await FetchAsync(network, site);
        await OrderAsync(network);
        await Books.EveryTokenIsGoodAsync(network.Parties);
        await RevokeAsync(network);
        Assert.Equal(before, await Books.ValueAsync(network.Parties));
        await Books.PayOutAsync(network.Parties);
        Assert.Equal(before, await Books.ValueAsync(network.Parties));

        await RecoupAcrossBanksAsync(network);

        var seen = network.Meddler.Twice;
        await network.CalmAsync();
        // The tests after this one start it as they want it.
        network.Parties.Kill("merchant");
        foreach (var one in seen)
        {
            var request = $"{RealNetwork.KindOf(one.Link.To)} {one.Request}";
            var (first, second) = (one.First.Said, one.Second.Said);
            if (second.Status == 409 && TwiceList.Others.Any(entry => TwiceList.Covers(entry, request)))
                continue;
            Assert.True(first.Status == second.Status, $"{request}: {first.Status}, then {second.Status}");
            var grows = TwiceList.Growing.FirstOrDefault(entry => TwiceList.Covers(entry.Path, request));
            // Every other request is a question; its answer may grow older, and its status stays.
            if (grows.Path is null
                ? TwiceList.Moving.Any(entry => TwiceList.Covers(entry, request))
                : TextOf(first.Body).Contains(grows.Final, StringComparison.Ordinal))
                Assert.True(
                    first == second, $"{request}: another answer the second time.\n{first}\n{second}");
        }

        var answered = seen.Where(one => one.First.Status == 200)
            .Select(one => (Request: $"{RealNetwork.KindOf(one.Link.To)} {one.Request}", one.Second)).ToArray();
        foreach (var entry in TwiceList.All)
            Assert.True(
                answered.Any(one => TwiceList.Covers(entry, one.Request)), $"Nobody sent {entry} with success.");
        foreach (var (entry, final) in TwiceList.Growing)
            Assert.True(
                answered.Any(one => TwiceList.Covers(entry, one.Request)
                    && TextOf(one.Second.Said.Body).Contains(final, StringComparison.Ordinal)),
                $"{entry} never came to {final}.");
    }

    /// <summary>Two items of a session, each made once, and its end.</summary>
    private static async Task FetchAsync(ProxiedNetwork network, Upstream site)
    {
        var said = await network.Parties.FetchAsync(
            "http://a.site/one", "http://a.site/two", "--shop", "shop.demo", "--close");
        Assert.True(said.ExitCode == 0, said.Errors);
        Assert.Equal(6, (long)said.Json["spent"]!);
        Assert.Equal(["GET /one", "GET /two"], site.Asked);
    }

    /// <summary>Goods made to order, which the shop does not wait for a customer to sign for.</summary>
    private static async Task OrderAsync(ProxiedNetwork network)
    {
        const string title = "Ordered twice";
        var workshop = new Workshop(network.Parties);
        var offer = await workshop.OfferAsync(title, "1.00");
        await network.Parties.WalletAsync(
            "buy", "shop.demo", offer, "--out", Path.Combine(network.Parties.Folder, "ordered"), "--patience", "0");
        await workshop.CommittedAsync(title, 1);
        var resumed = await network.Parties.WalletAsync("resume");
        Assert.True(resumed.ExitCode == 0, resumed.Errors);
    }

    /// <summary>One bank closes the tokens of a revoked key, the other one recoups them.</summary>
    private static async Task RecoupAcrossBanksAsync(ProxiedNetwork network)
    {
        var parties = network.Parties;
        await network.StartBanksAsync();
        await network.MakeBanksWalletAsync("twice-banks");
        await BankPair.FundAsync(parties, "0.48");
        await BankPair.RevokeAsync(parties, Revoked);
        var before = Recouped.Of(parties);
        var said = await parties.WalletAsync("refresh", "--days", "0", "--pause", "0");
        Assert.True(said.ExitCode == 0, said.Errors);
        var exchanged = (long)said.Json["recouped"]!;
        Assert.InRange(exchanged, 1, 3);
        Assert.Equal(48, await BankPair.HeldAsync(parties));
        Recouped.Of(parties).IsMoreThan(before, exchanged, exchanged * Revoked);
    }

    /// <summary>The bank's operator revokes a key of which the wallet holds a token; the wallet exchanges it.</summary>
    private static async Task RevokeAsync(ProxiedNetwork network)
    {
        var parties = network.Parties;
        using var http = new HttpClient(new SocketsHttpHandler())
        {
            BaseAddress = network.OriginOf(new Link(ProxiedNetwork.Customer, "bank")),
        };
        var bank = new BankClient(http);
        var keys = (await bank.DenominationsAsync(default)).Denominations.Select(listed => listed.Key.Content)
            .Where(key => key.Value.MinorUnits == Revoked).ToArray();
        using var identity = P256PrivateKey.FromPkcs8Pem(
            await File.ReadAllTextAsync(Path.Combine(parties.Folder, "bank", "keys", "identity.pem")));
        foreach (var key in keys)
        {
            var order = Signed<Revocation>.Sign(
                identity, new Revocation(key.Issuer, SHA256.HashData(key.TokenKey), Customer.Now));
            for (var tries = 0; ; tries++)
            {
                var answer = await bank.RevokeAsync(order, default);
                Assert.True(answer.IsOk, answer.Detail);
                if (answer.Value.State == RevocationAnswer.Logged)
                    break;
                Assert.True(tries < 300, "The log does not carry the revocation.");
                await Task.Delay(200);
            }
        }

        // Later tests withdraw that value too.
        for (var tries = 0; (await bank.DenominationsAsync(default)).Denominations.Count(listed =>
            listed.Key.Content.Value.MinorUnits == Revoked) == keys.Length; tries++)
        {
            Assert.True(tries < 300, "The bank announces no new key.");
            await Task.Delay(200);
        }

        var said = await parties.WalletAsync("refresh", "--days", "0", "--pause", "0");
        Assert.True(said.ExitCode == 0, said.Errors);
        Assert.InRange((long)said.Json["recouped"]!, 1, 8);
    }

    private static string TextOf(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
