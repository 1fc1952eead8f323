using System.CommandLine;
using System.Text.Json.Nodes;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet fund</c>.</summary>
internal sealed class FundVerb : WalletVerb
{
    private readonly Argument<string> amount = new("AMOUNT") { Description = "Such as 20.00." };
    private readonly Option<string> card = new("--card")
    {
        Description = "The card number. The sandbox acquirer takes test cards only: 4242424242424242 is approved, "
            + "4000000000000002 declined.",
        Required = true,
    };

    public FundVerb()
        : base("fund", "Pays money in by card; it waits in a reserve at the bank.",
            "bauta wallet fund 20.00 --card 4242424242424242")
    {
        Add(amount);
        Add(card);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var (currency, sum) = await open.AmountAsync(open.Parsed.GetRequiredValue(amount), cancellation);
        var number = open.Parsed.GetRequiredValue(card).Replace(" ", "", StringComparison.Ordinal);
        if (number.Length is < 12 or > 19 || !number.All(char.IsAsciiDigit))
            throw new HostException(ExitCode.Usage, "A card number has 12 to 19 digits.");
        var isCredited = await open.Output.BarAsync(
            "paying in", _ => open.Wallet.FundAsync(sum, number, cancellation));
        open.Output.Line(isCredited
            ? $"{currency.Format(sum)} wait in a reserve. Next: bauta wallet withdraw AMOUNT"
            : "The acquirer has not decided yet. Later: bauta wallet resume");
        open.Output.Answer(new JsonObject
        {
            ["amount"] = sum.MinorUnits,
            ["currency"] = currency.Code,
            ["credited"] = isCredited,
        });
        return isCredited ? ExitCode.Ok : ExitCode.StillOpen;
    }
}

/// <summary><c>bauta wallet withdraw</c>.</summary>
internal sealed class WithdrawVerb : WalletVerb
{
    private readonly Argument<string> amount = new("AMOUNT") { Description = "A round sum such as 10.00." };

    public WithdrawVerb()
        : base("withdraw", "Turns money in a reserve into anonymous tokens.\n"
            + "Do it ahead of buying and for a round sum: the exact price just before a purchase would tell the bank "
            + "what it is for.",
            "bauta wallet withdraw 10.00") => Add(amount);

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var (currency, sum) = await open.AmountAsync(open.Parsed.GetRequiredValue(amount), cancellation);
        var drawn = await open.Output.BarAsync("withdrawing", _ => open.Wallet.WithdrawAsync(sum, cancellation));
        open.Output.Line($"{currency.Format(drawn)} are in the wallet as anonymous tokens.");
        open.Output.Answer(new JsonObject { ["amount"] = drawn.MinorUnits, ["currency"] = currency.Code });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta wallet balance</c>.</summary>
internal sealed class BalanceVerb() : WalletVerb(
    "balance", "Shows what the wallet holds.", "bauta wallet balance --json")
{
    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        var balance = await open.Output.BarAsync("asking the bank", _ => open.Wallet.BalanceAsync(cancellation));
        open.Output.Table(["", currency.Code],
        [
            ["spendable", currency.Format(balance.Spendable)],
            ["set aside for open purchases", currency.Format(balance.SetAside)],
            ["to be refreshed (bauta wallet refresh)", currency.Format(balance.ToRefresh)],
            ["in reserves (bauta wallet withdraw)", currency.Format(balance.InReserves)],
        ]);
        open.Output.Answer(new JsonObject
        {
            ["currency"] = currency.Code,
            ["decimals"] = currency.Decimals,
            ["spendable"] = balance.Spendable.MinorUnits,
            ["setAside"] = balance.SetAside.MinorUnits,
            ["toRefresh"] = balance.ToRefresh.MinorUnits,
            ["inReserves"] = balance.InReserves.MinorUnits,
        });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta wallet refresh</c>.</summary>
internal sealed class RefreshVerb : WalletVerb
{
    private readonly Option<int> days = new("--days")
    {
        Description = "Also refresh tokens that end within so many days.",
        DefaultValueFactory = _ => 30,
    };

    public RefreshVerb()
        : base("refresh", "Turns partly spent, doubtful, revoked or ageing tokens into fresh ones that cannot be "
            + "linked to them.", "bauta wallet refresh")
    {
        Add(days);
        Add(Pause);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var margin = TimeSpan.FromDays(Math.Max(0, open.Parsed.GetValue(days)));
        var (recouped, fresh) = await open.Output.BarAsync("refreshing", async bar => (
            await open.Wallet.RecoupAsync(bar, cancellation),
            await open.Wallet.RefreshAsync(margin, bar, cancellation)));
        if (recouped > 0)
            open.Output.Line($"{recouped} token(s) of a key that the bank revoked exchanged; nothing was lost.");
        open.Output.Line($"{fresh} token(s) refreshed.");
        open.Output.Answer(new JsonObject { ["refreshed"] = fresh, ["recouped"] = recouped });
        return ExitCode.Ok;
    }
}
