using System.Security.Cryptography;
using Xunit;

namespace Bauta.SystemTests.Verbs;

public sealed class DemoTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_demo_sells_a_file_and_the_judge_confirms_it_twice_over_the_same_data(bool isDirect)
    {
        using var folder = new TemporaryFolder();
        var goods = folder.Write("some goods.bin", RandomNumberGenerator.GetBytes(3_000_000));
        string[] arguments =
        [
            "demo", "--once", "--json", "--sell", goods, "--price", "7.77", "--data", folder.Path("network"),
            .. isDirect ? (string[])["--direct"] : [],
        ];

        var first = await RealNetwork.BautaAsync(
            Limits.Demo, [.. arguments, "--port-base", $"{RealNetwork.FreePortBase()}"]);
        var second = await RealNetwork.BautaAsync(Limits.Demo, arguments);

        foreach (var said in (Said[])[first, second])
        {
            Assert.True(said.ExitCode == 0, said.Errors);
            Assert.Equal(Hash(goods), (string)said.Json["sha256"]!);
            Assert.Equal(Hash(goods), Hash((string)said.Json["bought"]!));
            Assert.True((bool)said.Json["matches"]!);
            Assert.Equal(777, (long)said.Json["price"]!);
            Assert.Equal(isDirect ? 0 : 2, (int)said.Json["masks"]!);
            Assert.Equal("complete", (string)said.Json["verdict"]!["outcome"]!);
            Assert.Equal(
                ["fund", "withdraw", "offers", "P1", "goods", "P2", "P3", "P3 relayed", "P4", "P5a", "open", "settle"],
                said.Json["steps"]!.AsArray().Select(step => (string)step!["step"]!));
            Assert.InRange((double)said.Json["seconds"]!, 0, Limits.DemoSeconds);
            ReceivedWhatTheTableAllows(said, isDirect);
        }

        Assert.NotEqual((string)first.Json["purchase"]!, (string)second.Json["purchase"]!);
        var judged = await RealNetwork.BautaAsync(Limits.Verb, "judge", (string)first.Json["evidence"]!);
        Assert.Equal(0, judged.ExitCode);
        Assert.Contains("Verdict: complete", judged.Output, StringComparison.Ordinal);
    }

    /// <summary>By what the roles' hosts really received.</summary>
    private static void ReceivedWhatTheTableAllows(Said said, bool isDirect)
    {
        Assert.Empty(said.Json["beyond"]!.AsArray());
        var received = said.Json["received"]!.AsObject();
        Contains("acquirer", "Payer", "SumsPaid", "ReserveKey");
        Contains("bank", "ReserveKey", "Denomination", "SpentSerial", "Amount", "Account", "Transaction", "Commitment",
            "MaskedKey");
        Contains("shop", "Goods", "Price", "Transaction", "Account");
        Contains("archive", "Transaction", "Expiry", "Commitment", "MaskedKey", "LockingBank");
        Contains("witness");
        if (!isDirect)
        {
            Contains("first mask", "NetworkAddress", "Sizes");
            Contains("second mask", "PartyCalled", "Sizes");
        }

        // The archive is asked only when the shop's answer comes without the decision.
        Assert.Equal(
            isDirect ? ["acquirer", "bank", "shop"] : ["first mask"],
            received.Where(one => FactsOf(one.Key).Contains("NetworkAddress")).Select(one => one.Key)
                .Where(party => !isDirect || party != "archive").Order());
        // The release is the shop's own request, told when it arrived.
        var release = said.Json["steps"]!.AsArray().Single(step => (string)step!["step"]! == "P4")!;
        var sight = Assert.Single(release["sight"]!.AsArray())!;
        Assert.Equal("archive", (string)sight["party"]!);
        Assert.Contains("MaskedKey", sight["facts"]!.AsArray().Select(fact => (string)fact!));
        Assert.Contains("received:", said.Errors, StringComparison.Ordinal);

        void Contains(string party, params string[] facts) => Assert.Empty(facts.Except(FactsOf(party)));

        string[] FactsOf(string party) => [.. received[party]!.AsArray().Select(fact => (string)fact!)];
    }

    [Fact]
    public async Task A_demo_on_taken_ports_says_which_option_helps()
    {
        using var folder = new TemporaryFolder();
        var portBase = RealNetwork.FreePortBase();
        using var taker = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, portBase + 4);
        taker.Start();

        var said = await RealNetwork.BautaAsync(
            Limits.Demo, "demo", "--once", "--data", folder.Path("network"), "--port-base", $"{portBase}");

        Assert.Equal(4, said.ExitCode);
        Assert.Contains("--port-base", said.Errors, StringComparison.Ordinal);
    }

    internal static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
