using System.Security.Cryptography;
using System.Text;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>
/// Every message of a funding, a withdrawal, a purchase, a refresh, a revocation with its exchange, and a payout, sent
/// twice.
/// </summary>
[Collection(nameof(SharedNetwork))]
public sealed class TwiceTests(SharedNetwork shared)
{
    private const long Revoked = 16;

    /// <summary>
    /// Requests that move value or that others build on: the second answer has the very bytes of the first. Every
    /// other request is a question; its answer may grow older, and its status stays.
    /// </summary>
    private static readonly string[] moving =
    [
        "POST /fundings", "POST /token-request", "POST /token-requests", "POST /purchases", "PUT /locks/",
        "POST /decisions", "PUT /decisions/", "POST /refreshes", "POST /recoups", "POST /payouts", "PUT /account",
        "GET /deliveries/",
    ];

    /// <summary>Requests whose answer says at first that something is on its way; what it says then stays.</summary>
    private static readonly (string Path, string Final)[] growing =
        [("POST /payments", "\"entry\""), ("POST /entries", "\"entry\""), ("POST /revocations", "\"logged\"")];

    [Fact]
    public async Task Every_request_sent_twice_gives_equal_answers_and_moves_value_once()
    {
        const long price = 700;
        var network = await shared.UseAsync("twice");
        var shop = await Shop.OpenAsync(network, price);
        network.Meddler.Double();
        // A shop that starts opens its account.
        network.Parties.Kill("merchant");
        await network.Parties.StartAsync("merchant");
        await Books.FundAsync(network.Parties, 2000);
        var before = await Books.ValueAsync(network.Parties);
        var bought = await shop.BuyAsync();
        Assert.True(bought.ExitCode == 0, bought.Errors);
        await shop.EveryPurchaseEndedAsync();
        await Books.EveryTokenIsGoodAsync(network.Parties);
        await RevokeAsync(network);
        Assert.Equal(before, await Books.ValueAsync(network.Parties));
        await Books.PayOutAsync(network.Parties);
        Assert.Equal(before, await Books.ValueAsync(network.Parties));

        var seen = network.Meddler.Twice;
        await network.CalmAsync();
        foreach (var one in seen)
        {
            var what = $"{one.Link} {one.Request}";
            var (first, second) = (one.First.Said, one.Second.Said);
            // C2SP tlog-witness: an old size that is no longer the latest is a conflict, which states the latest.
            if (one.Request.StartsWith("POST /add-checkpoint", StringComparison.Ordinal) && second.Status == 409)
                continue;
            Assert.True(first.Status == second.Status, $"{what}: {first.Status}, then {second.Status}");
            var grows = growing.FirstOrDefault(path => one.Request.StartsWith(path.Path, StringComparison.Ordinal));
            if (grows.Path is null
                ? moving.Any(path => one.Request.StartsWith(path, StringComparison.Ordinal))
                : TextOf(first.Body).Contains(grows.Final, StringComparison.Ordinal))
                Assert.True(first == second, $"{what}: another answer the second time.\n{first}\n{second}");
        }

        foreach (var path in moving.Concat(growing.Select(one => one.Path)))
            Assert.True(
                seen.Any(one => one.Request.StartsWith(path, StringComparison.Ordinal)), $"Nobody sent {path}.");
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
