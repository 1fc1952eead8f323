using System.Globalization;
using Xunit;

namespace Bauta.Tests.Linkability;

/// <summary>
/// Whether operators link customers with sales, by values that they share and by times, amounts and order. The gate
/// runs a sample; BAUTA_CUSTOMERS=1000 is the whole of it. What is measured is printed and stands in SECURITY.md.
/// </summary>
public sealed class LinkabilityTests(LinkabilityTests.Town town) : IClassFixture<LinkabilityTests.Town>
{
    private static readonly string[] parties =
    [
        Joins.FirstMask, Joins.SecondMask, MaskedNetwork.Bank, MaskedNetwork.Archive, MaskedNetwork.Acquirer,
        "shop-0.example", "witness0",
    ];

    [Theory]
    [InlineData(Town.Busy)]
    [InlineData(Town.Again)]
    public void No_operator_and_no_two_that_are_not_adjacent_link_by_time_or_amount_better_than_chance(string round)
    {
        var adversary = town.Adversary(round);
        var ofFirstMask = FirstMaskPairs(adversary).ToList();
        var ofPayers = adversary.Bank(Town.PayIn)
            .Concat(adversary.AcquirerWith("shop", Call.Purchase, Town.PayIn)).ToList();
        // The first purchase is paid exactly; the second leaves change, which is refreshed.
        if (round == Town.Again)
            ofPayers.Add(adversary.BankByClocks(Town.PayIn, Town.Refresh));
        Print(round, [.. ofFirstMask, .. ofPayers]);
        Assert.All([.. ofFirstMask, .. ofPayers],
            score => Assert.True(score.Hits <= score.Limit, $"{round}: {score}"));
        // Chance says nothing where few are left to choose from.
        Assert.All(ofFirstMask, score => Assert.True(score.Crowd > 5, score.ToString()));
        Assert.All(ofPayers, score => Assert.True(score.Crowd > town.Market.Customers / 2, score.ToString()));
    }

    [Fact]
    public async Task No_operator_and_no_two_share_values_that_lead_from_a_sale_to_who_paid_in_but_both_masks()
    {
        foreach (var one in parties)
        {
            foreach (var other in parties.SkipWhile(party => party != one))
            {
                var found = await FollowAsync([one, other], []);
                var isBothMasks = (one, other) == (Joins.FirstMask, Joins.SecondMask);
                Assert.True(found == (isBothMasks ? town.Market.Sales.Count : 0),
                    $"{one} and {other} join {found} of {town.Market.Sales.Count} sales with a customer.");
            }
        }
    }

    [Fact]
    public async Task A_refresh_joins_a_sale_with_a_fresh_reserve_and_one_row_more_would_join_it_with_who_paid()
    {
        var market = town.Market;
        var refreshes = market.Masks.Passages.Select(passage => passage.AtParty)
            .Where(seen => seen.Call == Call.Refresh).ToArray();
        Assert.NotEmpty(refreshes);
        var joins = new Joins();
        joins.Add(await town.RowsOfAsync(MaskedNetwork.Bank));
        var fresh = refreshes.ToDictionary(seen => seen.Values[1], _ => 1);
        Assert.Contains(market.Sales.Keys, sale => joins.Follow([sale], fresh).Count > 0);

        // What a bank would keep that wrote the serial of a token beside the reserve it was issued to.
        var reserves = market.Payers.GroupBy(payer => payer.Value).ToDictionary(one => one.Key, one => one.Last().Key);
        var leak = market.Masks.Passages.Select(passage => passage.AtParty).Where(seen => seen.Call == Call.Lock)
            .Select(sale => new[] { reserves[market.Sales[sale.About]], sale.Values[2] });
        Assert.Equal(market.Sales.Count, await FollowAsync([MaskedNetwork.Bank], leak));
    }

    [Fact]
    public void Masks_that_do_not_shuffle_would_give_buyers_away()
    {
        var scores = FirstMaskPairs(town.Adversary(Town.Unshuffled)).ToList();
        Print(Town.Unshuffled, scores);
        Assert.Contains(scores, score => score.Name.Contains("bank", StringComparison.Ordinal) && IsFound(score, 0.5));
    }

    [Fact]
    public void Masks_that_do_not_batch_give_buyers_away_to_the_first_mask_and_a_party()
    {
        var scores = FirstMaskPairs(town.Adversary(Town.Unbatched, TimeSpan.Zero)).ToList();
        Print(Town.Unbatched, scores);
        Assert.All(scores, score => Assert.True(IsFound(score, 0.9), score.ToString()));
    }

    [Fact]
    public void Who_withdraws_at_the_moment_of_buying_is_found_by_the_bank_alone()
    {
        var scores = town.Adversary(Town.AtOnce).Bank(Town.AtOnce).ToList();
        Print(Town.AtOnce, scores);
        Assert.Contains(scores, score => IsFound(score, 0.5) && score.Hits > score.Limit);
    }

