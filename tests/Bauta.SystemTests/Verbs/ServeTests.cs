using System.Diagnostics;
using System.Text.Json.Nodes;
using Bauta.Bank;
using Bauta.Crypto.Jose;
using Bauta.Storage;
using Bauta.Storage.Sqlite;
using Xunit;

namespace Bauta.SystemTests.Verbs;

/// <summary>Eight operators set a network up as the page on it says, swap their party files and start it.</summary>
public sealed class ServeTests : IDisposable
{
    private const string Page = "docs/operating/by-hand.md";

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
    public async Task A_network_made_by_hand_as_the_page_says_sells_through_two_masks_and_stops_when_told()
    {
        var lines = CommandsOf(Page);
        Assert.Equal(
            ["init", "init network", "serve", "shop", "wallet", "audit"], lines.Select(KindOf).Distinct());
        foreach (var line in lines.Where(line => line[0] == "init"))
            await OkAsync(line);
        // The wallets are told what the party files say.
        var told = JsonNode.Parse(await File.ReadAllTextAsync(folder.Path("network.json")))!;
        Assert.Equal(AddressOf("merchant", "merchant"), (string)told["shops"]!["corner"]!);
        Assert.Equal(
            [AddressOf("m1", "mask"), AddressOf("m2", "mask")],
            told["routes"]!.AsArray().Single()!.AsArray().Select(mask => (string)mask!));
        foreach (var line in lines.Where(line => line[0] == "serve"))
            await ServeAsync(line);

        folder.Write("letter.txt", "goods");
        string[] password = ["--password-file", folder.Write("password", "a password\n")];
        foreach (var line in lines.Where(line => line[0] is "shop" or "wallet"))
            if (line[0] == "shop")
                await OkAsync(line);
            else
                await UntilOkAsync([.. line, .. password]);
        Assert.Equal("goods", await File.ReadAllTextAsync(folder.Path("bought.txt")));
        await AuditsAsync(Assert.Single(lines, line => line[0] == "audit"));
        foreach (var process in running)
            await StopsCleanlyAsync(process);
    }

    /// <summary>The running bank agrees with itself and the log; a copy that somebody wrote to does not.</summary>
    private async Task AuditsAsync(string[] line)
    {
        var audited = await OkAsync(line);
        Assert.Empty(audited.Json["findings"]!.AsArray());
        Assert.Equal(1, (int)audited.Json["rows"]!["locks"]!);
        var copy = folder.Path("copy.db");
        SqliteCopy.Write(folder.Path("bank", "bank.db"), copy);
        await using (var database = Database.Open(copy, BankSchema.Migrations))
            await database.WriteAsync(transaction => transaction.Execute("UPDATE locks SET state = 2"));
        var found = await SayAsync([.. line, "--database", copy]);
        Assert.Equal(31, found.ExitCode);
        Assert.Contains(
            found.Json["findings"]!.AsArray(), one => (string)one!["kind"]! == "unlocked-without-abort");
    }

    [Fact]
    public async Task A_network_file_of_parties_that_make_no_network_is_refused_with_what_to_do()
    {
        foreach (var line in CommandsOf(Page).Where(line => KindOf(line) == "init"))
            await OkAsync(line);
        string[] whole = [.. CommandsOf(Page).Single(line => KindOf(line) == "init network")];
        await FailsAsync(3, "init bank", Changed("--bank", "nowhere.party.json"));
        await FailsAsync(3, "is of role merchant", Changed("--bank", "merchant/merchant.party.json"));
        await FailsAsync(2, "one mask", Changed("--route", "m1/mask.party.json,m1/mask.party.json"));
        await FailsAsync(2, "--spent-at", [.. whole, "--spent-at", "bank/bank.party.json"]);
        await FailsAsync(2, "NAME=", [.. whole, "--shop", "corner=merchant/merchant.party.json"]);
        Assert.False(File.Exists(folder.Path("network.json")));

        var alone = await OkAsync(Without("--route"));
        Assert.Equal(0, (int)alone.Json["routes"]!);
        Assert.Contains("your network address", alone.Errors, StringComparison.Ordinal);
        await FailsAsync(18, "--out", whole);

        string[] Changed(string option, string value) =>
            [.. whole[..(Array.IndexOf(whole, option) + 1)], value, .. whole[(Array.IndexOf(whole, option) + 2)..]];

        string[] Without(string option) =>
            [.. whole[..Array.IndexOf(whole, option)], .. whole[(Array.IndexOf(whole, option) + 2)..]];
    }

