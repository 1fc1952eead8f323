using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Roles;
using Bauta.Host.ShopVerbs;
using Bauta.Host.Terminal;
using Bauta.Merchant.Desk;
using Bauta.Merchant.HandOvers;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.CounterVerbs;

/// <summary><c>bauta counter</c>.</summary>
internal static class CounterGroup
{
    public static Verb Build() => new VerbGroup("counter",
        "A place where goods are handed over against receipts. It needs no network.",
        "bauta counter challenge --counter counter",
        new InitCounterVerb(), new ChallengeVerb(), new CheckVerb(), new ListHandedVerb(), new ReconcileVerb())
    {
        CounterVerb.Folder,
    };
}

/// <summary>A verb at a counter.</summary>
internal abstract class CounterVerb(string name, string description, string example)
    : DoingVerb(name, description, example)
{
    public static Option<string> Folder { get; } = new("--counter")
    {
        Description = "The counter's folder.",
        DefaultValueFactory = _ => "counter",
        Recursive = true,
    };

    protected Option<string?> Shop { get; } = new("--config")
    {
        Description = "The shop's configuration, where the shop runs on this machine.",
    };

    protected static Counter Open(ParseResult parsed)
    {
        var folder = parsed.GetRequiredValue(Folder);
        return Counter.Open(folder, TimeProvider.System) ?? throw new HostException(ExitCode.NotFound,
            $"There is no counter in {folder}. Make one: bauta counter init");
    }

    protected static JsonObject Describe(CounterEntry entry) => new()
    {
        ["transaction"] = entry.Receipt.Content.Transaction.ToString(),
        ["title"] = entry.Receipt.Content.Title,
        ["handedAt"] = entry.HandedAt.Seconds,
        ["shop"] = entry.Shop,
    };

    protected static IShopDesk Desk(string config) =>
        MerchantRole.ConnectDesk((MerchantConfig)ConfigFile.Read(PartyRoles.Merchant, config));

    /// <summary>Tells the shop of a hand-over.</summary>
    protected static async Task<Result<KnownHandOver, DeskError>> TellAsync(
        IShopDesk desk, CounterEntry entry, CancellationToken cancellation)
    {
        try
        {
            return await desk.HandOverAsync(new NewHandOver(entry.Receipt, entry.Answer), cancellation);
        }
        catch (PartyUnreachableException silent)
        {
            throw new HostException(ExitCode.StillOpen,
                "The shop does not answer at its desk. Nothing was handed over; without --config the counter works "
                + "offline, by its own list.", silent);
        }
    }
}

/// <summary><c>bauta counter init</c>.</summary>
internal sealed class InitCounterVerb : CounterVerb
{
    private readonly Option<string> name = new("--name")
    {
        Description = "Its name, of a-z, 0-9, dot and hyphen; customers see and sign it.",
        Required = true,
    };

    private readonly Option<string?> card = new("--shop-card")
    {
        Description = "The card of the shop that it hands over for, where that is another's.",
    };

    public InitCounterVerb()
        : base("init", "Makes a counter: a folder with its key and the shop's card.",
            "bauta counter init --counter counter --name corner.demo --config data/demo/merchant/merchant.json")
    {
        Add(name);
        Add(Shop);
        Add(card);
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var called = parsed.GetRequiredValue(name);
        if (!Names.IsPartyName(called))
            throw new HostException(ExitCode.Usage, "A counter's name is 1 to 64 of a-z, 0-9, dot and hyphen.");
        var shop = (parsed.GetValue(Shop), parsed.GetValue(card)) switch
        {
            ({ } config, null) => OwnCard.Of((MerchantConfig)ConfigFile.Read(PartyRoles.Merchant, config)),
            (null, { } file) => ReceiptInput.Card(file),
            _ => throw new HostException(ExitCode.Usage, "Name the shop: either --config or --shop-card."),
        };
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Folder));
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new HostException(ExitCode.Exists, $"{folder} is not empty. Name another with --counter.");
        Counter.Create(folder, new CounterPlace(called, shop));
        output.Line($"Counter {called} for {shop.Content.Name}, key {shop.KeyId}: {folder}");
        output.Answer(new JsonObject { ["counter"] = called, ["folder"] = folder, ["shopKey"] = shop.KeyId });
        return Task.FromResult(ExitCode.Ok);
    }
}

/// <summary><c>bauta counter challenge</c>.</summary>
internal sealed class ChallengeVerb : CounterVerb
{
    private readonly Option<string?> png = new("--qr") { Description = "Also write it as a QR code, a PNG file." };

    public ChallengeVerb()
        : base("challenge", "Asks whoever shows a receipt to prove that it is theirs. Answered within ten minutes.",
            "bauta counter challenge --counter counter --qr challenge.png") => Add(png);

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var counter = Open(parsed);
        var challenge = counter.Ask();
        output.Code(challenge.Text, parsed.GetValue(png));
        output.Answer(new JsonObject { ["challenge"] = challenge.Text, ["at"] = challenge.At.Seconds });
        return Task.FromResult(ExitCode.Ok);
    }
}

