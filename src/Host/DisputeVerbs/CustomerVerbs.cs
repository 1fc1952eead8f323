using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.WalletVerbs;
using Bauta.Protocol.Disputes;
using Bauta.Wallet.Disputes;

namespace Bauta.Host.DisputeVerbs;

/// <summary><c>bauta dispute open</c>.</summary>
internal sealed class OpenDisputeVerb : WalletVerb
{
    private readonly Argument<string> purchase = new("PURCHASE")
    {
        Description = "The purchase's ID or its beginning, as bauta wallet history shows it.",
    };

    private readonly Option<string?> claim = new("--claim")
    {
        Description = "wrong-content: it does not open, or is another file than the contract names (a judge can tell). "
            + "wrong-goods: it is that file, and not what its description says. Without it: what the wallet found.",
    };

    private readonly Option<string> text = new("--text")
    {
        Description = "What is wrong, for the arbiter: up to 4,000 characters.",
        DefaultValueFactory = _ => string.Empty,
    };

    public OpenDisputeVerb()
        : base("open", "Disputes a payment, under the key of the token that paid: nobody learns who you are. The bank\n"
            + "learns that the payment is disputed; the arbiter is shown the contract, the goods and your text. A\n"
            + "refund comes as fresh tokens (bauta wallet resume). The key to the goods stays proof of the sale.",
            "bauta dispute open kY3rVw9z --text \"The letter is blank.\" --wallet data/demo/wallet "
            + "--password-file data/demo/wallet.password")
    {
        Add(purchase);
        Add(claim);
        Add(text);
        Add(WalletPlace.Folder);
        Add(WalletPlace.PasswordFile);
        Add(WalletPlace.Direct);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var said = open.Parsed.GetRequiredValue(text);
        if (open.Parsed.GetValue(claim) is { } named && !Claim.IsKnown(named))
            throw new HostException(ExitCode.Usage,
                $"A claim is {Claim.WrongContent} or {Claim.WrongGoods}, not {named}.");
        if (said.Length > DisputeCase.MaxTextLength)
            throw new HostException(ExitCode.Usage, $"--text has at most {DisputeCase.MaxTextLength} characters.");
        var state = PurchaseReport.Find(
            await open.Wallet.HistoryAsync(cancellation), open.Parsed.GetRequiredValue(purchase));
        var dispute = await open.Wallet.DisputeAsync(
            state.Order.Id, open.Parsed.GetValue(claim), said, cancellation);
        open.Output.Line(DisputeReport.Sentence(dispute.State!, await open.Wallet.CurrencyAsync(cancellation)));
        open.Output.Answer(DisputeStatusVerb.Describe(dispute));
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta dispute status</c>.</summary>
internal sealed class DisputeStatusVerb : WalletVerb
{
    public DisputeStatusVerb()
        : base("status", "Asks how this wallet's disputes stand, and takes refunds in.",
            "bauta dispute status --wallet data/demo/wallet --password-file data/demo/wallet.password")
    {
        Add(WalletPlace.Folder);
        Add(WalletPlace.PasswordFile);
        Add(WalletPlace.Direct);
    }

    public static JsonObject Describe(WalletDispute one)
    {
        var told = DisputeReport.Describe(one.State!);
        told["purchase"] = one.Purchase.ToString();
        told["over"] = one.IsOver;
        return told;
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var left = await open.Output.BarAsync("resuming", bar => open.Wallet.ResumeAsync(bar, cancellation));
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        var disputes = (await open.Wallet.DisputesAsync(cancellation)).Where(one => one.State is not null).ToArray();
        open.Output.Table(["Purchase", .. DisputeReport.Headings], disputes.Select(one => (IReadOnlyList<string>)
            [one.Purchase.ToString()[..8], .. DisputeReport.Row(one.State!, currency)]));
        foreach (var one in left)
            open.Output.Line($"  {one}");
        open.Output.Answer(new JsonObject { ["disputes"] = new JsonArray([.. disputes.Select(Describe)]) });
        return ExitCode.Ok;
    }
}
