using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Bauta.Protocol;
using Bauta.Protocol.Merchant;
using Bauta.Protocol.Relay;
using Bauta.Wallet.Purchase;

namespace Bauta.Host.WalletVerbs;

/// <summary><c>bauta wallet buy</c>.</summary>
internal sealed class BuyVerb : WalletVerb
{
    private const int MaxPages = 100;
    private const int MinBeginning = 4;

    private readonly Argument<string> shop = new("SHOP")
    {
        Description = "A shop's name in the network file, or its URL#THUMBPRINT.",
    };

    private readonly Argument<string?> offer = new("OFFER")
    {
        Description = "An offer's ID, its beginning (4 characters or more), or its title; without it the offers are "
            + "listed.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> output = new("--out") { Description = "Where the file goes; its own name here." };

    private readonly Option<int> patience = new("--patience")
    {
        Description = "How many seconds to wait for the archive's decision before leaving the rest to resume.",
        DefaultValueFactory = _ => 60,
    };

    private readonly Option<string?> proof = new("--proof")
    {
        Description = "one-sided: you can prove what was delivered. two-sided: the shop can, too, since you sign that "
            + "the goods arrived, with a key of this purchase only. Without it: what the shop demands.",
    };

    private readonly Option<string?> pseudonym = new("--as")
    {
        Description = "Sign as PSEUDONYM, a label of your choice (a-z, 0-9, dot, hyphen): the same key at every "
            + "purchase with it, which your phrase restores. Shops can tell that those purchases are one customer's: "
            + "for a reputation, or claims beyond a purchase's value.",
        HelpName = "PSEUDONYM",
    };

    private readonly Option<string?> name = new("--name")
    {
        Description = "Put your name, or what you want to be called, into the contract, bound by your signature.",
        HelpName = "NAME",
    };

    private readonly Option<string?> release = new("--release")
    {
        Description = "How the shop gives the key away, if it takes that. early: before it sees a lock, to a bank that "
            + "is its own archive, which saves messages. at-once: to you together with the archive, so that the file "
            + "opens sooner. Without it: to the archive, for the bank's notes.",
    };

    private readonly Option<bool> rests = new("--rests")
    {
        Description = "Pay also with what is left of tokens that were spent in part, in place of refreshing them. "
            + "Your bank can tell that those payments are one customer's.",
    };

    public BuyVerb()
        : base("buy", "Buys a file: the goods or the money back, whatever fails. Without OFFER: lists what is on sale.",
            "bauta wallet buy shop.demo \"A letter\" --out letter.txt")
    {
        proof.AcceptOnlyFromAmong(DeliveryProof.OneSided, DeliveryProof.TwoSided);
        release.AcceptOnlyFromAmong(ReleaseTerm.Early, ReleaseTerm.AtOnce);
        Add(shop);
        Add(offer);
        Add(output);
        Add(patience);
        Add(proof);
        Add(pseudonym);
        Add(name);
        Add(release);
        Add(rests);
    }

    protected override async Task<ExitCode> RunAsync(OpenWallet open, CancellationToken cancellation)
    {
        var wantedShop = open.Parsed.GetRequiredValue(shop);
        if (!open.File.TryFindShop(wantedShop, out var address))
            throw new HostException(ExitCode.NotFound, $"There is no shop {wantedShop}. Known: "
                + (open.File.Shops.Count == 0 ? "none" : string.Join(", ", open.File.Shops.Keys))
                + ". Any other is called by its address: http://shop.example#THUMBPRINT");
        var offers = await open.Output.BarAsync(
            "reading offers", _ => OffersAsync(open.Network.Merchant(address), cancellation));
        return open.Parsed.GetValue(offer) is { } wanted
            ? await BuyAsync(open, address, Find(offers, wanted), cancellation)
            : await ListAsync(open, offers, cancellation);
    }

    /// <summary>All that a shop offers, as far as it is sensible to ask.</summary>
    public static async Task<List<OfferTerms>> OffersAsync(IMerchant merchant, CancellationToken cancellation)
    {
        var all = new List<OfferTerms>();
        OfferId? after = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var list = await merchant.OffersAsync(after, cancellation);
            all.AddRange(list.Offers);
            if (list.Next is null)
                break;
            after = list.Next;
        }

        return all;
    }

