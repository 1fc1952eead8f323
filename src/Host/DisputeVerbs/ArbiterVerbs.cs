using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.JudgeVerb;
using Bauta.Host.Terminal;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Disputes;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.DisputeVerbs;

/// <summary><c>bauta dispute init</c>.</summary>
internal sealed class InitArbiterVerb : DoingVerb
{
    private readonly Option<string> name = new("--name")
    {
        Description = "The arbiter's name.",
        DefaultValueFactory = _ => "arbiter.example",
    };

    public InitArbiterVerb()
        : base("init", "Makes an arbiter's keys and its card. The bank's operator names the card in its configuration\n"
            + "as \"arbiter\"; customers and merchants read it from the bank's card.",
            "bauta dispute init --arbiter arbiter --name arbiter.example")
    {
        Add(ArbiterVerb.Folder);
        Add(name);
    }

    protected override Task<ExitCode> RunAsync(ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(ArbiterVerb.Folder));
        var called = parsed.GetRequiredValue(name);
        if (!Names.IsPartyName(called))
            throw new HostException(ExitCode.Usage, $"{called} is not a name: a-z, 0-9, dot, hyphen.");
        var path = Path.Combine(folder, ArbiterFile.Name);
        if (File.Exists(path))
            throw new HostException(ExitCode.Exists, $"{path} exists. Nothing was overwritten.");
        using var keys = ArbiterKeys.Make(folder);
        DurableFile.Create(path, System.Text.Encoding.ASCII.GetBytes(keys.Card(called).Text + "\n"));
        output.Line($"Wrote {path}. Hand it to the bank's operator: \"arbiter\": \"{path}\" in bank.json.");
        output.Answer(new JsonObject { ["card"] = path, ["key"] = keys.Identity.PublicKey.Thumbprint });
        return Task.FromResult(ExitCode.Ok);
    }
}

/// <summary>A verb of the arbiter, at the bank's public address and under its own key.</summary>
internal abstract class ArbiterVerb : DoingVerb
{
    private readonly Option<string> bank = new("--bank")
    {
        Description = "The bank's party file.",
        DefaultValueFactory = _ => "bank" + PartyFile.Extension,
    };

    protected ArbiterVerb(string name, string description, string example)
        : base(name, description, example)
    {
        Add(Folder);
        Add(bank);
    }

    public static Option<string> Folder { get; } = new("--arbiter")
    {
        Description = "The folder of the arbiter's keys.",
        DefaultValueFactory = _ => "arbiter",
    };

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var party = PartyFile.Read(parsed.GetRequiredValue(bank), PartyRoles.Bank);
        using var keys = ArbiterKeys.Open(parsed.GetRequiredValue(Folder));
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        using var http = transport.ClientFor(party.Address);
        try
        {
            return await RunAsync(
                new OpenOffice(keys, party, new BankClient(http), transport, parsed, output), cancellation);
        }
        catch (PartyUnreachableException silent)
        {
            throw new HostException(ExitCode.StillOpen, $"{silent.Message} Try again later.", silent);
        }
    }

    protected abstract Task<ExitCode> RunAsync(OpenOffice office, CancellationToken cancellation);
}

/// <summary>An arbiter at work.</summary>
internal sealed record OpenOffice(
    ArbiterKeys Keys, PartyFile Party, BankClient Bank, PartyTransport Transport, ParseResult Parsed, Output Output)
{
    private const int MaxPages = 100;

    public Currency Currency => Party.ReadCurrency();

    public Signed<ReadOrder> ReadOrder() => Signed<ReadOrder>.Sign(
        Keys.Identity, new ReadOrder(Keys.Identity.PublicKey.Spki, UnixTime.Now(TimeProvider.System)));

    public async Task<IReadOnlyList<DisputeState>> CasesAsync(CancellationToken cancellation)
    {
        var all = new List<DisputeState>();
        TransactionId? after = null;
        for (var page = 0; page < MaxPages && (page == 0 || after is not null); page++)
        {
            var list = ValueOf(await Bank.DisputesAsync(ReadOrder(), after, cancellation));
            all.AddRange(list.Disputes);
            after = list.Next;
        }

        return all;
    }

    public async Task<DisputeState> FindAsync(string wanted, CancellationToken cancellation)
    {
        if (!TransactionId.TryParse(wanted, out var n))
        {
            var found = (await CasesAsync(cancellation)).Where(one =>
                one.Transaction.ToString().StartsWith(wanted, StringComparison.Ordinal)).ToArray();
            n = found.Length == 1
                ? found[0].Transaction
                : throw new HostException(ExitCode.NotFound,
                    $"{wanted} names {found.Length} cases. List them: bauta dispute cases");
        }

        return ValueOf(await Bank.DisputeAsync(n, ReadOrder(), cancellation));
    }

    public static T ValueOf<T>(Result<T, BankError> answer) => answer.IsOk
        ? answer.Value
        : throw new HostException(
            answer.Error == BankError.UnknownDispute ? ExitCode.NotFound : ExitCode.Refused,
            $"{Refusals<BankError>.Meaning(answer.Error.Value)} {answer.Detail}".TrimEnd());
}

