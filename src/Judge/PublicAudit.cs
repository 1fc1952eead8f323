using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;

namespace Bauta.Judge;

/// <summary>What is wrong with what banks state of their keys. The list is closed.</summary>
public enum TotalsFault
{
    /// <summary>More was spent and given back than was issued: a bank or a forger made money.</summary>
    SpentMoreThanIssued,

    /// <summary>The bank that locks has seen more tokens than the issuer says it signed.</summary>
    SeenMoreThanIssued,

    /// <summary>A sum is smaller than on the day before.</summary>
    Shrunk,

    /// <summary>What was issued is not what was issued the day before and what the day's root covers.</summary>
    IssuedOutsideRoot,

    /// <summary>A day is missing.</summary>
    MissingDay,

    /// <summary>Two statements on one day.</summary>
    SecondStatement,

    /// <summary>A day was stated before it was over.</summary>
    TooEarly,

    /// <summary>A key that nobody announced in this log.</summary>
    UnknownKey,

    /// <summary>A statement that its bank did not sign.</summary>
    BadStatement,
}

/// <summary>One finding.</summary>
/// <param name="Fault">What.</param>
/// <param name="Bank">Who stated it, or did not.</param>
/// <param name="TokenKeyId">Of which key.</param>
/// <param name="Day">On which day, in days since 1970-01-01.</param>
/// <param name="Leaf">Where the statement stands in the log; absent for one that is missing.</param>
public sealed record TotalsFinding(TotalsFault Fault, string Bank, byte[] TokenKeyId, long Day, long? Leaf);

/// <summary>A key as a bank last stated it.</summary>
/// <param name="Last">The statement.</param>
/// <param name="Key">The key's announcement; none for one that this log does not announce.</param>
public sealed record StatedKey(Totals Last, Denomination? Key);

/// <summary>What the log says.</summary>
/// <param name="Size">How many leaves were read.</param>
/// <param name="Keys">Each key that was stated, by bank.</param>
/// <param name="Findings">What is wrong, in the order of the log.</param>
public sealed record PublicReport(
    long Size, IReadOnlyList<StatedKey> Keys, IReadOnlyList<TotalsFinding> Findings);

/// <summary>
/// Holds every bank to what it states in an archive's log, as any stranger can: from the log alone, under a pinned
/// policy. It proves that no more is spent than the bank says it issued; that what it says holds all that it issued is
/// for each wallet to check of its own tokens.
/// </summary>
public sealed class PublicAudit
{
    /// <summary>A day must be in the log two days after it is over.</summary>
    public const long GraceSeconds = 2 * Totals.DaySeconds;

    private readonly Dictionary<(string Name, string KeyId), P256PublicKey> banks = [];
    private readonly Dictionary<string, Denomination> keys = new(StringComparer.Ordinal);
    private readonly Dictionary<
        (string Bank, string Key), SortedDictionary<long, (Totals Said, long Leaf)>> stated = [];
    private readonly List<TotalsFinding> findings = [];
    private UnixTime last;
    private long size;

    /// <summary>Reads a log from its beginning to its latest checkpoint.</summary>
    public static async Task<PublicReport> RunAsync(
        LogReader log, IProgress<double>? progress, CancellationToken cancellation)
    {
        var audit = new PublicAudit();
        var view = await log.LatestAsync(cancellation);
        await foreach (var entry in log.ReadAsync(view, 0, view.Size, cancellation))
        {
            audit.Take(entry.Index, entry.Entry);
            progress?.Report((double)(entry.Index + 1) / view.Size);
        }

        return audit.Report();
    }

    /// <summary>Takes the next leaf.</summary>
    public void Take(long index, LogEntry entry)
    {
        (last, size) = (entry.At, index + 1);
        switch (entry.Kind)
        {
            case LogEntry.Bank:
                var bank = entry.StatementAs<BankRegistration>().Content;
                if (P256PublicKey.TryFromSpki(bank.Key, out var registered) && entry.IsSignedBy(registered))
                    banks.TryAdd((bank.Name, registered.Thumbprint), registered);
                break;
            case LogEntry.Denomination:
                var key = entry.StatementAs<Denomination>().Content;
                if (IsSigned(entry, key.Issuer))
                    keys.TryAdd(Convert.ToHexString(SHA256.HashData(key.TokenKey)), key);
                break;
            case LogEntry.Totals:
                Take(index, entry, entry.StatementAs<Totals>().Content);
                break;
        }
    }

