using Xunit;

namespace Bauta.SystemTests.Faults;

/// <summary>Every message of a fund, a withdrawal, a purchase, a refresh and a payout, sent twice.</summary>
public sealed class TwiceTests(SharedNetwork shared)
{
    /// <summary>
    /// Requests that move value or that others build on: the second answer has the very bytes of the first. Every
    /// other request is a question; its answer may grow older, and its status stays.
    /// </summary>
    private static readonly string[] moving =
    [
        "POST /fundings", "POST /token-request", "POST /token-requests", "POST /purchases", "PUT /locks/",
        "POST /decisions", "PUT /decisions/", "POST /refreshes", "POST /payouts", "GET /deliveries/",
    ];

    [Fact]
    public async Task Every_request_sent_twice_gives_equal_answers_and_moves_value_once()
    {
        const long price = 700;
        var network = await shared.UseAsync("twice");
        var shop = await Shop.OpenAsync(network, price);
        network.Meddler.Double();
        await Books.FundAsync(network.Parties, 2000);
        var before = await Books.ValueAsync(network.Parties);
        var bought = await shop.BuyAsync();
        Assert.True(bought.ExitCode == 0, bought.Errors);
        await shop.EveryPurchaseEndedAsync();
        await Books.EveryTokenIsGoodAsync(network.Parties);
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
            if (moving.Any(path => one.Request.StartsWith(path, StringComparison.Ordinal)))
                Assert.True(first == second, $"{what}: another answer the second time.\n{first}\n{second}");
        }

        foreach (var path in moving)
            Assert.True(
                seen.Any(one => one.Request.StartsWith(path, StringComparison.Ordinal)), $"Nobody sent {path}.");
    }
}
