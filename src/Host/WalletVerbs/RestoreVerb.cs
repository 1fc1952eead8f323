using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Wallet;
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
            + "Tokens are asked for one by one, in random order and with pauses, so that they cannot be linked.",
            "bauta wallet restore --network data/demo/network.json --wallet ~/restored --phrase-file words.txt")
    {
        Add(network);
        Add(phraseFile);
        Add(pause);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var file = WalletPlace.ReadNetwork(parsed.GetRequiredValue(network));
        var folder = WalletPlace.FolderOf(parsed);
        var phrase = ReadPhrase(parsed.GetValue(phraseFile));
        var password = Password.Read(parsed.GetValue(WalletPlace.PasswordFile), isNew: true, output);
        await using var store = await WalletStore.CreateAsync(folder, password, phrase, TimeProvider.System);
        await WalletPlace.KeepNetworkAsync(store, file, cancellation);
        using var connection = await WalletPlace.ConnectAsync(
            store, file, parsed.GetValue(WalletPlace.Direct), output, cancellation);
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
