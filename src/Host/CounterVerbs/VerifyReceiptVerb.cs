using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Crypto.Jose;
using Bauta.Host.Terminal;

namespace Bauta.Host.CounterVerbs;

/// <summary><c>bauta receipt</c>.</summary>
internal static class ReceiptGroup
{
    public static Verb Build() => new VerbGroup("receipt", "Receipts, for whoever is shown one.",
        "bauta receipt verify receipt.json --shop-card shop.card", new VerifyReceiptVerb());
}

/// <summary><c>bauta receipt verify</c>: offline.</summary>
internal sealed class VerifyReceiptVerb : DoingVerb
{
    private readonly Argument<string> receipt = new("RECEIPT")
    {
        Description = "A receipt file, or the text of its QR code.",
    };

    private readonly Option<string> card = new("--shop-card")
    {
        Description = "The shop's card, from its /.well-known/bauta or from bauta wallet receipt --shop-card.",
        Required = true,
    };

    public VerifyReceiptVerb()
        : base("verify", "Checks a receipt offline: that the shop of the card signed it and that it was paid.\n"
            + "It does not say whose it is: for that, let its holder answer a challenge at a counter.",
            "bauta receipt verify receipt.json --shop-card shop.card")
    {
        Add(receipt);
        Add(card);
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var shop = ReceiptInput.Card(parsed.GetRequiredValue(card)).Content;
        var (paid, commit) = ReceiptInput.Read(parsed.GetRequiredValue(receipt), shop);
        if (!paid.IsPaidTo(shop.IdentityKey()))
            throw new HostException(ExitCode.NotProven,
                $"This receipt is not signed by {shop.Name}, or was not paid.");
        var content = paid.Receipt.Content;
        output.Line($"Paid: {content.Title}");
        output.Line($"Signed by {shop.Name}, key {shop.IdentityKey().Thumbprint}: know it to be the shop's.");
        output.Line(commit is null
            ? "The key in it opens the shop's commitment. (A receipt file also holds the archive's proof.)"
            : $"The archive committed it at {commit.Entry.At}, leaf {commit.Index} of its log, with the quorum.");
        output.Line($"Purchase {content.Transaction}");
        output.Line($"Owned by the key {content.Customer().Thumbprint}");
        output.Answer(new JsonObject
        {
            ["paid"] = true,
            ["title"] = content.Title,
            ["shop"] = shop.Name,
            ["shopKey"] = shop.IdentityKey().Thumbprint,
            ["transaction"] = content.Transaction.ToString(),
            ["customerKey"] = Base64Url.Encode(content.CustomerKey),
            ["committedAt"] = commit?.Entry.At.Seconds,
            ["leaf"] = commit?.Index,
        });
        return Task.FromResult(ExitCode.Ok);
    }
}
