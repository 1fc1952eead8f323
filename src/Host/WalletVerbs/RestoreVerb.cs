using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Wallet;
using Bauta.Wallet.Network;
using Spectre.Console;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet restore</c>.</summary>
internal sealed class RestoreVerb : DoingVerb
{
    private readonly Option<string> network = new("--network")
    {
        Description = "The network file: masks, bank, acquirer, archive and shops.",
        Required = true,
    };

    private readonly Option<string?> phraseFile = new("--phrase-file")
    {
        Description = "File with the twelve words; a prompt at a terminal otherwise.",
    };

    private readonly Option<int> pause = new("--pause")
    {
        Description = "Longest random pause between two exchanges in milliseconds: the shorter, the easier the bank "
            + "can tell that the tokens belong together.",
        DefaultValueFactory = _ => 2000,
    };

    public RestoreVerb()
        : base("restore", "Finds again what a lost wallet held, from its recovery phrase alone.\n"
            + "Tokens are asked for one by one, in random order and with pauses, so that they cannot be linked: a few\n"
            + "seconds for each. They move to the restored wallet: one of the same phrase that is still there has\n"
            + "lost them, so do not go on with it.\n"
            + "What was cut off goes on when it is run again with the same folder, password and phrase.",
            "bauta wallet restore --network data/demo/network.json --wallet ~/restored --phrase-file words.txt")
    {
        Add(network);
        Add(phraseFile);
        Add(pause);
    }

    protected override string GoOn => "It goes on when it is run again with the same folder, password and phrase.";

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var file = WalletPlace.ReadNetwork(parsed.GetRequiredValue(network));
        var folder = WalletPlace.FolderOf(parsed);
        var phrase = ReadPhrase(parsed.GetValue(phraseFile));
        await using var store = await OpenAsync(
            folder, phrase, parsed.GetValue(WalletPlace.PasswordFile), file, output);
        var isDirect = parsed.GetValue(WalletPlace.Direct);
        if (isDirect)
            output.Note("Note: without masks the bank sees by your network address that all these tokens are yours.");
        using var connection = await WalletPlace.ConnectAsync(
            store, await WalletPlace.NetworkAsync(store, cancellation), isDirect, output, cancellation);
        var wallet = new Wallet.Wallet(store, connection, TimeProvider.System)
        {
            MaxPause = TimeSpan.FromMilliseconds(Math.Max(0, parsed.GetValue(pause))),
        };
        var found = await output.BarAsync("restoring", bar => wallet.RestoreAsync(bar, cancellation));
        var currency = await wallet.CurrencyAsync(cancellation);
        output.Line($"Restored in {folder}: {currency.Format(found)} can be spent.");
        output.Answer(new JsonObject
        {
            ["wallet"] = folder,
            ["spendable"] = found.MinorUnits,
            ["currency"] = currency.Code,
        });
        return ExitCode.Ok;
    }

    /// <summary>A new wallet of the phrase, or the one that a run before was cut off at, which stays with its
    /// masks.</summary>
    private static async Task<WalletStore> OpenAsync(
        string folder, string phrase, string? passwordFile, NetworkFile network, Output output)
    {
        if (!await WalletStore.ExistsAsync(folder, TimeProvider.System))
            return await WalletStore.CreateAsync(
                folder, Password.Read(passwordFile, isNew: true, output), phrase, TimeProvider.System,
                settings: WalletPlace.SettingsOf(network));
        var store = await WalletStore.OpenAsync(
            folder, Password.Read(passwordFile, isNew: false, output), TimeProvider.System);
        if (store.IsOf(phrase))
            return store;
        await store.DisposeAsync();
        throw new HostException(ExitCode.Exists,
            $"There is a wallet of another phrase in {folder} already. Use another folder with --wallet.");
    }

    private static string ReadPhrase(string? file)
    {
        if (file is not null)
            return File.Exists(file)
                ? string.Join(' ', File.ReadAllText(file).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                : throw new HostException(ExitCode.NotFound, $"{file} is missing; it holds the twelve words.");
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new HostException(ExitCode.Usage, "The recovery phrase is needed: --phrase-file FILE.");
        return AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) })
            .Prompt(new TextPrompt<string>("The twelve words:").Secret());
    }
}
