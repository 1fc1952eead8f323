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
            Assert.Contains("P5a", said.Json["steps"]!.AsArray().Select(step => (string)step!["step"]!));
            Assert.Contains("sees:", said.Errors, StringComparison.Ordinal);
        }

        Assert.NotEqual((string)first.Json["purchase"]!, (string)second.Json["purchase"]!);
        var judged = await RealNetwork.BautaAsync(Limits.Verb, "judge", (string)first.Json["evidence"]!);
        Assert.Equal(0, judged.ExitCode);
        Assert.Contains("Verdict: complete", judged.Output, StringComparison.Ordinal);
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

        Assert.Equal(1, said.ExitCode);
        Assert.Contains("--port-base", said.Errors, StringComparison.Ordinal);
    }

    internal static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
