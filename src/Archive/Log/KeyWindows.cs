using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Archive.Log;

/// <summary>
/// When the denomination keys in a log can be withdrawn from. A token's key tells its holder apart from those of other
/// keys, so few keys of one issuer, currency and value may be open at one time: archive, witness and monitor hold every
/// issuer to it. Not safe for concurrent use.
/// </summary>
internal sealed class KeyWindows
{
    private readonly Dictionary<KeyKind, List<Window>> byKind = [];
    private readonly Dictionary<Subject, KeyKind> kinds = [];

    /// <summary>Whether a key may join those that were announced and not revoked.</summary>
    public bool HasRoomFor(LogEntry announcement)
    {
        var (kind, next) = Read(announcement.StatementAs<Denomination>().Content, []);
        if (!byKind.TryGetValue(kind, out var windows))
            return true;
        // Where most are open at once, one of them has just begun.
        return windows.Where(window => window.From > next.From && window.From < next.Until)
            .Select(window => window.From).Append(next.From)
            .All(at =>
                windows.Count(window => window.From <= at && at < window.Until) < DenominationList.MaxConcurrent);
    }

    /// <summary>Whether the key was announced and not revoked.</summary>
    public bool Knows(byte[] subject) => kinds.ContainsKey(SubjectOf(subject));

    /// <summary>Remembers an announcement or a revocation; anything else is none of its business.</summary>
    public void Add(LogEntry entry, byte[] subject)
    {
        if (entry.Kind == LogEntry.Denomination)
            Add(subject, entry.StatementAs<Denomination>().Content);
        else if (entry.Kind == LogEntry.Revocation && kinds.Remove(SubjectOf(subject), out var kind))
            byKind[kind].RemoveAll(window => window.Subject.AsSpan().SequenceEqual(subject));
    }

    /// <inheritdoc cref="Add(LogEntry, byte[])"/>
    public void Add(byte[] subject, Denomination key)
    {
        var (kind, window) = Read(key, subject);
        if (!kinds.TryAdd(SubjectOf(subject), kind))
            return;
        if (!byKind.TryGetValue(kind, out var windows))
            byKind[kind] = windows = [];
        windows.Add(window);
    }

    public KeyWindows Copy()
    {
        var copy = new KeyWindows();
        foreach (var (subject, kind) in kinds)
            copy.kinds.Add(subject, kind);
        foreach (var (kind, windows) in byKind)
            copy.byKind.Add(kind, [.. windows]);
        return copy;
    }

    private static (KeyKind, Window) Read(Denomination key, byte[] subject) => (
        new KeyKind(key.Issuer, key.Currency, key.Value.MinorUnits),
        new Window(subject, key.WithdrawFrom.Seconds, key.WithdrawUntil.Seconds));

    private static Subject SubjectOf(byte[] subject) => Subject.OfStatement(LogEntry.Denomination, subject);

    private readonly record struct KeyKind(string Issuer, string Currency, long Value);

    private readonly record struct Window(byte[] Subject, long From, long Until);
}
