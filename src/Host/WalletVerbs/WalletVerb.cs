using System.CommandLine;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Wallet.Network;

namespace Bauta.Host.WalletVerbs;

/// <summary>A verb on a wallet that exists.</summary>
internal abstract class WalletVerb(string name, string description, string example)
    : DoingVerb(name, description, example)
{
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

    /// <summary>The longest random pause between exchanges that must not be told to belong together.</summary>
    protected virtual TimeSpan MaxPause(ParseResult parsed) => TimeSpan.FromSeconds(2);

    protected abstract Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation);
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
