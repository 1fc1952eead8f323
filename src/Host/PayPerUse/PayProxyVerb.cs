using System.CommandLine;
using Bauta.Host.Config;
using Bauta.Host.Serve;
using Bauta.Host.Terminal;
using Bauta.Protocol.Merchant;

namespace Bauta.Host.PayPerUse;

/// <summary><c>bauta pay-proxy</c>: a merchant that sells a site by the request or by the minute.</summary>
internal sealed class PayProxyVerb : DoingVerb
{
    private readonly Option<string> config = new("--config")
    {
        Description = "The shop's configuration, as bauta init merchant made it.",
        DefaultValueFactory = _ => "merchant.json",
    };

    private readonly Option<string> upstream = new("--upstream")
    {
        Description = "The site or API that is sold; nobody else should reach it.",
        Required = true,
    };

    private readonly Option<string> price = new("--price") { Description = "Such as 0.01.", Required = true };

    private readonly Option<string> per = new("--per")
    {
        Description = "What the price is for: a request, or a minute of as many requests as one likes.",
        DefaultValueFactory = _ => "request",
    };

    private readonly Option<string?> limit = new("--limit")
    {
        Description = "The most that one session may cost; a hundred times the price by default.",
    };

    private readonly Option<string?> title = new("--title") { Description = "One line for the list of offers." };

    public PayProxyVerb()
        : base("pay-proxy", "Sells a web site or API by the request or minute: runs the shop in front of it, which "
            + "answers 402 to whoever does not pay.",
            "bauta pay-proxy --config merchant.json --upstream http://127.0.0.1:8000 --price 0.01")
    {
        per.AcceptOnlyFromAmong("request", Tariff.Minute);
        Add(config);
        Add(upstream);
        Add(price);
        Add(per);
        Add(limit);
        Add(title);
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var merchant = (MerchantConfig)ConfigFile.Read(PartyRoles.Merchant, parsed.GetRequiredValue(config));
        return ServeVerb.RunAsync(
            merchant with
            {
                PayProxy = new PayProxyConfig
                {
                    Upstream = parsed.GetRequiredValue(upstream),
                    Price = parsed.GetRequiredValue(price),
                    Per = parsed.GetRequiredValue(per) == Tariff.Minute ? Tariff.Minute : Tariff.Item,
                    Limit = parsed.GetValue(limit),
                    Title = parsed.GetValue(title),
                },
            },
            output, cancellation);
    }
}