/// <summary><c>bauta dispute cases</c>.</summary>
internal sealed class CasesVerb() : ArbiterVerb(
    "cases", "Lists the disputes that wait for this arbiter.",
    "bauta dispute cases --arbiter arbiter --bank data/demo/bank/bank.party.json")
{
    protected override async Task<ExitCode> RunAsync(OpenOffice office, CancellationToken cancellation)
    {
        var cases = await office.CasesAsync(cancellation);
        office.Output.Table(DisputeReport.Headings, cases.Select(one => DisputeReport.Row(one, office.Currency)));
        office.Output.Answer(new JsonObject
        {
            ["disputes"] = new JsonArray([.. cases.Select(DisputeReport.Describe)]),
        });
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta dispute show</c>.</summary>
internal sealed class ShowCaseVerb : ArbiterVerb
{
    private readonly Argument<string> wanted = CaseFolder.Case();
    private readonly Option<string> folder = CaseFolder.Out();

    public ShowCaseVerb()
        : base("show", "Opens a case: writes the evidence and the goods into a folder, has the judge read them, and\n"
            + "prints what both sides say. The goods come from the shop, at the address that the customer names.",
            "bauta dispute show kY3rVw9z --out case --arbiter arbiter --bank data/demo/bank/bank.party.json")
    {
        Add(wanted);
        Add(folder);
    }

    protected override async Task<ExitCode> RunAsync(OpenOffice office, CancellationToken cancellation)
    {
        var state = await office.FindAsync(office.Parsed.GetRequiredValue(wanted), cancellation);
        var opened = await CaseFolder.OpenAsync(
            office, state, office.Parsed.GetRequiredValue(folder), cancellation);
        opened.Tell(office);
        var told = DisputeReport.Describe(state);
        told["folder"] = opened.Folder;
        told["customer"] = opened.Customer.Text;
        told["merchant"] = opened.Merchant?.Text;
        told["goods"] = opened.HasGoods;
        told["verdict"] = VerdictText.Describe(opened.Verdict);
        office.Output.Answer(told);
        return ExitCode.Ok;
    }
}

/// <summary><c>bauta dispute decide</c>.</summary>
internal sealed class DecideVerb : ArbiterVerb
{
    private readonly Argument<string> wanted = CaseFolder.Case();
    private readonly Option<string> folder = CaseFolder.Out();
    private readonly Option<string?> refund = new("--refund")
    {
        Description = "all, none, or an amount such as 1.00. Without it the judge decides, where it can.",
    };

    public DecideVerb()
        : base("decide", "Decides a dispute; the bank acts on it at once. Without --refund: as the judge finds from\n"
            + "evidence and goods, which it can whenever the merchant is provably at fault, and with wrong-content.",
            "bauta dispute decide kY3rVw9z --refund all --arbiter arbiter --bank data/demo/bank/bank.party.json")
    {
        Add(wanted);
        Add(refund);
        Add(folder);
    }

    protected override async Task<ExitCode> RunAsync(OpenOffice office, CancellationToken cancellation)
    {
        var state = await office.FindAsync(office.Parsed.GetRequiredValue(wanted), cancellation);
        var sum = office.Parsed.GetValue(refund) switch
        {
            "all" => state.Amount,
            "none" => Amount.Zero,
            { } text => AmountText.Parse(text, office.Currency),
            null => await JudgedAsync(office, state, cancellation),
        };
        if (sum > state.Amount)
            throw new HostException(ExitCode.Usage, $"{office.Currency.Format(state.Amount)} were paid.");
        var ruling = Signed<Ruling>.Sign(office.Keys.Identity, new Ruling(
            state.Transaction, office.Party.Name, state.Claim, sum, UnixTime.Now(TimeProvider.System)));
        var after = OpenOffice.ValueOf(await office.Bank.RuleAsync(ruling, cancellation));
        office.Output.Line(DisputeReport.Sentence(after, office.Currency));
        office.Output.Answer(DisputeReport.Describe(after));
        return ExitCode.Ok;
    }

    private async Task<Amount> JudgedAsync(OpenOffice office, DisputeState state, CancellationToken cancellation)
    {
        var opened = await CaseFolder.OpenAsync(
            office, state, office.Parsed.GetRequiredValue(folder), cancellation);
        opened.Tell(office);
        return opened.Verdict.Outcome switch
        {
            Outcome.MerchantAtFault => state.Amount,
            Outcome.Complete when opened.HasGoods && state.Claim == Claim.WrongContent => Amount.Zero,
            _ => throw new HostException(ExitCode.Undecided,
                "The judge cannot decide this: look at the goods and their description, and say --refund."),
        };
    }
}
