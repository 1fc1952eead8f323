using System.Security.Cryptography;
using Bauta.Crypto.Jose;
using Bauta.Crypto.Merkle;
using Bauta.Judge;
using Bauta.Protocol;
using Bauta.Protocol.Archive;
using Bauta.Protocol.Bank;
using Bauta.Tests.Archive;
using Xunit;

namespace Bauta.Tests.Judge;

/// <summary>Every way in which what a bank states does not hold together, and the one in which it does.</summary>
public sealed class PublicAuditTests : IDisposable
{
    private readonly P256PrivateKey bank = P256PrivateKey.Generate();
    private readonly P256PrivateKey locker = P256PrivateKey.Generate();
    private readonly Signed<Denomination> key;
    private readonly long day;

    public PublicAuditTests()
    {
        key = Statements.Denomination(bank, "bank.example");
        day = Totals.DayOf(key.Content.WithdrawFrom);
        OtherKey = MakeOther();
    }

    public void Dispose()
    {
        bank.Dispose();
        locker.Dispose();
    }

    [Fact]
    public void Nothing_is_found_where_all_holds()
    {
        var report = Audit(Day(0, 3, 4, 0, 3), Day(1, 3, 8, 4, 0), Later(20));
        Assert.Empty(report.Findings);
        var one = Assert.Single(report.Keys);
        Assert.Equal((3, 8, 4), (one.Last.Issued, one.Last.Spent.MinorUnits, one.Last.Refreshed.MinorUnits));
    }

    [Fact]
    public void Each_fault_is_found_and_nothing_else()
    {
        Finds(TotalsFault.SpentMoreThanIssued, 0, Day(0, 1, 4, 1, 1), Day(1, 2, 4, 1, 1));
        Finds(TotalsFault.Shrunk, 1, Day(0, 3, 8, 0, 3), Day(1, 3, 4, 0, 0));
        Finds(TotalsFault.Shrunk, 1, Day(0, 3, 0, 8, 3), Day(1, 3, 0, 4, 0));
        Finds(TotalsFault.IssuedOutsideRoot, 1, Day(0, 3, 0, 0, 3), Day(1, 5, 0, 0, 1));
        Finds(TotalsFault.IssuedOutsideRoot, 0, Day(0, 3, 0, 0, 2), Day(1, 3, 0, 0, 0));
        Finds(TotalsFault.IssuedOutsideRoot, 1, Day(0, 3, 0, 0, 3), Day(1, 3, 0, 0, null));
        Finds(TotalsFault.SecondStatement, 0, Day(0, 3, 0, 0, 3), Day(0, 3, 4, 0, 3), Day(1, 3, 0, 0, 0));
        Finds(TotalsFault.TooEarly, 1, Day(0, 3, 0, 0, 3), Day(1, 3, 0, 0, 0) with { At = At(1, 86_000) });
        Finds(TotalsFault.BadStatement, 1, Day(0, 3, 0, 0, 3), Day(1, 3, 0, 0, 0, by: locker), Day(1, 3, 0, 0, 0));
        Finds(TotalsFault.UnknownKey, 0, Day(0, 3, 0, 0, 3), Day(1, 3, 0, 0, 0), Day(0, 0, 0, 0, 0, other: true));
    }

    [Fact]
    public void A_missing_day_is_found_in_between_at_the_beginning_and_two_days_after_it_is_over()
    {
        // The key expires on the day on which it began: that one and the next are stated.
        Finds(TotalsFault.MissingDay, 1, Day(0, 3, 0, 0, 3), Later(4));
        LogEntry announced = new(LogEntry.Denomination, OtherKey.Content.WithdrawFrom, Statement: OtherKey.Text);
        Finds(TotalsFault.MissingDay, 0, announced, Other(0), Day(1, 3, 0, 0, 3), Other(1), Later(4));
        Assert.Empty(Audit(Day(0, 3, 0, 0, 3), Later(3)).Findings);
        Assert.Equal(2, Audit(Later(20)).Findings.Count(one => one.Fault == TotalsFault.MissingDay));
        Assert.Empty(Audit(Later(1)).Findings);
    }