    /// <summary>What was found by now.</summary>
    public PublicReport Report()
    {
        var found = new List<TotalsFinding>(findings);
        var until = Totals.DayOf(UnixTime.FromSeconds(Math.Max(0, last.Seconds - GraceSeconds))) - 1;
        var firstDays = stated.GroupBy(pair => pair.Key.Bank)
            .ToDictionary(group => group.Key, group => group.Min(pair => pair.Value.Keys.First()));
        foreach (var (id, key) in keys)
        {
            var days = stated.GetValueOrDefault((key.Issuer, id));
            var (first, end) = Totals.DaysOf(key);
            first = Math.Max(first, firstDays.GetValueOrDefault(key.Issuer, first));
            var due = Math.Min(end, Math.Max(until, days?.Keys.Last() ?? 0));
            AddMissing(found, key.Issuer, id, days, first, due);
        }

        foreach (var (place, days) in stated)
        {
            Compare(found, place, days);
            // When another bank's key came to it, this log does not tell.
            if (keys.TryGetValue(place.Key, out var key) && key.Issuer != place.Bank)
                AddMissing(found, place.Bank, place.Key, days, days.Keys.First(),
                    Math.Min(Totals.DaysOf(key).Last, Math.Max(until, days.Keys.Last())));
        }

        return new PublicReport(size,
            [.. stated.Select(pair => new StatedKey(pair.Value.Last().Value.Said, keys.GetValueOrDefault(pair.Key.Key)))
                .OrderBy(one => one.Last.Bank, StringComparer.Ordinal)
                .ThenBy(one => one.Key?.Currency, StringComparer.Ordinal)
                .ThenBy(one => one.Key?.Value.MinorUnits).ThenBy(one => one.Key?.WithdrawFrom.Seconds)],
            [.. found.OrderBy(one => one.Leaf ?? long.MaxValue).ThenBy(one => one.Day)]);
    }

    private void Take(long index, LogEntry entry, Totals said)
    {
        if (!IsSigned(entry, said.Bank))
        {
            Find(findings, TotalsFault.BadStatement, said, index);
            return;
        }

        var place = (said.Bank, Convert.ToHexString(said.TokenKeyId));
        if (!stated.TryGetValue(place, out var days))
            stated[place] = days = [];
        if (!days.TryAdd(said.Day, (said, index)))
            Find(findings, TotalsFault.SecondStatement, said, index);
        if (entry.At.Seconds < (said.Day + 1) * Totals.DaySeconds)
            Find(findings, TotalsFault.TooEarly, said, index);
    }

    /// <summary>One key's days, each with the one before it.</summary>
    private void Compare(
        List<TotalsFinding> found, (string Bank, string Key) place,
        SortedDictionary<long, (Totals Said, long Leaf)> days)
    {
        if (!keys.TryGetValue(place.Key, out var key))
        {
            Find(found, TotalsFault.UnknownKey, days.First().Value.Said, days.First().Value.Leaf);
            return;
        }

        Totals? before = null;
        foreach (var (said, leaf) in days.Values)
        {
            if (said.Spent.MinorUnits + said.Refreshed.MinorUnits > said.Issued * (Int128)key.Value.MinorUnits)
                Find(found, TotalsFault.SpentMoreThanIssued, said, leaf);
            if (before is not null && (said.Issued < before.Issued || said.Spent < before.Spent
                || said.Refreshed < before.Refreshed))
                Find(found, TotalsFault.Shrunk, said, leaf);
            var isIssuer = key.Issuer == place.Bank;
            if (isIssuer && (said.Signed is not { } signed
                || ((before is null || before.Day == said.Day - 1) && said.Issued != (before?.Issued ?? 0) + signed)))
                Find(found, TotalsFault.IssuedOutsideRoot, said, leaf);
            // The two clocks may differ, so the issuer's next day is looked at.
            if (!isIssuer && stated.GetValueOrDefault((key.Issuer, place.Key)) is { } issuer
                && issuer.GetValueOrDefault(said.Day + 1).Said is { } next && said.Issued > next.Issued)
                Find(found, TotalsFault.SeenMoreThanIssued, said, leaf);
            before = said;
        }
    }

    private static void AddMissing(
        List<TotalsFinding> found, string bank, string id, SortedDictionary<long, (Totals Said, long Leaf)>? days,
        long first, long due)
    {
        for (var day = first; day <= due; day++)
            if (days?.ContainsKey(day) is not true)
                found.Add(new TotalsFinding(
                    TotalsFault.MissingDay, bank, Convert.FromHexString(id), day, null));
    }

    private bool IsSigned(LogEntry entry, string bank) =>
        banks.GetValueOrDefault((bank, entry.SignerId)) is { } key && entry.IsSignedBy(key);

    private static void Find(List<TotalsFinding> found, TotalsFault fault, Totals said, long leaf) =>
        found.Add(new TotalsFinding(fault, said.Bank, said.TokenKeyId, said.Day, leaf));
}
