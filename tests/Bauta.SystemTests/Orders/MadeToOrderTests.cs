using Bauta.SystemTests.Faults;
using Bauta.SystemTests.Verbs;
using Xunit;

namespace Bauta.SystemTests.Orders;

/// <summary>FIG. 5 between real processes: the price is locked, a program makes the goods, the customer signs for them
/// or stays silent.</summary>
public sealed class MadeToOrderTests
{
    private const string Title = "A portrait";

    [Fact]
    public async Task A_portrait_is_painted_once_it_is_locked_and_a_silent_customer_finds_it_at_the_archive()
    {
        using var network = await RealNetwork.PrepareAsync(isMasked: true);
        var workshop = new Workshop(network);
        workshop.Equip(waitSeconds: 4);
        await network.StartAsync([.. RealNetwork.Roles, .. RealNetwork.Masks]);
        network.Wallet = "sitter";
        var made = await network.WalletAsync(
            "init", "--network", Path.Combine(network.Folder, "network.json"), "--password-rounds", "1");
        Assert.True(made.ExitCode == 0, made.Errors);
        await Books.FundAsync(network, 1000);
        var offer = await workshop.OfferAsync(Title, "1.20");

        var bought = await BuyAsync("first.txt", "30");
        Assert.True(bought.ExitCode == 0, bought.Errors);
        Assert.Equal(
            ("opened", "two-sided", false),
            ((string)bought.Json["state"]!, (string)bought.Json["proof"]!, (bool)bought.Json["forced"]!));
        Assert.Equal($"{Workshop.Goods}: {Title}", await File.ReadAllTextAsync(PathOf("first.txt")));

        var silent = await BuyAsync("second.txt", "0");
        Assert.True(silent.ExitCode == 17, $"{silent.ExitCode} {silent.Errors}");
        // The shop dies meanwhile, and goes on where it stood.
        network.Kill("merchant");
        await network.StartAsync("merchant");
        await workshop.CommittedAsync(Title, 2);
        network.Kill("merchant");
        var resumed = await network.WalletAsync("resume");
        Assert.True(resumed.ExitCode == 0, resumed.Errors);
        Assert.Equal($"{Workshop.Goods}: {Title}", await File.ReadAllTextAsync(PathOf("second.txt")));
        var history = (await network.WalletAsync("history")).Json["purchases"]!.AsArray();
        Assert.Equal([false, true], history.Select(one => (bool)one!["forced"]!).Order());
        await JudgedAsync((string)silent.Json["purchase"]!);

        Task<Said> BuyAsync(string file, string patience) => network.WalletAsync(
            "buy", "shop.demo", offer, "--out", PathOf(file), "--patience", patience);

        string PathOf(string file) => Path.Combine(network.Folder, file);

        async Task JudgedAsync(string purchase)
        {
            var evidence = PathOf("evidence.json");
            Assert.Equal(0, (await network.WalletAsync("evidence", purchase, "--out", evidence)).ExitCode);
            var judged = await RealNetwork.BautaAsync(Limits.Verb, "judge", evidence, "--json");
            Assert.True(judged.ExitCode == 0, judged.Output);
            Assert.Contains("did not acknowledge", (string)judged.Json["summary"]!, StringComparison.Ordinal);
        }
    }
}