    [Fact]
    public async Task A_role_without_the_party_file_of_another_says_which_one_to_get()
    {
        await OkAsync(CommandsOf(Page).Single(line => line.Contains("merchant") && line[0] == "init"));
        var said = await SayAsync(["serve", "merchant", "--config", "merchant/merchant.json"]);

        Assert.Equal(3, said.ExitCode);
        Assert.Contains("bank.party.json", said.Errors, StringComparison.Ordinal);
    }

    /// <summary>The page's commands, on ports that are free here.</summary>
    private string[][] CommandsOf(string page)
    {
        const string port = "127.0.0.1:740";
        var lines = new List<string>();
        var isCode = false;
        foreach (var line in File.ReadLines(RealNetwork.SourcePath(page)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = !isCode;
            else if (isCode && lines.Count > 0 && lines[^1].EndsWith('\\'))
                lines[^1] = lines[^1][..^1] + line.Trim();
            else if (isCode)
                lines.Add(line);
        }

        return
        [
            .. lines.Select(line => line.Split(' ')).Select(words => words[1..].Select(word =>
                word.IndexOf(port, StringComparison.Ordinal) is var at and >= 0
                    ? word[..at] + $"127.0.0.1:{portBase + word[at + port.Length] - '0'}"
                    : word).ToArray()),
        ];
    }

    private static string KindOf(string[] line) => line is ["init", "network", ..] ? "init network" : line[0];

    private string AddressOf(string place, string role)
    {
        var party = JsonNode.Parse(File.ReadAllText(folder.Path(place, $"{role}.party.json")))!;
        Assert.True(Base64Url.TryDecode((string)party["key"]!, out var spki));
        return $"{(string)party["url"]!}#{P256PublicKey.FromSpki(spki).Thumbprint}";
    }

    private async Task ServeAsync(string[] line)
    {
        var process = RealNetwork.LaunchIn(folder.Path(), [.. line, "--json"]);
        running.Add(process);
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Limits.Verb);
        var said = await process.StandardOutput.ReadLineAsync(timeout.Token);
        var isServing = said is not null && (string?)JsonNode.Parse(said)!["role"] == line[1];
        Assert.True(isServing, isServing ? "" : $"{string.Join(' ', line)}: {said} {await errors}");
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
    private async Task UntilOkAsync(string[] line)
    {
        for (var tries = 0; ; tries++)
        {
            var said = await SayAsync(line);
            if (said.ExitCode == 0)
                return;
            Assert.True(tries < 240, said.Errors);
            await Task.Delay(250);
        }
    }

    private async Task<Said> OkAsync(string[] line)
    {
        var said = await SayAsync(line);
        Assert.True(said.ExitCode == 0, $"{string.Join(' ', line)}: {said.ExitCode} {said.Errors}");
        return said;
    }

    private async Task FailsAsync(int code, string hint, string[] line)
    {
        var said = await SayAsync(line);
        Assert.True(said.ExitCode == code, $"{string.Join(' ', line)}: {said.ExitCode} {said.Errors}");
        Assert.Contains(hint, (string)said.Json["error"]!["message"]!, StringComparison.Ordinal);
    }

    private async Task<Said> SayAsync(string[] line)
    {
        using var process = RealNetwork.LaunchIn(folder.Path(), [.. line, "--json"]);
        return await RealNetwork.EndAsync(process, Limits.Verb, string.Join(' ', line));
    }
}