/// <summary><c>bauta counter check</c>.</summary>
internal sealed class CheckVerb : CounterVerb
{
    private readonly Argument<string> receipt = new("RECEIPT") { Description = "The QR code's text, or a file." };
    private readonly Argument<string> answer = new("ANSWER") { Description = "The answer's text." };

    public CheckVerb()
        : base("check", "Checks receipt and answer, and takes it down as handed over, once. Hand it over when this\n"
            + "says so, and not otherwise. With --config the shop's own list is asked first.",
            "bauta counter check receipt.json eyJhbGciOiJFUzI1NiJ9 --counter counter")
    {
        Add(receipt);
        Add(answer);
        Add(Shop);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var counter = Open(parsed);
        var (paid, _) = ReceiptInput.Read(parsed.GetRequiredValue(receipt), counter.Place.ShopCard.Content);
        if (!Signed<HandOver>.TryParse(parsed.GetRequiredValue(answer).Trim(), out var signed))
            return Refuse(output, CounterError.Malformed, null);
        var known = counter.Find(paid.Receipt.Content.Transaction);
        var checkedEntry = counter.Check(paid, signed);
        if (!checkedEntry.IsOk)
            return Refuse(output, checkedEntry.Error.Value, known);
        var entry = checkedEntry.Value;
        if (parsed.GetValue(Shop) is { } config)
        {
            // The shop first: what it knows, no other counter hands over; the own list follows, or refuses.
            var told = await TellAsync(Desk(config), entry, cancellation);
            if (told.Error == DeskError.HandedOver)
                return Refuse(output, CounterError.HandedOver, null);
            OpenShop.ValueOf(told);
            entry = entry with { Shop = CounterEntry.Known };
        }

        var handed = counter.HandOut(entry);
        if (!handed.IsOk)
            return Refuse(output, handed.Error.Value, counter.Find(paid.Receipt.Content.Transaction));
        output.Line($"Hand over: {entry.Receipt.Content.Title}");
        output.Line("It is taken down; a second time is refused.");
        var said = Describe(entry);
        said["handedOver"] = true;
        output.Answer(said);
        return ExitCode.Ok;
    }

    private static ExitCode Refuse(Output output, CounterError error, CounterEntry? known)
    {
        output.Line($"Do NOT hand over. {Refusals<CounterError>.Meaning(error)}");
        if (error == CounterError.HandedOver && known is not null)
            output.Line($"This counter took it down at {known.HandedAt}.");
        output.Answer(new JsonObject
        {
            ["handedOver"] = false,
            ["code"] = Refusals<CounterError>.Code(error),
            ["handedAt"] = error == CounterError.HandedOver ? known?.HandedAt.Seconds : null,
        });
        return ExitCode.Refused;
    }
}

/// <summary><c>bauta counter list</c>.</summary>
internal sealed class ListHandedVerb() : CounterVerb(
    "list", "Lists what this counter handed over.", "bauta counter list --counter counter")
{
    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var counter = Open(parsed);
        var handed = counter.HandedOver();
        output.Table(["Handed over", "Purchase", "Shop", "For"], handed.Select(entry => new[]
        {
            entry.HandedAt.ToString(), entry.Receipt.Content.Transaction.ToString()[..8], entry.Shop ?? "not told",
            entry.Receipt.Content.Title,
        }));
        output.Answer(new JsonObject { ["handed"] = new JsonArray([.. handed.Select(Describe)]) });
        return Task.FromResult(ExitCode.Ok);
    }
}

/// <summary><c>bauta counter reconcile</c>.</summary>
internal sealed class ReconcileVerb : CounterVerb
{
    public ReconcileVerb()
        : base("reconcile", "Brings what was handed over offline to the shop, and says what two counters gave away.",
            "bauta counter reconcile --counter counter --config data/demo/merchant/merchant.json")
    {
        Shop.Required = true;
        Add(Shop);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        using var counter = Open(parsed);
        var desk = Desk(parsed.GetRequiredValue(Shop)!);
        var (told, twice) = (0, new JsonArray());
        foreach (var entry in counter.HandedOver().Where(entry => entry.Shop is null))
        {
            var answer = await TellAsync(desk, entry, cancellation);
            if (answer.Error == DeskError.HandedOver)
            {
                output.Line($"Given away twice: {entry.Receipt.Content.Title}, purchase "
                    + $"{entry.Receipt.Content.Transaction}. The shop has another counter's answer of the customer's.");
                twice.Add(Describe(entry));
                counter.Note(entry, CounterEntry.Refused);
                continue;
            }

            OpenShop.ValueOf(answer);
            counter.Note(entry, CounterEntry.Known);
            told++;
        }

        output.Line($"{told} told to the shop, {twice.Count} given away twice.");
        var count = twice.Count;
        output.Answer(new JsonObject { ["told"] = told, ["twice"] = twice });
        return count == 0 ? ExitCode.Ok : ExitCode.Refused;
    }
}
