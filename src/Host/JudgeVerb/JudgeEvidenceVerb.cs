using System.CommandLine;
using System.Text.Json.Nodes;
using Bauta.Host.Terminal;
using Bauta.Judge;
using Bauta.Protocol.Evidence;
using Bauta.Storage;

namespace Bauta.Host.JudgeVerb;

/// <summary><c>bauta judge</c>: offline, from a file alone.</summary>
internal sealed class JudgeEvidenceVerb : DoingVerb
{
    private readonly Argument<string> evidence = new("EVIDENCE") { Description = "An evidence file." };
    private readonly Option<string?> goods = new("--goods")
    {
        Description = "The encrypted goods as they were delivered, when the dispute is about them.",
    };

    private readonly Option<string?> proof = new("--proof")
    {
        Description = "What the bank shows when it said that a token is spent (bauta bank proof).",
    };

    private readonly Option<string?> certificate = new("--certificate")
    {
        Description = "A notary's word on since when the evidence file is there (bauta notary certify).",
    };

    private readonly Option<string[]> observations = EvidenceFile.Observations();

    public JudgeEvidenceVerb()
        : base("judge", "Reads evidence offline, recomputes everything and says what it proves and who is at fault.\n"
            + "The verdict rests on the keys that it lists: know them to be the parties'.",
            "bauta judge evidence.json")
    {
        Add(evidence);
        Add(goods);
        Add(proof);
        Add(certificate);
        Add(observations);
    }

    protected override async Task<ExitCode> RunAsync(
        ParseResult parsed, Output output, CancellationToken cancellation)
    {
        var path = parsed.GetRequiredValue(evidence);
        var bytes = DurableFile.Read(path, PurchaseEvidence.MaxLength)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        if (!PurchaseEvidence.TryParse(bytes, out var file))
            throw new HostException(ExitCode.NotProven, $"{path} is not an evidence file.");
        file = EvidenceFile.With(file, parsed.GetValue(observations));
        if (parsed.GetValue(proof) is { } shown)
            file = EvidenceFile.WithProof(file, shown);
        var verdict = parsed.GetValue(goods) is { } delivered
            ? await output.BarAsync(
                "reading the goods", bar => Task.Run(() => Judge(file, delivered, bar), cancellation))
            : PurchaseJudge.Judge(file);
        foreach (var line in VerdictText.Lines(verdict))
            output.Line(line);
        var told = VerdictText.Describe(verdict);
        if (parsed.GetValue(certificate) is { } certified)
        {
            var dated = EvidenceFile.ReadCertificate(certified, bytes);
            output.Line($"The file was there at {dated.Content.At}, says notary {dated.Content.Notary}: {dated.KeyId}");
            told["certifiedAt"] = dated.Content.At.Seconds;
            told["certifiedBy"] = dated.KeyId;
        }

        output.Answer(told);
        return VerdictText.CodeOf(verdict.Outcome);
    }

    private static Verdict Judge(PurchaseEvidence file, string delivered, Bar bar)
    {
        using var goods = new MeteredStream(delivered, bar);
        return PurchaseJudge.Judge(file, goods);
    }
}

/// <summary>A verdict for people and for scripts.</summary>
internal static class VerdictText
{
    public static ExitCode CodeOf(Outcome outcome) => outcome switch
    {
        Outcome.Complete => ExitCode.Ok,
        Outcome.Aborted => ExitCode.Aborted,
        Outcome.Undecided => ExitCode.Undecided,
        Outcome.MerchantAtFault => ExitCode.MerchantAtFault,
        Outcome.BankAtFault => ExitCode.BankAtFault,
        Outcome.ArchiveAtFault => ExitCode.ArchiveAtFault,
        Outcome.CustomerAtFault => ExitCode.CustomerAtFault,
        Outcome.NotProven => ExitCode.NotProven,
        _ => throw new InvalidOperationException($"{outcome} has no exit code."),
    };

    public static IEnumerable<string> Lines(Verdict verdict)
    {
        foreach (var reason in verdict.Reasons)
            yield return $"  {(reason.Holds ? "holds" : "FAILS")}  {reason.Text}";
        yield return $"Verdict: {Name(verdict.Outcome)}. {verdict.Summary}";
        yield return "It rests on these keys:";
        foreach (var key in verdict.TrustedKeys)
            yield return $"  {key.Party}: {key.Key}";
    }

    public static JsonObject Describe(Verdict verdict) => new()
    {
        ["outcome"] = Name(verdict.Outcome).Replace(' ', '-'),
        ["summary"] = verdict.Summary,
        ["reasons"] = new JsonArray([.. verdict.Reasons.Select(reason => new JsonObject
        {
            ["holds"] = reason.Holds,
            ["text"] = reason.Text,
        })]),
        ["keys"] = new JsonArray([.. verdict.TrustedKeys.Select(key => new JsonObject
        {
            ["party"] = key.Party,
            ["key"] = key.Key,
        })]),
    };

    private static string Name(Outcome outcome) => outcome switch
    {
        Outcome.Complete => "complete",
        Outcome.Aborted => "aborted",
        Outcome.Undecided => "undecided",
        Outcome.MerchantAtFault => "merchant at fault",
        Outcome.BankAtFault => "bank at fault",
        Outcome.ArchiveAtFault => "archive at fault",
        Outcome.CustomerAtFault => "customer at fault",
        Outcome.NotProven => "not proven",
        _ => throw new InvalidOperationException($"{outcome} has no name."),
    };
}
