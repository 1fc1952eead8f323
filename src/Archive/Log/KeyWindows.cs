using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Archive.Log;

/// <summary>
/// When the denomination keys in a log can be withdrawn from. A token's key tells its holder apart from those of other
/// keys, so few keys of one issuer, currency and value may be open at one time, and no issuer has more that have not
/// ended than a bank can list: archive, witness and monitor hold every issuer to it. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// What ended before the leaf that is judged does not count, and is forgotten. So less counts the later it is: the
/// archive, which judges by the last leaf, admits nothing that a reader refuses, who judges by the leaf itself.
/// </remarks>
internal sealed class KeyWindows
{
    /// <summary>The most keys of one issuer that have not ended.</summary>
    public const int MaxPerIssuer = DenominationList.MaxDenominations;

    private readonly Dictionary<KeyKind, List<Window>> byKind = [];
    private readonly Dictionary<Subject, KeyKind> kinds = [];
    private UnixTime reached;

    /// <param name="reached">The time of the last leaf.</param>
    public KeyWindows(UnixTime reached = default) => this.reached = reached;

    /// <summary>How many keys are remembered.</summary>
    public int Count => kinds.Count;

    /// <summary>Whether a key may join those that were announced and not revoked.</summary>
    /// <param name="announcement">Its announcement.</param>
    /// <param name="at">A time that the announcement's leaf is not before.</param>
    public bool HasRoomFor(LogEntry announcement, UnixTime at)
    {
        if (at > reached)
            Forget(at);
        var (kind, next) = Read(announcement.StatementAs<Denomination>().Content, []);
        if (next.Until <= reached.Seconds)
            return true;
        if (byKind.Where(pair => pair.Key.Issuer == kind.Issuer).Sum(pair => pair.Value.Count) >= MaxPerIssuer)
            return false;
        if (!byKind.TryGetValue(kind, out var windows))
            return true;
        // Where most are open at once, one of them has just begun.
        return windows.Where(window => window.From > next.From && window.From < next.Until)
            .Select(window => window.From).Append(next.From)
            .All(moment =>
                windows.Count(
                    window => window.From <= moment && moment < window.Until) < DenominationList.MaxConcurrent);
    }

    /// <summary>Whether the key was announced, not revoked, and has not ended.</summary>
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
        if (window.Until <= reached.Seconds || !kinds.TryAdd(SubjectOf(subject), kind))
            return;
        if (!byKind.TryGetValue(kind, out var windows))
            byKind[kind] = windows = [];
        windows.Add(window);
    }

    public KeyWindows Copy()
    {
        var copy = new KeyWindows(reached);
        foreach (var (subject, kind) in kinds)
            copy.kinds.Add(subject, kind);
        foreach (var (kind, windows) in byKind)
            copy.byKind.Add(kind, [.. windows]);
        return copy;
    }

    private void Forget(UnixTime at)
    {
        reached = at;
        foreach (var (kind, windows) in byKind)
        {
            foreach (var ended in windows.Where(window => window.Until <= at.Seconds))
                kinds.Remove(SubjectOf(ended.Subject));
            windows.RemoveAll(window => window.Until <= at.Seconds);
            if (windows.Count == 0)
                byKind.Remove(kind);
        }
    }

    private static (KeyKind, Window) Read(Denomination key, byte[] subject) => (
        new KeyKind(key.Issuer, key.Currency, key.Value.MinorUnits),
        new Window(subject, key.WithdrawFrom.Seconds, key.WithdrawUntil.Seconds));

    private static Subject SubjectOf(byte[] subject) => Subject.OfStatement(LogEntry.Denomination, subject);

    private readonly record struct KeyKind(string Issuer, string Currency, long Value);

    private readonly record struct Window(byte[] Subject, long From, long Until);
}
