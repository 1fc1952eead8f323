namespace Bauta.Tests.Linkability;

/// <summary>
/// Links sales with customers by times, amounts and order, from what the operators it is given see. Where it does not
/// know a delay or a place in a session, it bought once itself and looks at that: the first customer is its own.
/// </summary>
internal sealed class TimingAdversary(Market market, string round, TimeSpan period)
{
    private const int Own = 0;

    private readonly Passage[] passages = [.. market.Masks.Passages.Where(passage => passage.Round == round)];

    private sealed record Candidate(int Owner, long Ms, long Order, long Amount, List<long> Coins);

    private IEnumerable<SeenByParty> At(string call) =>
        passages.Select(passage => passage.AtParty).Where(seen => seen.Call == call);

    private IEnumerable<SeenByParty> SalesAt(string call) => At(call).Where(seen => market.Sales[seen.About] != Own);

    /// <summary>The first mask with what one party sees of each sale.</summary>
    /// <param name="calls">The party's part of a purchase, in order; the first one is matched by its order too.</param>
    /// <param name="isPerShop">Whether each shop is an operator of its own.</param>
    public IEnumerable<Score> FirstMaskWith(string party, bool isPerShop, params string[] calls)
    {
        var sent = Departures();
        var steps = calls.ToDictionary(call => call, StepOf);
        var seen = calls.ToDictionary(call => call, call => At(call)
            .GroupBy(one => one.About).ToDictionary(one => one.Key, one => one.Min(sale => sale.At.Ms)));
        var scores = new[] { "drawn", "left last", "order of leaving", "order of coming" }
            .Select(how => new Score($"first mask + {party}, {how}")).ToArray();
        foreach (var operatorsOwn in SalesAt(calls[0]).GroupBy(sale => isPerShop ? sale.Party : ""))
        {
            // What came in one batch came at one time.
            foreach (var batch in operatorsOwn.GroupBy(sale => sale.At.Ms))
            {
                var sales = batch.OrderBy(sale => sale.At.Order).ToArray();
                for (var place = 0; place < sales.Length; place++)
                {
                    var times = calls.Where(call => seen[call].ContainsKey(sales[place].About))
                        .Select(call => (Step: steps[call], At: seen[call][sales[place].About])).ToArray();
                    var left = sent.Where(one => times.All(time => CanBe(one.Value, time.Step, time.At)))
                        .Select(one => (Owner: one.Key, Seen: one.Value[times[0].Step])).ToArray();
                    var owners = left.Select(one => one.Owner).ToArray();
                    var at = (int)((place + 0.5) / sales.Length * left.Length);
                    var buyer = market.Sales[sales[place].About];
                    scores[0].Add(owners, null, buyer);
                    if (left.Length == 0)
                        continue;
                    scores[1].Add(owners, left.MaxBy(one => one.Seen.Left.Order).Owner, buyer);
                    scores[2].Add(owners, left.OrderBy(one => one.Seen.Left.Order).ElementAt(at).Owner, buyer);
                    scores[3].Add(owners, left.OrderBy(one => one.Seen.Arrived.Order).ElementAt(at).Owner, buyer);
                }
            }
        }

        return scores;
    }

    /// <summary>The archive with the first mask: it sees when a shop brought P4, which was when it was paid.</summary>
    public Score FirstMaskWithArchive()
    {
        var (sent, step) = (Departures(), StepOf(Call.Pay));
        var score = new Score("first mask + archive, drawn");
        foreach (var sale in SalesAt(Call.Pay))
        {
            var owners = sent.Where(one => CanBe(one.Value, step, market.Decided[sale.About].Ms))
                .Select(one => one.Key).ToArray();
            score.Add(owners, null, market.Sales[sale.About]);
        }

        return score;
    }

