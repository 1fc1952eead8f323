using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Bauta.Crypto.Merkle;

namespace Bauta.Crypto.Notes;

/// <summary>Reads the lines of one policy. Use once.</summary>
internal sealed class TlogPolicyReader
{
    private readonly List<PolicyLog> logs = [];
    private readonly List<PolicyWitness> witnesses = [];
    private readonly List<PolicyGroup> groups = [];
    private readonly HashSet<string> defined = new(StringComparer.Ordinal);
    private readonly HashSet<string> grouped = new(StringComparer.Ordinal);
    private string? quorum;

    public bool TryRead(
        ReadOnlySpan<byte> text, [NotNullWhen(true)] out TlogPolicy? policy,
        [NotNullWhen(false)] out TlogPolicyProblem? problem)
    {
        policy = null;
        if (text.Length > TlogPolicy.MaxSize)
        {
            problem = new(TlogPolicyError.TooLarge, 0);
            return false;
        }

        var line = 0;
        while (!text.IsEmpty)
        {
            line++;
            var error = StrictText.TryTakeLine(ref text, out var bytes)
                ? ReadLine(bytes)
                : TlogPolicyError.MissingFinalNewline;
            if (error is { } reason)
            {
                problem = new(reason, line);
                return false;
            }
        }

        if (quorum is null)
        {
            problem = new(TlogPolicyError.MissingQuorum, 0);
            return false;
        }

        problem = null;
        policy = new(logs, witnesses, groups, quorum == TlogPolicy.NoQuorum ? null : quorum);
        return true;
    }

    private TlogPolicyError? ReadLine(ReadOnlySpan<byte> bytes)
    {
        foreach (var octet in bytes)
        {
            if ((octet < 0x20 && octet != '\t') || octet == 0x7f)
                return TlogPolicyError.IllegalCharacter;
        }

        var items = Encoding.Latin1.GetString(bytes).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (items.Length == 0 || items[0].StartsWith('#'))
            return null;
        return items[0] switch
        {
            "log" => ReadLog(items),
            "witness" => ReadWitness(items),
            "group" => ReadGroup(items),
            "quorum" => ReadQuorum(items),
            _ => TlogPolicyError.UnknownKeyword,
        };
    }

    private TlogPolicyError? ReadLog(string[] items)
    {
        if (items.Length is not (2 or 3))
            return TlogPolicyError.WrongItemCount;
        if (!TryReadKey(items[1], NoteKeyType.Ed25519, out var key))
            return TlogPolicyError.InvalidKey;
        if (logs.Any(log => log.Key.Key.Equals(key.Key)))
            return TlogPolicyError.DuplicateKey;
        if (logs.Count == TlogPolicy.MaxOfEach)
            return TlogPolicyError.TooLarge;
        logs.Add(new(key, items.ElementAtOrDefault(2)));
        return null;
    }

    private TlogPolicyError? ReadWitness(string[] items)
    {
        if (items.Length is not (3 or 4))
            return TlogPolicyError.WrongItemCount;
        if (!TryReadKey(items[2], NoteKeyType.Cosignature, out var key))
            return TlogPolicyError.InvalidKey;
        if (witnesses.Any(witness => witness.Key.Key.Equals(key.Key)))
            return TlogPolicyError.DuplicateKey;
        if (witnesses.Count == TlogPolicy.MaxOfEach)
            return TlogPolicyError.TooLarge;
        if (Define(items[1]) is { } error)
            return error;
        witnesses.Add(new(items[1], key, items.ElementAtOrDefault(3)));
        return null;
    }

    private TlogPolicyError? ReadGroup(string[] items)
    {
        if (items.Length < 4)
            return TlogPolicyError.WrongItemCount;
        if (groups.Count == TlogPolicy.MaxOfEach)
            return TlogPolicyError.TooLarge;
        var members = items[3..];
        foreach (var member in members)
        {
            if (!defined.Contains(member))
                return TlogPolicyError.UndefinedName;
            if (!grouped.Add(member))
                return TlogPolicyError.MemberUsedTwice;
        }

        long threshold;
        if (items[2] == "all")
            threshold = members.Length;
        else if (items[2] == "any")
            threshold = 1;
        else if (!StrictText.TryParseDecimal(Encoding.Latin1.GetBytes(items[2]), out threshold))
            return TlogPolicyError.InvalidThreshold;
        if (threshold < 1 || threshold > members.Length)
            return TlogPolicyError.InvalidThreshold;

        // Defined last, so that a group cannot be its own member.
        if (Define(items[1]) is { } error)
            return error;
        groups.Add(new(items[1], (int)threshold, members));
        return null;
    }

    private TlogPolicyError? ReadQuorum(string[] items)
    {
        if (items.Length != 2)
            return TlogPolicyError.WrongItemCount;
        if (quorum is not null)
            return TlogPolicyError.DuplicateQuorum;
        if (items[1] != TlogPolicy.NoQuorum && !defined.Contains(items[1]))
            return TlogPolicyError.UndefinedName;
        quorum = items[1];
        return null;
    }

    private TlogPolicyError? Define(string name) =>
        name == TlogPolicy.NoQuorum ? TlogPolicyError.ReservedName
        : defined.Add(name) ? null
        : TlogPolicyError.DuplicateName;

    private static bool TryReadKey(string octets, NoteKeyType type, [NotNullWhen(true)] out NoteVerifier? key)
    {
        key = null;
        var utf8 = Encoding.Latin1.GetBytes(octets);
        return Utf8.IsValid(utf8) && NoteVerifier.TryParse(NoteText.StrictUtf8.GetString(utf8), out key)
            && key.Type == type;
    }
}
