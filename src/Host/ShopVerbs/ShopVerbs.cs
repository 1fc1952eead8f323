using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Roles;
using Bauta.Host.Terminal;
using Bauta.Merchant.Desk;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.ShopVerbs;

/// <summary><c>bauta shop</c>.</summary>
internal static class ShopGroup
{
    public static Verb Build() => new VerbGroup("shop",
        "The owner's side of a shop that runs (bauta serve merchant, or bauta demo).",
        "bauta shop list --config data/demo/merchant/merchant.json",
        new AddVerb(), new ListVerb(), new RemoveVerb(), new SalesVerb(), new SaleEvidenceVerb(), new PayoutVerb())
    {
        ShopVerb.Config,
    };
}

/// <summary>A verb at the desk of a running shop.</summary>
internal abstract class ShopVerb(string name, string description, string example)
    : DoingVerb(name, description, example)
{
    public static Option<string> Config { get; } = new("--config")
    {
        Description = "The shop's configuration.",
        DefaultValueFactory = _ => "merchant.json",
        Recursive = true,
    };

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var config = (MerchantConfig)ConfigFile.Read(PartyRoles.Merchant, parsed.GetRequiredValue(Config));
        var currency = PartyFile.Read(config.PathOf(config.Bank), PartyRoles.Bank).ReadCurrency();
        var shop = new OpenShop(config, MerchantRole.ConnectDesk(config), currency, parsed, output);
        try
        {
            return await RunAsync(shop, cancellation);
        }
        catch (PartyUnreachableException silent)
        {
            throw new HostException(ExitCode.StillOpen,
                "The shop does not answer at its desk. Start it: bauta serve merchant --config FILE", silent);
        }
    }

    protected abstract Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation);
}

/// <summary>A shop's desk.</summary>
internal sealed record OpenShop(
    MerchantConfig Config, IShopDesk Desk, Currency Currency, ParseResult Parsed, Output Output)
{
    /// <summary>The value, or the refusal as a failure of the verb.</summary>
    public static T ValueOf<T>(Result<T, DeskError> result) => result.IsOk
        ? result.Value
        : throw new HostException(
            result.Error is DeskError.UnknownFile or DeskError.UnknownOffer or DeskError.UnknownSale
                or DeskError.GoodsGone ? ExitCode.NotFound
            : result.Error == DeskError.BankUnreachable ? ExitCode.StillOpen
            : ExitCode.Refused,
            $"{Refusals<DeskError>.Meaning(result.Error.Value)} {result.Detail}".TrimEnd());
}

/// <summary><c>bauta shop add</c>.</summary>
internal sealed class AddVerb : ShopVerb
{
    private readonly Option<bool> made = new("--made-to-order")
    {
        Description = "There is no file yet: each buyer locks the price first, then the shop's program (make in its "
            + "configuration) makes the goods.",
    };

    private readonly Argument<string?> path = new("PATH")
    {
        Description = "The file to sell; it is copied. With --receipt it may be absent. With --made-to-order the name "
            + "that the customer's file gets.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> receipt = new("--receipt")
    {
        Description = "Sell what is handed over later, against a receipt: what it is, in one line.",
        HelpName = "WHAT",
    };

    private readonly Option<string> price = new("--price") { Description = "Such as 2.50.", Required = true };
    private readonly Option<string?> title = new("--title") { Description = "One line; the file's name otherwise." };
    private readonly Option<string?> description = new("--description") { Description = "Up to 4,000 characters." };

    public AddVerb()
        : base("add", "Puts a file on sale, or what is made to order or handed over at a counter.",
            "bauta shop add letter.txt --price 2.50 --title \"A letter\" --config data/demo/merchant/merchant.json")
    {
        Add(path);
        Add(receipt);
        Add(price);
        Add(title);
        Add(description);
        Add(made);
    }

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var (isMade, what) = (shop.Parsed.GetValue(made), shop.Parsed.GetValue(receipt));
        if (isMade && what is not null)
            throw new HostException(ExitCode.Usage, "A receipt is not made to order: leave one of the two out.");
        if (what is not null && shop.Parsed.GetValue(title) is not null)
            throw new HostException(ExitCode.Usage, "--receipt says what is sold; it takes the place of --title.");
        var called = what ?? shop.Parsed.GetValue(title);
        var amount = AmountText.Parse(shop.Parsed.GetRequiredValue(price), shop.Currency);
        var details = shop.Parsed.GetValue(description) ?? "";
        if (called is not null && !Names.IsLine(called, OfferTerms.MaxTitleLength))
            throw new HostException(ExitCode.Usage, "A title is one line of 1 to 200 characters: --title TEXT");
        if (!Names.IsText(details, OfferTerms.MaxDescriptionLength))
            throw new HostException(ExitCode.Usage, "A description has at most 4,000 characters of plain text.");
        var terms = (shop.Parsed.GetValue(path), what) switch
        {
            ({ } named, _) when isMade => await Selling.OfferToMakeAsync(
                shop.Desk, Path.GetFileName(named), amount, called, details, cancellation),
            ({ } named, _) => await SellFileAsync(
                shop, named, called, what is not null, amount, details, cancellation),
            (null, { } handed) => await Selling.OfferVoucherAsync(shop.Desk, handed, amount, details, cancellation),
            _ => throw new HostException(ExitCode.Usage, "Name a file to sell, or what is handed over: --receipt"),
        };
        shop.Output.Line($"On sale for {shop.Currency.Format(terms.Price)}: {terms.Title}");
        shop.Output.Line(isMade
            ? $"Offer {terms.Offer}, made once a buyer has locked the price"
            : $"Offer {terms.Offer}, SHA-256 {Convert.ToHexStringLower(terms.ContentHash)}");
        shop.Output.Answer(ListVerb.Describe(terms));
        return ExitCode.Ok;
    }