    /// <summary>
    /// The first mask with the bank, which sees that one token was locked, then refreshed, and a reserve of the refresh
    /// emptied: only who sent at all of these times can be the buyer.
    /// </summary>
    /// <param name="refreshRound">The round in which the rest of the tokens was refreshed.</param>
    public Score FirstMaskWithBankAcross(string refreshRound)
    {
        var later = market.Masks.Passages.Where(passage => passage.Round == refreshRound).ToArray();
        var sentLater = later.GroupBy(passage => passage.AtFirst.Source)
            .ToDictionary(one => one.Key, one => one.Select(passage => passage.AtFirst).ToArray());
        var refreshes = later.Select(passage => passage.AtParty).Where(seen => seen.Call == Call.Refresh)
            .ToDictionary(seen => seen.About);
        var (sent, step) = (Departures(), StepOf(Call.Lock));
        var score = new Score("first mask + bank, those who also refreshed then");
        foreach (var sale in SalesAt(Call.Lock))
        {
            var refreshed = sale.Values.Where(refreshes.ContainsKey).Select(serial => refreshes[serial]).ToArray();
            if (refreshed.Length == 0)
                continue;
            var reserves = refreshed.Select(seen => seen.Values[1]).ToHashSet();
            var times = later.Select(passage => passage.AtParty)
                .Where(seen => seen.Call is Call.Reserve or Call.Withdraw && reserves.Contains(seen.About))
                .Concat(refreshed).Select(seen => seen.At.Ms).ToArray();
            var owners = sent.Keys.Where(one => CanBe(sent[one], step, sale.At.Ms)
                && sentLater.TryGetValue(one, out var theirs)
                && times.All(time => theirs.Any(seen => IsWithin(seen.Left.Ms, time)))).ToArray();
            score.Add(owners, null, market.Sales[sale.About]);
        }

        return score;
    }

    /// <summary>The bank alone, from its issuing side to its locking side. With the acquirer it knows a name for each
    /// reserve, and nothing else that is new.</summary>
    public IEnumerable<Score> Bank(string issuingRound)
    {
        var withdrawals = market.Masks.Passages.Where(passage => passage.Round == issuingRound)
            .Select(passage => passage.AtParty)
            .Where(seen => seen.Call == Call.Withdraw && market.Payers.ContainsKey(seen.About))
            .Select(seen => new Candidate(
                market.Payers[seen.About], seen.At.Ms, seen.At.Order, seen.Amount, seen.Coins)).ToArray();
        return Guess("bank", withdrawals, [.. At(Call.Lock)], (one, sale) => Covers(one.Coins, sale.Coins));
    }

    /// <summary>The acquirer with a party that sees sales; it knows when who paid how much in.</summary>
    public IEnumerable<Score> AcquirerWith(string party, string call, string payingRound)
    {
        var takings = market.Masks.Passages.Where(passage => passage.Round == payingRound)
            .Select(passage => passage.AtParty).Where(seen => seen.Call == Call.TakeIn)
            .Select(seen => new Candidate(market.Payers[seen.About], seen.At.Ms, seen.At.Order, seen.Amount, []))
            .ToArray();
        return Guess($"acquirer + {party}", takings, [.. At(call)], (one, sale) => one.Amount >= sale.Amount);
    }

    /// <summary>
    /// The bank alone, by how wrong the clocks of those are who read their reserves: a refresh joins a sale with a
    /// fresh reserve, which is read, as the reserve was that the same wallet paid in for.
    /// </summary>
    public Score BankByClocks(string issuingRound, string refreshRound)
    {
        var known = Errors(issuingRound).Where(one => market.Payers.ContainsKey(one.Key)).ToArray();
        var fresh = Errors(refreshRound);
        var refreshes = market.Masks.Passages.Where(passage => passage.Round == refreshRound)
            .Select(passage => passage.AtParty).Where(seen => seen.Call == Call.Refresh)
            .ToDictionary(seen => seen.About, seen => seen.Values[1]);
        var score = new Score("bank, by the clocks of who reads reserves");
        foreach (var sale in SalesAt(Call.Lock))
        {
            var errors = sale.Values.Where(refreshes.ContainsKey).Select(serial => refreshes[serial])
                .Where(fresh.ContainsKey).Select(reserve => fresh[reserve]).ToArray();
            if (errors.Length > 0)
                score.Add([.. known.Select(one => market.Payers[one.Key])],
                    market.Payers[known.MinBy(one => Math.Abs(one.Value - errors.Average())).Key],
                    market.Sales[sale.About]);
        }

        return score;
    }

