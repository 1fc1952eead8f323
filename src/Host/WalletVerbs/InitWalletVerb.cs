using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Wallet;
using Bauta.Wallet.Recovery;
using Bauta.Wallet.Vault;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet init</c>.</summary>
internal sealed class InitWalletVerb : DoingVerb
{
    private readonly Option<string> network = new("--network")
    {
        Description = "The network file: masks, bank, acquirer, archive and shops.",
        Required = true,
    };

    private readonly Option<int> rounds = new("--password-rounds")
    {
        Description = "Rounds of PBKDF2 over the password at every use; fewer only for a password that is a random "
            + "key.",
        DefaultValueFactory = _ => WalletVault.DefaultRounds,
    };

    public InitWalletVerb()
        : base("init", "Makes a wallet and shows its recovery phrase, once.",
            "bauta wallet init --network data/demo/network.json --wallet ~/bauta-wallet")
    {
        Add(network);
        Add(rounds);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var file = WalletPlace.ReadNetwork(parsed.GetRequiredValue(network));
        var folder = WalletPlace.FolderOf(parsed);
        if (await WalletStore.ExistsAsync(folder, TimeProvider.System))
            throw new HostException(ExitCode.Exists,
                $"There is a wallet in {folder} already. Use another folder with --wallet.");
        var slowness = parsed.GetValue(rounds);
        if (slowness is < 1 or > WalletVault.MaxRounds)
            throw new HostException(
                ExitCode.Usage, $"--password-rounds is a number from 1 to {WalletVault.MaxRounds}.");
        var phrase = RecoveryPhrase.Generate();
        var password = Password.Read(parsed.GetValue(WalletPlace.PasswordFile), isNew: true, output);
        // Shown before there is a wallet: one whose phrase nobody saw could not be restored.
        output.Line("The recovery phrase, shown this once:");
        output.Line();
        output.Line($"  {phrase}");
        output.Line();
        output.Line("Write it on paper. Whoever has it has the money; without it a lost wallet is lost.");
        await using var store = await WalletStore.CreateAsync(
            folder, password, phrase, TimeProvider.System, slowness, WalletPlace.SettingsOf(file));
        output.Line($"Made a wallet in {folder}. Then: bauta wallet fund 20.00 --card 4242424242424242"
            + (parsed.GetValue(WalletPlace.Folder) is { } named ? $" --wallet {named}" : ""));
        output.Answer(new JsonObject { ["wallet"] = folder, ["phrase"] = phrase });
        return ExitCode.Ok;
    }
}
