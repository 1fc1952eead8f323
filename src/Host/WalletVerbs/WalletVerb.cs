using System.CommandLine;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Wallet.Network;

namespace Bauta.Host.WalletVerbs;

/// <summary>A verb on a wallet that exists.</summary>
internal abstract class WalletVerb(string name, string description, string example)
    : DoingVerb(name, description, example)
{
    private const int DefaultPause = 2000;

    /// <summary>For a verb that asks for what must not be told to belong together; where it is not added, the pause is
    /// the default.</summary>
    protected Option<int> Pause { get; } = new("--pause")
    {
        Description = "Longest random pause between two exchanges in milliseconds; shorter is easier to link.",
        DefaultValueFactory = _ => DefaultPause,
    };

    protected override string GoOn => "What was begun goes on with: bauta wallet resume";

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        await using var store = await WalletPlace.OpenAsync(parsed, output);
        var file = await WalletPlace.NetworkAsync(store, cancellation);
        using var network = await WalletPlace.ConnectAsync(
            store, file, parsed.GetValue(WalletPlace.Direct), output, cancellation);
        var wallet = new Wallet.Wallet(store, network, TimeProvider.System) { MaxPause = MaxPause(parsed) };
        return await RunAsync(new OpenWallet(wallet, network, file, parsed, output), cancellation);
    }

    protected abstract Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation);

    private TimeSpan MaxPause(ParseResult parsed) => TimeSpan.FromMilliseconds(
        Options.Contains(Pause) ? Math.Max(0, parsed.GetValue(Pause)) : DefaultPause);
}

/// <summary>A wallet in use.</summary>
internal sealed record OpenWallet(
    Wallet.Wallet Wallet, HttpNetwork Network, NetworkFile File, ParseResult Parsed, Output Output)
{
    /// <summary>Reads an amount such as 2.50 in the wallet's currency.</summary>
    public async Task<(Currency Currency, Amount Amount)> AmountAsync(string text, CancellationToken cancellation)
    {
        var currency = await Wallet.CurrencyAsync(cancellation);
        return (currency, AmountText.Parse(text, currency));
    }
}
