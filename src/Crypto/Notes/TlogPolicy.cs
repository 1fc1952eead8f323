using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bauta.Crypto.Notes;

/// <summary>
/// C2SP tlog-policy: which logs are believed, and which set of witnesses must have cosigned. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>Names and URLs are octets to the specification; here each char of such a string is one octet (Latin-1), so
/// that nothing depends on Unicode.</para>
/// <para>Canonical text: lines in the order logs, witnesses, groups, quorum; items separated by one space; logs sorted
/// by vkey, witnesses and members by name, groups by name as far as members come first; thresholds as numbers; no
/// comments, no empty lines. <see cref="Id"/> is the SHA-256 (32 bytes) of that text without URLs.</para>
/// </remarks>
public sealed class TlogPolicy
{
    /// <summary>Largest policy in bytes.</summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>Most logs, most witnesses, most groups.</summary>
    public const int MaxOfEach = 64;

    internal const string NoQuorum = "none";

    internal TlogPolicy(
        IEnumerable<PolicyLog> logs, IEnumerable<PolicyWitness> witnesses, IEnumerable<PolicyGroup> groups,
        string? quorum)
    {
        Logs = [.. logs.OrderBy(log => log.Key.ToString(), StringComparer.Ordinal)];
        Witnesses = [.. witnesses.OrderBy(witness => witness.Name, StringComparer.Ordinal)];
        Groups = SortGroups(groups);
        Quorum = quorum;
        Id = SHA256.HashData(ToBytes(includeUrls: false));
    }

    /// <summary>The logs that are believed; may be empty where the log is known from elsewhere.</summary>
    public IReadOnlyList<PolicyLog> Logs { get; }

    /// <summary>The witnesses, by name.</summary>
    public IReadOnlyList<PolicyWitness> Witnesses { get; }

    /// <summary>The groups, members before the groups that hold them.</summary>
    public IReadOnlyList<PolicyGroup> Groups { get; }

    /// <summary>Name of the witness or group that must have witnessed; null when no cosignature is asked for.</summary>
    public string? Quorum { get; }

    /// <summary>SHA-256 of the canonical text without URLs: 32 bytes that name the policy in a contract.</summary>
    public byte[] Id { get; }

