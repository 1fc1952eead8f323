using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Protocol.Merchant;
using Bauta.Storage;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet receipt</c>.</summary>
internal sealed class ReceiptVerb : WalletVerb
{
    private readonly Argument<string> purchase = new("PURCHASE")
    {
        Description = "The purchase's ID or its beginning, as history shows it.",
    };

    private readonly Option<string?> file = new("--out")
    {
        Description = "Write the receipt with the archive's proof, for a stranger to the shop.",
    };

    private readonly Option<string?> png = new("--qr") { Description = "Write it as a QR code, a PNG file." };

    private readonly Option<string?> card = new("--shop-card")
    {
        Description = "Also write the shop's card as it was then, to check the receipt with.",
    };

    public ReceiptVerb()
        : base("receipt", "Shows the receipt of a purchase: as text, as a QR code, or as a file with the proof.\n"
            + "It tells what you bought and where. To collect, answer the counter: bauta wallet answer",
            "bauta wallet receipt kY3rVw9z --qr receipt.png")
    {
        Add(purchase);
        Add(file);
        Add(png);
        Add(card);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var state = PurchaseReport.Find(
            await open.Wallet.HistoryAsync(cancellation), open.Parsed.GetRequiredValue(purchase));
        var (receipt, paid, order) = await open.Wallet.ReceiptAsync(state.Order.Id, cancellation);
        var path = open.Parsed.GetValue(file) is { } given ? NewFile.At(given) : null;
        if (path is not null)
            DurableFile.Create(path, receipt.ToBytes(), DurableFile.SecretMode);
        if (open.Parsed.GetValue(card) is { } cardPath)
            DurableFile.Create(NewFile.At(cardPath), Encoding.ASCII.GetBytes(order.ShopCard));
        open.Output.Line($"Receipt for {paid.Receipt.Content.Title}");
        if (path is not null)
            open.Output.Line($"With the archive's proof: {path}");
        open.Output.Code(paid.Text, open.Parsed.GetValue(png));
        open.Output.Answer(new JsonObject
        {
            ["purchase"] = order.Id.ToString(),
            ["title"] = paid.Receipt.Content.Title,
            ["transaction"] = paid.Receipt.Content.Transaction.ToString(),
            ["text"] = paid.Text,
            ["file"] = path,
        });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta wallet answer</c>.</summary>
internal sealed class AnswerVerb : WalletVerb
{
    private readonly Argument<string> purchase = new("PURCHASE")
    {
        Description = "The purchase's ID or its beginning, as history shows it.",
    };

    private readonly Argument<string> challenge = new("CHALLENGE")
    {
        Description = "What the counter shows: bauta-counter:...",
    };

    private readonly Option<string?> png = new("--qr") { Description = "Also write it as a QR code, a PNG file." };

    public AnswerVerb()
        : base("answer", "Signs a counter's challenge with the key that owns a receipt. The shop keeps it as proof\n"
            + "that you were handed what you bought: give it where you get that, or to who collects it for you.",
            "bauta wallet answer kY3rVw9z bauta-counter:corner.demo:1767225600:AAAA:AAAA")
    {
        Add(purchase);
        Add(challenge);
        Add(png);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        if (!CounterChallenge.TryParse(open.Parsed.GetRequiredValue(challenge).Trim(), out var asked))
            throw new HostException(ExitCode.Usage, "That is not a counter's challenge: bauta-counter:...");
        var state = PurchaseReport.Find(
            await open.Wallet.HistoryAsync(cancellation), open.Parsed.GetRequiredValue(purchase));
        var answer = await open.Wallet.AnswerAsync(state.Order.Id, asked, cancellation);
        open.Output.Line($"Your signature that counter {asked.Counter} handed over {state.Order.Offer.Title}:");
        open.Output.Code(answer.Text, open.Parsed.GetValue(png));
        open.Output.Answer(new JsonObject
        {
            ["purchase"] = state.Order.Id.ToString(),
            ["counter"] = asked.Counter,
            ["askedAt"] = asked.At.Seconds,
            ["answer"] = answer.Text,
        });
        return ExitCode.Ok;
    }
}
