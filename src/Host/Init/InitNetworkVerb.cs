using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.Init;

/// <summary><c>bauta init network</c>: from the operators' party files to the file that customers are given.</summary>
internal sealed class InitNetworkVerb : DoingVerb
{
    private readonly Option<string> bank = Party("--bank", "the bank", isRequired: true);
    private readonly Option<string> acquirer = Party("--acquirer", "the acquirer", isRequired: true);
    private readonly Option<string> archive = Party("--archive", "the archive, with its policy", isRequired: true);
    private readonly Option<string> spentAt = Party(
        "--spent-at", "the bank that locks, when another one issues", isRequired: false);

    private readonly Option<string[]> route = new("--route")
    {
        Description = "Party files of the first and the second mask, FIRST,SECOND, or of one mask; once for each "
            + "route. Each wallet picks one and stays with it.",
    };

    private readonly Option<string[]> shop = new("--shop")
    {
        Description = "Party file of a shop, or NAME=FILE to call it otherwise than it calls itself; once for each.",
    };

    private readonly Option<long?> minWithdraw = new("--min-withdraw-seconds")
    {
        Description = "The shortest time for which wallets accept that a denomination key is withdrawn from; a day.",
    };

    private readonly Option<string> output = new("--out")
    {
        Description = "The file to write.",
        DefaultValueFactory = _ => "network.json",
    };

    public InitNetworkVerb()
        : base("network", "Writes the network file that customers give to bauta wallet init, from party files.\n"
            + "Get those from the operators over a channel that you trust: customers trust them as they stand here.",
            "bauta init network --bank bank/bank.party.json --acquirer acquirer/acquirer.party.json "
            + "--archive archive/archive.party.json --route m1/mask.party.json,m2/mask.party.json "
            + "--shop corner=merchant/merchant.party.json --out network.json")
    {
        foreach (var option in new Option[] { bank, acquirer, archive, spentAt, route, shop, minWithdraw, output })
            Add(option);
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output said, CancellationToken cancellation)
    {
        var path = NewFile.At(parsed.GetRequiredValue(output));
        var file = new NewNetwork(
            PartyFile.Read(parsed.GetRequiredValue(bank), PartyRoles.Bank),
            PartyFile.Read(parsed.GetRequiredValue(acquirer), PartyRoles.Acquirer),
            PartyFile.Read(parsed.GetRequiredValue(archive), PartyRoles.Archive))
        {
            Routes = [.. (parsed.GetValue(route) ?? []).Select(masks => masks.Split(',')
                .Select(mask => PartyFile.Read(mask.Trim(), PartyRoles.Mask)).ToArray())],
            Shops = Shops(parsed.GetValue(shop) ?? []),
            SpentAt = parsed.GetValue(spentAt) is { } locks ? PartyFile.Read(locks, PartyRoles.Bank) : null,
            MinWithdrawSeconds = parsed.GetValue(minWithdraw),
        }.ToFile();
        DurableFile.Create(path, file.ToBytes());
        said.Line($"Made {path}.");
        said.Line($"Customers make a wallet on it with: bauta wallet init --network {path}");
        if (file.Routes.Count == 0)
            said.Note($"Note: no --route, so wallets go without masks. {MaskRoute.Direct.GivesAway}");
        else if (Enumerable.Range(0, file.Routes.Count).Select(file.RouteAt)
            .FirstOrDefault(one => one.Relay is null) is { } single)
            said.Note($"Note: a route has one mask. {single.GivesAway}");
        said.Answer(new JsonObject
        {
            ["network"] = path,
            ["routes"] = file.Routes.Count,
            ["shops"] = new JsonArray([.. file.Shops.Keys.Select(name => JsonValue.Create(name))]),
        });
        return Task.FromResult(ExitCode.Ok);
    }

    private static Dictionary<string, PartyFile> Shops(string[] wanted)
    {
        var shops = new Dictionary<string, PartyFile>(StringComparer.Ordinal);
        foreach (var one in wanted)
        {
            var parts = one.Split('=', 2);
            var file = PartyFile.Read(parts[^1], PartyRoles.Merchant);
            var name = parts.Length == 2 ? parts[0] : file.Name;
            if (!shops.TryAdd(name, file))
                throw new HostException(ExitCode.Usage,
                    $"Two shops are called {name}. Give one another name: --shop NAME={parts[^1]}");
        }

        return shops;
    }

    private static Option<string> Party(string option, string whose, bool isRequired) => new(option)
    {
        Description = $"The party file of {whose}.",
        Required = isRequired,
    };
}