    private static OfferTerms Find(List<OfferTerms> offers, string wanted)
    {
        var found = offers.Where(one => one.Offer.ToString() == wanted).ToList();
        if (found.Count == 0)
            found = offers.FindAll(one => one.Title == wanted);
        // So short a beginning is rather a slip, such as a variable that was not set: it must not buy anything.
        if (found.Count == 0 && wanted.Length >= MinBeginning)
            found = offers.FindAll(one => one.Offer.ToString().StartsWith(wanted, StringComparison.Ordinal));
        return found.Count switch
        {
            1 => found[0],
            0 => throw new HostException(ExitCode.NotFound,
                $"There is no offer \"{wanted}\". List them: bauta wallet buy SHOP"),
            _ => throw new HostException(ExitCode.Usage, $"{wanted} names {found.Count} offers. Use the whole ID."),
        };
    }

    private static async Task<ExitCode> ListAsync(
        OpenWallet open, List<OfferTerms> offers, CancellationToken cancellation)
    {
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        open.Output.Table(["Offer", "Price", "Bytes", "Title"], offers.Select(one => new[]
        {
            one.Offer.ToString(),
            one.Currency == currency.Code ? currency.Format(one.Price) : $"{one.Price} {one.Currency} (minor units)",
            one.Order is null ? one.SizeBytes.ToString(CultureInfo.InvariantCulture) : "to order",
            one.Title,
        }));
        open.Output.Answer(new JsonObject
        {
            ["offers"] = new JsonArray([.. offers.Select(one => new JsonObject
            {
                ["offer"] = one.Offer.ToString(),
                ["title"] = one.Title,
                ["description"] = one.Description,
                ["price"] = one.Price.MinorUnits,
                ["currency"] = one.Currency,
                ["fileName"] = one.FileName,
                ["size"] = one.SizeBytes,
                ["sha256"] = Convert.ToHexStringLower(one.ContentHash),
                ["order"] = one.Order,
                ["receipt"] = one.Receipt ?? false,
            })]),
        });
        return ExitCode.Ok;
    }

    private async Task<ExitCode> BuyAsync(
        OpenWallet open, PartyAddress address, OfferTerms terms, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(open.Parsed.GetValue(output) ?? terms.FileName);
        var waiting = TimeSpan.FromSeconds(Math.Clamp(open.Parsed.GetValue(patience), 0, 86_400));
        var shown = new CustomerTerms(
            open.Parsed.GetValue(proof), open.Parsed.GetValue(pseudonym), open.Parsed.GetValue(name),
            open.Parsed.GetValue(release), open.Parsed.GetValue(rests));
        var state = await open.Output.BarAsync(
            $"buying {terms.Title}",
            bar => open.Wallet.BuyAsync(address, terms, path, shown, waiting, bar, cancellation));
        return await PurchaseReport.ShowAsync(open, state, cancellation);
    }
}

/// <summary>Says how a purchase stands.</summary>
internal static class PurchaseReport
{
    public static async Task<ExitCode> ShowAsync(
        OpenWallet open, PurchaseState state, CancellationToken cancellation)
    {
        var currency = await open.Wallet.CurrencyAsync(cancellation);
        var id = state.Order.Id.ToString();
        open.Output.Line(Sentence(state, currency));
        if (state is Opened && state.Order.Offer.Receipt is not null)
            open.Output.Line($"To collect it, show its receipt: bauta wallet receipt {id[..8]}");
        open.Output.Line(state is Abandoned { Decision: null }
            ? ""
            : $"Evidence: bauta wallet evidence {id[..8]} --out evidence.json");
        open.Output.Answer(Describe(state));
        return CodeOf(state);
    }

