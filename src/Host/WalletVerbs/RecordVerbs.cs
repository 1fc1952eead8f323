using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.JudgeVerb;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Storage;
using Bauta.Wallet.Purchase;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet history</c>.</summary>
internal sealed class HistoryVerb() : WalletVerb(
    "history", "Lists all purchases, oldest first.", "bauta wallet history --json")
{
    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        var purchases = await open.Wallet.HistoryAsync(cancellation);
        open.Output.Table(["Started", "Purchase", "State", "Price", "Title"], purchases.Select(one => new[]
        {
            one.Order.StartedAt.ToString(),
            one.Order.Id.ToString()[..8],
            PurchaseReport.StateOf(one),
            currency.Format(one.Order.Offer.Price),
            one.Order.Offer.Title,
        }));
        open.Output.Answer(new JsonObject
        {
            ["purchases"] = new JsonArray([.. purchases.Select(PurchaseReport.Describe)]),
        });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta wallet resume</c>.</summary>
internal sealed class ResumeVerb : WalletVerb
{
    private readonly Argument<string?> purchase = new("PURCHASE")
    {
        Description = "With --out: the purchase, by its ID or its beginning, as history shows it.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> output = new("--out")
    {
        Description = "Where the file of PURCHASE goes instead, when it cannot be stored where it was to go.",
    };

    public ResumeVerb()
        : base("resume",
            "Finishes whatever was cut off: fundings, withdrawals, refreshes, purchases; and exchanges tokens of a\n"
            + "key that the bank revoked. Safe at any time.",
            "bauta wallet resume")
    {
        Add(purchase);
        Add(output);
        Add(Pause);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var wanted = open.Parsed.GetValue(purchase);
        var path = open.Parsed.GetValue(output);
        if (wanted is null != path is null)
            throw new HostException(ExitCode.Usage,
                "PURCHASE and --out go together: bauta wallet resume PURCHASE --out FILE. Without both all is "
                + "resumed.");
        if (wanted is not null && path is not null)
            await open.Wallet.RedirectAsync(
                PurchaseReport.Find(await open.Wallet.HistoryAsync(cancellation), wanted).Order.Id, path, cancellation);
        var left = await open.Output.BarAsync("resuming", bar => open.Wallet.ResumeAsync(bar, cancellation));
        open.Output.Line(left.Count == 0 ? "Nothing is open." : "Still open; run resume again later:");
        foreach (var one in left)
            open.Output.Line($"  {one}");
        open.Output.Answer(new JsonObject
        {
            ["open"] = new JsonArray([.. left.Select(one => JsonValue.Create(one))]),
        });
        return left.Count == 0 ? ExitCode.Ok : ExitCode.StillOpen;
    }
}

/// <summary><c>bauta wallet backup</c>.</summary>
internal sealed class BackupVerb : WalletVerb
{
    private readonly Argument<string> file = new("FILE") { Description = "A file that does not exist yet." };

    public BackupVerb()
        : base("backup", "Writes a copy of the wallet's file. Secrets in it stay under the password.\n"
            + "To use it, put it into an empty folder as wallet.db and run: bauta wallet resume, then refresh.",
            "bauta wallet backup ~/wallet-copy.db") => Add(file);

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(open.Parsed.GetRequiredValue(file));
        await open.Output.BarAsync("copying the wallet", _ => open.Wallet.Store.BackupAsync(path, cancellation));
        open.Output.Line($"Copied to {path}. It opens with the same password.");
        open.Output.Answer(new JsonObject { ["backup"] = path });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta wallet evidence</c>.</summary>
internal sealed class EvidenceVerb : WalletVerb
{
    private readonly Argument<string> purchase = new("PURCHASE")
    {
        Description = "The purchase's ID or its beginning, as history shows it.",
    };

    private readonly Option<string> output = EvidenceFile.Out();

    private readonly Option<string?> goods = new("--goods")
    {
        Description = "Also write the encrypted goods here, when the wallet still has them.",
    };

    private readonly Option<string?> other = EvidenceFile.Other();

    private readonly Option<string[]> observations = EvidenceFile.Observations();

    private readonly Option<string?> demand = EvidenceFile.Demand();

    public EvidenceVerb()
        : base("evidence", "Writes all that was stated about a purchase, for a judge or any stranger.\n"
            + "It shows what you bought and from whom: hand it out with care.",
            "bauta wallet evidence kY3rVw9z --out evidence.json")
    {
        Add(purchase);
        Add(output);
        Add(goods);
        Add(other);
        Add(observations);
        Add(demand);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var state = PurchaseReport.Find(
            await open.Wallet.HistoryAsync(cancellation), open.Parsed.GetRequiredValue(purchase));
        var path = NewFile.At(open.Parsed.GetRequiredValue(output));
        var evidence = EvidenceFile.With(
            await open.Wallet.EvidenceAsync(state.Order.Id, cancellation), open.Parsed.GetValue(observations));
        EvidenceFile.Write(path, evidence, open.Parsed.GetValue(other));
        if (open.Parsed.GetValue(demand) is { } demandPath)
            EvidenceFile.WriteDemand(demandPath, evidence);
        if (open.Parsed.GetValue(goods) is { } goodsPath)
            await CopyGoodsAsync(open, state, Path.GetFullPath(goodsPath), cancellation);
        open.Output.Line($"Wrote {path}. Anybody can check it: bauta judge {path}");
        open.Output.Answer(new JsonObject { ["purchase"] = state.Order.Id.ToString(), ["evidence"] = path });
        return ExitCode.Ok;
    }

    private static async Task CopyGoodsAsync(
        OpenWallet open, PurchaseState state, string path, CancellationToken cancellation)
    {
        var kept = open.Wallet.Store.GoodsPathOf(state.Order.Id);
        if (!File.Exists(kept))
            throw new HostException(ExitCode.NotFound,
                "The wallet no longer has the encrypted goods: it keeps them until they opened as promised.");
        await open.Output.BarAsync("copying the goods", async bar =>
        {
            await using var from = new MeteredStream(kept, bar);
            await using var to = new FileStream(path, FileMode.CreateNew);
            await from.CopyToAsync(to, cancellation);
        });
    }
}

/// <summary><c>bauta wallet forget</c>.</summary>
internal sealed class ForgetVerb : WalletVerb
{
    private readonly Option<int> days = new("--days")
    {
        Description = "Purchases that are over and were started longer ago.",
        Required = true,
    };

    public ForgetVerb()
        : base("forget", "Deletes what the wallet keeps of old purchases: contract, evidence, encrypted goods. What\n"
            + "you bought stays where it is, and nobody finds in the wallet that you did. You prove nothing then.",
            "bauta wallet forget --days 400") => Add(days);

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var before = UnixTime.Now(TimeProvider.System).AddSeconds(-86_400L * Math.Max(0, open.Parsed.GetValue(days)));
        var gone = await open.Wallet.ForgetAsync(before, cancellation);
        open.Output.Line($"{gone} purchase(s) forgotten.");
        open.Output.Answer(new JsonObject { ["forgotten"] = gone });
        return ExitCode.Ok;
    }
}
