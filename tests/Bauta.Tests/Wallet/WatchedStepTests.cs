using System.Security.Cryptography;
using Bauta.Wallet;
using Bauta.Wallet.Purchase;
using Xunit;

namespace Bauta.Tests.Wallet;

/// <summary>What takes long says how far it is.</summary>
public sealed class WatchedStepTests : IProgress<WalletStep>
{
    private readonly List<WalletStep> steps = [];

    void IProgress<WalletStep>.Report(WalletStep value) => steps.Add(value);

    [Fact]
    public async Task Fetching_checking_and_opening_of_goods_go_from_nothing_to_all()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 4);
        var offer = await network.OfferAsync(RandomNumberGenerator.GetBytes(5 * 1024 * 1024 / 2), 4);
        Assert.IsType<Opened>(await customer.Wallet.BuyAsync(
            network.Shop, offer, network.File("bought"), TimeSpan.Zero, this, default));
        Assert.Equal(
            ["fetching chunk 1 of 3", "fetching chunk 2 of 3", "fetching chunk 3 of 3"],
            PartsOf("goods").Select(step => step.Text)
                .Where(text => text.StartsWith("fetching", StringComparison.Ordinal)));
        Rises("fetching chunk");
        Rises("checking the goods");
        Rises("opening the goods");
        // Each is also told as done, once.
        Assert.All((string[])["goods", "open"], label => Assert.Single(
            steps, step => step.Label == label && step.Part is null));
    }

    [Fact]
    public async Task Restoring_and_refreshing_count_what_they_ask_for()
    {
        await using var network = await InProcessNetwork.StartAsync();
        await using var customer = await Customer.WithTokensAsync(network, 7);
        await using var found = await Customer.JoinAsync(network, "found", customer.Phrase);
        await found.Wallet.RestoreAsync(this, default);
        var asked = PartsOf("restore").ToArray();
        Assert.True(asked.Length > 10);
        Assert.Equal(0, asked[0].Part);
        Assert.InRange(asked[^1].Part!.Value, 0.8, 1);
        Assert.Equal(
            ["refreshing token 1 of 3", "refreshing token 2 of 3", "refreshing token 3 of 3"],
            PartsOf("refresh").Select(step => step.Text));
        steps.Clear();
        await found.Wallet.RefreshAsync(TimeSpan.FromDays(10_000), this, default);
        Assert.Equal(1, PartsOf("refresh").Last().Part);
    }

    private IEnumerable<WalletStep> PartsOf(string label) =>
        steps.Where(step => step.Label == label && step.Part is not null);

    private void Rises(string text)
    {
        var parts = steps.Where(step => step.Text.StartsWith(text, StringComparison.Ordinal))
            .Select(step => step.Part!.Value).ToArray();
        Assert.True(parts.Length > 1);
        Assert.Equal(parts.Order(), parts);
        Assert.InRange(parts[0], 0, 0.5);
        Assert.Equal(1, parts[^1]);
    }
}