    public static PurchaseState Find(IReadOnlyList<PurchaseState> purchases, string wanted)
    {
        var found = purchases
            .Where(one => one.Order.Id.ToString().StartsWith(wanted, StringComparison.Ordinal)).ToArray();
        return found.Length switch
        {
            1 => found[0],
            0 => throw new HostException(ExitCode.NotFound,
                $"There is no purchase {wanted}. List them: bauta wallet history"),
            _ => throw new HostException(
                ExitCode.Usage, $"{wanted} names {found.Length} purchases. Use more of the ID."),
        };
    }

    public static ExitCode CodeOf(PurchaseState state) => state switch
    {
        Opened { AsPromised: true } => ExitCode.Ok,
        Opened => ExitCode.Distrusted,
        Returned or Abandoned => ExitCode.Returned,
        _ => ExitCode.StillOpen,
    };

    public static string StateOf(PurchaseState state) => state.GetType().Name.ToLowerInvariant();

    public static JsonObject Describe(PurchaseState state) => new()
    {
        ["purchase"] = state.Order.Id.ToString(),
        ["state"] = StateOf(state),
        ["title"] = state.Order.Offer.Title,
        ["shop"] = state.Order.Shop,
        ["price"] = ((state as Opened)?.Session?.Total ?? state.Order.Offer.Price).MinorUnits,
        ["currency"] = state.Order.Offer.Currency,
        ["startedAt"] = state.Order.StartedAt.Seconds,
        ["proof"] = state.Order.Terms is { CustomerKey: not null } or { LockFirst: not null }
            ? DeliveryProof.TwoSided
            : DeliveryProof.OneSided,
        ["pseudonym"] = state.Order.Pseudonym,
        ["name"] = state.Order.Terms?.CustomerName,
        ["release"] = state.Order.Terms?.Release,
        ["items"] = (state as Opened)?.Session?.Count,
        ["file"] = state is Opened { Session: null } ? state.Order.OutputPath : null,
        ["forced"] = state is Opened { Made: { } made } ? made.Agreement is null : null,
        ["sha256"] = state is Opened { AsPromised: true, Session: null, Made: null }
            ? Convert.ToHexStringLower(state.Order.Offer.ContentHash)
            : null,
        ["asPromised"] = state is Opened opened ? opened.AsPromised : null,
        ["reason"] = (state as Abandoned)?.Reason ?? (state as Denied)?.Reason,
    };

    private static string Sentence(PurchaseState state, Currency currency) => state switch
    {
        Opened { AsPromised: true, Session: { } session } =>
            $"The session with {state.Order.Offer.Title} is settled: {session.Count} item(s) for "
            + $"{currency.Format(session.Total)}. The rest of its sum comes back: bauta wallet refresh",
        Opened { AsPromised: true, Made: { } made } =>
            $"Bought {state.Order.Offer.Title}, made to order, for {currency.Format(state.Order.Offer.Price)}: "
            + state.Order.OutputPath
            + (made.Agreement is null
                ? "\nThe shop completed the purchase without you; the goods came from the archive."
                : ""),
        Opened { AsPromised: true } =>
            $"Bought {state.Order.Offer.Title} for {currency.Format(state.Order.Offer.Price)}: "
            + $"{state.Order.OutputPath}\n"
            + $"SHA-256 {Convert.ToHexStringLower(state.Order.Offer.ContentHash)}, as the shop promised.",
        Opened => "The file is NOT what the shop promised. Export the evidence and show it to a judge.",
        Returned => "The purchase did not happen. The tokens are yours again.",
        Abandoned { Decision: null } abandoned =>
            $"The purchase ended before anything was paid: {abandoned.Reason}",
        Abandoned abandoned => $"The purchase ended without goods: {abandoned.Reason}",
        Denied denied => $"The bank refused: {denied.Reason}\n"
            + $"Its word is not proof, so goods and tokens are kept until {denied.Merchandise.Content.ExpiresAt} and "
            + "a minute: then run bauta wallet resume",
        Locked { Release: not null } locked =>
            $"The shop gave the key at once: {locked.Order.OutputPath}\n"
            + "The archive's decision is still to come, and with it the proof: bauta wallet resume",
        _ => $"The purchase is open ({StateOf(state)}). It ends by itself in goods or money: bauta wallet resume",
    };
}