    /// <summary>Both masks: what one sends the other receives, byte for byte.</summary>
    public Score BothMasks()
    {
        var sources = passages.ToDictionary(passage => passage.AtFirst.Sealed, passage => passage.AtFirst.Source);
        var score = new Score("first mask + second mask, by what passes");
        foreach (var passage in passages.Where(passage => passage.AtParty.Call == Call.Purchase))
        {
            var source = sources[passage.AtSecond.Sealed];
            score.Add([source], source, market.Sales[passage.AtParty.About]);
        }

        return score;
    }

    private List<Score> Guess(
        string who, Candidate[] all, SeenByParty[] sales, Func<Candidate, SeenByParty, bool> isPossible)
    {
        var scores = new[] { "drawn", "nearest before", "same order", "most equal sum", "its own delay" }
            .Select(how => new Score($"{who}, {how}")).ToList();
        var inOrder = all.OrderBy(one => one.Order).ToArray();
        var ownDelay = sales.Where(sale => market.Sales[sale.About] == Own).Select(sale => sale.At.Ms).Max()
            - all.Where(one => one.Owner == Own).Max(one => one.Ms);
        var place = 0;
        foreach (var sale in sales.Where(sale => market.Sales[sale.About] != Own).OrderBy(sale => sale.At.Order))
        {
            var possible = all.Where(one => one.Order < sale.At.Order && isPossible(one, sale)).ToArray();
            var owners = possible.Select(one => one.Owner).ToArray();
            var buyer = market.Sales[sale.About];
            scores[0].Add(owners, null, buyer);
            scores[1].Add(owners, possible.MaxBy(one => one.Order)?.Owner, buyer);
            scores[2].Add(owners, inOrder[Math.Min(place++, inOrder.Length - 1)].Owner, buyer);
            scores[3].Add(owners, possible.OrderByDescending(one => one.Order)
                .MinBy(one => Math.Abs(one.Amount - sale.Amount))?.Owner, buyer);
            scores[4].Add(owners, possible.MinBy(one => Math.Abs(sale.At.Ms - one.Ms - ownDelay))?.Owner, buyer);
        }

        return scores;
    }

    private static bool Covers(List<long> withdrawn, List<long> spent) => spent.GroupBy(value => value)
        .All(group => withdrawn.Count(value => value == group.Key) >= group.Count());

    private Dictionary<string, double> Errors(string inRound) => market.Masks.Passages
        .Where(passage => passage.Round == inRound).Select(passage => passage.AtParty)
        .Where(seen => seen.Call == Call.Reserve)
        .GroupBy(seen => seen.About)
        .ToDictionary(one => one.Key, one => one.Average(seen => seen.SaidAt!.Value - seen.At.Ms / 1000.0));

    private Dictionary<int, SeenByFirst[]> Departures() => passages.GroupBy(passage => passage.AtFirst.Source)
        .Where(one => one.Key != Own)
        .ToDictionary(
            one => one.Key,
            one => one.Select(passage => passage.AtFirst).OrderBy(seen => seen.Left.Order).ToArray());

    /// <summary>The place of a call in the adversary's own session; all sessions of a round are alike.</summary>
    private int StepOf(string call)
    {
        var own = passages.Where(passage => passage.AtFirst.Source == Own)
            .OrderBy(passage => passage.AtFirst.Left.Order).ToArray();
        return Array.FindIndex(own, passage => passage.AtParty.Call == call);
    }

    private bool CanBe(SeenByFirst[] sent, int step, long at) => step < sent.Length && IsWithin(sent[step].Left.Ms, at);

    // The second mask holds for a period at most.
    private bool IsWithin(long left, long at) => left <= at && at <= left + (long)period.TotalMilliseconds;
}
