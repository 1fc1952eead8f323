using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.ShopVerbs;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Disputes;

namespace Bauta.Host.DisputeVerbs;

/// <summary><c>bauta dispute sales</c>.</summary>
internal sealed class DisputedSalesVerb : ShopVerb
{
    private const int MaxPages = 100;

    public DisputedSalesVerb()
        : base("sales", "Lists the disputes on this shop's sales, as the bank has them.",
            "bauta dispute sales --config data/demo/merchant/merchant.json") => Add(Config);

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var all = await AllAsync(shop.Desk, cancellation);
        shop.Output.Table(DisputeReport.Headings, all.Select(one => DisputeReport.Row(one, shop.Currency)));
        shop.Output.Answer(new JsonObject
        {
            ["disputes"] = new JsonArray([.. all.Select(DisputeReport.Describe)]),
        });
        return ExitCode.Ok;
    }

    public static async Task<IReadOnlyList<DisputeState>> AllAsync(IShopDesk desk, CancellationToken cancellation)
    {
        var all = new List<DisputeState>();
        TransactionId? after = null;
        for (var page = 0; page < MaxPages && (page == 0 || after is not null); page++)
        {
            var list = OpenShop.ValueOf(await desk.DisputesAsync(after, cancellation));
            all.AddRange(list.Disputes);
            after = list.Next;
        }

        return all;
    }
}

/// <summary><c>bauta dispute answer</c>.</summary>
internal sealed class AnswerDisputeVerb : ShopVerb
{
    private readonly Argument<string> sale = new("SALE")
    {
        Description = "The sale's transaction ID or its beginning, as bauta dispute sales shows it.",
    };

    private readonly Option<bool> refund = new("--refund")
    {
        Description = "Give the money back, all of it and at once.",
    };

    private readonly Option<string?> contest = new("--contest")
    {
        Description = "Leave it to the arbiter, and tell it why: up to 4,000 characters, beside the sale's evidence.",
        HelpName = "TEXT",
    };

    public AnswerDisputeVerb()
        : base("answer", "Answers a dispute on a sale. Only the arbiter reads the text and the evidence.",
            "bauta dispute answer kY3rVw9z --refund --config data/demo/merchant/merchant.json")
    {
        Add(sale);
        Add(refund);
        Add(contest);
        Add(Config);
    }

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var (accepts, text) = (shop.Parsed.GetValue(refund), shop.Parsed.GetValue(contest));
        if (accepts == text is not null)
            throw new HostException(ExitCode.Usage, "Answer with --refund, or with --contest TEXT.");
        if (text?.Length > DisputeCase.MaxTextLength)
            throw new HostException(ExitCode.Usage, $"--contest has at most {DisputeCase.MaxTextLength} characters.");
        var n = await FindAsync(shop, cancellation);
        var box = text is null ? null : await SealAsync(shop, n, text, cancellation);
        var state = OpenShop.ValueOf(await shop.Desk.AnswerAsync(new NewAnswer(n, accepts, box), cancellation));
        shop.Output.Line(DisputeReport.Sentence(state, shop.Currency));
        shop.Output.Answer(DisputeReport.Describe(state));
        return ExitCode.Ok;
    }

    private async Task<TransactionId> FindAsync(OpenShop shop, CancellationToken cancellation)
    {
        var wanted = shop.Parsed.GetRequiredValue(sale);
        if (TransactionId.TryParse(wanted, out var whole))
            return whole;
        var found = (await DisputedSalesVerb.AllAsync(shop.Desk, cancellation))
            .Where(one => one.Transaction.ToString().StartsWith(wanted, StringComparison.Ordinal)).ToArray();
        return found.Length == 1
            ? found[0].Transaction
            : throw new HostException(ExitCode.NotFound,
                $"{wanted} names {found.Length} disputed sales. List them: bauta dispute sales");
    }

    private static async Task<byte[]> SealAsync(
        OpenShop shop, TransactionId n, string text, CancellationToken cancellation)
    {
        var evidence = (await SaleEvidenceVerb.EvidenceAsync(shop, n, cancellation)) with { Release = null };
        var arbiter = evidence.BankCard.Content.Bank!.Arbiter?.Content
            ?? throw new HostException(ExitCode.Refused, "The bank names no arbiter.");
        return SealedCase.TrySeal(arbiter, n, new DisputeCase(DisputeCase.CurrentFormat, evidence, text))
            ?? throw new HostException(ExitCode.Usage, "The evidence and the text are longer than a case may be.");
    }
}
