using System.CommandLine;
using System.Globalization;
using System.Text;
using Bauta.Host.Terminal;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Evidence;
using Bauta.Storage;

namespace Bauta.Host.JudgeVerb;

/// <summary>Evidence as files: what a purchase left behind, and leaves that a monitor kept.</summary>
internal static class EvidenceFile
{
    private const int MaxLeafFile = 64 * 1024;

    /// <summary>Where evidence goes.</summary>
    public static Option<string> Out() => new("--out")
    {
        Description = "The evidence file to write.",
        DefaultValueFactory = _ => "evidence.json",
    };

    /// <summary>A second decision to go with it.</summary>
    public static Option<string?> Other() => new("--other")
    {
        Description =
            "Add a second decision on the same purchase, from a file that `bauta archive monitor --out` wrote.",
    };

    /// <summary>What notaries saw.</summary>
    public static Option<string[]> Observations() => new("--observation")
    {
        Description = "Add what a notary saw, from a file that `bauta notary observe` wrote; may be repeated.",
    };

    /// <summary>What a notary is asked with.</summary>
    public static Option<string?> Demand() => new("--demand")
    {
        Description = "Also write what is to be asked before a notary's eyes; it shows neither shop nor goods.",
    };

    /// <summary>Puts observations into evidence.</summary>
    public static PurchaseEvidence With(PurchaseEvidence evidence, IReadOnlyList<string>? paths)
    {
        if (paths is not { Count: > 0 })
            return evidence;
        if (paths.Count > PurchaseEvidence.MaxObservations)
            throw new HostException(
                ExitCode.Usage, $"At most {PurchaseEvidence.MaxObservations} observations go into one file.");
        return evidence with
        {
            Observations = [.. evidence.Observations ?? [], .. paths.Select(ReadObservation)],
        };
    }

    /// <summary>A notary's certificate on a file.</summary>
    public static Signed<Certificate> ReadCertificate(string path, byte[] file)
    {
        var bytes = DurableFile.Read(path, Certificate.MaxLength + 1)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        return Signed<Certificate>.TryParse(Encoding.ASCII.GetString(bytes).TrimEnd('\n'), out var certificate)
            && Certificate.Holds(certificate, file)
            ? certificate
            : throw new HostException(ExitCode.NotProven, $"{path} is not a certificate of this file.");
    }

    /// <summary>Puts what a bank shows beside evidence that accuses it.</summary>
    public static PurchaseEvidence WithProof(PurchaseEvidence evidence, string path)
    {
        var bytes = DurableFile.Read(path, SpendingProof.MaxLength)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        return StrictJson.TryRead(bytes, ProtocolJson.Default.SpendingProof, out var proof)
            ? evidence with { OtherAuthorization = proof.Authorization, OtherDecision = proof.Decision }
            : throw new HostException(ExitCode.BadFile, $"{path} is no proof of a bank's.");
    }

    private static Signed<Observation> ReadObservation(string path)
    {
        var bytes = DurableFile.Read(path, Observation.MaxLength + 1)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        return Signed<Observation>.TryParse(Encoding.ASCII.GetString(bytes).TrimEnd('\n'), out var seen)
            ? seen
            : throw new HostException(ExitCode.BadFile, $"{path} is not what a notary saw.");
    }

    /// <summary>Writes a demand: to the archive for a decision on a lock, or to the bank the refused P2.</summary>
    public static void WriteDemand(string path, PurchaseEvidence evidence)
    {
        var bytes = evidence.LockNote is { } note
            ? StrictJson.Write(new DecisionRequest(note, evidence.Release), ProtocolJson.Default.DecisionRequest)
            : evidence.Authorization ?? throw new HostException(ExitCode.NotFound,
                "Nothing was locked and nothing was refused, so there is nothing to demand.");
        DurableFile.Write(NewFile.At(path), bytes, DurableFile.SecretMode);
    }

    /// <summary>Writes evidence, with a second decision if there is one.</summary>
    public static void Write(string path, PurchaseEvidence evidence, string? other) => DurableFile.Write(
        path, (other is null ? evidence : WithLeaf(evidence, other)).ToBytes(), DurableFile.SecretMode);

    /// <summary>Writes a leaf with its proof and says where.</summary>
    public static string WriteLeaf(string folder, long index, LoggedEntry leaf)
    {
        var path = Path.GetFullPath(
            Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"leaf-{index}.json")));
        DurableFile.Write(path, StrictJson.Write(leaf, ProtocolJson.Default.LoggedEntry));
        return path;
    }

    private static PurchaseEvidence WithLeaf(PurchaseEvidence evidence, string path)
    {
        var bytes = DurableFile.Read(path, MaxLeafFile)
            ?? throw new HostException(ExitCode.NotFound, $"{path} is missing.");
        if (!StrictJson.TryRead(bytes, ProtocolJson.Default.LoggedEntry, out var logged)
            || !LogEntry.TryParseAtAnyTime(logged.Entry, out var leaf) || !leaf.IsDecision)
            throw new HostException(ExitCode.BadFile, $"{path} holds no decision with its proof.");
        if (!leaf.LockNote!.Content.Transaction.Equals(evidence.Merchandise.Content.Transaction()))
            throw new HostException(ExitCode.NotFound, $"{path} is about another purchase.");
        if (evidence.Decision is not { } held)
            return evidence with { Decision = logged, LockNote = evidence.LockNote ?? leaf.LockNote };
        return held.Entry.AsSpan().SequenceEqual(logged.Entry)
            ? throw new HostException(ExitCode.Usage,
                $"{path} holds the decision that is in the evidence already. Name the file of the other one.")
            : evidence with { OtherDecision = logged };
    }
}
