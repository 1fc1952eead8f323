using Bauta.Crypto.Jose;
using Bauta.Host;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;
using Bauta.Protocol.Relay;
using Bauta.Tests.Bank;
using Bauta.Tests.Storage;
using Bauta.Wallet;
using Bauta.Wallet.Network;
using Bauta.Wallet.Recovery;
using Xunit;

namespace Bauta.Tests.Host;

/// <summary>Which masks a wallet goes through, and what it says of that.</summary>
public sealed class WalletPlaceTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly HandClock clock = new();
    private readonly StringWriter said = new();

    [Fact]
    public void A_file_where_the_folder_is_to_be_is_refused_by_its_name()
    {
        File.WriteAllText(directory.File("file"), "mine");
        var parsed = CommandLine.Build().Parse(["wallet", "balance", "--wallet", directory.File("file")]);

        var refused = Assert.Throws<HostException>(() => WalletPlace.FolderOf(parsed));
        Assert.Equal(ExitCode.Usage, refused.Code);
        Assert.Contains("is a file", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wallet_picks_one_of_the_routes_and_keeps_it()
    {
        var file = Network(Enumerable.Range(0, 3).Select(
            number => new[] { Mask($"a{number}.example"), Mask($"b{number}.example") }));
        Assert.True(NetworkFile.TryParse(file.ToBytes(), out _));
        var picked = new List<MaskRoute>();
        for (var wallet = 0; wallet < 30; wallet++)
        {
            var folder = directory.File($"wallet{wallet}");
            await using (var store = await WalletStore.CreateAsync(
                folder, "password", RecoveryPhrase.Generate(), clock, rounds: 1, WalletPlace.SettingsOf(file)))
            {
                picked.Add(await RouteAsync(store, file));
            }

            for (var opening = 0; wallet == 0 && opening < 5; opening++)
            {
                await using var store = await WalletStore.OpenAsync(folder, "password", clock);
                Assert.Equal(picked[0], await RouteAsync(store, await WalletPlace.NetworkAsync(store, default)));
            }
        }

        Assert.All(picked, route => Assert.NotNull(route.Relay));
        // One of three thirty times comes about once in 10^14 times.
        Assert.True(picked.Distinct().Count() > 1);
        Assert.Empty(said.ToString());
    }

    [Theory]
    [InlineData(2, true, "network address")]
    [InlineData(1, false, "which parties you call")]
    [InlineData(2, false, "")]
    public async Task Fewer_than_two_masks_say_what_they_give_away(int masks, bool isDirect, string expected)
    {
        var file = Network([Enumerable.Range(0, masks).Select(number => Mask($"mask{number}.example")).ToArray()]);
        await using var store = await WalletStore.CreateAsync(
            directory.File("wallet"), "password", RecoveryPhrase.Generate(), clock, rounds: 1,
            WalletPlace.SettingsOf(file));
        var route = await RouteAsync(store, file, isDirect);
        Assert.Equal(isDirect, route == MaskRoute.Direct);
        if (expected.Length == 0)
            Assert.Empty(said.ToString());
        else
            Assert.Contains(expected, said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_was_cut_off_goes_on_with_the_same_phrase_and_password_only()
    {
        var network = directory.File("network.json");
        await File.WriteAllBytesAsync(network, Network([[Mask("a.example"), Mask("b.example")]]).ToBytes());
        await File.WriteAllTextAsync(directory.File("password"), "password\n");
        await File.WriteAllTextAsync(directory.File("phrase"), RecoveryPhrase.Generate());
        string[] arguments =
        [
            "wallet", "restore", "--direct", "--network", network, "--wallet", directory.File("wallet"),
            "--password-file", directory.File("password"), "--phrase-file", directory.File("phrase"),
        ];
        // Nobody answers at that address, so it is cut off, and may go on.
        for (var run = 0; run < 2; run++)
            Assert.Equal((int)ExitCode.StillOpen, await RunAsync(arguments));
        Assert.Contains("all these tokens are yours", said.ToString(), StringComparison.Ordinal);
        Assert.Contains(MaskRoute.Direct.GivesAway, said.ToString(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(directory.File("phrase"), RecoveryPhrase.Generate());
        Assert.Equal((int)ExitCode.Exists, await RunAsync(arguments));
        await File.WriteAllTextAsync(directory.File("password"), "passwort\n");
        Assert.Equal((int)ExitCode.WrongPassword, await RunAsync(arguments));
    }

    public void Dispose() => directory.Dispose();

    private Task<int> RunAsync(string[] arguments) => CommandLine.RunAsync(arguments, said, said);

    private Task<MaskRoute> RouteAsync(WalletStore store, NetworkFile file, bool isDirect = false) =>
        WalletPlace.RouteAsync(store, file, isDirect, new Output(false, said, said), default);

    private NetworkFile Network(IEnumerable<string[]> routes)
    {
        using var log = new LogInMemory(clock);
        // Nobody listens there.
        var party = Mask("127.0.0.1:9");
        return new NetworkFile([.. routes], party, party, party, log.Policy.Text, new Dictionary<string, string>());
    }

    private static string Mask(string name)
    {
        using var key = P256PrivateKey.Generate();
        return PartyAddress.Create(new Uri($"http://{name}"), key.PublicKey.Thumbprint).ToString();
    }
}
