using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;

namespace Bauta.Host.Init;

/// <summary><c>bauta init ROLE</c>, and <c>bauta init network</c>.</summary>
internal sealed class InitVerb : DoingVerb
{
    public static readonly string[] RoleNames =
    [
        PartyRoles.Mask, PartyRoles.Bank, PartyRoles.Archive, PartyRoles.Witness, PartyRoles.Acquirer,
        PartyRoles.Merchant,
    ];

    private readonly Argument<string> role = new("ROLE") { Description = "One of: " + string.Join(", ", RoleNames) };
    private readonly Option<string?> config = new("--config") { Description = "The file to write; ./ROLE.json." };
    private readonly Option<string?> name = new("--name") { Description = "The party's name; ROLE.example." };
    private readonly Option<string?> url = new("--url") { Description = "The origin that others reach it at." };
    private readonly Option<string?> listen = new("--listen") { Description = "Address and port to listen on." };
    private readonly Option<string?> database = new("--database")
    {
        Description = "A file for SQLite, or Host=... for PostgreSQL.",
    };

    private readonly Option<string?> bank = PartyOption("--bank", "the bank");
    private readonly Option<string?> archive = PartyOption("--archive", "the archive");
    private readonly Option<string?> acquirer = PartyOption("--acquirer", "the acquirer");
    private readonly Option<string[]> witness = new("--witness")
    {
        Description = "With an archive: the party file of each witness.",
    };

    private readonly Option<int?> quorum = new("--quorum") { Description = "With an archive: how many must cosign." };
    private readonly Option<string?> next = new("--next")
    {
        Description = "With a first mask: the party file of the second.",
    };

    private readonly Option<string[]> target = new("--target")
    {
        Description = "With a second mask: the origin of each party that it forwards to.",
    };

    private readonly Option<string?> currency = new("--currency") { Description = "With a bank; EUR/2." };
    private readonly Option<string?> payee = new("--payee")
    {
        Description = "With a merchant: where it is paid out to.",
    };

    private readonly Option<string?> desk = new("--desk")
    {
        Description = "With a merchant: unix:PATH or http://127.0.0.1:PORT for bauta shop.",
    };

    public InitVerb()
        : base("init", "Makes the keys of a role, the party file to hand to others, and a commented configuration.\n"
            + "Party files are named relative to the configuration; those of witnesses must exist already.\n"
            + "When all roles are made: bauta init network.",
            "bauta init bank --config bank/bank.json --name bank.example --url https://bank.example "
            + "--archive archive.party.json --acquirer acquirer.party.json")
    {
        role.AcceptOnlyFromAmong(RoleNames);
        Add(role);
        foreach (var option in new Option[]
        {
            config, name, url, listen, database, bank, archive, acquirer, witness, quorum, next, target, currency,
            payee, desk,
        })
            Add(option);
        Add(new InitNetworkVerb());
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var wanted = parsed.GetRequiredValue(role);
        var address = parsed.GetValue(url) ?? $"http://127.0.0.1:{7301 + Array.IndexOf(RoleNames, wanted)}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var origin) || origin.Scheme is not ("http" or "https"))
            throw new HostException(ExitCode.Usage, $"{address} is not an origin such as https://bank.example.");
        var made = new NewRole
        {
            Role = wanted,
            ConfigPath = Path.GetFullPath(parsed.GetValue(config) ?? $"{wanted}.json"),
            Name = parsed.GetValue(name) ?? $"{wanted}.example",
            Url = origin,
            Listen = parsed.GetValue(listen),
            Database = parsed.GetValue(database),
            Bank = parsed.GetValue(bank),
            Archive = parsed.GetValue(archive),
            Acquirer = parsed.GetValue(acquirer),
            Witnesses = parsed.GetValue(witness) ?? [],
            Quorum = parsed.GetValue(quorum),
            Next = parsed.GetValue(next),
            Targets = parsed.GetValue(target) ?? [],
        };
        made = made with
        {
            Currency = parsed.GetValue(currency) ?? made.Currency,
            Payee = parsed.GetValue(payee) ?? made.Payee,
            Desk = parsed.GetValue(desk) ?? made.Desk,
        };
        var party = RoleInit.Create(made, TimeProvider.System);
        output.Line($"Made {made.ConfigPath} and its keys.");
        output.Line($"Hand this to those who deal with the {wanted}: {made.PartyPath}");
        output.Line($"Wallets know it as: {party.Address}");
        output.Line($"Look through the configuration, then: bauta serve {wanted} --config {made.ConfigPath}");
        output.Answer(new JsonObject
        {
            ["role"] = wanted,
            ["name"] = party.Name,
            ["config"] = made.ConfigPath,
            ["party"] = made.PartyPath,
            ["address"] = party.Address.ToString(),
        });
        return Task.FromResult(ExitCode.Ok);
    }

    private static Option<string?> PartyOption(string option, string whose) =>
        new(option) { Description = $"The party file of {whose}." };
}
