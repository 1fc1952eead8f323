using System.Globalization;
using System.Net;
using Bauta.Host.Roles;

namespace Bauta.Host.Demo;

/// <summary>What one party received in one step.</summary>
/// <param name="Party">As the demo calls it.</param>
/// <param name="Requests">How many requests.</param>
/// <param name="Facts">What they told, each with the beginnings of its values.</param>
/// <param name="Never">What the sight table says that it never receives.</param>
internal sealed record Sight(
    string Party, int Requests, IReadOnlyList<(Fact Fact, string Values)> Facts, string Never)
{
    /// <summary>In one line.</summary>
    public string Text => Facts.Count == 0
        ? Requests == 1 ? "a request that tells nothing" : $"{Requests} requests that tell nothing"
        : string.Join(", ", Facts.Select(one => $"{SightTable.Words([one.Fact])} {one.Values}"));
}

/// <summary>
/// Looks at every request that a role of the demo receives, as that role can read it, and holds it against the sight
/// table. What a party fetches from others is not looked at, nor what it keeps: the system tests search memory, disk
/// and log of real processes.
/// </summary>
/// <param name="customer">The address that the customer's own requests come from.</param>
/// <param name="isDirect">Without masks the parties called see that address; the demo says so.</param>
internal sealed class DemoEyes(IPAddress customer, bool isDirect)
{
    private const int MaxValues = 2;

    private readonly Lock sync = new();
    private readonly List<Seen> waiting = [];
    private readonly List<(Fact, string)> known = [(Fact.NetworkAddress, customer.ToString())];
    private readonly SortedDictionary<string, SortedSet<Fact>> received = new(StringComparer.Ordinal);
    private readonly SortedSet<string> beyond = new(StringComparer.Ordinal);
    private bool isClosed;

    private sealed record Seen(
        string Party, RoleSight Row, string? Step, IReadOnlyList<(Fact Fact, string Value)> Facts);

    /// <summary>Told when a step begins with a request between two parties, without the customer.</summary>
    public Action<string>? Began { get; set; }

    /// <summary>What a party received that the table does not allow it; empty when all is as it should be.</summary>
    public IReadOnlyList<string> Beyond
    {
        get
        {
            lock (sync)
                return [.. beyond];
        }
    }

    /// <summary>All kinds of facts that each party received.</summary>
    public IReadOnlyList<(string Party, IReadOnlyList<Fact> Facts)> Received
    {
        get
        {
            lock (sync)
                return [.. received.Select(one => (one.Key, (IReadOnlyList<Fact>)[.. one.Value]))];
        }
    }

    /// <summary>A text to look for in all that is received from now on.</summary>
    public void Know(Fact fact, string text)
    {
        lock (sync)
            known.Add((fact, text));
    }

    /// <summary>Looks at a request.</summary>
    public void Saw(ReadRequest request)
    {
        var step = DemoSteps.Of(request);
        lock (sync)
        {
            if (isClosed)
                return;
            var (party, row) = Who(request);
            var facts = new RequestFacts(request, known);
            List<(Fact Fact, string Value)> found = [.. facts.Found];
            if (customer.Equals(request.Source))
                found.Add((Fact.NetworkAddress, customer.ToString()));
            Remember(party, row, request, found, facts.Unknown);
            waiting.Add(new Seen(party, row, step, found));
        }

        if (step == DemoSteps.Release)
            Began?.Invoke(step);
    }

    /// <summary>What came in since the last step and belongs to this one, or to none.</summary>
    /// <param name="step">The step.</param>
    /// <param name="withMasks">Whether what masks carried since then belongs to it.</param>
    public IReadOnlyList<Sight> Take(string step, bool withMasks)
    {
        lock (sync)
        {
            var mine = waiting.Where(
                seen => seen.Step == step || (withMasks && seen.Row.Role == PartyRoles.Mask)).ToArray();
            waiting.RemoveAll(mine.Contains);
            return [.. mine.GroupBy(seen => (seen.Party, seen.Row)).Select(Tell)];
        }
    }

    /// <summary>Ends it: who goes on with the network is not looked at.</summary>
    public void Close()
    {
        lock (sync)
        {
            isClosed = true;
            waiting.Clear();
        }
    }

    private void Remember(
        string party, RoleSight row, ReadRequest request, IReadOnlyList<(Fact Fact, string Value)> found,
        IReadOnlyList<string> unknown)
    {
        if (!received.TryGetValue(party, out var all))
            received[party] = all = [];
        all.UnionWith(found.Select(one => one.Fact));
        var where = $"{request.Method} {request.Route ?? "to be forwarded"}";
        foreach (var (fact, value) in found)
            if (!row.Sees.Contains(fact) && !(isDirect && fact == Fact.NetworkAddress))
                beyond.Add($"{party} received {SightTable.Words([fact])} {value} with {where}");
        foreach (var name in unknown)
            beyond.Add($"{party} received \"{name}\", which stands in no table, with {where}");
    }

    private static (string Party, RoleSight Row) Who(ReadRequest request) => request.Role switch
    {
        PartyRoles.Mask when request.Name == DemoPlaces.FirstMask =>
            ("first mask", SightTable.Of(PartyRoles.Mask, SightTable.FirstMask)),
        PartyRoles.Mask => ("second mask", SightTable.Of(PartyRoles.Mask, SightTable.SecondMask)),
        PartyRoles.Merchant => ("shop", SightTable.Of(PartyRoles.Merchant)),
        var role => (role, SightTable.Of(role)),
    };

    private static Sight Tell(IGrouping<(string Party, RoleSight Row), Seen> seen)
    {
        var facts = seen.SelectMany(one => one.Facts).GroupBy(one => one.Fact).OrderBy(one => one.Key)
            .Select(one => (one.Key, Values([.. one.Select(value => value.Value).Distinct()])));
        return new Sight(seen.Key.Party, seen.Count(), [.. facts], seen.Key.Row.NeverSees);
    }

    private static string Values(string[] values) => string.Join(" ", values.Take(MaxValues))
        + (values.Length > MaxValues
            ? string.Create(CultureInfo.InvariantCulture, $" and {values.Length - MaxValues} more")
            : "");
}
