using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Bauta.Host.Config;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Protocol.Evidence;
using Bauta.Protocol.Relay;
using Bauta.Storage;

namespace Bauta.Host.NotaryVerb;

/// <summary><c>bauta notary</c>: anybody whose key others know.</summary>
internal static class NotaryGroup
{
    public static Verb Build() => new VerbGroup("notary",
        "Certifies that a party does not answer, or since when a file is there, for somebody who is not believed "
        + "alone.",
        "bauta notary observe demand.json --party data/demo/archive/archive.party.json",
        new ObserveVerb(), new CertifyVerb());
}

/// <summary><c>bauta notary observe</c>.</summary>
internal sealed class ObserveVerb : DoingVerb
{
    private const int MaxDemand = 128 * 1024;
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(2);

    private readonly Argument<string> demand = new("DEMAND")
    {
        Description = "The file that bauta shop evidence --demand or bauta wallet evidence --demand wrote.",
    };

    private readonly Option<string> party = new("--party")
    {
        Description = "The party file of the archive or bank to ask.",
        Required = true,
    };

    private readonly Option<string> key = KeyOption();
    private readonly Option<string> name = NameOption();

    private readonly Option<int> wait = new("--wait")
    {
        Description = "For how many seconds to ask before silence is certified.",
        DefaultValueFactory = _ => 20,
    };

    private readonly Option<string> output = new("--out")
    {
        Description = "The observation to write.",
        DefaultValueFactory = _ => "observation.jws",
    };

    public ObserveVerb()
        : base("observe", "Sends a demand to an archive or a bank as its owner made it, and signs what came and when:\n"
            + "the judge takes it beside the evidence (--observation). Ask before the expiry that stands in the\n"
            + "demand. A party that answers has done what was asked, and nothing is certified.",
            "bauta notary observe demand.json --party data/demo/archive/archive.party.json --key notary.pem")
    {
        Add(demand);
        Add(party);
        Add(key);
        Add(name);
        Add(wait);
        Add(output);
    }

    public static Option<string> KeyOption() => new("--key")
    {
        Description = "The notary's key; made when it is not there.",
        DefaultValueFactory = _ => "notary.pem",
    };

    public static Option<string> NameOption() => new("--name")
    {
        Description = "What the notary is called.",
        DefaultValueFactory = _ => "notary.example",
    };

    public static string NameOf(ParseResult parsed, Option<string> name)
    {
        var called = parsed.GetRequiredValue(name);
        return Names.IsPartyName(called)
            ? called
            : throw new HostException(ExitCode.Usage, $"{called} is not a name: a-z, 0-9, dot, hyphen.");
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output said, CancellationToken cancellation)
    {
        var path = NewFile.At(parsed.GetRequiredValue(output));
        var file = parsed.GetRequiredValue(demand);
        var bytes = DurableFile.Read(file, MaxDemand)
            ?? throw new HostException(ExitCode.NotFound, $"{file} is missing.");
        var called = NameOf(parsed, name);
        using var signer = RoleKeys.MakeSigner(parsed.GetRequiredValue(key));
        using var transport = new PartyTransport(MaskRoute.Direct, TimeProvider.System);
        var asking = AskingOf(bytes, parsed.GetRequiredValue(party), transport)
            ?? throw new HostException(ExitCode.BadFile, $"{file} holds no demand to an archive and no P2.");
        var from = UnixTime.Now(TimeProvider.System);
        var (isAnswered, refusal) = await said.BarAsync("asking", _ => AskAsync(
            asking.Ask, TimeSpan.FromSeconds(Math.Max(0, parsed.GetValue(wait))), cancellation));
        if (isAnswered)
        {
            said.Line("The party answered as it must; there is nothing to certify.");
            said.Answer(new JsonObject { ["answered"] = true });
            return ExitCode.Ok;
        }

        var observation = Signed<Observation>.Sign(signer, new Observation(
            called, signer.PublicKey.Spki, asking.Asked, asking.Hash, from, UnixTime.Now(TimeProvider.System),
            refusal));
        DurableFile.Write(path, Encoding.ASCII.GetBytes(observation.Text + "\n"));
        said.Line($"{(refusal is null ? "No answer" : $"Refused ({refusal})")}. Wrote {path}, signed by key "
            + $"{observation.KeyId}. Whoever judges by it must know this key to be yours.");
        said.Answer(new JsonObject
        {
            ["answered"] = false,
            ["refusal"] = refusal,
            ["observation"] = path,
            ["key"] = observation.KeyId,
        });
        return ExitCode.Ok;
    }

    /// <summary>Asks again while nothing comes. A refusal is an answer that is certified at once; one that says "later"
    /// is not.</summary>
    private static async Task<(bool IsAnswered, string? Refusal)> AskAsync(
        Func<CancellationToken, Task<(bool IsDone, string? Refusal)>> ask, TimeSpan limit,
        CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string? refusal = null;
            try
            {
                (var isDone, refusal) = await ask(cancellation);
                if (isDone)
                    return (true, null);
                if (refusal is not null && refusal != Refusals<ArchiveError>.Code(ArchiveError.Unavailable))
                    return (false, refusal);
            }
            catch (Exception silent) when (silent is PartyUnreachableException or ProtocolViolationException)
            {
                // Nothing came that counts.
            }

            if (TimeProvider.System.GetElapsedTime(started) >= limit)
                return (false, refusal);
            await Task.Delay(pause, cancellation);
        }
    }

    /// <summary>Whom to ask, what names the request, and one try.</summary>
    private sealed record Asking(
        string Asked, byte[] Hash, Func<CancellationToken, Task<(bool IsDone, string? Refusal)>> Ask);

    private static Asking? AskingOf(byte[] bytes, string partyFile, PartyTransport transport)
    {
        if (StrictJson.TryRead(bytes, ProtocolJson.Default.DecisionRequest, out var request))
        {
            var file = PartyFile.Read(partyFile, PartyRoles.Archive);
            var archive = new ArchiveClient(transport.ClientFor(file.Address));
            return new Asking(file.ReadPolicy().Id.ToString(), Observation.Of(request), async stop =>
            {
                var answer = await archive.DecideAsync(request, stop);
                return answer.IsOk
                    ? (answer.Value.Decision is not null, null)
                    : (false, Refusals<ArchiveError>.Code(answer.Error.Value));
            });
        }

        if (SignedAuthorization.TryParse(bytes, out var p2))
        {
            var file = PartyFile.Read(partyFile, PartyRoles.Bank);
            var bank = new BankClient(transport.ClientFor(file.Address));
            return new Asking(file.Identity.Thumbprint, p2.PayloadHash(), async stop =>
            {
                var answer = await bank.LockAsync(p2, stop);
                return answer.IsOk ? (true, null) : (false, Refusals<BankError>.Code(answer.Error.Value));
            });
        }

        return null;
    }
}