    [Fact]
    public void A_bank_that_locks_has_seen_no_more_than_was_issued()
    {
        LogEntry Seen(int after, long issued) => Day(after, issued, 0, 0, null, by: locker, name: "locker.example");
        Assert.Empty(Audit(
            Registration(locker, "locker.example"), Day(0, 3, 0, 0, 3), Seen(0, 3), Day(1, 3, 0, 0, 0),
            Seen(1, 3)).Findings);
        Finds(TotalsFault.SeenMoreThanIssued, 0, Registration(locker, "locker.example"), Day(0, 3, 0, 0, 3),
            Seen(0, 4), Day(1, 3, 0, 0, 0), Seen(1, 4));
        Finds(TotalsFault.MissingDay, 1, Registration(locker, "locker.example"), Day(0, 3, 0, 0, 3), Seen(0, 3),
            Day(1, 3, 0, 0, 0), Later(20));
    }

    [Fact]
    public void A_request_is_proven_in_any_place_of_any_day_and_no_other_is()
    {
        for (var count = 1; count < 20; count++)
        {
            var hashes = Enumerable.Range(0, count).Select(_ => RandomNumberGenerator.GetBytes(32)).ToArray();
            var tree = Totals.TreeOf(hashes);
            Assert.Equal(tree.Root, Totals.TreeOf(hashes.Reverse()).Root);
            Assert.Null(tree.Prove(new byte[32]));
            foreach (var hash in hashes)
            {
                var (index, path) = tree.Prove(hash)!.Value;
                Assert.True(InclusionProof.Verify(
                    MerkleHash.Leaf(hash), index, count, [.. path.Select(one => MerkleHash.FromBytes(one))],
                    tree.Root));
            }
        }

        Assert.Equal(MerkleHash.EmptyRoot, Totals.TreeOf([]).Root);
    }

    private void Finds(TotalsFault fault, int after, params LogEntry[] entries)
    {
        var found = Assert.Single(Audit(entries).Findings);
        Assert.Equal((fault, day + after), (found.Fault, found.Day));
    }

    private PublicReport Audit(params LogEntry[] entries)
    {
        var audit = new PublicAudit();
        LogEntry[] all =
        [
            Registration(bank, "bank.example"),
            new(LogEntry.Denomination, key.Content.WithdrawFrom, Statement: key.Text), .. entries,
        ];
        foreach (var (index, entry) in all.Index())
            audit.Take(index, entry);
        return audit.Report();
    }

    private LogEntry Day(
        int after, long issued, long spent, long refreshed, long? signed, ISigner? by = null,
        string name = "bank.example", bool other = false) => new(
        LogEntry.Totals, At(after + 1, 10),
        Statement: Signed<Totals>.Sign(by ?? bank, new Totals(
            name, other ? new byte[32] : SHA256.HashData(key.Content.TokenKey), day + after, issued,
            Amount.FromMinorUnits(spent), Amount.FromMinorUnits(refreshed), signed,
            signed is null ? null : new byte[32])).Text);

    // Another key's day: the bank did state then.
    private LogEntry Other(int after) => Day(after, 0, 0, 0, 0, name: "bank.example") is var entry
        ? entry with
        {
            Statement = Signed<Totals>.Sign(bank, entry.StatementAs<Totals>().Content with
            {
                TokenKeyId = SHA256.HashData(OtherKey.Content.TokenKey),
            }).Text,
        }
        : throw new InvalidOperationException();

    private Signed<Denomination> OtherKey { get; }

    private Signed<Denomination> MakeOther() => Statements.Denomination(bank, "bank.example", key: 9);

    private LogEntry Later(int days) => Registration(bank, "bank.example") with { At = At(days, 1) };

    private static LogEntry Registration(P256PrivateKey key, string name) => new(
        LogEntry.Bank, default, Statement: Signed<BankRegistration>.Sign(
            key, new BankRegistration(name, key.PublicKey.Spki)).Text);

    private UnixTime At(int after, long seconds) =>
        UnixTime.FromSeconds(((day + after) * Totals.DaySeconds) + seconds);
}
