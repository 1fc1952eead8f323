using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace Bauta.SystemTests.Verbs;

/// <summary>Eight operators set a network up with `bauta init`, swap their party files and start it.</summary>
public sealed class ServeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<Process> running = [];
    private readonly int portBase = RealNetwork.FreePortBase();

    public void Dispose()
    {
        foreach (var process in running)
        {
            process.Kill();
            process.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Roles_made_by_init_sell_a_file_through_two_masks_and_stop_when_told()
    {
        var addresses = await InitAllAsync();
        foreach (var role in new[] { "w1", "w2", "archive", "acquirer", "bank", "merchant", "m2", "m1" })
            await ServeAsync(role);
        var network = folder.Write("network.json", new JsonObject
        {
            ["routes"] = new JsonArray(new JsonArray(addresses["m1"], addresses["m2"])),
            ["bank"] = addresses["bank"],
            ["acquirer"] = addresses["acquirer"],
            ["archive"] = addresses["archive"],
            ["policy"] = (string)JsonNode.Parse(
                await File.ReadAllTextAsync(folder.Path("archive", "archive.party.json")))!["policy"]!,
            ["shops"] = new JsonObject { ["corner"] = addresses["merchant"] },
        }.ToJsonString());

        var goods = folder.Write("goods.txt", "goods");
        string[] shop = ["--config", folder.Path("merchant", "merchant.json"), "--json"];
        var added = await OkAsync(["shop", "add", goods, "--price", "0.99", .. shop]);
        string[] wallet =
        [
            "--wallet", folder.Path("wallet"), "--password-file", folder.Write("password", "a password\n"), "--json",
        ];
        await OkAsync(["wallet", "init", "--network", network, .. wallet]);
        await UntilOkAsync(["wallet", "fund", "3.00", "--card", "4242424242424242", .. wallet]);
        await UntilOkAsync(["wallet", "withdraw", "3.00", .. wallet]);
        var bought = await OkAsync(
        [
            "wallet", "buy", "corner", (string)added["offer"]!, "--out", folder.Path("bought.txt"), .. wallet,
        ]);
        Assert.Equal("opened", (string)bought["state"]!);
        Assert.Equal("goods", await File.ReadAllTextAsync(folder.Path("bought.txt")));

        foreach (var process in running)
            await StopsCleanlyAsync(process);
    }

    [Fact]
    public async Task A_role_without_the_party_file_of_another_says_which_one_to_get()
    {
        await InitAsync("merchant", "merchant", 8);
        var said = await RealNetwork.BautaAsync(
            Limits.Verb, "serve", "merchant", "--config", folder.Path("merchant", "merchant.json"), "--json");

        Assert.Equal(3, said.ExitCode);
        Assert.Contains("bank.party.json", said.Errors, StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, string>> InitAllAsync()
    {
        string[] archive = ["--archive", "../archive/archive.party.json"];
        string[] bank = ["--bank", "../bank/bank.party.json"];
        string[] targets = [.. new[] { 3, 4, 7, 8 }.SelectMany(port => new[] { "--target", Origin(port) })];
        return new Dictionary<string, string>
        {
            ["w1"] = await InitAsync("w1", "witness", 5, archive),
            ["w2"] = await InitAsync("w2", "witness", 6, archive),
            ["archive"] = await InitAsync("archive", "archive", 4,
                ["--witness", "../w1/witness.party.json", "--witness", "../w2/witness.party.json", .. bank]),
            ["acquirer"] = await InitAsync("acquirer", "acquirer", 7, bank),
            ["bank"] = await InitAsync(
                "bank", "bank", 3, [.. archive, "--acquirer", "../acquirer/acquirer.party.json"]),
            ["merchant"] = await InitAsync(
                "merchant", "merchant", 8, [.. archive, .. bank, "--desk", Origin(9)]),
            ["m2"] = await InitAsync("m2", "mask", 2, targets),
            ["m1"] = await InitAsync("m1", "mask", 1, "--next", "../m2/mask.party.json"),
        };
    }

    private async Task<string> InitAsync(string place, string role, int port, params string[] more)
    {
        var made = await OkAsync(
        [
            "init", role, "--config", folder.Path(place, $"{role}.json"), "--name", $"{place}.test", "--url",
            Origin(port), .. more, "--json",
        ]);
        return (string)made["address"]!;
    }

    private async Task ServeAsync(string place)
    {
        var role = place switch { "w1" or "w2" => "witness", "m1" or "m2" => "mask", _ => place };
        var process = RealNetwork.Launch("serve", role, "--config", folder.Path(place, $"{role}.json"), "--json");
        running.Add(process);
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Limits.Verb);
        var line = await process.StandardOutput.ReadLineAsync(timeout.Token);
        var isServing = line is not null && (string?)JsonNode.Parse(line)!["role"] == role;
        Assert.True(isServing, isServing ? "" : $"{place}: {line} {await errors}");
    }

    private static async Task StopsCleanlyAsync(Process process)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        using var timeout = new CancellationTokenSource(Limits.Verb);
        await process.WaitForExitAsync(timeout.Token);
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>The bank makes its keys in the first seconds.</summary>
    private static async Task UntilOkAsync(string[] arguments)
    {
        for (var tries = 0; ; tries++)
        {
            var said = await RealNetwork.BautaAsync(Limits.Verb, arguments);
            if (said.ExitCode == 0)
                return;
            Assert.True(tries < 240, said.Errors);
            await Task.Delay(250);
        }
    }

    private static async Task<JsonNode> OkAsync(string[] arguments)
    {
        var said = await RealNetwork.BautaAsync(Limits.Verb, arguments);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', arguments)}: {said.ExitCode} {said.Errors}");
        return said.Json;
    }

    private string Origin(int port) => $"http://127.0.0.1:{portBase + port}";
}