    /// <summary>Reads a policy, strictly as specified. Policies of more than 64 of a kind are refused.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> text, [NotNullWhen(true)] out TlogPolicy? policy,
        [NotNullWhen(false)] out TlogPolicyProblem? problem) =>
        new TlogPolicyReader().TryRead(text, out policy, out problem);

    /// <summary>Reads a policy.</summary>
    /// <exception cref="FormatException">Refused; the message says why and in which line.</exception>
    public static TlogPolicy Parse(ReadOnlySpan<byte> text) => TryParse(text, out var policy, out var problem)
        ? policy
        : throw new FormatException($"Policy refused in line {problem.Line}: {problem.Error}.");

    /// <summary>A policy of one log where any <paramref name="threshold"/> of the witnesses are enough.</summary>
    /// <remarks>Witnesses are named w01, w02, ... in the order of their vkeys, so the same keys give the same policy.
    /// </remarks>
    /// <exception cref="ArgumentException">Keys of the wrong type or listed twice, or a threshold not between 0 and the
    /// number of witnesses.</exception>
    public static TlogPolicy Threshold(NoteVerifier log, IReadOnlyList<NoteVerifier> witnesses, int threshold)
    {
        var text = new StringBuilder($"log {Octets(log)}\n");
        var names = new List<string>();
        foreach (var witness in witnesses.Order(Comparer<NoteVerifier>.Create(
            (x, y) => string.CompareOrdinal(x.ToString(), y.ToString()))))
        {
            names.Add(string.Create(CultureInfo.InvariantCulture, $"w{names.Count + 1:D2}"));
            text.Append(CultureInfo.InvariantCulture, $"witness {names[^1]} {Octets(witness)}\n");
        }

        if (threshold > 0)
            text.Append(CultureInfo.InvariantCulture, $"group witnesses {threshold} {string.Join(' ', names)}\n");
        text.Append("quorum ").Append(threshold == 0 ? NoQuorum : "witnesses").Append('\n');
        return threshold >= 0 && TryParse(Encoding.Latin1.GetBytes(text.ToString()), out var policy, out var problem)
            ? policy
            : throw new ArgumentException("Keys of the wrong type or listed twice, or a threshold that cannot be met.");
    }

    /// <summary>Whether a known log signed the checkpoint and the quorum cosigned it.</summary>
    public bool IsSatisfied(SignedNote note, [NotNullWhen(true)] out VerifiedCheckpoint? verified) =>
        Evaluate(note, out verified) == TlogVerdict.Satisfied;

    /// <summary>Says whether a signed checkpoint satisfies the policy, and why not.</summary>
    /// <param name="note">The signed checkpoint.</param>
    /// <param name="verified">The checkpoint and its verified cosignatures; null unless satisfied.</param>
    /// <param name="latestTimestampSeconds">Cosignatures with a later POSIX time do not count.</param>
    /// <param name="knownLog">A log known from elsewhere, believed as if it were listed.</param>
    public TlogVerdict Evaluate(
        SignedNote note, out VerifiedCheckpoint? verified,
        long latestTimestampSeconds = long.MaxValue, NoteVerifier? knownLog = null)
    {
        verified = null;
        if (!Checkpoint.TryParse(note.TextBytes, out var checkpoint))
            return TlogVerdict.NotACheckpoint;

        // The key's name must be the origin, or one listed log could speak for another.
        var logs = Logs.Select(log => log.Key).ToList();
        if (knownLog is not null)
            logs.Add(knownLog);
        logs.RemoveAll(log => log.Name != checkpoint.Origin || log.Type != NoteKeyType.Ed25519);
        if (logs.Count == 0)
            return TlogVerdict.UnknownLog;

        if (!note.TryVerify([.. logs, .. Witnesses.Select(witness => witness.Key)], out var signatures))
        {
            var isNamed = note.Signatures.Any(
                signature => logs.Any(log => log.IsNamedBy(signature))
                    || Witnesses.Any(witness => witness.Key.IsNamedBy(signature)));
            return isNamed ? TlogVerdict.BadSignature : TlogVerdict.NotSignedByLog;
        }

        var signer = signatures.FirstOrDefault(signature => logs.Contains(signature.Verifier));
        if (signer is null)
            return TlogVerdict.NotSignedByLog;

        var cosignatures = new List<WitnessCosignature>();
        foreach (var witness in Witnesses)
        {
            var earliest = signatures.Where(signature => signature.Verifier.Equals(witness.Key))
                .Min(signature => signature.TimestampSeconds);
            if (earliest is { } timestampSeconds && timestampSeconds <= latestTimestampSeconds)
                cosignatures.Add(new(witness, timestampSeconds));
        }

        if (!IsQuorum(cosignatures.Select(cosignature => cosignature.Witness.Name)))
            return TlogVerdict.QuorumNotMet;
        verified = new(checkpoint, signer.Verifier, cosignatures);
        return TlogVerdict.Satisfied;
    }

    /// <summary>Whether cosignatures of the witnesses of these names are enough.</summary>
    public bool IsQuorum(IEnumerable<string> witnessNames)
    {
        if (Quorum is null)
            return true;
        var witnessed = witnessNames.Where(name => Witnesses.Any(witness => witness.Name == name))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var group in Groups)
        {
            if (group.Members.Count(witnessed.Contains) >= group.Threshold)
                witnessed.Add(group.Name);
        }

        return witnessed.Contains(Quorum);
    }

    /// <summary>The canonical text.</summary>
    public byte[] ToBytes(bool includeUrls = true)
    {
        var text = new StringBuilder();
        foreach (var log in Logs)
            text.Append("log ").Append(Octets(log.Key)).Append(Url(log.Url)).Append('\n');
        foreach (var witness in Witnesses)
        {
            text.Append("witness ").Append(witness.Name).Append(' ').Append(Octets(witness.Key))
                .Append(Url(witness.Url)).Append('\n');
        }

        foreach (var group in Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"group {group.Name} {group.Threshold} ")
                .AppendJoin(' ', group.Members).Append('\n');
        }

        text.Append("quorum ").Append(Quorum ?? NoQuorum).Append('\n');
        return Encoding.Latin1.GetBytes(text.ToString());

        string Url(string? url) => includeUrls && url is not null ? " " + url : "";
    }

    /// <summary>A vkey with each of its UTF-8 octets as one char.</summary>
    private static string Octets(NoteVerifier key) =>
        Encoding.Latin1.GetString(NoteText.StrictUtf8.GetBytes(key.ToString()));

    private static List<PolicyGroup> SortGroups(IEnumerable<PolicyGroup> groups)
    {
        var waiting = groups
            .Select(group => group with { Members = [.. group.Members.Order(StringComparer.Ordinal)] })
            .OrderBy(group => group.Name, StringComparer.Ordinal).ToList();
        var sorted = new List<PolicyGroup>();
        while (waiting.Count > 0)
        {
            // Groups were read in an order without cycles, so one without waiting members always exists.
            var next = waiting.First(group => !group.Members.Any(member => waiting.Any(w => w.Name == member)));
            waiting.Remove(next);
            sorted.Add(next);
        }

        return sorted;
    }
}
