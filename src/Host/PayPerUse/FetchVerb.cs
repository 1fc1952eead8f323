using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Crypto.BinaryHttp;
using Bauta.Host.Terminal;
using Bauta.Host.WalletVerbs;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;

namespace Bauta.Host.PayPerUse;

/// <summary><c>bauta fetch</c>: asks for pages that are paid for by the request, or lets a browser do so.</summary>
internal sealed class FetchVerb : WalletVerb
{
    private const int DefaultItems = 20;

    private readonly Argument<string[]> urls = new("URL")
    {
        Description = "What is asked for, one after another.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> shop = new("--shop")
    {
        Description = "The shop's name in the network file, or its URL#THUMBPRINT; otherwise the one whose address the "
            + "URL begins with.",
    };

    private readonly Option<string> method = new("--method")
    {
        Description = "GET unless said otherwise.",
        DefaultValueFactory = _ => "GET",
    };

    private readonly Option<string[]> headers = new("--header")
    {
        Description = "A header to send, such as \"accept: application/json\". Nothing else about you is sent.",
    };

    private readonly Option<string?> data = new("--data") { Description = "A body to send." };

    private readonly Option<string?> output = new("--out")
    {
        Description = "Where the answer goes; standard output otherwise.",
    };

    private readonly Option<string?> max = new("--max")
    {
        Description = "The most to spend in this run; by default twenty requests' worth, and no more than 1.00.",
    };

    private readonly Option<bool> close = new("--close")
    {
        Description = "Ends the session afterwards, so that the rest of its sum comes back at once; otherwise the next "
            + "fetch goes on with it, and resume ends it.",
    };

    private readonly Option<string?> listen = new("--listen")
    {
        Description = "Pays for what a browser asks for at this address, such as 127.0.0.1:8402, until it is stopped.",
    };

    public FetchVerb()
        : base("fetch", "Fetches pages that cost something by the request, paid out of the wallet.",
            "bauta fetch --shop api.demo http://api.example/weather")
    {
        Add(urls);
        Add(shop);
        Add(method);
        Add(headers);
        Add(data);
        Add(output);
        Add(max);
        Add(close);
        Add(listen);
        Add(WalletPlace.Folder);
        Add(WalletPlace.PasswordFile);
        Add(WalletPlace.Direct);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var wanted = open.Parsed.GetValue(urls) ?? [];
        if (wanted.Length == 0 == open.Parsed.GetValue(listen) is null)
            throw new HostException(ExitCode.Usage, "Say what to fetch, or where to listen for a browser.");
        if (wanted.Length > 1 && open.Parsed.GetValue(output) is not null)
            throw new HostException(ExitCode.Usage, "Only one answer goes to a file. Fetch one at a time.");
        // Before anything is paid.
        if (open.Parsed.GetValue(output) is { } path)
            NewFile.At(path);
        var addresses = Array.ConvertAll(wanted, AddressOf);
        var at = Find(open, addresses);
        var (offer, price) = await OfferAsync(open, at, cancellation);
        using var spending = new Spending(open, at, offer, price, await MostAsync(open, offer, cancellation));
        if (open.Parsed.GetValue(listen) is { } place)
            await new LocalPayer(spending, at, open.Output).RunAsync(place, cancellation);
        var fetched = new JsonArray();
        foreach (var address in addresses)
            fetched.Add(await FetchAsync(open, spending, address, cancellation));
        var (spent, count) = (spending.Spent, spending.Count);
        if (open.Parsed.GetValue(close))
            await open.Output.BarAsync("ending the session", _ => spending.CloseAsync(CancellationToken.None));
        open.Output.Answer(new JsonObject
        {
            ["fetched"] = fetched,
            ["spent"] = spent.MinorUnits,
            ["requests"] = count,
        });
        return ExitCode.Ok;
    }

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new HostException(ExitCode.Usage, $"{text} is no URL. One is: http://api.example/weather");

    private PartyAddress Find(OpenWallet open, Uri[] addresses)
    {
        if (open.Parsed.GetValue(shop) is { } name)
            return open.File.TryFindShop(name, out var named)
                ? named
                : throw new HostException(ExitCode.NotFound, $"There is no shop {name}.");
        foreach (var text in open.File.Shops.Values)
            if (PartyAddress.TryParse(text, out var known) && addresses.Length > 0
                && addresses.All(address => PartyAddress.OriginOf(address) == known.Origin))
                return known;
        throw new HostException(ExitCode.NotFound,
            "No shop of the network file has that address. Name it with --shop URL#THUMBPRINT; the page itself shows "
            + "it to whoever asks without paying, and whoever gave you the URL should too.");
    }

    private static async Task<(OfferTerms Offer, Amount Limit)> OfferAsync(
        OpenWallet open, PartyAddress at, CancellationToken cancellation)
    {
        var offers = await BuyVerb.OffersAsync(open.Network.Merchant(at), cancellation);
        var offer = offers.FirstOrDefault(one => one.Tariff is not null)
            ?? throw new HostException(ExitCode.NotFound,
                "This shop sells nothing by the request. See what it sells: bauta wallet buy SHOP");
        var limit = Math.Min(offer.Price.MinorUnits, offer.Tariff!.Price.MinorUnits * DefaultItems);
        return (offer, Amount.FromMinorUnits(limit));
    }

    private async Task<Amount> MostAsync(OpenWallet open, OfferTerms offer, CancellationToken cancellation)
    {
        if (open.Parsed.GetValue(max) is { } text)
            return (await open.AmountAsync(text, cancellation)).Amount;
        // The shop names the price, so a price that one would want to know of is not agreed to in silence.
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        var unit = AmountText.Parse("1", currency);
        var price = offer.Tariff!.Price;
        if (price > unit)
            throw new HostException(ExitCode.Refused,
                $"This costs {currency.Format(price)} per {offer.Tariff.Per}. Say the most to spend with --max.");
        return Amount.FromMinorUnits(Math.Min(unit.MinorUnits, price.MinorUnits * DefaultItems));
    }

    private async Task<JsonObject> FetchAsync(
        OpenWallet open, Spending spending, Uri address, CancellationToken cancellation)
    {
        var fields = (open.Parsed.GetValue(headers) ?? []).Select(ReadHeader);
        var body = Encoding.UTF8.GetBytes(open.Parsed.GetValue(data) ?? string.Empty);
        BinaryRequest request;
        try
        {
            request = new BinaryRequest(
                open.Parsed.GetRequiredValue(method), address.Scheme, address.Authority, address.PathAndQuery, fields,
                body);
        }
        catch (ArgumentException malformed)
        {
            throw new HostException(ExitCode.Usage, malformed.Message, malformed);
        }

        var item = await spending.AskAsync(request.Encode(), cancellation, cancellation);
        if (!BinaryResponse.TryDecode(item, BinaryHttpLimits.Default, out var response, out _))
            throw new HostException(ExitCode.Distrusted, "The shop sold what is no answer to a request.");
        await ShowAsync(open, spending, address, response, cancellation);
        return new JsonObject
        {
            ["url"] = address.ToString(),
            ["status"] = response.Status,
            ["bytes"] = response.Content.Length,
        };
    }

    private async Task ShowAsync(
        OpenWallet open, Spending spending, Uri address, BinaryResponse response, CancellationToken cancellation)
    {
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        if (open.Parsed.GetValue(output) is { } path)
            await File.WriteAllBytesAsync(path, response.Content.ToArray(), cancellation);
        else
            open.Output.Line(Plain(Encoding.UTF8.GetString(response.Content.Span)));
        open.Output.Note($"{address}: {response.Status}, {response.Content.Length} bytes; "
            + $"{currency.Format(spending.Spent)} for {spending.Count} request(s) in this session");
    }

    // What a shop sends must not steer the terminal; --out writes it as it is.
    private static string Plain(string text) =>
        string.Concat(text.Select(one => char.IsControl(one) && one is not ('\n' or '\t') ? ' ' : one));

    private static BinaryField ReadHeader(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? BinaryField.Create(text[..colon].Trim().ToLowerInvariant(), text[(colon + 1)..].Trim())
            : throw new HostException(ExitCode.Usage, $"{text} is no header. One is: accept: text/html");
    }
}
