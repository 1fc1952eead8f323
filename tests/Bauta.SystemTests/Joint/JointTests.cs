using Bauta.SystemTests.Faults;
using Xunit;
using static Bauta.SystemTests.Banks.BankPair;

namespace Bauta.SystemTests.Joint;

/// <summary>A bank that is its own archive, in one process with two addresses (FIG. 6 and 7), and releases before the
/// lock or to the customer at once: real roles over real HTTP.</summary>
public sealed class JointTests
{
    private const int StillOpen = 17;
    private const long Price = 250;

    [Fact]
    public async Task Both_forms_sell_end_to_end_are_judged_and_audited_and_survive_a_kill_between_lock_and_decision()
    {
        using var network = await StartAsync();
        var before = await Books.ValueAsync(network);

        // FIG. 6, FIG. 7, and the key to the customer at once (5.6).
        foreach (var (name, more) in ((string, string[])[])[
            ("usual", []), ("early", ["--release", "early"]), ("at-once", ["--release", "at-once"])])
        {
            var said = await BuyAsync(network, name, more);
            Done(said);
            Assert.Equal("opened", (string)said.Json["state"]!);
            Assert.Equal(name == "usual" ? null : name, (string?)said.Json["release"]);
            if (name == "early")
                await JudgeAsync(network, (string)said.Json["purchase"]!, name);
        }

        // Both-never is held by strangers: the kill comes while the log has the commit, and one witness not.
        foreach (var (name, more) in ((string, string[])[])[("usual", []), ("early", ["--release", "early"])])
        {
            network.Kill("witness-2");
            var said = await BuyAsync(network, $"{name}-killed", [.. more, "--patience", "2"]);
            Assert.True(said.ExitCode == StillOpen, $"{said}");
            Assert.Equal(1, LiveRows.Number(network, "bank", "SELECT COUNT(*) FROM locks WHERE state = 0"));
            network.Kill("bank");
            await network.StartAsync("witness-2", "bank");
            // The bank settles by itself, long before the lock expires.
            await UntilAsync("the bank has settled", () => Task.FromResult(
                LiveRows.Number(network, "bank", "SELECT COUNT(*) FROM locks WHERE state = 0") == 0));
            await Books.ResumeUntilNothingIsOpenAsync(network);
        }

        await UntilAsync("the shop knows its five sales", async () =>
            (long)(await network.ShopAsync("sales")).Json["total"]! >= 5 * Price
            && LiveRows.Number(network, "merchant", "SELECT COUNT(*) FROM early_releases") == 0);
        Assert.Equal(before, await Books.ValueAsync(network));
        await JudgeSaleAsync(network, (string)(await network.ShopAsync("sales")).Json["sales"]![0]!["transaction"]!);
        var audit = await RealNetwork.BautaAsync(
            TimeSpan.FromMinutes(1), "audit", "--config", network.ConfigOf("bank"), "--json");
        Done(audit);
    }

    private static async Task<RealNetwork> StartAsync()
    {
        var network = await RealNetwork.PrepareAsync(
            ("bank", "joint", "\"../archive/archive.json\""), ("merchant", "releases", "[\"early\", \"at-once\"]"));
        // No process of an archive: the bank answers at its address.
        await network.StartAsync("witness-1", "witness-2", "acquirer", "bank", "merchant");
        await Books.FundAsync(network, 20 * Price);
        var goods = Path.Combine(network.Folder, "joint.txt");
        await File.WriteAllTextAsync(goods, "sold by a shop whose bank decides");
        Done(await network.ShopAsync("add", goods, "--price", "2.50", "--title", "A decided letter"));
        return network;
    }

    private static Task<Said> BuyAsync(RealNetwork network, string file, string[] more) => network.WalletAsync(
        ["buy", "shop.demo", "A decided letter", "--out", Path.Combine(network.Folder, file), .. more]);

    private static async Task JudgeAsync(RealNetwork network, string purchase, string name)
    {
        var path = Path.Combine(network.Folder, $"{name}.evidence.json");
        Done(await network.WalletAsync("evidence", purchase, "--out", path));
        await IsCompleteAsync(path);
    }

    private static async Task JudgeSaleAsync(RealNetwork network, string sale)
    {
        var path = Path.Combine(network.Folder, $"{sale[..8]}.sale.json");
        Done(await network.ShopAsync("evidence", sale, "--out", path));
        await IsCompleteAsync(path);
    }

    private static async Task IsCompleteAsync(string path)
    {
        var verdict = await RealNetwork.BautaAsync(TimeSpan.FromMinutes(1), "judge", path, "--json");
        Assert.True((string?)verdict.Json["outcome"] == "complete", $"{verdict}");
    }
}