    private static async Task<OfferTerms> SellFileAsync(
        OpenShop shop, string path, string? called, bool isReceipt, Amount amount, string details,
        CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new HostException(ExitCode.NotFound, Directory.Exists(file.FullName)
                ? $"{file.FullName} is a folder. Name a file."
                : $"{file.FullName} is missing.");
        if (called is null && !Names.IsLine(file.Name, OfferTerms.MaxTitleLength))
            throw new HostException(ExitCode.Usage, "A title is one line of 1 to 200 characters: --title TEXT");
        return await shop.Output.BarAsync($"copying {file.Name}", bar => Selling.OfferAsync(
            shop.Desk, file, amount, called, details, bar, cancellation, isReceipt));
    }
}

/// <summary><c>bauta shop list</c>.</summary>
internal sealed class ListVerb() : ShopVerb(
    "list", "Lists what is on sale.", "bauta shop list --config data/demo/merchant/merchant.json")
{
    private const int MaxPages = 100;

    public static JsonObject Describe(OfferTerms one) => new()
    {
        ["offer"] = one.Offer.ToString(),
        ["title"] = one.Title,
        ["price"] = one.Price.MinorUnits,
        ["currency"] = one.Currency,
        ["fileName"] = one.FileName,
        ["size"] = one.SizeBytes,
        ["sha256"] = Convert.ToHexStringLower(one.ContentHash),
        ["order"] = one.Order,
        ["receipt"] = one.Receipt ?? false,
    };

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var all = new List<OfferTerms>();
        OfferId? after = null;
        for (var page = 0; page < MaxPages && (page == 0 || after is not null); page++)
        {
            var list = OpenShop.ValueOf(await shop.Desk.OffersAsync(after, cancellation));
            all.AddRange(list.Offers);
            after = list.Next;
        }

        shop.Output.Table(["Offer", "Price", "Bytes", "Title"], all.Select(one => new[]
        {
            one.Offer.ToString(),
            shop.Currency.Format(one.Price),
            one.SizeBytes.ToString(CultureInfo.InvariantCulture),
            one.Title,
        }));
        shop.Output.Answer(new JsonObject { ["offers"] = new JsonArray([.. all.Select(Describe)]) });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta shop remove</c>.</summary>
internal sealed class RemoveVerb : ShopVerb
{
    private readonly Argument<string> offer = new("OFFER") { Description = "The offer's whole ID, as list shows it." };

    public RemoveVerb()
        : base("remove", "Takes a file off sale. Purchases that were begun go on.",
            "bauta shop remove S991Tpk0qprKlOzEKhXQTanYVgrDkhpHOlrdCA38fvQ --config data/demo/merchant/merchant.json")
        => Add(offer);

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var wanted = shop.Parsed.GetRequiredValue(offer);
        if (!OfferId.TryParse(wanted, out var id))
            throw new HostException(ExitCode.Usage, $"\"{wanted}\" is not an offer's ID. List them: bauta shop list");
        var gone = OpenShop.ValueOf(await shop.Desk.WithdrawOfferAsync(id, cancellation));
        shop.Output.Line($"Off sale: {gone.Title}");
        shop.Output.Answer(ListVerb.Describe(gone));
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta shop sales</c>.</summary>
internal sealed class SalesVerb() : ShopVerb(
    "sales", "Lists the latest sales and the account at the bank.",
    "bauta shop sales --config data/demo/merchant/merchant.json")
{
    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var sales = OpenShop.ValueOf(await shop.Desk.SalesAsync(null, cancellation));
        var account = await shop.Desk.AccountAsync(cancellation);
        shop.Output.Table(["Paid", "Sale", "State", "Settled", "Handed over", "Price", "Title"],
            sales.Sales.Select(sale => new[]
            {
                sale.PaidAt.ToString(), sale.Transaction.ToString()[..8], sale.State,
                sale.Settled ? "yes" : "not yet",
                sale.Receipt is null ? "-" : sale.HandedOverAt is { } at ? at.ToString() : "not yet",
                shop.Currency.Format(sale.Price), sale.Title,
            }));
        shop.Output.Line($"{sales.CommittedCount} committed, {shop.Currency.Format(sales.CommittedTotal)} in all.");
        shop.Output.Line(account.IsOk
            ? $"At the bank: {shop.Currency.Format(account.Value.Balance)}, of which "
                + $"{shop.Currency.Format(account.Value.Available)} can be paid out now."
                + (account.Value.Held is { } held
                    ? $" {shop.Currency.Format(held)} are disputed: bauta dispute sales"
                    : "")
            : "The bank does not answer now.");
        shop.Output.Answer(new JsonObject
        {
            ["currency"] = sales.Currency,
            ["committed"] = sales.CommittedCount,
            ["total"] = sales.CommittedTotal.MinorUnits,
            ["balance"] = account.IsOk ? account.Value.Balance.MinorUnits : null,
            ["available"] = account.IsOk ? account.Value.Available.MinorUnits : null,
            ["held"] = account.IsOk ? account.Value.Held?.MinorUnits ?? 0 : null,
            ["sales"] = new JsonArray([.. sales.Sales.Select(sale => new JsonObject
            {
                ["transaction"] = sale.Transaction.ToString(),
                ["title"] = sale.Title,
                ["price"] = sale.Price.MinorUnits,
                ["paidAt"] = sale.PaidAt.Seconds,
                ["state"] = sale.State,
                ["settled"] = sale.Settled,
                ["receipt"] = sale.Receipt ?? false,
                ["handedOverAt"] = sale.HandedOverAt?.Seconds,
            })]),
        });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta shop payout</c>.</summary>
internal sealed class PayoutVerb : ShopVerb
{
    private readonly Argument<string?> amount = new("AMOUNT")
    {
        Description = "Such as 2.50; all that is past the dispute window when absent.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public PayoutVerb()
        : base("payout", "Has the bank pay out what is past the dispute window.",
            "bauta shop payout 2.50 --config data/demo/merchant/merchant.json") => Add(amount);

    protected override async Task<ExitCode> RunAsync(OpenShop shop, CancellationToken cancellation)
    {
        var account = OpenShop.ValueOf(await shop.Desk.AccountAsync(cancellation));
        var sum = shop.Parsed.GetValue(amount) is { } text ? AmountText.Parse(text, shop.Currency) : account.Available;
        if (sum == Protocol.Amount.Zero || sum > account.Available)
            throw new HostException(ExitCode.NotEnough,
                $"{shop.Currency.Format(account.Available)} of {shop.Currency.Format(account.Balance)} are past the "
                + "dispute window. Ask for less, or wait.");
        var payout = OpenShop.ValueOf(await shop.Output.BarAsync(
            "ordering", _ => shop.Desk.PayOutAsync(new NewPayout(RequestId.Generate(), sum), cancellation)));
        shop.Output.Line($"{shop.Currency.Format(payout.Amount)}: {payout.State}");
        shop.Output.Answer(new JsonObject
        {
            ["payout"] = payout.Id.ToString(),
            ["amount"] = payout.Amount.MinorUnits,
            ["currency"] = shop.Currency.Code,
            ["state"] = payout.State,
        });
        return payout.State is Payout.Refused or Payout.Returned ? ExitCode.Refused : ExitCode.Ok;
    }
}
