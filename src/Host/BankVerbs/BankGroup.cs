using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Bauta.Crypto.Jose;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Relay;

namespace Bauta.Host.BankVerbs;

/// <summary><c>bauta bank</c>.</summary>
internal static class BankGroup
{
    public static Verb Build() => new VerbGroup("bank",
        "The operator's side of a bank that runs (bauta serve bank).",
        "bauta bank keys --config data/demo/bank/bank.json",
        new KeysVerb(), new RevokeVerb(), new ProofVerb())
    {
        BankVerb.Config,
    };
}

/// <summary>
/// A verb for whoever can read the bank's configuration and keys. It needs no door of its own: what it orders is signed
/// by the bank's identity key and goes to the bank's public address.
/// </summary>
internal abstract class BankVerb(string name, string description, string example)
    : DoingVerb(name, description, example)
{
    public static Option<string> Config { get; } = new("--config")
    {
        Description = "The bank's configuration; its party file lies beside it.",
        DefaultValueFactory = _ => "bank.json",
        Recursive = true,
    };

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(Config));
        var config = (BankConfig)ConfigFile.Read(PartyRoles.Bank, path);
        var party = PartyFile.Read(Path.ChangeExtension(path, null) + PartyFile.Extension, PartyRoles.Bank);
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        using var http = transport.ClientFor(party.Address);
        try
        {
            return await RunAsync(
                new OpenBank(config, party, new BankClient(http), parsed, output), cancellation);
        }
        catch (PartyUnreachableException silent)
        {
            throw new HostException(ExitCode.StillOpen,
                $"The bank does not answer at {party.Url}. Start it: bauta serve bank --config {path}", silent);
        }
    }

    protected abstract Task<ExitCode> RunAsync(OpenBank bank, CancellationToken cancellation);
}

/// <summary>A bank that runs, and its operator's files.</summary>
internal sealed record OpenBank(
    BankConfig Config, PartyFile Party, BankClient Client, ParseResult Parsed, Output Output)
{
    /// <summary>The keys that the bank lists, each with whether the log revokes it.</summary>
    public async Task<IReadOnlyList<ListedKey>> KeysAsync(CancellationToken cancellation)
    {
        var list = await Client.DenominationsAsync(cancellation);
        var revoked = list.RevokedKeyIds();
        return [.. list.Denominations.Select(listed => listed.Key.Content)
            .Select(terms => (Terms: terms, Id: SHA256.HashData(terms.TokenKey)))
            .Select(key => new ListedKey(
                Base64Url.Encode(key.Id), key.Terms, revoked.Contains(Convert.ToHexString(key.Id))))];
    }
}

/// <summary>A denomination key as the operator sees it.</summary>
internal sealed record ListedKey(string Id, Denomination Terms, bool IsRevoked)
{
    public JsonObject Describe() => new()
    {
        ["key"] = Id,
        ["issuer"] = Terms.Issuer,
        ["value"] = Terms.Value.MinorUnits,
        ["currency"] = Terms.Currency,
        ["withdrawFrom"] = Terms.WithdrawFrom.Seconds,
        ["withdrawUntil"] = Terms.WithdrawUntil.Seconds,
        ["spendUntil"] = Terms.SpendUntil.Seconds,
        ["expiresAt"] = Terms.ExpiresAt.Seconds,
        ["revoked"] = IsRevoked,
    };
}

/// <summary><c>bauta bank keys</c>.</summary>
internal sealed class KeysVerb() : BankVerb(
    "keys", "Lists the denomination keys and their dates.", "bauta bank keys --config data/demo/bank/bank.json")
{
    protected override async Task<ExitCode> RunAsync(OpenBank bank, CancellationToken cancellation)
    {
        var currency = bank.Party.ReadCurrency();
        var keys = await bank.KeysAsync(cancellation);
        bank.Output.Table(["Key", "Value", "Signs from", "until", "Spent until", ""], keys.Select(key => new[]
        {
            key.Id, currency.Format(key.Terms.Value), key.Terms.WithdrawFrom.ToString(),
            key.Terms.WithdrawUntil.ToString(), key.Terms.SpendUntil.ToString(), key.IsRevoked ? "revoked" : "",
        }));
        bank.Output.Answer(new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.Describe())]) });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta bank revoke</c>.</summary>
internal sealed class RevokeVerb : BankVerb
{
    private const int MinPrefix = 8;

    private readonly Argument<string> key = new("KEYID")
    {
        Description = "The key as `bauta bank keys` lists it, or the first 8 or more of its characters.",
    };

    public RevokeVerb()
        : base("revoke", "Revokes a denomination key that was stolen: at once here, and for everybody through the "
            + "log.\nIts unspent tokens are exchanged by their holders' wallets; nobody loses money. It cannot be "
            + "taken back.",
            "bauta bank revoke 3q2-7w9sKx --config data/demo/bank/bank.json") => Add(key);

    protected override async Task<ExitCode> RunAsync(OpenBank bank, CancellationToken cancellation)
    {
        var wanted = bank.Parsed.GetRequiredValue(key);
        var found = wanted.Length < MinPrefix
            ? []
            : (await bank.KeysAsync(cancellation))
                .Where(one => one.Id.StartsWith(wanted, StringComparison.Ordinal)).ToArray();
        if (found.Length != 1)
            throw new HostException(ExitCode.NotFound,
                $"{(found.Length == 0 ? "No key begins" : "Several keys begin")} with {wanted}. See: bauta bank keys");
        using var identity = RoleKeys.OpenSigner(bank.Config.KeyPath(RoleKeys.Identity));
        var order = Signed<Revocation>.Sign(identity, new Revocation(
            bank.Config.Name, SHA256.HashData(found[0].Terms.TokenKey), UnixTime.Now(TimeProvider.System)));
        var answer = await bank.Client.RevokeAsync(order, cancellation);
        if (!answer.IsOk)
            throw new HostException(
                ExitCode.Refused, $"{Refusals<BankError>.Meaning(answer.Error.Value)} {answer.Detail}".TrimEnd());
        bank.Output.Line(answer.Value.State == RevocationAnswer.Logged
            ? "The key is revoked, and the log says so."
            : "The key is revoked here; the bank enters it in the log now. Look again with: bauta bank keys");
        bank.Output.Answer(new JsonObject { ["key"] = found[0].Id, ["state"] = answer.Value.State });
        return ExitCode.Ok;
    }
}