    [Fact]
    public void Both_masks_together_know_every_buyer_and_a_refresh_narrows_those_that_mask_and_bank_suspect()
    {
        var adversary = town.Adversary(Town.Again);
        var both = adversary.BothMasks();
        var across = adversary.FirstMaskWithBankAcross(Town.Refresh);
        Print("two operators", [both, across]);
        Assert.True(IsFound(both, 1), both.ToString());
        var alone = FirstMaskPairs(adversary).First(score => score.Name.Contains("bank", StringComparison.Ordinal));
        Assert.InRange(across.Crowd, 1, alone.Crowd / 2);
    }

    private static IEnumerable<Score> FirstMaskPairs(TimingAdversary adversary) =>
        adversary.FirstMaskWith("shop", isPerShop: true, Call.Purchase, Call.Chunk, Call.Pay)
            .Concat(adversary.FirstMaskWith("bank", isPerShop: false, Call.Lock))
            .Append(adversary.FirstMaskWithArchive());

    private static bool IsFound(Score score, double part) => score.Hits >= score.Sales * part;

    private static void Print(string round, IEnumerable<Score> scores)
    {
        foreach (var score in scores)
            TestContext.Current.TestOutputHelper!.WriteLine($"{round,-12} {score}");
    }

    /// <summary>For how many sales the rows of these operators lead to a customer.</summary>
    private async Task<int> FollowAsync(IEnumerable<string> operators, IEnumerable<string[]> leak)
    {
        var joins = new Joins();
        foreach (var party in operators.Distinct())
            joins.Add(await town.RowsOfAsync(party));
        joins.Add(leak);
        var customers = town.Market.Payers.Concat(Enumerable.Range(0, town.Market.Customers).Select(customer =>
            KeyValuePair.Create(Joins.AddressOf(customer), customer))).ToDictionary();
        var calls = town.Market.Masks.Passages.Select(passage => passage.AtParty)
            .Where(seen => seen.Call is Call.Purchase or Call.Lock).ToLookup(seen => seen.About, seen => seen.Inner);
        return town.Market.Sales.Count(
            sale => joins.Follow([sale.Key, .. calls[sale.Key]], customers).SetEquals([sale.Value]));
    }

    /// <summary>A market in which everything has happened.</summary>
    public sealed class Town : IAsyncLifetime
    {
        public const string PayIn = "pay in";
        public const string Busy = "busy";
        public const string Refresh = "refresh";
        public const string Again = "again";
        public const string Unshuffled = "unshuffled";
        public const string Unbatched = "unbatched";
        public const string AtOnce = "at once";

        private const int Sample = 50;
        private const int Shops = 5;
        private const double BusyPerSecond = 5;
        private const double QuietPerSecond = 0.003;

        private static readonly TimeSpan period = TimeSpan.FromSeconds(3);

        private readonly Dictionary<string, List<string[]>> rows = [];

        internal Market Market { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var customers = int.TryParse(
                Environment.GetEnvironmentVariable("BAUTA_CUSTOMERS"), CultureInfo.InvariantCulture, out var all)
                ? all : Sample;
            Market = await Market.OpenAsync(customers, Shops);
            // On a thread without a context of the test runner's, since the loop brings its own.
            await Task.Run(Live);
            await Market.PayOutAsync();
        }

        internal TimingAdversary Adversary(string round, TimeSpan? batch = null) =>
            new(Market, round, batch ?? period);

        internal async Task<List<string[]>> RowsOfAsync(string party)
        {
            if (!rows.TryGetValue(party, out var known))
                rows[party] = known = await Joins.OfAsync(Market, party);
            return known;
        }

        public ValueTask DisposeAsync() => Market.DisposeAsync();

        private void Live()
        {
            Market.Masks.Use(PayIn, period);
            Market.PayInAndWithdraw();
            Market.Masks.Use(Busy, period);
            Market.Buy(BusyPerSecond);
            Market.Masks.Use(Again, period);
            Market.Buy(BusyPerSecond);
            Market.Masks.Use(Refresh, period);
            Market.Refresh(BusyPerSecond);
            Market.Masks.UseUnshuffled(Unshuffled, period);
            Market.Buy(BusyPerSecond);
            Between();
            Market.Masks.Use(Unbatched, TimeSpan.Zero);
            Market.Buy(BusyPerSecond);
            Between();
            Market.Masks.Use(AtOnce, period);
            Market.PayInAndBuyAtOnce(QuietPerSecond);
        }

        // A token that paid a part of a price is refreshed before it is used again.
        private void Between()
        {
            Market.Masks.Use("between", TimeSpan.Zero);
            Market.Refresh(BusyPerSecond);
        }
    }
}
